"""Our own pages, asked as we ask others': our client finds our receivers, each of them once and the same everywhere."""

from __future__ import annotations

import aiohttp

from mentions.model import Document, Fetched, Url
from mentions.protocol.pingback import find_server
from mentions.protocol.webmention import find_endpoint
from tests.browser.world import World


async def fetched(client: aiohttp.ClientSession, world: World, path: str, *, headers: bool = True) -> Fetched:
    """What a fetcher would make of a page of ours; without `headers`, as if a proxy had dropped them."""
    async with client.get(path) as answer:
        document = Document(Url(world.base + path), "text/html", "utf-8", await answer.read())
        if not headers:
            return Fetched(document, hops=())
        pingbacks = answer.headers.getall("X-Pingback")
        assert len(pingbacks) == 1
        links = tuple(answer.headers.getall("Link"))
        return Fetched(document, hops=(), links=links, headers={"x-pingback": pingbacks[0]})


async def test_our_client_finds_our_receivers_in_the_headers_and_without_them(world: World, client):
    for has_headers in (True, False):
        page = await fetched(client, world, "/demo/post", headers=has_headers)
        assert find_endpoint(page) == f"{world.base}/webmention"
        assert find_server(page) == f"{world.base}/xmlrpc"
    assert page.document.body.count(b'rel="pingback"') == 1


async def test_an_endpoint_may_have_a_query_and_asks_for_no_cookie(world: World, client):
    form = {"source": "https://visitor.example/1", "target": world.base + "/demo/post"}
    async with client.post("/webmention?csrf=1&site=x", data=form, headers={"Accept": "*/*"}) as answer:
        assert answer.status == 201
        assert "Location" in answer.headers
        assert "Set-Cookie" not in answer.headers
