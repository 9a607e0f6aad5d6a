"""Atom feeds of one thread and of a whole site, in which feed readers see who answers whom (RFC 4685).

The newest responses come first.  Copies and private responses are not in it."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from mentions.errors import InvalidInput, NotFound
from mentions.storage import entries, pages
from mentions.storage.entries import MentionQuery
from service import answers, keys
from service.api import feeds, jf2, lists, query, threads
from service.api.feeds import Place

PATHS: Final = ("/api/thread.atom", "/thread.atom")
DEFAULT_PER_PAGE: Final = 50
MOST_PER_PAGE: Final = 500
_TYPE: Final = "application/atom+xml"


def setup(app: web.Application) -> None:
    """Adds the addresses."""
    for path in PATHS:
        app.router.add_get(path, show_thread)
    app.router.add_get("/feed.atom", show_site)


async def show_thread(request: web.Request) -> web.Response:
    """GET ?target=URL: what was answered to one page."""
    target, per_page = request.query.get("target") or "", _per_page(request)
    if not target:
        raise InvalidInput("A target URL is required")
    base = request.app[keys.SETTINGS].public_url

    async def make() -> bytes:
        page = await threads.find_page(request.app, target)
        about = (jf2.safe_url(page.url) if page is not None else None) or query.absolute(target)
        title = f"Responses to {page.title if page is not None and page.title else about}"
        asked = MentionQuery(page_ids=(page.id,) if page is not None else (), include_copies=False, per_page=per_page)
        return await _feed(request.app, asked, f"{base}{PATHS[0]}?{urlencode({'target': about})}", title, about)

    body = await threads.kept_body(request.app, target, ("thread.atom", target, per_page), make)
    return answers.body_answer(request, body, _TYPE)


async def show_site(request: web.Request) -> web.Response:
    """GET ?domain=: what was answered to any page of a site."""
    base, domain = request.app[keys.SETTINGS].public_url, request.query.get("domain") or ""
    if not domain:
        raise InvalidInput("A domain is required")
    site = (await request.app[keys.SITES].book()).site_for(domain)
    if site is None:
        raise NotFound("This site is not registered here.")
    asked = MentionQuery(site_ids=(site.id,), include_copies=False, per_page=_per_page(request))
    self_url = f"{base}/feed.atom?{urlencode({'domain': site.authority})}"
    body = await _feed(request.app, asked, self_url, f"Responses to {site.authority}", f"https://{site.authority}/")
    return answers.body_answer(request, body, _TYPE)


async def _feed(app: web.Application, asked: MentionQuery, self_url: str, title: str, about: str) -> bytes:
    """The entries asked for, each with what it answers and how often it was answered."""
    async with app[keys.DB].read() as c:
        found, _ = await entries.query(c, asked)
        of = await pages.by_ids(c, {entry.page_id for entry in found})
        replies = await entries.replies_to(c, [entry.id for entry in found])
    base = app[keys.SETTINGS].public_url
    children = await lists.outside(found, of, base, jf2.entry_to_jf2)
    places = {entry.id: Place(entry.updated_at, entry.parent_id, *replies.get(entry.id, (0, None))) for entry in found}
    return feeds.atom(children, self_url, base, title=title, about=about, places=places)


def _per_page(request: web.Request) -> int:
    return query.read_number(request, ("perPage", "per-page"), DEFAULT_PER_PAGE, MOST_PER_PAGE, least=1)
