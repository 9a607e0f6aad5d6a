"""Comments typed below a post (contract §7): written, previewed, kept.

A comment is an entry like any other, whose source is its own permalink.  Who may change it later is `owning.py`'s
business.  Browsers write from the pages of registered sites only."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial, wraps
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler
from sqlalchemy.ext.asyncio import AsyncConnection

from config import logs
from mentions import jf2, options, policy, typed, urls
from mentions.errors import (
    Blocked,
    Forbidden,
    InvalidField,
    InvalidRequest,
    TargetClosed,
    Unavailable,
    YmatebError,
)
from mentions.form_tokens import GOOD_FOR_S, Shown
from mentions.model import Author, Authority, Entry, EntryState, Kind, Page, Protocol, Reaction, Site
from mentions.reasons import Reason
from mentions.sanitize import POLICY_VERSION
from mentions.storage import collisions, comments, entries, pages, people
from mentions.storage.people import Person
from mentions.typed import Typed
from service import answers, clients, keys, origins, problems
from service.api import judging, own, proving, query, sessions, suspecting
from service.api.news import announce, tell
from service.api.proving import Standing
from service.forms import read_fields
from service.intake.reception import now
from service.pages import stamp
from service.pages.commenting import form_page, to_entry, to_thread

log = logs.get_logger(__name__)

EDITABLE_FOR: Final = timedelta(minutes=15)
COMMENT_RATE_S: Final = 1 / 30
COMMENT_BURST: Final = 6
"""One visitor may leave this many comments at once, then one every half minute."""


def setup(app: web.Application) -> None:
    """Adds the addresses."""
    app.router.add_post("/api/comments", add)
    app.router.add_get("/api/comments/token", show_token)
    app.router.add_post("/api/comments/preview", preview)


# --- writing ------------------------------------------------------------------------------------------------------


def by_form(handler: Handler) -> Handler:
    """Answers what goes wrong with a form in a browser by the form itself: what is wrong, and all that was typed."""

    @wraps(handler)
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except YmatebError as error:
            if request.content_type == "application/json" or not answers.prefers_html(request):
                raise
            try:
                fields = await read_fields(request)
            except InvalidRequest:
                raise error from None
            request[keys.PROBLEM] = error.code
            status, headers = problems.status_of(error), problems.headers_of(error)
            return await form_page(request, fields, error=error, status=status, headers=headers)

    return answer


@by_form
async def add(request: web.Request) -> web.StreamResponse:
    """POST /api/comments: 201 with the entry, its `wm-status` and its `edit-token`; a form comes back to the thread."""
    await origins.require_known(request)
    fields = await read_fields(request)
    again = "-again" if fields.get("proof") else ""  # the same comment, with what was asked for
    await clients.limit(request, f"comment{again}", rate=COMMENT_RATE_S, burst=COMMENT_BURST)
    person = await sessions.writer(request)
    comment = typed.read_comment(fields if person is None else {**fields, "name": fields.get("name") or person.name})
    place = await _place(request, fields)
    if person is None and comment.email is None and options.read(place.site.options, "require_email"):
        raise InvalidField("email is missing", field="email", fault="missing")
    if person is not None and person.site_id != place.site.id:
        raise Forbidden("You are signed in on another site.")
    edit_token = secrets.token_urlsafe(24)
    form = await suspecting.form_of(request, fields, place.target)
    standing = await proving.standing(request, place.site, place.target, comment, fields)
    keeping = partial(_keep, request, place, comment, person, _parent_of(fields), edit_token, form, standing)
    kept = await collisions.retried(keeping)
    if kept is None:
        raise await proving.required(request, place.target, comment, await clients.visitor_of(request))
    entry = kept.entry
    if kept.cursor is not None:
        await announce(request.app, entry.page_id, kept.cursor)
    log.info("comment.received", entry_id=entry.id, state=entry.state.value)
    permalink = jf2.permalink(request.app[keys.SETTINGS].public_url, entry.id)
    if answers.prefers_html(request):
        return await _back(request, kept, comment.lang, edit_token)
    body = {**own.told(request, entry, kept.page, kept.reasons), "edit-token": edit_token}
    return answers.json_answer(request, body, status=201, headers={"Location": permalink}, cache="no-store")


@by_form
async def preview(request: web.Request) -> web.StreamResponse:
    """POST /api/comments/preview: what the Markdown in `content` will look like.  Nothing is kept."""
    await origins.require_known(request)
    await clients.limit(request, "preview", rate=1.0, burst=30)
    fields = await read_fields(request)
    _, content = typed.read_words(fields)
    if answers.prefers_html(request):
        return await form_page(request, fields, preview=content.html)
    return answers.json_answer(request, {"html": content.html, "text": content.text}, cache="no-store")


async def show_token(request: web.Request) -> web.Response:
    """GET /api/comments/token: a token of this moment for the form below `target`: somebody begins to write."""
    target = urls.check_claim_url(query.absolute(request.query.get("target", "")), what="target")
    await request.app[keys.SITES].place(target)
    body = {"token": await stamp.fresh(request.app, target), "expires_in": GOOD_FOR_S}
    return answers.json_answer(request, body, cache="no-store")


# --- where it belongs, and what becomes of it ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """The page that a comment is for."""

    site: Site
    target: str
    page: Page


@dataclass(frozen=True, slots=True)
class Kept:
    """A comment that is stored."""

    entry: Entry
    page: Page
    cursor: int | None
    """Of the change, when it is shown."""
    reasons: tuple[Reason, ...]
    """Why it waits, if it does."""


async def _place(request: web.Request, fields: Mapping[str, object]) -> Place:
    """Raises InvalidRequest, InvalidTarget or TargetClosed."""
    target = fields.get("target")
    if not isinstance(target, str) or not target:
        raise InvalidRequest("target is missing")
    checked = urls.check_claim_url(query.absolute(target), what="target")
    site = await request.app[keys.SITES].place(checked)
    if site.options.get("comments") is False or await request.app[keys.SITES].is_closed(checked):
        raise TargetClosed("This page takes no comments.")
    async with request.app[keys.DB].read() as c:
        page = await pages.by_key(c, urls.page_key(checked))
    if page is None:
        async with request.app[keys.DB].write() as c:
            page = await pages.ensure(c, site.id, urls.without_fragment(checked), now=now())
    return Place(site, checked, page)


def _parent_of(fields: Mapping[str, object]) -> int | None:
    parent = fields.get("parent")
    if parent in (None, ""):
        return None
    if isinstance(parent, bool) or not str(parent).isdecimal() or len(str(parent)) > 18:
        raise InvalidField("parent has to be the wm-id of a response", field="parent", fault="malformed")
    return int(str(parent))


async def _keep(
    request: web.Request,
    place: Place,
    comment: Typed,
    person: Person | None,
    parent_id: int | None,
    edit_token: str,
    form: Shown,
    standing: Standing,
) -> Kept | None:
    """Stores the comment.  None, and nothing is stored, while it takes a proof of work to show it."""
    base, at = request.app[keys.SETTINGS].public_url, now()
    author, authority = _author(comment, person)
    blocks = await request.app[keys.SITES].blocks(place.site.id)
    emails = (comment.email, person.email if person else None)
    if any(policy.is_blocked(blocks, author.url or "", author, email) for email in emails):
        raise Blocked("The owner of this site takes no comments from you.")
    visitor = await clients.visitor_of(request)
    trace = suspecting.trace_of(place.site, place.page, comment, visitor)
    alike = await request.app[keys.TRACES].compare(trace)
    async with request.app[keys.DB].write() as c:
        if person is not None and not await people.hold(c, person.id):
            raise Forbidden(sessions.OVER)  # they were forgotten this moment
        page = await _page(c, place)
        parent = await _parent(c, page, parent_id)
        answered = (urls.parse(parent.source) if parent else None, urls.parse(page.url))
        reaction = Reaction(
            Kind.REPLY,
            author=author,
            authority=authority,
            content=comment.content,
            lang=comment.lang,
            published=at.isoformat(timespec="seconds"),
            published_at=at.replace(microsecond=0),
            in_reply_to=tuple(url for url in answered if url),
            proof=person.proof if person else None,
        )
        doubt = await suspecting.suspicion(request.app, c, place.site, comment, form, alike, at)
        account = person.id if person else None
        if standing is Standing.DONE:
            doubt = doubt.after_proof()
        elif standing is Standing.ABLE and await judging.is_settled_by_proof(
            c, place.site, reaction, place.target, doubt, account=account
        ):
            return None
        judged = await judging.judge(c, place.site, reaction, place.target, doubt, account=account)
        entry = await entries.insert(
            c,
            site_id=place.site.id,
            page_id=page.id,
            source=partial(jf2.permalink, base),
            target=place.target,
            protocol=Protocol.COMMENT,
            reaction=reaction,
            state=judged.state,
            now=at,
            parent_id=parent.id if parent else None,
            policy_version=POLICY_VERSION,
            actor="author",
        )
        await comments.keep(
            c,
            entry.id,
            markdown=comment.markdown,
            email=comment.email,
            visitor=visitor,
            edit_token=edit_token,
            editable_until=at + EDITABLE_FOR,
            person_id=account,
            doubts=judged.doubts,
        )
        if person is not None:
            await people.remember(c, person.id, _news_of(comment, person))
        cursor = await tell(c, entry, before=None)
    with suppress(Unavailable):  # it is kept, which is what counts
        await request.app[keys.TRACES].note(trace, str(entry.id))
    return Kept(entry, page, cursor, judged.reasons)


async def _page(c: AsyncConnection, place: Place) -> Page:
    """The page as it is now: it may have become one with another since it was looked for."""
    return await pages.by_key(c, urls.page_key(place.target)) or place.page


def _author(comment: Typed, person: Person | None) -> tuple[Author, Authority]:
    """Who it is by, and whether they have proved that the URL is theirs; then it is not what they typed."""
    if person is None:
        return Author(comment.name, comment.url), Authority.CLAIMED
    if person.has_proved_url:
        return Author(comment.name, person.url, person.photo), Authority.SIGNED_IN
    return Author(comment.name, comment.url or person.url, person.photo), Authority.CLAIMED


def _news_of(comment: Typed, person: Person) -> dict[str, str | None]:
    """What somebody has typed of themselves that is not known yet."""
    said: dict[str, str | None] = {} if comment.name == person.name else {"name": comment.name}
    if comment.url and comment.url != person.url and not person.has_proved_url:
        said["url"] = comment.url
    return said


async def _parent(c: AsyncConnection, page: Page, parent_id: int | None) -> Entry | None:
    """The response that is answered; raises InvalidRequest when it is not shown below this post."""
    if parent_id is None:
        return None
    parent = await entries.get(c, parent_id)
    if parent is None or parent.page_id != page.id or parent.state is not EntryState.SHOWN or parent.private:
        raise InvalidField(f"parent {parent_id} is no response to this post", field="parent", fault="unknown")
    return parent


async def _back(request: web.Request, kept: Kept, lang: str | None, edit_token: str) -> web.Response:
    """303 to the embedded thread, at the new comment; to the word that it waits, and why, where it waits.

    It carries the edit token, so that its author can change the comment without a script (pages/editing.py)."""
    entry, own_one = kept.entry, {"own": str(kept.entry.id), "key": edit_token}
    if entry.state is EntryState.SHOWN:
        return await to_entry(request, kept.page, lang, entry.id, new=str(entry.id), **own_one)
    why = " ".join(own.causes_of(entry, kept.reasons)) or "1"
    return to_thread(request, kept.page, lang, "held", held=why, **own_one)
