"""`GET /thread.html` and `GET /embed`: a thread as a fragment for somebody's page, and as a page of its own.

The thread itself is laid out by `service/api/threads.py`; this gives it words and markup."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from mentions.errors import InvalidInput
from mentions.storage import changes
from service import i18n, keys
from service.api.threads import find_page, read_after, thread_of
from service.pages.answer import ANYBODY, html_answer, render
from service.pages.fragment import Look, render_thread
from service.pages.templating import trusted

CACHE: Final = "public, max-age=0, s-maxage=30, stale-while-revalidate=300"
"""A shared cache may answer for half a minute; a browser asks each time and mostly hears 304."""
PER_PAGE: Final = 200
"""Top-level responses of one page of a thread."""


def setup(app: web.Application) -> None:
    """Adds the two addresses."""
    app.router.add_get("/thread.html", show_fragment)
    app.router.add_get("/embed", show_page)


async def show_fragment(request: web.Request) -> web.StreamResponse:
    """GET: the fragment.  `lang`, `also`, `within`, `level` and `after` say how it is to look; the URL says it all, so
    that one cached answer fits everybody."""
    thread = await _thread(request)
    html = render_thread(thread, _lang(request), request.app[keys.SETTINGS].public_url, look_of(request))
    return html_answer(request, html, headers={"Cache-Control": CACHE, "Vary": "Accept-Encoding"})


async def show_page(request: web.Request) -> web.StreamResponse:
    """GET: the same as a complete page, for an iframe or for whoever runs no script."""
    thread = await _thread(request)
    look, lang = look_of(request, level_else=1), _lang(request)
    html = render_thread(thread, lang, request.app[keys.SETTINGS].public_url, look)
    context = {"thread": thread, "fragment": trusted(html), "look": look, "lang": lang}
    return render(
        request, "embed.html", context, headers={"Cache-Control": CACHE, "Vary": "Accept-Encoding"}, framed_by=ANYBODY
    )


async def _thread(request: web.Request) -> dict[str, Any]:
    target = request.query.get("target") or ""
    if not target:
        raise InvalidInput("A target URL is required")
    return await quiet_thread(
        request.app,
        target,
        sort="newest" if request.query.get("sort") == "newest" else "oldest",
        after=read_after(request.query.get("after")),
        per_page=PER_PAGE,
    )


async def quiet_thread(app: web.Application, target: str, **wishes: Any) -> dict[str, Any]:
    """The thread with the cursor of its own last change, so that what happens on other pages does not make it another
    one: its ETag holds for as long as it looks the same.  Events follow that cursor just as well."""
    thread = await thread_of(app, target, **wishes)
    page = await find_page(app, target)
    if page is not None:
        async with app[keys.DB].read() as c:
            thread["cursor"] = min(thread["cursor"], await changes.latest(c, page_id=page.id))
    return thread


def _lang(request: web.Request) -> str:
    """The language that the URL names; never what the browser asks for, which no shared cache could tell apart."""
    return i18n.spoken(request.query.get("lang")) or i18n.SOURCE_LANGUAGE


def look_of(request: web.Request, *, level_else: int = 2) -> Look:
    """How the query wants the thread to look; what it says wrong is as if it were not said."""
    level = request.query.get("level", "")
    return Look(
        also=i18n.spoken(request.query.get("also")),
        within="h-entry" if request.query.get("within") == "h-entry" else None,
        level=int(level) if level in {"1", "2", "3", "4", "5"} else level_else,
    )
