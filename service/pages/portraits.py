"""The authors' pictures, from our cache: what workers have fetched and drawn anew, under names that follow from it."""

from __future__ import annotations

import asyncio
from typing import Final

from aiohttp import web

from mentions.storage.avatars import Avatars
from service import answers, keys
from service.pages.faces import face
from service.widget.assets import IMMUTABLE

HEADERS: Final = {  # beside those of every answer
    "Cache-Control": IMMUTABLE,
    "Content-Security-Policy": "default-src 'none'; sandbox",
}

BRIEFLY: Final = {"Cache-Control": "public, max-age=300"}
"""For what stands in for a picture that may come back."""


def setup(app: web.Application) -> None:
    """Adds the pictures."""
    app.router.add_get(r"/avatars/{name:[0-9a-f]{32}\.webp}", show_portrait)


async def show_portrait(request: web.Request) -> web.StreamResponse:
    """GET: a picture, or 304 when the asker has it; 404 with a drawn face, which a browser shows, when it is gone."""
    name = request.match_info["name"]
    body = await asyncio.to_thread(Avatars(request.app[keys.SETTINGS].data_dir).read, name)
    etag = name.removesuffix(".webp")
    if body is None:
        drawn = face(etag, inline=False)
        return web.Response(status=404, text=drawn, content_type="image/svg+xml", headers={**HEADERS, **BRIEFLY})
    headers = {**HEADERS, "ETag": f'"{etag}"'}
    if answers.is_known(request, etag):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, content_type="image/webp", headers=headers)
