"""Styles, scripts and drawings of our own pages, under URLs that change with their content."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from aiohttp import web

from service.pages.faces import SEED, face
from service.widget.assets import IMMUTABLE, SHORT, Asset, answer
from service.widget.release import small_css, small_js

FOLDER: Final = Path(__file__).parent / "static"
TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
}


def setup(app: web.Application) -> None:
    """Adds the files, the icon and the drawn faces."""
    app.router.add_get(r"/static/{version:[0-9a-f]+}/{name:[\w.-]+}", show_file)
    app.router.add_get("/favicon.ico", show_icon)
    app.router.add_get(r"/avatar/{seed:[0-9a-f]+}.svg", show_face)


@cache
def files() -> dict[str, Asset]:
    """Every static file by its name."""
    return {path.name: _read(path) for path in sorted(FOLDER.iterdir()) if path.suffix in TYPES}


@cache
def version() -> str:
    """A name for the files as they are."""
    return hashlib.sha256("".join(asset.etag for asset in files().values()).encode()).hexdigest()[:10]


def url_of(name: str) -> str:
    """The path of a static file; raises LookupError for one that is not there, so that no page links to nothing."""
    if name not in files():
        raise LookupError(f"there is no static file {name!r}")
    return f"/static/{version()}/{name}"


def _read(path: Path) -> Asset:
    text = path.read_text("utf-8")
    shorten = {".css": small_css, ".js": small_js}.get(path.suffix, str)
    return Asset(path.name, TYPES[path.suffix], shorten(text).encode())


async def show_file(request: web.Request) -> web.StreamResponse:
    """GET: a file; under an older version the current one, for a page that was open while we were updated."""
    asset = files().get(request.match_info["name"])
    if asset is None:
        raise web.HTTPNotFound
    return answer(request, asset, cache=IMMUTABLE if request.match_info["version"] == version() else SHORT)


async def show_icon(request: web.Request) -> web.StreamResponse:
    """GET: the mark."""
    return answer(request, files()["mark.svg"], cache=SHORT)


async def show_face(request: web.Request) -> web.StreamResponse:
    """GET: the drawing that belongs to a seed."""
    seed = request.match_info["seed"]
    if not SEED.fullmatch(seed):
        raise web.HTTPNotFound
    return answer(request, Asset(f"{seed}.svg", TYPES[".svg"], face(seed, inline=False).encode()), cache=IMMUTABLE)
