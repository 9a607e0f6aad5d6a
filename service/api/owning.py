"""Changing a comment and taking it back: by its author, and by moderators (contract §7).

Its author has the token that came with the answer, for a quarter of an hour, or the session in which it was written
(sessions.py), at any time."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import typed
from mentions.errors import Forbidden, NotFound, TooLate, Unavailable, Withdrawn
from mentions.form_tokens import NO_FORM
from mentions.model import Content, Entry, EntryState, Page, PlainText, Protocol
from mentions.reasons import Reason
from mentions.sanitize import POLICY_VERSION
from mentions.storage import collisions, comments, doubts, entries, pages, sites, tokens
from mentions.storage import sessions as stored_sessions
from mentions.storage.comments import Comment
from mentions.typed import Typed
from service import answers, clients, keys, origins
from service.api import judging, own, suspecting
from service.api.news import announce, tell
from service.api.tokens import sent_token
from service.forms import read_fields
from service.intake.reception import now

CHANGE_RATE_S: Final = 1 / 5
CHANGE_BURST: Final = 30
"""One visitor may change comments so often at once, then once in five seconds: what stood there before is kept."""


def setup(app: web.Application) -> None:
    """Adds the addresses."""
    app.router.add_patch(r"/api/comments/{id:\d{1,18}}", change)
    app.router.add_delete(r"/api/comments/{id:\d{1,18}}", remove)


async def change(request: web.Request) -> web.Response:
    """PATCH: other words, by the author with the edit token, or by a moderator."""
    await origins.require_known(request)
    await limit_changes(request)
    markdown, content = typed.read_words(await read_fields(request))
    done = await rewrite(request.app, int(request.match_info["id"]), sent_token(request), markdown, content)
    return answers.json_answer(request, own.told(request, done.entry, done.page, done.reasons), cache="no-store")


async def limit_changes(request: web.Request) -> None:
    """Raises RateLimited when this visitor changes comments too often."""
    await clients.limit(request, "change", rate=CHANGE_RATE_S, burst=CHANGE_BURST)


async def remove(request: web.Request) -> web.Response:
    """DELETE: takes the comment back; a tombstone stays where answers hang below it."""
    await origins.require_known(request)
    await take_back(request.app, int(request.match_info["id"]), sent_token(request))
    return web.Response(status=204)


@dataclass(frozen=True, slots=True)
class Mine:
    """A comment, and as whom it may be touched."""

    entry: Entry
    page: Page
    hidden: Comment
    actor: str
    """`author` or `owner`."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A comment with its new words."""

    entry: Entry
    page: Page
    reasons: tuple[Reason, ...] | None
    """Why it waits now; None when that is as it was."""


async def rewrite(app: web.Application, entry_id: int, sent: str | None, markdown: str, content: Content) -> Rewritten:
    """Gives the comment other words, which are judged anew: what was approved were others.  Raises as `mine` does."""
    return await collisions.retried(partial(_rewrite, app, entry_id, sent, markdown, content))


async def _rewrite(app: web.Application, entry_id: int, sent: str | None, markdown: str, content: Content) -> Rewritten:
    async with app[keys.DB].read() as c:
        its = await mine(c, entry_id, sent)
        site = await sites.by_id(c, its.entry.site_id)
    assert site is not None, "an entry is of a site"
    comment = _typed(its.entry, markdown, content)
    trace = suspecting.trace_of(site, its.page, comment, its.hidden.visitor or b"")
    alike = replace(await app[keys.TRACES].compare(trace, but=str(entry_id)), pages_of_visitor=0)
    async with app[keys.DB].write() as c:
        await entries.lock(c, [entry_id])  # a moderator may decide on it this very moment
        its = await mine(c, entry_id, sent)
        entry, reaction = its.entry, replace(its.entry.reaction, content=content)
        state, reasons = None, None
        if its.actor == "author" and entry.state is EntryState.SHOWN:
            doubt = await suspecting.suspicion(app, c, site, comment, NO_FORM, alike, now(), but=entry_id)
            judged = await judging.judge(c, site, reaction, entry.target, doubt, account=its.hidden.person_id)
            await doubts.keep(c, entry.id, judged.doubts)
            if judged.state is not EntryState.SHOWN:
                state, reasons = EntryState.HELD, judged.reasons
        new = await entries.update(
            c, entry.id, now=now(), reaction=reaction, state=state, policy_version=POLICY_VERSION, actor=its.actor
        )
        await comments.set_markdown(c, entry.id, markdown)
        cursor = await tell(c, new, before=entry)
    if cursor is not None:
        await announce(app, its.page.id, cursor)
    with suppress(Unavailable):  # it is kept, which is what counts
        await app[keys.TRACES].note(trace, str(entry_id))
    return Rewritten(new, its.page, reasons)


def _typed(entry: Entry, markdown: str, content: Content) -> Typed:
    """The comment as if it were typed now; one that was imported may have no name."""
    return Typed(entry.reaction.author.name or PlainText(""), markdown, content, url=entry.reaction.author.url)


async def take_back(app: web.Application, entry_id: int, sent: str | None) -> Page:
    """Withdraws the comment; the page that it stood on.  Raises as `mine` does."""
    return await collisions.retried(partial(_take_back, app, entry_id, sent))


async def _take_back(app: web.Application, entry_id: int, sent: str | None) -> Page:
    async with app[keys.DB].write() as c:
        await entries.lock(c, [entry_id])  # a moderator may decide on it this very moment
        its = await mine(c, entry_id, sent)
        new = await entries.withdraw(c, its.entry.id, now=now(), actor=its.actor)
        cursor = await tell(c, new, before=its.entry)
    if cursor is not None:
        await announce(app, its.page.id, cursor)
    return its.page


async def mine(c: AsyncConnection, entry_id: int, sent: str | None) -> Mine:
    """The comment, for who sends the token `sent`; raises NotFound, Forbidden (TooLate) or Withdrawn."""
    entry = await entries.get(c, entry_id)
    hidden = await comments.get(c, entry.id) if entry is not None else None
    if entry is None or entry.protocol is not Protocol.COMMENT:
        raise NotFound("There is no such comment.")
    if hidden is None or entry.state is EntryState.DELETED:
        raise Withdrawn("The comment has been deleted.")
    actor = await _actor(c, sent, entry, hidden)
    page = await pages.by_id(c, entry.page_id)
    assert page is not None, "an entry stands on a page"
    return Mine(entry, page, hidden, actor)


async def _actor(c: AsyncConnection, sent: str | None, entry: Entry, hidden: Comment) -> str:
    if sent is None:
        raise Forbidden("The edit token of the comment, or the session of its author, is required.")
    if hidden.may_be_edited_with(sent, now()):
        return "author"
    session = await stored_sessions.check(c, sent, now=now()) if hidden.person_id is not None else None
    if session is not None and session.person.id == hidden.person_id:
        return "author"
    token = await tokens.check(c, sent, now=now())
    if token is not None and token.site_id == entry.site_id and "moderate" in token.scopes:
        return "owner"
    raise TooLate("The token is not for this comment, or its time is over.")
