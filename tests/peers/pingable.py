"""A site that takes webmentions and pingbacks: pages that advertise an endpoint, and what it got."""

from __future__ import annotations

import xmlrpc.client
from html import escape
from typing import Literal
from urllib.parse import parse_qs

from aiohttp import web

from tests.peers.peer import Peer

Way = Literal["header", "link", "a"]


class Pingable(Peer):
    """`page` makes a page with an endpoint; `webmentions` and `pingbacks` are what came in, as (source, target)."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(address, port)
        self.webmentions: list[tuple[str, str]] = []
        self.pingbacks: list[tuple[str, str]] = []
        self.webmention_status = 202
        """What the webmention endpoint answers; 201 comes with a Location."""
        self.pingback_fault: int | None = None
        """The fault that the pingback endpoint answers; None: success."""
        self.handle("/webmention", self._take_webmention)
        self.handle("/xmlrpc", self._take_pingback)

    def page(self, path: str = "/post", *, webmention: Way | None = "header", pingback: Way | None = None) -> str:
        """A page that advertises these endpoints; its URL."""
        headers, head, body = {}, "", ""
        match webmention:
            case "header":
                headers["Link"] = f'<{self.url("/webmention")}>; rel="webmention"'
            case "link":
                head += '<link rel="webmention" href="/webmention">'
            case "a":
                body += '<a rel="webmention" href="/webmention">my webmention endpoint</a>'
        match pingback:
            case "header":
                headers["X-Pingback"] = self.url("/xmlrpc")
            case "link":
                head += f'<link rel="pingback" href="{escape(self.url("/xmlrpc"))}">'
            case "a":
                raise ValueError("pingback endpoints are not advertised by <a>")
        html = f"<!doctype html><html><head><title>{path}</title>{head}</head><body><p>A page.</p>{body}</body></html>"
        return self.serve(path, html, headers=headers)

    async def _take_webmention(self, request: web.Request) -> web.StreamResponse:
        form = parse_qs((await request.read()).decode())
        self.webmentions.append((form["source"][0], form["target"][0]))
        headers = {"Location": self.url(f"/status/{len(self.webmentions)}")} if self.webmention_status == 201 else {}
        return web.Response(status=self.webmention_status, text="thank you\n", headers=headers)

    async def _take_pingback(self, request: web.Request) -> web.StreamResponse:
        (source, target), method = xmlrpc.client.loads(await request.read())
        assert method == "pingback.ping"
        self.pingbacks.append((str(source), str(target)))
        answer: object = ("thank you",)
        if self.pingback_fault is not None:
            answer = xmlrpc.client.Fault(self.pingback_fault, "no")
        body = xmlrpc.client.dumps(answer, methodresponse=True)  # type: ignore[arg-type]
        return web.Response(body=body.encode(), content_type="text/xml")
