"""What an owner decides: which entries are shown, which pages take no more responses (contract §8); blocks.py: what is
refused.

Every decision needs a token with the scope `moderate`, and reaches the token's own site only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from config import logs
from mentions.errors import Conflict, InvalidRequest, InvalidTarget, NotFound
from mentions.model import Change, Claim, Entry, EntryState, Page, Protocol
from mentions.storage import audit, changes, entries, learning, pages
from service import answers, keys
from service.api import jf2, query, tokens
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


def setup(app: web.Application) -> None:
    """Adds the addresses."""
    app.router.add_post(rf"/api/entries/{{id:\d{{1,18}}}}/{{action:{'|'.join(STATES)}}}", decide)
    app.router.add_patch("/api/thread", change_thread)


# --- entries ------------------------------------------------------------------------------------------------------


async def decide(request: web.Request) -> web.Response:
    """POST: approve, hide, call spam, delete or restore an entry.  Doing it again changes nothing."""
    token = await tokens.require(request, "moderate")
    entry_id, action = int(request.match_info["id"]), request.match_info["action"]
    state, cursor = STATES[action], None
    async with request.app[keys.DB].write() as c:
        old = await entries.get(c, entry_id)
        if old is None or old.site_id != token.site_id:
            raise NotFound("There is no such entry on your site.")
        page = await pages.by_id(c, old.page_id)
        assert page is not None, "an entry stands on a page"
        if old.state is EntryState.DELETED and action == "restore":
            new = await _revive(request.app, c, old, actor=token.actor)
        else:
            new = await entries.set_state(c, old.id, state, now=now(), actor=token.actor)
            await learning.decided(c, old, new, now=now())
        if new.state is not old.state:
            facts = {"site_id": new.site_id, "page_id": new.page_id, "entry_id": new.id}
            cursor = await changes.append(c, **facts, change=CHANGES[new.state], now=now())
    if cursor is not None:
        log.info("entry.decided", entry_id=new.id, action=action, token_id=token.id)
        await announce(request.app, page.id, cursor)
    return _entry_answer(request, new, page)


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
