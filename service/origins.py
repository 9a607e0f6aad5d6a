"""Which pages' scripts and forms may write here: those of registered sites, and our own (contract §9).

A browser names the page's origin in `Origin`; programs name none and are judged by what they send.  `null` (sandboxed
frames, local files) is nobody's."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from mentions import urls
from mentions.errors import InsufficientScope
from service import keys

_OURS: Final = frozenset({"same-origin", "none"})


async def require_known(request: web.Request) -> None:
    """Raises InsufficientScope (403) when a browser sends this from a page of somebody else's."""
    origin = request.headers.get("Origin")
    if origin is None:
        if request.headers.get("Sec-Fetch-Site", "none") not in _OURS:
            raise InsufficientScope("A browser sent this from another page without saying which.")
        return
    if urls.parse(origin) is None:
        raise InsufficientScope("The page that sent this has no address of its own.")
    if urls.origin(origin) == urls.origin(request.app[keys.SETTINGS].public_url):
        return
    if (await request.app[keys.SITES].book()).site_for(origin) is None:
        raise InsufficientScope(f"{origin} belongs to no site that is registered here.")


async def is_of(request: web.Request, site_id: int) -> bool:
    """Whether a page of that site sends this, or one of ours, or a program."""
    origin = request.headers.get("Origin")
    if origin is None or urls.origin(origin) == urls.origin(request.app[keys.SETTINGS].public_url):
        return True
    site = (await request.app[keys.SITES].book()).site_for(origin)
    return site is not None and site.id == site_id


async def require_own(request: web.Request) -> None:
    """Raises InsufficientScope (403) when a browser sends this from any page but ours."""
    origin = request.headers.get("Origin")
    own = urls.origin(request.app[keys.SETTINGS].public_url)
    if (origin or own) != own or request.headers.get("Sec-Fetch-Site", "none") not in _OURS:
        raise InsufficientScope("Only our own pages may send this.")
