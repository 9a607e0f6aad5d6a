"""The examples of docs/operating.md and of the page of snippets, in a real nginx and a real Caddy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from service.pages.snippets import EDGE
from tests.interop.peers.doors import comment
from tests.interop.peers.proxies import Caddy, Nginx, Proxy
from tests.support.product import Product

pytestmark = pytest.mark.real_peers

POST = "https://blog.example/post"
SETTINGS = {"YMATEB_TRUSTED_PROXIES": "127.0.0.1/32"}  # as the manual says


@pytest.fixture(params=[Nginx, Caddy], ids=["nginx", "caddy"])
async def served(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Product, Proxy]]:
    async with (
        Product(sites=["blog.example"], workers=0, settings=SETTINGS) as product,
        request.param(tmp_path, f"127.0.0.1:{product.port}") as proxy,
    ):
        yield product, proxy


async def test_pages_and_answers_come_through_whole(served):
    product, proxy = served
    await comment(product, POST, "Ann", "A word")
    async with proxy.http.get(f"{proxy.origin}/embed", params={"target": POST}) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "A word" in await answer.text()
        etag = answer.headers["ETag"]
    async with proxy.http.get(
        f"{proxy.origin}/embed", params={"target": POST}, headers={"If-None-Match": etag}
    ) as answer:
        assert answer.status == 304
    form = {"source": "https://ann.example/1", "target": POST}
    async with proxy.http.post(f"{proxy.origin}/webmention", data=form) as answer:
        assert answer.status == 201
    token = {"Authorization": f"Bearer {product.tokens['blog.example']}"}
    blocks = "\n".join(f"x{number}.example" for number in range(12_000))
    async with proxy.http.post(f"{proxy.origin}/api/blocks/import", data=blocks, headers=token) as answer:
        assert (await answer.json())["added"] == 12_000, "the largest body that the service takes comes through"
    async with proxy.http.get(f"{proxy.origin}/metrics") as answer:
        assert answer.status in (403, 404), "numbers of the operator's are not for everybody"


async def test_events_come_as_they_happen(served):
    product, proxy = served
    await comment(product, POST, "Ann", "The first")
    async with proxy.http.get(f"{proxy.origin}/api/events", params={"target": POST}) as stream:
        async with asyncio.timeout(5):
            assert await stream.content.readuntil(b"\n\n")
        await comment(product, POST, "Bob", "The second")
        async with asyncio.timeout(5):
            assert b"event: created" in await stream.content.readuntil(b"\n\n")


async def test_visitors_are_told_apart_and_cannot_pretend_to_be_others(tmp_path: Path):
    settings = {**SETTINGS, "YMATEB_RATE_LIMITS": "on"}
    async with Product(sites=["blog.example"], workers=0, settings=settings) as product:
        for number, kind in enumerate((Nginx, Caddy)):
            folder = tmp_path / str(number)
            folder.mkdir()
            async with kind(folder, f"127.0.0.1:{product.port}") as proxy:
                statuses = []
                for each in range(8):
                    body = {"target": POST, "name": "Ann", "content": f"{number} {each}"}
                    headers = {"X-Forwarded-For": f"203.0.113.{each}"}
                    async with proxy.http.post(f"{proxy.origin}/api/comments", json=body, headers=headers) as answer:
                        statuses.append(answer.status)
                assert statuses[-1] == 429, (kind, statuses)


async def test_a_thread_is_included_at_the_edge(tmp_path: Path):
    pages, socket = tmp_path / "pages" / "posts", tmp_path / "edge"
    pages.mkdir(parents=True)
    async with Product(sites=["example.com"], workers=0, settings=SETTINGS) as product:
        await comment(product, "https://example.com/post", "Ann", "Seen at the edge")
        settings, _, rest = EDGE.replace("BASE", product.base).partition("<!-- in the page, for nginx -->")
        page = rest.partition("<!-- in the page, for ESI")[0]
        (pages / "index.html").write_text(f"<!doctype html><article>{page}</article>")
        site = f"server {{ listen unix:{socket}; root {tmp_path}/pages;\n{settings}\n}}"
        async with (
            Nginx(tmp_path, f"127.0.0.1:{product.port}", site=site),
            aiohttp.ClientSession("http://example.com", connector=aiohttp.UnixConnector(str(socket))) as reader,
        ):
            async with reader.get("/posts/index.html") as answer:
                html = await answer.text()
            assert "Seen at the edge" in html
            assert "<!--#" not in html
            assert html.index("<ymateb-thread") < html.index("Seen at the edge") < html.index("</ymateb-thread>")
            async with reader.get("/responses", params={"target": POST}) as answer:
                assert answer.status == 404, "what is included is no open proxy"
