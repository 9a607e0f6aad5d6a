"""The reading API that webmention.io's clients know: mentions, what was deleted, everything (contract §6).

Numbers are counts.py's business."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from mentions.storage import changes, entries, pages
from mentions.storage.entries import MentionQuery
from service import answers, keys
from service.api import exports, feeds, jf2, lists, query, tokens
from service.shelf import Body

CONTENT_TYPES: Final = {
    "json": "application/json",
    "jf2": "application/json",
    "atom": "application/atom+xml",
    "html": "text/html",
}
"""Ending of the address -> what it gives."""
_SECRET: Final = frozenset({"token", "access_token"})


def setup(app: web.Application) -> None:
    """Adds the addresses, with and without their endings."""
    lists.setup(app)
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

    self_url = _self_url(request)

    async def make() -> bytes:
        return await lists.write(request.app, asked.query, form, self_url)

    cache = answers.PRIVATE if asked.is_private else answers.PUBLIC
    body = await _kept(request.app, asked.query, (form, self_url if form == "atom" else ""), make)
    if isinstance(body, Body) and answers.takes_gzip(request):
        await body.zip_aside()
    return answers.body_answer(request, body, CONTENT_TYPES[form], cache=cache, headers=headers)


def _self_url(request: web.Request) -> str:
    """The address of a list, without what nobody else may know: a feed is called by it."""
    asked = [(name, value) for name, value in request.query.items() if name not in _SECRET]
    return f"{request.app[keys.SETTINGS].public_url}{request.path}" + (f"?{urlencode(asked)}" if asked else "")


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


async def show_deleted(request: web.Request) -> web.Response:
    """GET: what is not there any more, so that caches can forget it."""
    asked = await query.read_query(request)
    async with request.app[keys.DB].read() as c:
        found, total = await entries.deleted(c, asked.query)
        of = await pages.by_ids(c, {entry.page_id for entry in found})
    children = [jf2.tombstone(entry, of[entry.page_id]) for entry in found if entry.page_id in of]
    body = jf2.feed(children, name="Deleted webmentions", paging=lists.paging(asked.query, total))
    return answers.json_answer(request, body, cache=answers.PRIVATE if asked.is_private else answers.PUBLIC)


async def show_export(request: web.Request) -> web.StreamResponse:
    """GET: everything that a site shows, oldest first, one entry a line, as it is read from the database.

    `since_id` goes on where an export was cut off."""
    site = await tokens.site_of(request, await tokens.require(request, "export"))
    after = query.read_since_id(request) or 0
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
    if request.method == "HEAD":
        return web.Response(headers=headers)
    answer = web.StreamResponse(headers=headers)
    if answers.takes_gzip(request):
        answer.enable_compression(web.ContentCoding.gzip)
    await answer.prepare(request)
    async for part in exports.jf2_feed(db, site, request.app[keys.SETTINGS].public_url, everything=False, after=after):
        await answer.write(part)
    await answer.write_eof()
    return answer
