"""The browser that other tests drive shows our pages, and leaves the machine alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import browser

pytestmark = pytest.mark.browser


async def test_a_page_of_this_machine_is_shown(page, blog):
    await page.goto(blog.page(title="Seen by a browser"))
    assert await page.text_content("h1") == "Seen by a browser"


async def test_a_request_to_anybody_else_is_stopped_and_told(blog):
    async with browser.chromium() as chromium:
        context, strays = await chromium.new_context(), browser.Strays()
        await strays.watch(context)
        page = await context.new_page()
        await page.goto(blog.page(text='<img src="http://192.0.2.1/pixel.gif"><img src="https://cdn.example/x.png">'))
        assert strays.urls == {"http://192.0.2.1/pixel.gif", "https://cdn.example/x.png"}
        [kept] = await browser.keep_screenshots(context, "test_a[b/c]")
        assert kept.name == "test_a-b-c--0.png"
        assert kept.read_bytes().startswith(b"\x89PNG")
        kept.unlink()


@pytest.mark.parametrize(
    ("url", "is_ours"),
    [
        ("http://127.0.0.1:8080/", True),
        ("http://127.3.2.1/", True),
        ("http://[::1]:1/", True),
        ("http://blog.localhost/", True),
        ("data:text/plain,x", True),
        ("http://localhost.example/", False),
        ("http://10.0.0.1/", False),
        ("wss://elsewhere.example/", False),
    ],
)
def test_only_loopback_is_this_machine(url, is_ours):
    assert browser.is_loopback(url) is is_ours


def test_failures_are_kept_where_git_does_not_look():
    assert "/tests/browser/failures/" in Path(".gitignore").read_text().splitlines()
