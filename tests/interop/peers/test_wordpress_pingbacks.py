"""Pingbacks to and from a real WordPress: both find each other, verify each other, and keep what the other says."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.interop.peers.doors import comment
from tests.interop.peers.wordpress import Machine, WordPress
from tests.peers import Blog
from tests.support.product import Product
from tests.support.waiting import eventually

pytestmark = [pytest.mark.real_peers, pytest.mark.timeout(240)]


@pytest.fixture
async def wordpress(machine: Machine) -> AsyncIterator[WordPress]:
    async with WordPress(machine, title="Blog Siân") as running:
        yield running


@pytest.fixture
async def site() -> AsyncIterator[Blog]:
    """Our site; on another address than WordPress, which takes links to its own host for its own."""
    async with Blog("127.0.0.2") as ours:
        yield ours


@pytest.fixture
async def product(site: Blog) -> AsyncIterator[Product]:
    async with Product(sites=[site.authority]) as running:
        yield running


def write(product: Product, site: Blog, path: str = "/post") -> str:
    """A post of ours that advertises our endpoint, and nothing newer, as WordPress looks for it."""
    page = "<title>Y tŷ</title><div class='h-entry'><h1 class='p-name'>Y tŷ</h1><p class='e-content'>Hen.</p></div>"
    return site.serve(path, page, headers={"X-Pingback": f"{product.base}/xmlrpc"})


async def ping_of_wordpress(wordpress: WordPress, product: Product, target: str) -> dict[str, Any]:
    """A post of WordPress that links to ours is published; what we show of it."""
    paragraphs = f"<p>Bore da.</p><p>Mae <a href='{target}'>yr hen dŷ</a> yn werth ei weld 🎉.</p>"
    await wordpress.publish("Tai Cymru & mwy", paragraphs)
    await wordpress.ping()
    [entry] = await eventually(lambda: product.shown_on(target), within_s=30, what="the ping of WordPress is shown")
    return dict(entry)


async def pings_in(wordpress: WordPress) -> list[dict[str, Any]]:
    return [each for each in await wordpress.comments() if each["type"] == "pingback"]


async def test_a_post_of_wordpress_becomes_an_entry_of_ours(wordpress: WordPress, product: Product, site: Blog):
    target = write(product, site)
    entry = await ping_of_wordpress(wordpress, product, target)
    assert (entry["wm-protocol"], entry["wm-target"]) == ("pingback", target)
    assert entry["url"] == entry["wm-source"] == f"{wordpress.origin}/tai-cymru-mwy/"
    assert entry["name"] == "Tai Cymru & mwy"
    assert entry["author"]["name"] == "golygydd"
    assert "yr hen dŷ yn werth ei weld 🎉" in entry["content"]["text"]
    thread = await product.get("/api/thread", target=target)
    assert (thread["count"], thread["name"]) == (1, "Y tŷ")
    # WordPress pings again when the post is saved: the same entry, with the new words.
    post = (await wordpress.rest("posts"))[0]["id"]
    await wordpress.rest(f"posts/{post}", post={"content": f"<p>Bellach <a href='{target}'>mae wedi mynd</a>.</p>"})
    assert (await product.mention(entry["wm-source"], target))["status"] == "success"
    [again] = await product.shown_on(target)
    assert again["wm-id"] == entry["wm-id"]
    assert "mae wedi mynd" in again["content"]["text"]


async def test_what_we_send_waits_in_the_moderation_of_wordpress(wordpress: WordPress, product: Product, site: Blog):
    post = await wordpress.publish("Cerdded", "<p>Llwybrau'r gogledd.</p>")
    source = site.post(links_to=post, kind="mention", author="Nia", text="Am daith hir: darllenwch hwn.")
    said = await product.command("workers", "send", source, post)
    assert "pingback accepted" in said, said
    [ping] = await pings_in(wordpress)
    assert (ping["status"], ping["author_url"]) == ("hold", source)
    assert html.unescape(ping["author_name"]) == "A response"
    assert "Am daith hir: darllenwch hwn." in ping["content"]["raw"]
    assert ping["link"].startswith(post)
    # Again is fault 48, which is no failure, and changes nothing.
    assert "already" in await product.command("workers", "send", source, post)
    assert len(await pings_in(wordpress)) == 1
    # What does not link to it is refused by WordPress, and the command says so.
    await product.command("workers", "send", site.post(links_to=None), post, status=1)
    assert len(await pings_in(wordpress)) == 1


async def test_an_answer_to_a_pingback_of_wordpress_reaches_wordpress(
    wordpress: WordPress, product: Product, site: Blog
):
    target = write(product, site)
    entry = await ping_of_wordpress(wordpress, product, target)
    answer = await comment(product, target, "Gŵyneth", "Diolch am y geiriau *caredig*.", parent=entry["wm-id"])
    [ping] = await eventually(lambda: pings_in(wordpress), within_s=90, what="WordPress has been told of the answer")
    permalink = f"{product.base}/entries/{answer['wm-id']}"
    assert (ping["status"], ping["author_url"], ping["type"]) == ("hold", permalink, "pingback")
    assert ping["link"].startswith(entry["wm-source"])
    # WordPress calls a ping by the title of its page, and quotes what stands around the link.
    assert html.unescape(ping["author_name"]) == "Gŵyneth on “Y tŷ” – Ymateb"
    assert "In reply to golygydd" in html.unescape(ping["content"]["raw"])
    await wordpress.rest(f"comments/{ping['id']}", post={"status": "approve"})
    assert permalink in await wordpress.read(entry["wm-source"])
