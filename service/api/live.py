"""What happens, as it happens: server-sent events of one page, and the same changes of a site as JSON (contract §8).

The database's cursor is the truth: everybody reads the changes after the cursor they know, so nothing is missed and
nothing has to be remembered here.  Redis only says that it is worth looking; while it is away, a slow clock does."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, Final

import orjson
from aiohttp import web

from config import logs
from mentions.errors import CursorGone, InvalidInput, RateLimited, Unavailable
from mentions.model import Entry, EntryState, Page
from mentions.storage import changes, entries, pages
from mentions.storage.changes import Changed
from service import answers, clients, keys
from service.api import jf2, query, threads, tokens
from service.api.jf2 import TOLD_WITH_ENTRY, Jf2

log = logs.get_logger(__name__)

RECONNECT_MS: Final = 3000
MOST_STREAMS: Final = 5_000
"""Streams that one process serves at a time."""
_BATCH: Final = 200
_MOST_PER_PAGE: Final = 1_000
_CURSOR: Final = re.compile(r"\d{1,18}", re.ASCII)

STREAMS: Final = web.AppKey("streams", dict[str, int])
"""Client -> streams that it has open."""


def setup(app: web.Application) -> None:
    """Adds both addresses."""
    app[STREAMS] = {}
    app.router.add_get("/api/events", stream_events, allow_head=False)
    app.router.add_get("/api/changes", show_changes)


# --- as JSON ------------------------------------------------------------------------------------------------------


async def show_changes(request: web.Request) -> web.Response:
    """GET /api/changes?cursor=: what happened on a site after the cursor; without one, from the beginning.

    What waits for moderation is told only to a token that may moderate."""
    token = await tokens.require(request, "read")
    cursor = read_cursor(request.query.get("cursor", "0"))
    await require_reached(request.app, cursor)
    per_page = query.read_number(request, ("perPage", "per-page"), 100, _MOST_PER_PAGE, least=1)
    async with request.app[keys.DB].read() as c:
        happened = await changes.since(c, cursor, per_page + 1, site_id=token.site_id)
        shown = happened[:per_page]
        known = await entries.many(c, {changed.entry_id for changed in shown})
        of = await pages.by_ids(c, {entry.page_id for entry in known.values()})
    told = tell(shown, known, of, request.app[keys.SETTINGS].public_url, sees_all="moderate" in token.scopes)
    body = {
        "changes": told,
        "cursor": shown[-1].cursor if shown else cursor,
        "more": len(happened) > per_page,
    }
    return answers.json_answer(request, body, cache=answers.PRIVATE)


def tell(
    happened: Iterable[Changed], known: dict[int, Entry], of: dict[int, Page], base: str, *, sees_all: bool
) -> list[Jf2]:
    """Changes in their outside form, each with its entry as it is now where that may be seen.

    What an earlier change made of an entry is history: one that was shown and is hidden now is told by what hid it."""
    told: list[Jf2] = []
    for changed in happened:
        entry = known.get(changed.entry_id)
        page = of.get(entry.page_id) if entry is not None else None
        if changed.change in TOLD_WITH_ENTRY and (
            entry is None or page is None or not _may_see(entry, sees_all=sees_all)
        ):
            continue
        if entry is None:
            told.append(jf2.change_facts(changed.cursor, changed.change, changed.at, changed.entry_id))
        else:
            told.append(jf2.change_to_jf2(changed.cursor, changed.change, changed.at, entry, page, base))
    return told


def _may_see(entry: Entry, *, sees_all: bool) -> bool:
    if entry.state is EntryState.DELETED:
        return False
    return sees_all or (entry.state is EntryState.SHOWN and not entry.private)


def read_cursor(text: str) -> int:
    """A cursor as it was handed out; raises InvalidInput."""
    if not _CURSOR.fullmatch(text.strip() or "0"):
        raise InvalidInput("cursor is no number that was handed out here")
    return int(text.strip() or "0")


async def require_reached(app: web.Application, cursor: int) -> None:
    """Raises CursorGone for one that no change has had: the numbers begin again when a backup is brought back."""
    if cursor > await _latest(app):
        raise CursorGone("No change has had this cursor: the database is of an earlier time. Begin without a cursor.")


# --- as a stream --------------------------------------------------------------------------------------------------


async def stream_events(request: web.Request) -> web.StreamResponse:
    """GET /api/events?target=: a stream that resumes after `Last-Event-ID` (or `cursor`), else begins now.

    The event `reset` says that it cannot resume, and that everything has to be read anew."""
    if not (target := request.query.get("target") or ""):
        raise InvalidInput("A target URL is required")
    page = await threads.find_page(request.app, target)
    cursor, is_reset = await _begin_at(request)
    client = clients.rate_key(clients.address_of(request))
    streams = request.app[STREAMS]
    _admit(request.app, streams, client)
    streams[client] = streams.get(client, 0) + 1
    try:
        answer = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )
        with suppress(ConnectionResetError, ConnectionAbortedError):  # who has gone already is no defect of ours
            await answer.prepare(request)
            await answer.write(b"retry: %d\n" % RECONNECT_MS + (_reset(cursor) if is_reset else b"id: %d\n\n" % cursor))
            await _stream(request.app, answer, target, page, cursor)
        return answer
    finally:
        streams[client] -= 1
        if not streams[client]:
            del streams[client]


async def _begin_at(request: web.Request) -> tuple[int, bool]:
    """The cursor that a stream begins after, and whether that is not where the caller was.

    What a browser resumes from is never an error: it would not come back.  Raises InvalidInput for a `cursor` of the
    query that is none."""
    latest = await _latest(request.app)
    if last_id := request.headers.get("Last-Event-ID"):
        resumed = int(last_id) if _CURSOR.fullmatch(last_id) else None
    elif asked := request.query.get("cursor"):
        resumed = read_cursor(asked)
    else:
        return latest, False
    return (latest, True) if resumed is None or resumed > latest else (resumed, False)


def _admit(app: web.Application, streams: dict[str, int], client: str) -> None:
    if sum(streams.values()) >= MOST_STREAMS:
        raise Unavailable("Too many streams are open here.", retry_after_s=30)
    if app[keys.SETTINGS].rate_limits and streams.get(client, 0) >= app[keys.TEMPO].streams_of_one:
        raise RateLimited("You have too many streams open.", retry_after_s=30)


async def _stream(
    app: web.Application, answer: web.StreamResponse, target: str, page: Page | None, cursor: int
) -> None:
    """Writes changes as they come, until the client goes or the process is to stop."""
    tempo = app[keys.TEMPO]
    closing = asyncio.create_task(app[keys.CLOSING].wait(), name="live.closing")
    news = asyncio.Event()
    follower: asyncio.Task[None] | None = None
    followed: int | None = None
    try:
        while not closing.done():
            if page is None:
                page = await _find(app, target)
            if page is not None and page.id != followed:
                await _end(follower)
                followed = page.id
                follower = asyncio.create_task(_follow(app, page.id, news), name="live.follow")
            news.clear()
            cursor, is_behind = await _write_since(app, answer, page, cursor)
            if not is_behind:
                await _wait(news, closing, tempo.heartbeat_s if page else tempo.page_to_come_s)
                if not news.is_set():
                    await answer.write(b": alive\n\n")
                    page = await _find(app, target)  # another one, when it has become one with an older page
    finally:
        for task in (closing, follower):
            await _end(task)


async def _end(task: asyncio.Task[Any] | None) -> None:
    """Ends a task of ours; whoever ends us meanwhile is heard, and so is what had broken in it."""
    if task is not None:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()


async def _write_since(
    app: web.Application, answer: web.StreamResponse, page: Page | None, cursor: int
) -> tuple[int, bool]:
    """Writes what happened after the cursor; the new cursor, and whether there is more at once."""
    if page is None:
        return cursor, False
    async with app[keys.DB].read() as c:
        happened = await changes.since(c, cursor, _BATCH, page_id=page.id)
        known = await entries.many(c, {changed.entry_id for changed in happened}) if happened else {}
    told = tell(happened, known, {page.id: page}, app[keys.SETTINGS].public_url, sees_all=False)
    if told:
        await answer.write(b"".join(event(item) for item in told))
    return (happened[-1].cursor if happened else cursor), len(happened) == _BATCH


def event(item: dict[str, Any]) -> bytes:
    """One change as a server-sent event; JSON has no line breaks of its own."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (item["cursor"], item["change"].encode(), orjson.dumps(item))


def _reset(cursor: int) -> bytes:
    return b"id: %d\nevent: reset\ndata: %s\n\n" % (cursor, orjson.dumps({"cursor": cursor}))


async def _follow(app: web.Application, page_id: int, news: asyncio.Event) -> None:
    """Rings when the page has changed; the heartbeat does where Redis cannot."""
    async for _cursor in app[keys.EVENTS].follow(page_id):
        news.set()


async def _find(app: web.Application, target: str) -> Page | None:
    async with app[keys.DB].read() as c:
        return await pages.by_key(c, query.page_key_of(target))


async def _latest(app: web.Application) -> int:
    async with app[keys.DB].read() as c:
        return await changes.latest(c)


async def _wait(news: asyncio.Event, closing: asyncio.Task[Any], within_s: float) -> None:
    ringing = asyncio.create_task(news.wait(), name="live.wait")
    waited_for: Sequence[asyncio.Task[Any]] = (ringing, closing)
    try:
        await asyncio.wait(waited_for, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        ringing.cancel()
