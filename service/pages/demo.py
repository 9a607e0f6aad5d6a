"""The demo: a weblog post with its thread, a second weblog whose pages answer it, and snippets to copy.

There only while `settings.demo_is_on`; 404 otherwise.  The post says where its responses are taken, as any site would;
who sends the first webmention and pingback from the second weblog is the worker."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from aiohttp import web

from mentions.errors import InvalidTarget
from service import keys
from service.pages.answer import advertised, language_of, render
from service.pages.faces import seed_of
from service.pages.fragment import Look
from service.pages.snippets import snippets
from service.pages.templating import trusted
from service.pages.threads import shown_thread

POST: Final = "/demo/post"
BLOG: Final = "/demo/blog/"
PUBLISHED: Final = date(2026, 3, 1)
HOME: Final = "/demo/"
PAGES: Final = {
    HOME: "demo_home.html",
    POST: "demo_post.html",
    BLOG: "demo_blog.html",
    "/demo/blog/reply": "demo_reply.html",
    "/demo/blog/links": "demo_links.html",
}


def setup(app: web.Application) -> None:
    """Adds the demo's pages; whether they are there is asked for each request."""
    app.router.add_get("/demo", show_snippets)
    for path in PAGES:
        app.router.add_get(path, show_page)


def require_demo(request: web.Request) -> None:
    """Raises 404 where there is no demo."""
    if not request.app[keys.SETTINGS].demo_is_on:
        raise web.HTTPNotFound


async def show_snippets(request: web.Request) -> web.StreamResponse:
    """GET /demo: what to copy into which kind of site."""
    require_demo(request)
    return render(request, "demo_snippets.html", snippets(request.app[keys.SETTINGS].public_url))


async def show_page(request: web.Request) -> web.StreamResponse:
    """GET: a page of one of the two weblogs."""
    require_demo(request)
    base = request.app[keys.SETTINGS].public_url
    context: dict[str, Any] = {
        "post_url": base + POST,
        "published": PUBLISHED,
        "nia": {"name": "Nia Rowlands", "url": base + HOME, "photo": _photo(base, base + HOME)},
        "emrys": {"name": "Emrys Vaughan", "url": base + BLOG, "photo": _photo(base, base + BLOG)},
    }
    if request.path != POST:
        return render(request, PAGES[request.path], context)
    context["demo"] = await thread_facts(
        request, Look(also="cy" if language_of(request) == "en" else "en", within="h-entry")
    )
    if context["demo"] is None:
        raise web.HTTPNotFound
    return render(request, PAGES[POST], context, headers=advertised(request))


def _photo(base: str, author: str) -> str:
    return f"{base}/avatar/{seed_of(author)}.svg"


async def thread_facts(request: web.Request, look: Look | None = None) -> dict[str, Any] | None:
    """The demo post's thread, rendered; None where there is no demo."""
    if not request.app[keys.SETTINGS].demo_is_on:
        return None
    target = request.app[keys.SETTINGS].public_url + POST
    try:
        shown = await shown_thread(request.app, target, language_of(request), look or Look())
    except InvalidTarget:  # somebody has removed the demo's site
        return None
    return {"target": target, "count": shown.count, "fragment": trusted(shown.html)}
