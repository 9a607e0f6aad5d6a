"""Comments that a response's own page carries, through the product's doors: told, replaced, heard by itself, gone."""

from __future__ import annotations

from urllib.parse import quote

import mf2py
import pytest
from bs4 import BeautifulSoup

from tests.peers import Blog

pytestmark = pytest.mark.acceptance


@pytest.fixture
async def friend():
    """A weblog of somebody else."""
    async with Blog("127.0.3.1") as site:
        yield site


@pytest.fixture
async def third():
    """And a third one."""
    async with Blog("127.0.3.2") as site:
        yield site


def response(post: str, *comments: str) -> str:
    return (
        f'<!doctype html><html lang="en"><body><article class="h-entry"><a class="u-in-reply-to" href="{post}">re</a>'
        f'<p class="e-content">Mine.</p><a class="p-author h-card" href="/">Bea</a>{"".join(comments)}</article>'
    )


def carried(url: str, words: str, who: str = "Carl") -> str:
    return (
        f'<div class="u-comment h-cite"><a class="p-author h-card" href="https://carl.example/">{who}</a>'
        f'<a class="u-url" href="{url}">#</a><div class="e-content">{words}</div></div>'
    )


async def fragment(product, post: str, lang: str = "en") -> str:
    async with product.http.get(f"{product.base}/thread.html?target={quote(post, safe='')}&lang={lang}") as answer:
        assert answer.status == 200
        return await answer.text()


async def test_what_a_source_carries_is_told_below_it_until_it_comes_by_itself(product, blog, friend, third):
    post = blog.page("/post", title="Doors")
    own = third.url("/c")
    source = friend.serve("/b", response(post, carried(own, "So <b>do</b> I.<script>alert(1)</script>")))
    assert (await product.mention(source, post))["status"] == "success"
    html = await fragment(product, post)
    soup = BeautifulSoup(html, "lxml")
    [told] = soup.select(".ym-told")
    assert told.find_parent("li")["id"] == soup.select_one(".ym-top > li")["id"]
    assert told.select_one(".ym-host").get_text() == f"as told by {friend.url('/').split('/')[2]}"
    assert told.select_one(".ym-text").decode_contents() == "So <b>do</b> I."
    assert not told.select(".ym-does")
    assert soup.select_one(".ym-heading").get_text() == "One thought on “Doors”"
    assert "yn ôl" in await fragment(product, post, "cy")
    [feed] = mf2py.parse(doc=html, url=post)["items"]
    [cite] = feed["properties"]["comment"]
    assert cite["properties"]["comment"][0]["properties"]["url"] == [own]
    thread = await product.get("/api/thread", target=post)
    assert thread["count"] == 1
    assert [(one["url"], one["wm-told-by"]) for one in thread["children"][0]["wm-told"]] == [(own, source)]
    assert (await product.get("/api/count", target=post))["count"] == 1

    third.serve("/c", response(source).replace("Mine.", f'So do I. <a href="{post}">post</a>'))
    assert (await product.mention(own, post))["status"] == "success"
    soup = BeautifulSoup(await fragment(product, post), "lxml")
    assert not soup.select(".ym-told")
    answer = soup.select_one(".ym-top > li > ol > li")
    assert answer.select_one(".ym-text").get_text(" ", strip=True) == "So do I. post"


async def test_what_a_source_does_not_carry_any_more_is_gone(product, blog, friend):
    post = blog.page("/post")
    source = friend.serve(
        "/b", response(post, carried("https://c.example/1", "one"), carried("https://c.example/2", "two"))
    )
    await product.mention(source, post)
    assert len(BeautifulSoup(await fragment(product, post), "lxml").select(".ym-told")) == 2
    friend.serve("/b", response(post, carried("https://c.example/2", "two, again")))
    assert (await product.mention(source, post))["status"] == "success"
    [left] = BeautifulSoup(await fragment(product, post), "lxml").select(".ym-told .ym-text")
    assert left.get_text() == "two, again"
