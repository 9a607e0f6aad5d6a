"""Our own pages in a real Chromium: nothing refused, nothing inaccessible, nothing sticking out, and alive."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from mentions.model import Claim, Hop, Outcome, Protocol, Status, Trace
from mentions.storage import claims
from service import keys
from tests.browser.conftest import Watched
from tests.browser.world import World
from tests.support.waiting import eventually

pytestmark = pytest.mark.browser

PATHS = [
    "/",
    "/demo",
    "/demo/",
    "/demo/post",
    "/demo/blog/",
    "/demo/blog/reply",
    "/demo/blog/links",
    "/webmention",
    "/entries/1",
    "/embed?target={post}",
]
DARK_AND_NARROW = {"color_scheme": "dark", "viewport": {"width": 320, "height": 700}}
LIGHT_AND_WIDE = {"color_scheme": "light", "viewport": {"width": 1200, "height": 900}}


@pytest.mark.parametrize("context", [LIGHT_AND_WIDE, DARK_AND_NARROW], indirect=True, ids=["light", "dark"])
@pytest.mark.parametrize("lang", ["en", "cy"])
async def test_every_page_is_clean(world: World, watched: Watched, lang: str):
    post = world.base + "/demo/post"
    await world.seed(post)
    for path in PATHS:
        url = world.base + path.format(post=post)
        await watched.page.goto(url + ("&" if "?" in url else "?") + f"lang={lang}")
        if path in ("/", "/demo/post") or path.startswith("/embed"):
            await eventually(lambda: watched.page.locator(".ymateb-live").count())
        assert watched.complaints == [], path
        wider_by = await watched.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wider_by <= 0, path
        results = await Axe().run(watched.page)
        assert results.violations_count == 0, f"{path}: {results.generate_report()}"


async def test_a_webmention_sent_from_the_front_page_is_followed_until_it_has_ended(world: World, watched: Watched):
    page, source, target = watched.page, "https://visitor.example/1", world.base + "/demo/post"
    await page.goto(world.base + "/?lang=cy")
    form = page.locator("form[data-send]")
    await form.get_by_label("Cyfeiriad eich cofnod").fill(source)
    told = form.get_by_role("status")
    async with page.expect_request("**/webmention/*") as following:
        await form.get_by_role("button").press("Enter")
    await expect(told).to_contain_text("Yn aros ei dro")
    claim_id = urlsplit((await following.value).url).path.rsplit("/", 1)[1]
    waiting = await world.app[keys.QUEUE].state(claim_id)
    assert waiting is not None
    assert (waiting.claim.source, waiting.claim.target) == (source, target)
    now = datetime.now(UTC)
    claim = Claim(claim_id, source, target, Protocol.WEBMENTION, now)
    trace = Trace(hops=(Hop(source, 200, 12),))
    async with world.db.write() as c:
        await claims.save(c, Outcome(claim, Status.NO_LINK_FOUND, "The page does not link to the target.", now, trace))
    await expect(told).to_contain_text("Ni chafwyd dolen")
    await expect(told).to_contain_text("12 ms")
    assert page.url.endswith("/?lang=cy")
    assert watched.complaints == []


async def test_what_is_refused_is_said_in_place(world: World, watched: Watched):
    await watched.page.goto(world.base + "/webmention?lang=en")
    form = watched.page.locator("form[data-send]")
    await form.get_by_label("Address of your post").fill("https://visitor.example/1")
    await form.get_by_label("Address of the page that it links to").fill("https://elsewhere.example/")
    await form.get_by_role("button").click()
    await expect(form.get_by_role("status")).to_contain_text("invalid_target")
    await expect(form.get_by_role("button")).to_be_enabled()


async def test_without_script_the_form_leads_to_the_status_page(world: World, browser):
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(world.base + "/demo/post?lang=en")
    await page.locator(".ym-elsewhere > summary").click()
    form = page.locator(".ym-elsewhere form")
    await form.get_by_label("Address of your post").fill("https://visitor.example/2")
    await form.get_by_role("button").click()
    await page.wait_for_url("**/webmention/*")
    await expect(page.locator(".state strong")).to_have_text("Waiting for its turn")
    await context.close()
