"""What an owner decides: which entries are shown, which pages take no more responses (contract §8); blocks.py: what is
refused.

Every decision needs a token with the scope `moderate`, and reaches the token's own site only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any, Final

import orjson
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from config import logs
from mentions.errors import Conflict, InvalidRequest, InvalidTarget, NotFound
from mentions.model import Change, Claim, Entry, EntryState, Page, Protocol
from mentions.storage import audit, changes, collisions, entries, learning, pages
from mentions.storage.tokens import Token
from service import answers, keys
from service.api import jf2, query, tokens
from service.api.jf2 import Jf2
from service.api.news import announce
from service.intake.reception import new_claim_id, now

log = logs.get_logger(__name__)

STATES: Final[Mapping[str, EntryState]] = {
    "approve": EntryState.SHOWN,
    "hide": EntryState.HIDDEN,
    "spam": EntryState.SPAM,
    "delete": EntryState.DELETED,
    "restore": EntryState.SHOWN,
}
"""What an owner does -> the state that the entry then has."""
CHANGES: Final[Mapping[EntryState, Change]] = {
    EntryState.SHOWN: Change.APPROVED,
    EntryState.HIDDEN: Change.HIDDEN,
    EntryState.SPAM: Change.HIDDEN,
    EntryState.DELETED: Change.DELETED,
}
"""The new state -> how followers are told."""


MOST_AT_ONCE: Final = 1_000
"""Entries that one call decides on."""
_AT_ONCE: Final = 50
_LARGEST_ID: Final = 10**18


def setup(app: web.Application) -> None:
    """Adds the addresses."""
    app.router.add_post(rf"/api/entries/{{id:\d{{1,18}}}}/{{action:{'|'.join(STATES)}}}", decide)
    app.router.add_post(rf"/api/entries/{{action:{'|'.join(STATES)}}}", decide_many)
    app.router.add_patch("/api/thread", change_thread)


# --- entries ------------------------------------------------------------------------------------------------------


async def decide(request: web.Request) -> web.Response:
    """POST: approve, hide, call spam, delete or restore an entry.  Doing it again changes nothing."""
    token, action = await tokens.require(request, "moderate"), request.match_info["action"]
    entry_id, app = int(request.match_info["id"]), request.app

    async def carry_out() -> tuple[Entry, Page, int | None]:
        async with app[keys.DB].write() as c:
            old, new = await _decide(app, c, token, entry_id, action)
            page = await pages.by_id(c, new.page_id)
            assert page is not None, "an entry stands on a page"
            if new.state is old.state:
                return new, page, None
            facts = {"site_id": new.site_id, "page_id": new.page_id, "entry_id": new.id}
            return new, page, await changes.append(c, **facts, change=CHANGES[new.state], now=now())

    new, page, cursor = await collisions.retried(carry_out)
    if cursor is not None:
        log.info("entry.decided", entry_id=new.id, action=action, token_id=token.id)
        await announce(app, page.id, cursor)
    return _entry_answer(request, new, page)


async def decide_many(request: web.Request) -> web.Response:
    """POST {"ids": [wm-id, …]}: the same for many entries.  One that cannot be decided on leaves the others."""
    token, action = await tokens.require(request, "moderate"), request.match_info["action"]
    rest = iter(_read_ids(await read_object(request)))
    told = _Told()
    while batch := list(islice(rest, _AT_ONCE)):
        some = await collisions.retried(partial(_decide_on, request.app, token, batch, action))
        for page_id in some.changed_pages:
            await announce(request.app, page_id, some.cursor)
        told = _Told([*told.entries, *some.entries], [*told.refused, *some.refused], told.changed + some.changed)
    log.info("entries.decided", action=action, changed=told.changed, token_id=token.id)
    body = {"entries": told.entries, "changed": told.changed, "refused": told.refused}
    return answers.json_answer(request, body, cache="no-store")


@dataclass(frozen=True, slots=True)
class _Told:
    """What became of many entries."""

    entries: list[Jf2] = field(default_factory=list)
    refused: list[Jf2] = field(default_factory=list)
    changed: int = 0
    changed_pages: frozenset[int] = frozenset()
    cursor: int = 0


async def _decide_on(app: web.Application, token: Token, batch: Sequence[int], action: str) -> _Told:
    """Decides on some entries, in one transaction."""
    entries_: list[Jf2] = []
    refused: list[Jf2] = []
    news: list[tuple[int, int, int, Change]] = []
    async with app[keys.DB].write() as c:
        await entries.lock(c, batch)
        for entry_id in batch:
            try:
                old, new = await _decide(app, c, token, entry_id, action)
            except (NotFound, Conflict) as problem:
                refused.append({"wm-id": entry_id, "why": str(problem)})
                continue
            entries_.append({"wm-id": new.id, "wm-status": new.state.value})
            if new.state is not old.state:
                news.append((new.site_id, new.page_id, new.id, CHANGES[new.state]))
        await changes.append_many(c, news, now=now())
        cursor = await changes.latest(c)
    return _Told(entries_, refused, len(news), frozenset(page_id for _site, page_id, _entry, _change in news), cursor)


async def _decide(
    app: web.Application, c: AsyncConnection, token: Token, entry_id: int, action: str
) -> tuple[Entry, Entry]:
    """Carries one decision out; the entry as it was and as it is.  Raises NotFound, or Conflict for lost words."""
    old = await entries.locked(c, entry_id)
    if old is None or old.site_id != token.site_id:
        raise NotFound("There is no such entry on your site.")
    if old.state is EntryState.DELETED and action == "restore":
        return old, await _revive(app, c, old, actor=token.actor)
    new = await entries.set_state(c, old.id, STATES[action], now=now(), actor=token.actor)
    await learning.decided(c, old, new, now=now())
    return old, new


def _read_ids(data: Mapping[str, Any]) -> list[int]:
    ids = data.get("ids")
    if not isinstance(ids, list) or not 0 < len(ids) <= MOST_AT_ONCE:
        raise InvalidRequest(f"ids has to be a list of 1 to {MOST_AT_ONCE} wm-ids")
    if not all(isinstance(each, int) and not isinstance(each, bool) and 0 < each < _LARGEST_ID for each in ids):
        raise InvalidRequest("every one of ids has to be the wm-id of an entry")
    return list(dict.fromkeys(ids))


async def _revive(app: web.Application, c: AsyncConnection, old: Entry, *, actor: str) -> Entry:
    """Shows a tombstone again and has its source read once more, for its words were erased.

    The claim is queued before the commit: without Redis nothing happens at all."""
    if old.protocol is Protocol.COMMENT:
        raise Conflict("The comment was deleted, and its words with it.")
    new = await entries.update(c, old.id, now=now(), state=EntryState.SHOWN, target=old.target, actor=actor)
    await app[keys.QUEUE].add(Claim(new_claim_id(), old.source, old.target, old.protocol, received_at=now()))
    return new


def _entry_answer(request: web.Request, entry: Entry, page: Page) -> web.Response:
    if entry.state is EntryState.DELETED:
        body = jf2.tombstone(entry, page)
    else:
        body = jf2.entry_to_jf2(entry, page, request.app[keys.SETTINGS].public_url)
    return answers.json_answer(request, {**body, "wm-status": entry.state.value}, cache="no-store")


# --- pages --------------------------------------------------------------------------------------------------------


async def change_thread(request: web.Request) -> web.Response:
    """PATCH /api/thread?target=: closes a page to responses, or opens it; also one that nobody has answered yet."""
    token = await tokens.require(request, "moderate")
    target = query.absolute(request.query.get("target", ""))
    if not target:
        raise InvalidRequest("A target URL is required")
    closed = (await read_object(request)).get("closed")
    if not isinstance(closed, bool):
        raise InvalidRequest("closed has to be true or false")
    site = await request.app[keys.SITES].place(target)
    if site.id != token.site_id:
        raise InvalidTarget("The target does not belong to your site.")
    async with request.app[keys.DB].write() as c:
        old = await pages.ensure(c, site.id, target, now=now())
        page = await pages.set_closed(c, old.id, closed)
        if old.closed is not closed:
            act = "closed" if closed else "opened"
            await audit.note(c, site.id, token.actor, act, now=now(), what=page.url)
    request.app[keys.SITES].forget()
    log.info("page.closed" if closed else "page.opened", page_id=page.id, token_id=token.id)
    body = {"url": jf2.safe_url(page.url) or page.url, "closed": page.closed}
    return answers.json_answer(request, body, cache="no-store")


async def read_object(request: web.Request) -> Mapping[str, Any]:
    """The body as a JSON object; raises InvalidRequest."""
    try:
        data = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        raise InvalidRequest("The body has to be JSON.") from None
    if not isinstance(data, dict):
        raise InvalidRequest("The body has to be a JSON object.")
    return data
