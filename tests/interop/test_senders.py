"""Senders that others wrote find our endpoint and are taken: npm's @remy/webmention, PyPI's ronkyuu."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import ronkyuu

from tests.interop.conftest import HERE, node
from tests.peers import Blog
from tests.support.product import Product
from tests.support.waiting import eventually

REMY = HERE / "node_modules" / "@remy" / "webmention" / "bin" / "wm.js"


@pytest.fixture
async def elsewhere() -> AsyncIterator[Blog]:
    """A blog on another host than `blog`: senders skip links to their own."""
    async with Blog("127.0.0.2") as site:
        yield site


def write_post(product: Product, blog: Blog, *, header: bool) -> str:
    """A post of our site, which names our endpoint."""
    endpoint = f"{product.base}/webmention"
    if header:
        return blog.serve("/post", "<p>Said.</p>", headers={"Link": f'<{endpoint}>; rel="webmention"'})
    return blog.serve("/post", f'<link rel="webmention" href="{endpoint}"><p>Said.</p>')


async def arrived(product: Product, post: str, source: str) -> None:
    """Returns when the response of `source`, and nothing else, is shown."""

    async def is_shown() -> bool:
        product.check_workers()
        return [entry["wm-source"] for entry in await product.shown_on(post)] == [source]

    await eventually(is_shown, every_s=0.05, what=f"{source} is shown")


@pytest.mark.acceptance
@pytest.mark.parametrize("header", [True, False], ids=["link header", "link element"])
async def test_npms_sender_is_taken(product: Product, blog: Blog, elsewhere: Blog, tmp_path: Path, header: bool):
    post = write_post(product, blog, header=header)
    source = elsewhere.post(links_to=post)
    said = await node(REMY, source, "--send", "--limit=1", folder=tmp_path)
    assert f"target   = {post}" in said, said
    assert "status   = 201" in said, said
    await arrived(product, post, source)


@pytest.mark.acceptance
@pytest.mark.parametrize("header", [True, False], ids=["link header", "link element"])
async def test_pypis_sender_is_taken(product: Product, blog: Blog, elsewhere: Blog, header: bool):
    post = write_post(product, blog, header=header)
    source = elsewhere.post(links_to=post)
    answer = await asyncio.to_thread(ronkyuu.sendWebmention, source, post, test_urls=False, timeout=20)
    assert answer is not None
    assert answer.status_code == 201
    assert (await product.settled(answer.headers["Location"]))["status"] == "success"
    await arrived(product, post, source)
