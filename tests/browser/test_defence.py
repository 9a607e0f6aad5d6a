"""Proof of work in a real Chromium: asked for, said, worked out beside the page, and no obstacle to anybody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, Route, expect

from tests.browser.conftest import Watched
from tests.browser.test_commenting import focus_on, has_items, opened, says, tab_to
from tests.browser.world import World

pytestmark = pytest.mark.browser
WORKING = "Un eiliad: mae eich porwr yn datrys sym fach sy’n cadw robotiaid draw. Wedyn bydd eich sylw’n cael ei anfon."
HELD = "Mae eich sylw’n disgwyl ei gymedroli. Cafodd ei ysgrifennu’n gyflym iawn."
NOTICE = """() => {
    const said = document.querySelector(".ym-said");
    window.heard = [];
    window.ticks = 0;
    const all = { childList: true, characterData: true, subtree: true };
    new MutationObserver(() => window.heard.push(said.textContent)).observe(said, all);
    setInterval(() => { if (window.heard.length === 1) window.ticks += 1; }, 5);
}"""


@pytest_asyncio.fixture(loop_scope="session")
async def world(tmp_path: Path, redis_url: str) -> AsyncIterator[World]:
    """A service for which everybody types too fast."""
    async with World(tmp_path, redis_url, shortest_writing_s=3600) as world:
        yield world


def unexpected(watched: Watched) -> list[str]:
    """What the browser complained of; that an answer was 428 it tells too, and that is meant."""
    return [each for each in watched.complaints if "428" not in each]


async def write(page: Page, text: str, name: str = "Nia") -> None:
    """Fills the form in, with a link, and sends it, with the keyboard."""
    await tab_to(page, ".ym-comment textarea")
    await page.keyboard.type(f"{text} https://nia.example/")
    await tab_to(page, "[name=name]")
    await page.keyboard.type(name)
    await tab_to(page, ".ym-post")
    await page.keyboard.press("Enter")


async def test_in_welsh_by_keyboard_a_proof_is_asked_for_worked_out_and_the_comment_appears(
    world: World, watched: Watched
):
    page = await opened(world, watched)
    assert not any("proof.js" in url for url in watched.requests)
    await page.evaluate(NOTICE)
    await write(page, "Yn gyflym iawn")
    await focus_on(page, ".ym-top > .ym-item:last-child")
    assert "Yn gyflym iawn" in await page.evaluate("document.activeElement.textContent")
    assert await page.evaluate("heard") == [WORKING, "Mae eich sylw wedi’i gyhoeddi."]
    assert await page.evaluate("ticks") >= 2, "the page stood still meanwhile"
    [module] = [url for url in watched.requests if "proof.js" in url]
    assert module.startswith(f"{world.base}/widget/")
    assert unexpected(watched) == []
    assert await page.context.cookies() == []
    assert await page.locator(".ym-edit").count() == 1


async def test_while_it_works_the_page_says_so_to_everybody(world: World, watched: Watched):
    page = await opened(world, watched)

    async def late(route: Route) -> None:
        await says(page, ".ym-said", WORKING)
        results = await Axe().run(page, context="ymateb-thread")
        assert results.violations_count == 0, results.generate_report()
        await expect(page.locator(".ym-comment")).to_have_attribute("aria-busy", "true")
        await route.continue_()

    await page.route("**/proof.js", late)
    await write(page, "Helo")
    await says(page, ".ym-said", "Mae eich sylw wedi’i gyhoeddi.")


async def test_when_the_sum_cannot_be_had_the_comment_waits_with_the_reason(world: World, watched: Watched):
    page = await opened(world, watched)
    await page.route("**/proof.js", lambda route: route.abort())
    await write(page, "Helo")
    await says(page, ".ym-said", HELD)
    await focus_on(page, ".ym-said")
    await has_items(page, 4)


async def test_a_browser_that_cannot_hash_is_not_asked_and_the_comment_waits(world: World, watched: Watched):
    await watched.page.add_init_script("Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined })")
    page = await opened(world, watched)
    await write(page, "Helo")
    await says(page, ".ym-said", HELD)
    assert watched.complaints == []


async def test_what_was_worked_out_too_late_waits_and_nothing_is_lost(world: World, watched: Watched):
    page = await opened(world, watched)

    async def refused(route: Route) -> None:
        body, is_solved, _ = (route.request.post_data or "").partition("&proof=2")
        await route.continue_(post_data=f"{body}&proof=stale" if is_solved else None)

    await page.route("**/api/comments", refused)
    await write(page, "Helo")
    await says(page, ".ym-said", HELD)
    await expect(page.locator(".ym-comment textarea")).to_have_value("")
