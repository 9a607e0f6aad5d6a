"""`GET /thread.html` and `GET /embed`: a thread as a fragment for somebody's page, and as a page of its own.

The thread itself is laid out by `service/api/threads.py`; this gives it words and markup, and keeps what it has made
for as long as the thread is the same."""

from __future__ import annotations

from dataclasses import replace
from time import monotonic
from typing import Final

from aiohttp import web

from mentions import options
from mentions.errors import InvalidInput, InvalidTarget
from service import i18n, keys
from service.api import threads as api
from service.pages import stamp
from service.pages.answer import ANYBODY, html_answer, render
from service.pages.fragment import Look, render_thread
from service.pages.personal import HEADERS, Personal, read_personal
from service.pages.shelf import Shelf, Shown
from service.pages.templating import trusted

CACHE: Final = "public, max-age=0, s-maxage=30, stale-while-revalidate=300"
"""A shared cache may answer for half a minute; a browser asks each time and mostly hears 304."""
PER_PAGE: Final = 200
"""Top-level responses of one page of a thread."""
MOST_ENTRIES: Final = 1_000
"""Responses of all levels on one page."""
MOST_FACES: Final = 60
"""Faces of one kind that are shown, the newest; a link leads to all of them."""
SHELF: Final = web.AppKey("fragments", Shelf)


def setup(app: web.Application) -> None:
    """Adds the two addresses."""
    app[SHELF] = Shelf()
    app.router.add_get("/thread.html", show_fragment)
    app.router.add_get("/embed", show_page)


async def show_fragment(request: web.Request) -> web.StreamResponse:
    """GET: the fragment.  `lang`, `also`, `within`, `level`, `sort`, `below` and `after` say how it is to look; the URL
    says it all, so that one cached answer fits everybody."""
    shown = await shown_thread(request.app, _target(request), _lang(request), _look(request))
    token = await stamp.for_reader(request.app, shown.url)
    return html_answer(request, shown.html, headers={"Cache-Control": CACHE, "Vary": "Accept-Encoding"}, token=token)


async def show_page(request: web.Request) -> web.StreamResponse:
    """GET: the same as a complete page, for an iframe or for whoever runs no script."""
    look, lang = _look(request, level_else=1), _lang(request)
    personal = await read_personal(request, lang)
    shown = await shown_thread(request.app, _target(request), lang, look, personal)
    context = {
        "thread": shown,
        "fragment": trusted(shown.html),
        "look": look,
        "lang": lang,
        "personal": personal,
    }
    headers = {"Cache-Control": CACHE, "Vary": "Accept-Encoding", **(HEADERS if personal else {})}
    token = await stamp.for_reader(request.app, shown.url)
    return render(request, "embed.html", context, headers=headers, framed_by=ANYBODY, token=token)


async def shown_thread(
    app: web.Application, target: str, lang: str, look: Look, personal: Personal | None = None
) -> Shown:
    """The thread of the page that `target` names, rendered.  Raises InvalidTarget when it belongs to no site of ours.

    It carries the cursor of its own last change, so that what happens on other pages does not make it another one: its
    ETag holds for as long as it looks the same.  Events follow that cursor just as well."""
    base, now = app[keys.SETTINGS].public_url, monotonic()
    page = await api.find_page(app, target)
    look = await as_the_owner_wants(app, target if page is None else page.url, look)
    if page is None:
        thread = await api.thread_of(app, target)
        thread["cursor"] = 0
        return Shown(thread["url"], "", 0, render_thread(thread, lang, base, look))
    version = await api.settled_version(app, page)
    key = (page.id, version, lang, look)
    is_everybodys = personal is None or not personal.marks_thread
    if is_everybodys and (kept := app[SHELF].get(key, now=now)) is not None:
        return kept
    thread = await api.build_thread(
        app,
        page,
        look.sort,
        below=look.below,
        after=api.read_after(look.after),
        per_page=PER_PAGE,
        most=MOST_ENTRIES,
        most_faces=MOST_FACES,
    )
    html = render_thread(thread, lang, base, look, None if is_everybodys else personal)
    shown = Shown(thread["url"], thread["name"], thread["count"], html)
    if is_everybodys:
        app[SHELF].put(key, shown, now=now)
    return shown


async def as_the_owner_wants(app: web.Application, target: str, look: Look) -> Look:
    """The look with what the options of the site say of the form for comments."""
    try:
        chosen = (await app[keys.SITES].place(target)).options
    except InvalidTarget:  # its site has just been removed
        return look
    return replace(
        look,
        comments_open=options.read(chosen, "comments"),
        signs_in=bool(options.read(chosen, "sign_in")),
        needs_email=options.read(chosen, "require_email"),
    )


def _target(request: web.Request) -> str:
    if not (target := request.query.get("target") or ""):
        raise InvalidInput("A target URL is required")
    return target


def _lang(request: web.Request) -> str:
    """The language that the URL names; never what the browser asks for, which no shared cache could tell apart."""
    return i18n.spoken(request.query.get("lang")) or i18n.SOURCE_LANGUAGE


def _look(request: web.Request, *, level_else: int = 2) -> Look:
    """How the query wants the thread to look; what it says wrong is as if it were not said."""
    level = request.query.get("level", "")
    look = Look(
        also=i18n.spoken(request.query.get("also")),
        within="h-entry" if request.query.get("within") == "h-entry" else None,
        level=int(level) if level in {"1", "2", "3", "4", "5"} else level_else,
        after=request.query.get("after"),
        below=api.read_below(request.query.get("below")),
    )
    return replace(look, sort="newest") if request.query.get("sort") == "newest" else look
