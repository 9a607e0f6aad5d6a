"""The reading API that webmention.io's clients know: mentions, what was deleted, everything (contract §6).

Numbers are counts.py's business."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from aiohttp import web

from config import logs
from mentions.model import Entry, Page
from mentions.storage import changes, entries, pages
from mentions.storage.entries import MentionQuery
from service import answers, keys
from service.api import exports, feeds, jf2, query, tokens
from service.api.jf2 import Jf2
from service.shelf import Body

log = logs.get_logger(__name__)

CONTENT_TYPES: Final = {
    "json": "application/json",
    "jf2": "application/json",
    "atom": "application/atom+xml",
    "html": "text/html",
}
"""Ending of the address -> what it gives."""
_AT_ONCE: Final = 100
"""Entries that are made ready before others get their turn."""


def setup(app: web.Application) -> None:
    """Adds the addresses, with and without their endings."""
    for path in ("/api/mentions", "/api/links"):
        app.router.add_get(path, show_mentions)
        app.router.add_get(f"{path}.{{format:{'|'.join(CONTENT_TYPES)}}}", show_mentions)
    for path, handler in (("/api/deleted", show_deleted), ("/api/export", show_export)):
        app.router.add_get(path, handler)
    app.router.add_get("/api/deleted.jf2", show_deleted)
    app.router.add_get("/api/export.jf2", show_export)


async def show_mentions(request: web.Request) -> web.Response:
    """GET: the entries asked for, in the form that the ending names; bare is `.json`, or HTML for a browser."""
    asked = await query.read_query(request)
    form = request.match_info.get("format") or ("html" if answers.prefers_html(request) else "json")
    headers = {"Vary": "Accept, Accept-Encoding"}
    if form == "html":
        headers["Content-Security-Policy"] = feeds.HTML_POLICY

    async def make() -> bytes:
        return await _list(request.app, asked.query, form, f"{request.app[keys.SETTINGS].public_url}{request.path}")

    cache = answers.PRIVATE if asked.is_private else answers.PUBLIC
    body = await _kept(request.app, asked.query, (form, request.path), make)
    return answers.body_answer(request, body, CONTENT_TYPES[form], cache=cache, headers=headers)


async def _kept(
    app: web.Application, asked: MentionQuery, shape: tuple[str, ...], make: Callable[[], Awaitable[bytes]]
) -> Body | bytes:
    """A list about named pages is made once for as long as they stay as they are; any other is made anew."""
    if asked.targets is None:
        return await make()
    async with app[keys.DB].read() as c:
        named = await pages.by_keys(c, [target.key for target in asked.targets])
        version = await entries.version(c, {page.id for page in named.values()})
    return await app[keys.SHELF].get((asked, *shape), version, make)


async def _list(app: web.Application, asked: MentionQuery, form: str, self_url: str) -> bytes:
    """The entries asked for, written down in one of the forms."""
    async with app[keys.DB].read() as c:
        found, total = await entries.query(c, asked)
        of = await pages.by_ids(c, {entry.page_id for entry in found})
    base = app[keys.SETTINGS].public_url
    if form == "json":
        links = await outside(found, of, base, jf2.entry_to_link)
        return orjson.dumps({"links": links, "paging": _paging(asked, total)})
    children = await outside(found, of, base, jf2.entry_to_jf2)
    if form == "jf2":
        return orjson.dumps(jf2.feed(children, paging=_paging(asked, total)))
    return feeds.atom(children, self_url, base) if form == "atom" else feeds.html(children)


async def show_deleted(request: web.Request) -> web.Response:
    """GET: what is not there any more, so that caches can forget it."""
    asked = await query.read_query(request)
    async with request.app[keys.DB].read() as c:
        found, total = await entries.deleted(c, asked.query)
        of = await pages.by_ids(c, {entry.page_id for entry in found})
    children = [jf2.tombstone(entry, of[entry.page_id]) for entry in found if entry.page_id in of]
    body = jf2.feed(children, name="Deleted webmentions", paging=_paging(asked.query, total))
    return answers.json_answer(request, body, cache=answers.PRIVATE if asked.is_private else answers.PUBLIC)


async def show_export(request: web.Request) -> web.StreamResponse:
    """GET: everything that a site shows, oldest first, one entry a line, as it is read from the database."""
    site = await tokens.site_of(request, await tokens.require(request, "export"))
    db = request.app[keys.DB]
    async with db.read() as c:
        etag = f"{site.id}-{await changes.latest(c)}"
    headers = {"Cache-Control": answers.PRIVATE, "ETag": f'W/"{etag}"'}
    if answers.is_known(request, etag):
        return web.Response(status=304, headers=headers)
    day = datetime.now(UTC).date().isoformat()
    name = "".join(char if char.isalnum() or char in ".-" else "_" for char in site.authority)
    headers |= {
        "Content-Type": "application/json; charset=utf-8",
        "Content-Disposition": f'attachment; filename="webmentions-{name}-{day}.jf2.json"',
    }
    answer = web.StreamResponse(headers=headers)
    if answers.takes_gzip(request):
        answer.enable_compression(web.ContentCoding.gzip)
    await answer.prepare(request)
    async for part in exports.jf2_feed(db, site, request.app[keys.SETTINGS].public_url, everything=False):
        await answer.write(part)
    await answer.write_eof()
    return answer


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
        if number % _AT_ONCE == 0:
            await asyncio.sleep(0)
    return out


def _paging(asked: MentionQuery, total: int) -> dict[str, Any]:
    return {
        "per-page": asked.per_page,
        "page": asked.page,
        "total": total,
        "total-pages": -(-total // asked.per_page),
    }
