"""Two hundred hosts in one process: each address of a /24 is a site, and a page's path says how it behaves.

/ok/N  links to the target     /plain/N  links without microformats     /moved/N  redirects to /ok/N
/none/N  links elsewhere       /gone/N  410                             /lost/N  404"""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import Self

from aiohttp import web

ENDINGS = {
    "ok": "success",
    "plain": "success",
    "moved": "success",
    "none": "no_link_found",
    "gone": "gone",
    "lost": "not_found",
}
"""What a path starts with -> how a claim for it must end."""
SHARES = ("ok", "ok", "ok", "plain", "ok", "moved", "ok", "none", "gone", "lost")
"""Of ten claims."""


class Crowd:
    """Serves `hosts` addresses; every page responds to the target that its query names."""

    def __init__(self, hosts: int, *, network: str = "127.0.9") -> None:
        self.addresses = [f"{network}.{number}" for number in range(1, hosts + 1)]
        self.fetched: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/{how}/{number}", self._page)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        for address in self.addresses:
            await web.TCPSite(self._runner, address, 0, backlog=64).start()
        self.authorities = [f"{host}:{port}" for host, port in self._runner.addresses]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def claims(self, count: int, target: str) -> list[tuple[str, str]]:
        """`count` sources of all hosts in turn, and how a claim for each must end."""
        made = []
        for number in range(count):
            how = SHARES[(number // len(self.authorities) + number) % len(SHARES)]
            authority = self.authorities[number % len(self.authorities)]
            made.append((f"http://{authority}/{how}/{number}?target={target}", ENDINGS[how]))
        return made

    async def _page(self, request: web.Request) -> web.StreamResponse:
        self.fetched[str(request.url)] += 1
        how, target = request.match_info["how"], escape(request.query["target"])
        match how:
            case "gone":
                return web.Response(status=410)
            case "lost":
                return web.Response(status=404)
            case "moved":
                raise web.HTTPMovedPermanently(request.path_qs.replace("/moved/", "/ok/", 1))
            case "none":
                body = '<p><a href="http://elsewhere.example/">no</a></p>'
            case "plain":
                body = f'<p>As <a href="{target}">they</a> say.</p>'
            case _:
                card = f'<a class="p-author h-card" href="/">{request.host}</a>'
                link = f'<a class="u-in-reply-to" href="{target}">re</a>'
                body = f'<article class="h-entry">{card}{link}<p class="e-content">Yes.</p></article>'
        return web.Response(text=f"<!doctype html><title>A page</title>{body}", content_type="text/html")
