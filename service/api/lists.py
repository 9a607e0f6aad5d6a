"""A list of entries, written down in one of the forms of the reading API (contract §6).

A long list is read and written piece by piece, two of them at a time in a process: whoever asks for 10,000 entries
takes neither the memory nor the time of those who ask for 20."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import nullcontext
from itertools import islice
from typing import Any, Final

import orjson
from aiohttp import web

from config import logs
from mentions.model import Entry, Page
from mentions.storage import entries, pages
from mentions.storage.entries import MentionQuery
from service import keys
from service.api import feeds, jf2
from service.api.jf2 import Jf2

log = logs.get_logger(__name__)

LONG: Final = 500
"""A list that may hold more than this is made in pieces of this size."""
LONG_AT_A_TIME: Final = 2
_BREATH: Final = 100
"""Entries that are made ready before others get their turn."""
_TURNS: Final = web.AppKey("turns of long lists", asyncio.Semaphore)
Pieces = AsyncIterator[tuple[list[Entry], dict[int, Page]]]


def setup(app: web.Application) -> None:
    """Prepares the turns that long lists take."""
    app[_TURNS] = asyncio.Semaphore(LONG_AT_A_TIME)


async def write(app: web.Application, asked: MentionQuery, form: str, self_url: str) -> bytes:
    """The entries asked for as `json`, `jf2`, `atom` or `html`."""
    async with app[_TURNS] if asked.limit > LONG else nullcontext():
        pieces, total = await _find(app, asked)
        base = app[keys.SETTINGS].public_url
        if form == "json":
            return await _joined({"links": [], "paging": paging(asked, total)}, pieces, base, jf2.entry_to_link)
        if form == "jf2":
            return await _joined(jf2.feed([], paging=paging(asked, total)), pieces, base, jf2.entry_to_jf2)
        children = [child async for found, of in pieces for child in await outside(found, of, base, jf2.entry_to_jf2)]
        if form == "atom":
            return await asyncio.to_thread(feeds.atom, children, self_url, base)
        return await asyncio.to_thread(feeds.html, children)


async def _find(app: web.Application, asked: MentionQuery) -> tuple[Pieces, int]:
    """The entries asked for with their pages, in pieces, and how many there are on all pages together."""
    if asked.limit > LONG:
        async with app[keys.DB].read() as c:
            ids, total = await entries.ids(c, asked)
        return _by_ids(app, asked, ids), total
    async with app[keys.DB].read() as c:
        found, total = await entries.query(c, asked)
        of = await pages.by_ids(c, {entry.page_id for entry in found})
    return _at_once(found, of), total


async def _at_once(found: list[Entry], of: dict[int, Page]) -> Pieces:
    yield found, of


async def _by_ids(app: web.Application, asked: MentionQuery, ids: Iterable[int]) -> Pieces:
    """Each piece in a transaction of its own, so that the list keeps no connection from others."""
    rest = iter(ids)
    while piece := list(islice(rest, LONG)):
        async with app[keys.DB].read() as c:
            known = await entries.many(c, piece)
            found = [known[i] for i in piece if i in known and known[i].state in asked.states]
            of = await pages.by_ids(c, {entry.page_id for entry in found})
        yield found, of


async def _joined(frame: Jf2, pieces: Pieces, base: str, form: Callable[[Entry, Page, str], Jf2]) -> bytes:
    """JSON of `frame` with the entries in its one empty list."""
    head, _, tail = orjson.dumps(frame).partition(b"[]")
    parts = [
        orjson.dumps(children)[1:-1] async for found, of in pieces if (children := await outside(found, of, base, form))
    ]
    return b"".join((head, b"[", b",".join(parts), b"]", tail))


async def outside(
    found: Iterable[Entry], of: Mapping[int, Page], base: str, form: Callable[[Entry, Page, str], Jf2]
) -> list[Jf2]:
    """Entries in an outside form.  One that cannot be shown is left out and logged: it must not hide the others."""
    out: list[Jf2] = []
    for number, entry in enumerate(found, 1):
        try:
            out.append(form(entry, of[entry.page_id], base))
        except Exception:
            log.exception("entry.unshowable", entry_id=entry.id)
        if number % _BREATH == 0:
            await asyncio.sleep(0)
    return out


def paging(asked: MentionQuery, total: int) -> dict[str, Any]:
    """Which page of how many a list is."""
    return {
        "per-page": asked.per_page,
        "page": asked.page,
        "total": total,
        "total-pages": -(-total // asked.per_page),
    }
