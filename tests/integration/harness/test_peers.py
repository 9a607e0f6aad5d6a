"""The sites that other tests talk to behave as they say."""

from __future__ import annotations

import asyncio
import xmlrpc.client

import aiohttp
import pytest

from tests.peers import Blog
from tests.peers.hostile import BEHAVIOURS, BOMB_BYTES
from tests.support.waiting import eventually


@pytest.fixture
async def http():
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60), auto_decompress=False) as session:
        yield session


async def read(http, url, **kwargs) -> tuple[int, str]:
    async with http.get(url, **kwargs) as response:
        return response.status, (await response.read()).decode(errors="replace")


async def test_a_post_is_written_edited_deleted_and_moved(blog, http):
    url = blog.post(links_to="http://target.example/?a=1&b=2", kind="like")
    status, html = await read(http, url)
    assert (status, 'class="u-like-of" href="http://target.example/?a=1&amp;b=2"' in html) == (200, True)
    blog.edit(url, links_to=None)
    assert "target.example" not in (await read(http, url))[1]
    new = blog.move(url)
    assert (await read(http, url, allow_redirects=False))[0] == 301
    assert (await read(http, url))[0] == 200
    blog.delete(new)
    assert (await read(http, url))[0] == 410
    assert [request.path for request in blog.seen(method="GET")].count(blog.path(url)) == 5


async def test_an_unchanged_post_is_a_304(blog, http):
    url = blog.post(links_to="http://target.example/")
    async with http.get(url) as response:
        tag = response.headers["ETag"]
    assert (await read(http, url, headers={"If-None-Match": tag}))[0] == 304
    blog.edit(url, links_to="http://target.example/", text="other words")
    assert (await read(http, url, headers={"If-None-Match": tag}))[0] == 200


async def test_a_post_that_is_held_back_is_answered_when_it_is_let_go(blog, http):
    url = blog.post(links_to="http://target.example/")
    gate = blog.hold_back(url)
    answer = asyncio.create_task(read(http, url))
    await eventually(lambda: blog.seen(url))
    assert not answer.done()
    gate.set()
    assert (await answer)[0] == 200


async def test_one_machine_holds_many_hosts(http):
    async with Blog("127.0.7.1") as one, Blog("127.0.7.2") as two:
        assert one.authority.startswith("127.0.7.1:")
        assert (await read(http, one.page("/a")))[0] == 200
        assert (await read(http, two.url("/a")))[0] == 404


async def test_endpoints_are_advertised_and_keep_what_they_got(pingable, http):
    async with http.get(pingable.page("/a", webmention="header", pingback="header")) as response:
        assert 'rel="webmention"' in response.headers["Link"]
        assert response.headers["X-Pingback"] == pingable.url("/xmlrpc")
    assert 'rel="webmention"' in (await read(http, pingable.page("/b", webmention="a")))[1]
    assert "webmention" not in (await read(http, pingable.page("/c", webmention=None)))[1]
    async with http.post(pingable.url("/webmention"), data={"source": "http://s/", "target": "http://t/"}) as response:
        assert response.status == 202
    call = xmlrpc.client.dumps(("http://s/", "http://t/"), "pingback.ping").encode()
    async with http.post(pingable.url("/xmlrpc"), data=call) as response:
        assert xmlrpc.client.loads(await response.read()) == (("thank you",), None)
    assert pingable.webmentions == pingable.pingbacks == [("http://s/", "http://t/")]


@pytest.mark.parametrize("name", ["slow_drip", "endless_body", "endless_headers", "many_early_hints"])
async def test_what_has_no_end_goes_on_until_the_reader_leaves(hostile, name):
    reader, writer = await asyncio.open_connection(hostile.address, hostile.port)
    writer.write(f"GET /{name} HTTP/1.1\r\nHost: {hostile.authority}\r\n\r\n".encode())
    got = 0
    async with asyncio.timeout(60):
        while got < 190:
            got += len(await reader.read(10))
    writer.close()
    await eventually(lambda: not hostile._connections, what="the server has noticed")


async def test_a_bomb_is_small_until_it_is_opened(hostile, http):
    async with http.get(hostile.url("gzip_bomb")) as response:
        packed = await response.read()
    assert len(packed) < 1 << 20 < BOMB_BYTES
    assert response.headers["Content-Encoding"] == "gzip"


@pytest.mark.parametrize(
    ("name", "trouble"),
    [
        ("redirect_loop", aiohttp.TooManyRedirects),
        ("says_more", aiohttp.ClientPayloadError),
        ("broken_chunks", aiohttp.ClientError),
        ("hang_up", aiohttp.ServerDisconnectedError),
        ("not_http", aiohttp.ClientError),
        ("hang_after_headers", TimeoutError),
        ("huge_header", aiohttp.ClientError),
    ],
)
async def test_what_is_broken_is_broken_for_every_client(hostile, http, name, trouble):
    timeout = aiohttp.ClientTimeout(total=2 if trouble is TimeoutError else 60)
    with pytest.raises(trouble):
        await read(http, hostile.url(name), timeout=timeout)


async def test_a_chain_of_redirects_ends_at_the_page(hostile, http):
    assert (await read(http, hostile.url("redirect_chain?left=9")))[0] == 200
    assert len(hostile.requests) == 10


def test_every_bad_habit_is_described():
    assert [name for name, behave in BEHAVIOURS.items() if not behave.__doc__] == []
