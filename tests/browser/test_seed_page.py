"""The page that this project began with, rebuilt through the product's own doors.

Four thoughts, nested, a pingback among them, the post's author, likes, and a form in two languages."""

from __future__ import annotations

import xmlrpc.client
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest
from playwright.async_api import Browser, expect

from tests.peers import Blog
from tests.support.browser import chromium

pytestmark = [pytest.mark.browser, pytest.mark.acceptance]


@pytest.fixture
async def friend():
    """A weblog of somebody else."""
    async with Blog("127.0.3.1") as site:
        yield site


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A Chromium of its own, in the loop of the product."""
    async with chromium() as browser:
        yield browser


async def test_the_seeds_page_stands_again(product, blog, friend, browser: Browser):
    post = blog.page("/post", title="Leaving the door open")
    first = friend.post(links_to=post, kind="reply", author="Ann Griffiths", text="She kept her key under a slate.")
    assert (await product.mention(first, post))["status"] == "success"
    [ann] = await product.shown_on(post)
    permalink = f"{product.base}/entries/{ann['wm-id']}"
    own = blog.post(links_to=permalink, kind="reply", author="Nia Rowlands", text="Eggs are a good protocol.")
    assert (await product.mention(own, permalink))["status"] == "success"
    gleaning = friend.post(links_to=post, kind="plain")
    call = xmlrpc.client.dumps((gleaning, post), "pingback.ping").encode()
    async with product.http.post(f"{product.base}/xmlrpc", data=call, headers={"Content-Type": "text/xml"}) as answer:
        assert isinstance(xmlrpc.client.loads(await answer.read())[0][0], str)
    like = friend.post(links_to=post, kind="like", author="Mair Owen")
    assert (await product.mention(like, post))["status"] == "success"

    context = await browser.new_context(locale="en-GB")
    page = await context.new_page()
    await page.goto(f"{product.base}/embed?{urlencode({'target': post, 'lang': 'en', 'also': 'cy'})}")
    await page.wait_for_selector(".ymateb-live", state="attached")
    nia = page.locator(".ym-item", has=page.locator(":scope > article .ym-mark"))
    await nia.locator("> article .ym-does > a").click()
    await page.keyboard.type("Ac yn well gyda *halen*.")
    await page.get_by_label("Name").fill("Bryn Tomos")
    await page.get_by_role("button", name="Post comment").click()
    bryn = nia.locator("> ol > .ym-item")
    await bryn.wait_for()
    await page.locator(".ym-pingback .ym-like button").click()
    await expect(page.locator(".ym-pingback .ym-likes")).to_have_text("Liked by 1 person")
    headings = page.locator(".ym-heading > [lang]")
    await expect(headings).to_have_text(["4 thoughts on “Leaving the door open”", "4 ymateb i “Leaving the door open”"])
    invitation = page.locator(".ym-answer > .ym-label > [lang]")
    assert await invitation.all_inner_texts() == ["Leave a reply", "Gadael ymateb"]
    assert [await each.get_attribute("lang") for each in await invitation.all()] == ["en", "cy"]
    assert await page.locator(".ym-mark").all_inner_texts() == ["Post author"]
    assert await bryn.locator(".ym-text em").inner_text() == "halen"
    assert await page.locator(".ym-group").inner_text() == "Liked by 1 person\nMair Owen"
    await context.close()

    thread = await product.get("/api/thread", target=post)
    [root, ping] = thread["children"]
    [answer] = root["comment"]
    [typed] = answer["comment"]
    assert [each["wm-protocol"] for each in (root, answer, typed, ping)] == [
        "webmention", "webmention", "comment", "pingback",
    ]  # fmt: skip
    assert [each["wm-depth"] for each in (root, answer, typed, ping)] == [0, 1, 2, 0]
    assert (thread["count"], answer["wm-post-author"], ping["wm-likes"]) == (4, True, 1)
    assert not any("wm-post-author" in each for each in (root, typed, ping))
