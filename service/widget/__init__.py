"""The custom element that puts a thread into somebody's page, and the script that only counts.

Hands out `src/` as versioned files.  The HTML that the element shows comes from `service/pages/fragment.py`."""

from __future__ import annotations

import orjson
from aiohttp import web

from service import keys
from service.widget import release
from service.widget.assets import IMMUTABLE, SHORT, Asset, answer

SHORT_NAMES = {"/widget.js": "thread.js", "/widget.css": "thread.css", "/widget/count.js": "count.js"}
"""URLs that always mean the current version."""


def setup(app: web.Application) -> None:
    """Adds the widget's files."""
    for path in SHORT_NAMES:
        app.router.add_get(path, show_current)
    app.router.add_get("/widget/integrity.json", show_integrity)
    app.router.add_get(r"/widget/{version:[\w.-]+}/{name:[\w.-]+}", show_version)


async def show_current(request: web.Request) -> web.StreamResponse:
    """GET: a file of the current version, to be asked about again soon."""
    return answer(request, release.current().files[SHORT_NAMES[request.path]], cache=SHORT)


async def show_version(request: web.Request) -> web.StreamResponse:
    """GET: a file of one version, for ever the same."""
    found = release.published().get(request.match_info["version"])
    asset = found.files.get(request.match_info["name"]) if found else None
    if asset is None:
        raise web.HTTPNotFound
    return answer(request, asset, cache=IMMUTABLE)


async def show_integrity(request: web.Request) -> web.StreamResponse:
    """GET: the hash of every file of every version."""
    body = orjson.dumps(release.integrity(request.app[keys.SETTINGS].public_url), option=orjson.OPT_INDENT_2)
    return answer(request, Asset("integrity.json", "application/json; charset=utf-8", body), cache=SHORT)
