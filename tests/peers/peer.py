"""A site on loopback that answers what it was told to answer, and remembers what it was asked."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Self

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it came in."""

    method: str
    path: str
    """With the query string."""
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a path answers."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Peer:
    """`serve` says what a path answers; `seen` tells who asked.  Anything else is a 404."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0) -> None:
        self.address, self.port = address, port
        self.requests: list[Seen] = []
        self._answers: dict[str, Answer | Handler] = {}

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.address, self.port).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @property
    def authority(self) -> str:
        """`host:port`: what a site on it is registered under."""
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"

    @property
    def origin(self) -> str:
        return f"http://{self.authority}"

    def url(self, path: str) -> str:
        return self.origin + path

    def path(self, url: str) -> str:
        """The path of one of our URLs; a path passes."""
        return url.removeprefix(self.origin).partition("#")[0] or "/"

    def serve(
        self,
        path: str,
        body: str | bytes = b"",
        *,
        status: int = 200,
        content_type: str | None = "text/html; charset=utf-8",
        headers: Mapping[str, str] | None = None,
    ) -> str:
        """From now on `path` (a query string counts) answers this; its URL."""
        path = self.path(path)
        raw = body.encode() if isinstance(body, str) else body
        typed = {"Content-Type": content_type} if content_type else {}
        self._answers[path] = Answer(status, raw, {**typed, **(headers or {})})
        return self.url(path)

    def handle(self, path: str, handler: Handler) -> str:
        """From now on `path` is answered by a coroutine; its URL."""
        self._answers[self.path(path)] = handler
        return self.url(self.path(path))

    def forget(self, url: str) -> None:
        """From now on a 404."""
        self._answers.pop(self.path(url), None)

    def seen(self, path: str | None = None, *, method: str | None = None) -> list[Seen]:
        """Requests so far, of one path (URL or path) and method if asked for."""
        wanted = self.path(path) if path is not None else None
        return [
            request
            for request in self.requests
            if (wanted is None or request.path == wanted) and (method is None or request.method == method)
        ]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.requests.append(Seen(request.method, request.path_qs, dict(request.headers), body))
        answer = self._answers.get(request.path_qs, self._answers.get(request.path))
        if answer is None:
            return web.Response(status=404, text="nothing here\n")
        if callable(answer):
            return await answer(request)
        return _conditional(request, answer)


def _conditional(request: web.Request, answer: Answer) -> web.Response:
    """A 200 has an ETag, and a request that names it gets a 304."""
    if answer.status != 200:
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)
    tag = f'"{hashlib.sha256(answer.body).hexdigest()[:16]}"'
    if request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers={"ETag": tag})
    return web.Response(body=answer.body, headers={"ETag": tag, **answer.headers})
