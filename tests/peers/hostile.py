"""A server that means harm, or is broken beyond what HTTP libraries let one be: so it writes its bytes itself.

`url(name)` is a page of that behaviour; `sent` counts the body bytes that it got rid of, so that a test may ask whether
the reader stopped in time.  Where the page can have a readable start, that start links to `links_to`."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from html import escape
from typing import Self
from urllib.parse import parse_qs, urlsplit

CHUNK = b"<p>and so on</p>" * 4096
BOMB_BYTES = 512 << 20
"""What the bombs unpack to; packed they are half a megabyte."""


class Hostile:
    """One server, all bad habits.  `BEHAVIOURS` are their names."""

    def __init__(self, address: str = "127.0.0.1", *, links_to: str = "http://target.example/") -> None:
        self.address = address
        self.page = f'<!doctype html><title>x</title><p><a href="{escape(links_to)}">link</a></p>'.encode()
        self.sent: Counter[str] = Counter()
        self.requests: list[str] = []
        self._bombs: dict[str, bytes] = {}

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self.address, 0, limit=1 << 20)
        self.port = self._server.sockets[0].getsockname()[1]
        self._connections: set[asyncio.Task[None]] = set()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    @property
    def authority(self) -> str:
        return f"{self.address}:{self.port}"

    def url(self, name: str) -> str:
        """`name` is one of BEHAVIOURS, with `?to=URL` or `?left=N` where it takes one."""
        assert name.partition("?")[0] in BEHAVIOURS, f"{name} is none of {sorted(BEHAVIOURS)}"
        return f"http://{self.authority}/{name}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode()
            self.requests.append(path)
            parts = urlsplit(path)
            name = parts.path.lstrip("/")
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            behave = BEHAVIOURS.get(name, not_there)
            await behave(Stage(self, name, query, writer))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the reader has left, or the test is over
        finally:
            self._connections.discard(task)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    def bomb(self, encoding: str) -> bytes:
        """Half a gigabyte of spaces after a page with the link, packed; made once."""
        if encoding not in self._bombs:
            wbits = {"gzip": 31, "deflate": 15}[encoding]
            packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
            packed = [packer.compress(self.page)]
            packed += [packer.compress(b" " * (1 << 20)) for _ in range(BOMB_BYTES >> 20)]
            self._bombs[encoding] = b"".join([*packed, packer.flush()])
        return self._bombs[encoding]


class Stage:
    """One answer: what the behaviours write with."""

    def __init__(self, site: Hostile, name: str, query: dict[str, str], writer: asyncio.StreamWriter) -> None:
        self.site, self.name, self.query, self._writer = site, name, query, writer

    async def raw(self, data: bytes) -> None:
        """As it stands, not counted as body."""
        self._writer.write(data)
        await self._writer.drain()

    async def head(self, status: str = "200 OK", **headers: str) -> None:
        lines = [f"HTTP/1.1 {status}", "Content-Type: text/html; charset=utf-8", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        await self.raw("\r\n".join([*lines, "", ""]).encode())

    async def body(self, data: bytes) -> None:
        await self.raw(data)
        self.site.sent[self.name] += len(data)

    async def for_ever(self) -> None:
        """Until the other side goes away: nothing is read, so a write has to find out."""
        while not self._writer.is_closing():
            await asyncio.sleep(0.05)


async def not_there(stage: Stage) -> None:
    await stage.head("404 Not Found", Content_Length="0")


async def slow_drip(stage: Stage) -> None:
    """One byte every tenth of a second: each read succeeds, the page never ends."""
    await stage.head()
    await stage.body(stage.site.page)
    while True:
        await stage.body(b" ")
        await asyncio.sleep(0.1)


async def hang_before_headers(stage: Stage) -> None:
    """Takes the request and says nothing."""
    await stage.for_ever()


async def hang_after_headers(stage: Stage) -> None:
    """Promises a page and sends nothing of it."""
    await stage.head(Content_Length="1000")
    await stage.for_ever()


async def endless_body(stage: Stage) -> None:
    """A page that never ends, as fast as it is read."""
    await stage.head()
    await stage.body(stage.site.page)
    while True:
        await stage.body(CHUNK)


async def endless_headers(stage: Stage) -> None:
    """Header lines without end."""
    await stage.raw(b"HTTP/1.1 200 OK\r\n")
    while True:
        await stage.body(b"X-More: " + b"m" * 1000 + b"\r\n")


async def huge_header(stage: Stage) -> None:
    """One header line of a megabyte."""
    await stage.head(X_Huge="h" * (1 << 20))
    await stage.body(stage.site.page)


async def gzip_bomb(stage: Stage) -> None:
    """Half a megabyte that unpacks to half a gigabyte."""
    await stage.head(Content_Encoding="gzip")
    await stage.body(stage.site.bomb("gzip"))


async def deflate_bomb(stage: Stage) -> None:
    """The same in the other encoding."""
    await stage.head(Content_Encoding="deflate")
    await stage.body(stage.site.bomb("deflate"))


async def broken_gzip(stage: Stage) -> None:
    """Says gzip, and stops being it half-way."""
    packed = gzip.compress(stage.site.page * 50)
    await stage.head(Content_Encoding="gzip")
    await stage.body(packed[: len(packed) // 2] + b"\0garbage\0")


async def unknown_encoding(stage: Stage) -> None:
    """An encoding that nobody asked for or knows."""
    await stage.head(Content_Encoding="sdch")
    await stage.body(stage.site.page)


async def redirect_loop(stage: Stage) -> None:
    """To itself, for ever."""
    await stage.head("302 Found", Location="/redirect_loop", Content_Length="0")


async def redirect_chain(stage: Stage) -> None:
    """`left` more hops, then the page."""
    left = int(stage.query.get("left", "0"))
    if left:
        await stage.head("302 Found", Location=f"/redirect_chain?left={left - 1}", Content_Length="0")
    else:
        await stage.head(Content_Length=str(len(stage.site.page)))
        await stage.body(stage.site.page)


async def redirect_to(stage: Stage) -> None:
    """Wherever `to` says."""
    await stage.head("302 Found", Location=stage.query["to"], Content_Length="0")


async def redirect_nowhere(stage: Stage) -> None:
    """A redirect that does not say where to."""
    await stage.head("302 Found", Content_Length="0")


async def says_more(stage: Stage) -> None:
    """Content-Length promises more than comes before the connection closes."""
    await stage.head(Content_Length=str(len(stage.site.page) + 1000))
    await stage.body(stage.site.page)


async def says_less(stage: Stage) -> None:
    """Content-Length ends before the link."""
    await stage.head(Content_Length="10")
    await stage.body(stage.site.page)


async def says_too_large(stage: Stage) -> None:
    """Content-Length of a terabyte, and a short page."""
    await stage.head(Content_Length=str(1 << 40))
    await stage.body(stage.site.page)


async def broken_chunks(stage: Stage) -> None:
    """A chunked body whose sizes are no numbers."""
    await stage.head(Transfer_Encoding="chunked")
    await stage.body(b"zz\r\n" + stage.site.page + b"\r\n0\r\n\r\n")


async def broken_charset(stage: Stage) -> None:
    """Says UTF-8, and sends bytes that are not."""
    await stage.head()
    await stage.body(stage.site.page + b"\xff\xfe\xc3\x28 caf\xe9 \x00\x00")


async def unknown_charset(stage: Stage) -> None:
    """A charset that nobody has heard of."""
    await stage.raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=klingon\r\nConnection: close\r\n\r\n")
    await stage.body(stage.site.page)


async def hang_up(stage: Stage) -> None:
    """Closes without an answer."""


async def not_http(stage: Stage) -> None:
    """Another protocol altogether."""
    await stage.raw(b"220 mail.example ESMTP\r\n")


async def many_early_hints(stage: Stage) -> None:
    """Informational answers without end: each is legal."""
    while True:
        await stage.raw(b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n")
        stage.site.sent[stage.name] += 1
        await asyncio.sleep(0.005)


BEHAVIOURS: dict[str, Callable[[Stage], Awaitable[None]]] = {
    behave.__name__: behave
    for behave in (
        slow_drip,
        hang_before_headers,
        hang_after_headers,
        endless_body,
        endless_headers,
        huge_header,
        gzip_bomb,
        deflate_bomb,
        broken_gzip,
        unknown_encoding,
        redirect_loop,
        redirect_chain,
        redirect_to,
        redirect_nowhere,
        says_more,
        says_less,
        says_too_large,
        broken_chunks,
        broken_charset,
        unknown_charset,
        hang_up,
        not_http,
        many_early_hints,
    )
}
