"""What happens to the element while a page lives: it is moved, changed, hidden, cut off, and reads on."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from playwright.async_api import Page, Route, expect

from mentions.model import Change, Kind
from mentions.sanitize import POLICY_VERSION
from mentions.storage import changes, entries
from service import keys
from tests.browser.conftest import Watched
from tests.browser.scenes import long_thread
from tests.browser.test_commenting import focus_on, has_items
from tests.browser.test_widget import entry_of
from tests.browser.world import MORNING, World, said
from tests.support.waiting import eventually

pytestmark = pytest.mark.browser

STREAMS = """
  window.streams = [];
  window.EventSource = class extends EventSource { constructor(...all) { super(...all); window.streams.push(this) } };
"""
OPEN = "window.streams.filter(stream => stream.readyState === EventSource.OPEN).length"


async def opened(world: World, page: Page, **more: str) -> str:
    url = world.host_page("/post", **more)
    await world.seed(url)
    await page.goto(url)
    await page.wait_for_selector("ymateb-thread .ymateb-live", state="attached")
    return url


async def arrives(world: World, url: str, number: int = 1) -> None:
    home = "https://new.example/"
    await world.add(url, f"{home}{number}", said(Kind.REPLY, "Newcomer", home, f"<p>new {number}</p>"))


async def is_true(page: Page, script: str) -> bool:
    return bool(await page.evaluate(script))


async def test_an_element_that_is_moved_keeps_its_thread_its_form_and_what_was_typed(world: World, watched: Watched):
    page = watched.page
    await opened(world, page)
    await page.locator(".ym-pingback .ym-does > a").click()
    await focus_on(page, ".ym-pingback textarea")
    await page.keyboard.type("half")
    await page.evaluate("document.body.prepend(document.querySelector('ymateb-thread'))")
    await page.evaluate("{ const e = document.querySelector('ymateb-thread'); e.remove(); document.body.append(e) }")
    await expect(page.locator(".ymateb-live")).to_have_count(1)
    await expect(page.locator(".ym-pingback > .ym-comment textarea")).to_have_value("half")
    await page.locator("[name=name]").fill("Ann")
    await page.locator(".ym-post").click()
    await page.locator(".ym-pingback > ol > .ym-item").wait_for()
    await expect(page.locator(".ym-answer > .ym-comment")).to_have_count(1)
    assert watched.complaints == []


async def test_the_last_target_wins_however_long_an_earlier_one_takes(world: World, watched: Watched):
    page = watched.page
    late, last = world.host_page("/late"), world.host_page("/last")
    await world.seed(late, "Late")
    await world.seed(last, "Last")
    go_on = asyncio.Event()

    async def hold(route: Route) -> None:
        await go_on.wait()
        await route.continue_()

    world.host_page("/post", attributes="still")
    await page.route(lambda url: "/thread.html" in url and "late" in url, hold)
    await page.goto(world.host + "/post")
    await page.evaluate(
        "([late, last]) => { const e = document.querySelector('ymateb-thread'); "
        " e.setAttribute('target', late); e.setAttribute('target', last) }",
        [late, last],
    )
    heading = page.locator(".ym-heading")
    await heading.get_by_text("Last").wait_for()
    async with page.expect_response(lambda answer: "late" in answer.url):
        go_on.set()
    await page.evaluate("new Promise(requestAnimationFrame)")
    assert await heading.inner_text() == "4 thoughts on “Last”"


async def test_what_is_set_before_the_first_thread_is_there_counts(world: World, watched: Watched):
    page = watched.page
    url = world.host_page("/post")
    await world.seed(url)
    go_on = asyncio.Event()

    async def hold(route: Route) -> None:
        await go_on.wait()
        await route.continue_()

    await page.route(lambda url: "/thread.html" in url and "lang=en" in url, hold)
    await page.goto(url)
    await page.evaluate("customElements.whenDefined('ymateb-thread')")
    await page.evaluate("document.querySelector('ymateb-thread').lang = 'cy'")
    await page.locator(".ymateb[lang=cy]").wait_for()
    go_on.set()
    await page.unroute_all(behavior="wait")


async def test_more_responses_come_into_the_page_and_stay_there(world: World, watched: Watched):
    page = watched.page
    url = world.host_page("/post")
    await long_thread(world, url)
    await page.goto(url)
    await page.locator(".ym-next a").click()
    await has_items(page, 205)
    assert page.url == url
    await expect(page.locator(".ym-next")).to_have_count(0)
    await eventually(lambda: is_true(page, "document.activeElement === document.querySelectorAll('.ym-item')[200]"))
    await eventually(lambda: any("/api/events" in each for each in watched.requests))
    await arrives(world, url)
    await page.locator(".ymateb-live button").click()
    await has_items(page, 206)
    await expect(page.locator(".ym-item").last).to_contain_text("new 1")
    assert watched.complaints == []


async def test_a_comment_that_stands_on_a_later_page_is_a_link_away(world: World, watched: Watched):
    page = watched.page
    url = world.host_page("/post")
    await long_thread(world, url)
    await page.goto(url)
    await page.locator(".ym-comment [name=content]").fill("The last of them")
    await page.locator(".ym-comment [name=name]").fill("Nia")
    await page.locator(".ym-post").click()
    link = page.locator(".ym-said a")
    await link.wait_for()
    await expect(link).to_have_text("See it in its place")
    await link.click()
    await page.get_by_text("The last of them").wait_for()
    assert watched.complaints == []


async def test_without_script_more_responses_are_a_page_away(world: World, browser):
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    url = world.host_page("/post")
    await long_thread(world, url)
    await page.goto(f"{world.base}/embed?target={url}")
    async with page.expect_navigation():
        await page.locator(".ym-next a").click()
    await has_items(page, 5)
    await context.close()


@pytest.mark.parametrize("query", ["&after=AFTER", "&sort=newest", "&level=3&also=cy"])
async def test_a_page_that_the_script_takes_over_stays_the_page_that_it_is(world: World, watched: Watched, query: str):
    page = watched.page
    url = world.host_page("/post")
    await long_thread(world, url)
    await page.goto(f"{world.base}/embed?target={url}&lang=en")
    href = await page.locator(".ym-next a").get_attribute("href")
    assert href
    after = href.partition("after=")[2].partition("&")[0]
    await page.goto(f"{world.base}/embed?target={url}&lang=en" + query.replace("AFTER", after))
    await page.wait_for_selector(".ymateb-live", state="attached")
    before = await page.locator(".ym-item").evaluate_all("all => all.map(e => e.id)")
    heading = await page.locator(".ym-heading").evaluate("e => e.outerHTML")
    await page.evaluate("document.querySelector('ymateb-thread').refresh()")
    assert await page.locator(".ym-item").evaluate_all("all => all.map(e => e.id)") == before
    assert await page.locator(".ym-heading").evaluate("e => e.outerHTML") == heading


async def test_there_is_a_stream_only_while_the_page_is_looked_at(world: World, watched: Watched):
    page = watched.page
    await page.add_init_script(STREAMS)
    await page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => !!window.away })")
    url = await opened(world, page)
    await eventually(lambda: is_true(page, f"{OPEN} === 1"))
    await page.evaluate("window.away = true; document.dispatchEvent(new Event('visibilitychange'))")
    await eventually(lambda: is_true(page, f"{OPEN} === 0"))
    await arrives(world, url)
    await page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
    await page.locator(".ymateb-live button").wait_for()
    await eventually(lambda: is_true(page, f"{OPEN} === 1"))


async def test_a_page_whose_thread_is_far_below_has_no_stream(world: World, watched: Watched):
    page = watched.page
    await page.add_init_script(STREAMS)
    await opened(world, page, around='<div class="far">{}</div>', styles=".far { margin-top: 9000px }")
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await page.evaluate("new Promise(requestAnimationFrame)")
    assert await page.evaluate("window.streams.length") == 0
    await page.locator(".ym-heading").scroll_into_view_if_needed()
    await eventually(lambda: is_true(page, f"{OPEN} === 1"))


async def test_after_a_restart_of_the_service_the_stream_goes_on_where_it_was(world: World, watched: Watched):
    page = watched.page
    await page.add_init_script(STREAMS)
    url = await opened(world, page)
    await eventually(lambda: is_true(page, f"{OPEN} === 1"))
    await world.restart()
    await arrives(world, url)
    await page.locator(".ymateb-live button").click()
    await has_items(page, 5)


async def test_a_stream_that_was_refused_is_asked_for_again(world: World, watched: Watched):
    page = watched.page
    await page.clock.install()
    await page.add_init_script(STREAMS)
    refuse = True

    async def answer(route: Route) -> None:
        await (route.fulfill(status=502) if refuse else route.continue_())

    await page.route("**/api/events*", answer)
    url = await opened(world, page)
    await eventually(lambda: is_true(page, "window.streams.some(s => s.readyState === EventSource.CLOSED)"))
    refuse = False
    await arrives(world, url)
    await page.clock.fast_forward(61_000)
    await page.locator(".ymateb-live button").wait_for()
    await eventually(lambda: is_true(page, f"{OPEN} === 1"))


async def test_a_service_that_was_away_is_asked_again_and_the_link_stays_until_then(world: World, watched: Watched):
    page = watched.page
    await page.clock.install()
    url = world.host_page("/post", '<a href="/responses">Responses</a>')
    await world.seed(url)
    await page.add_init_script("addEventListener('ymateb:error', () => { window.failed = true })")
    await page.route("**/thread.html*", lambda route: route.abort())
    await page.goto(url)
    await page.wait_for_function("window.failed")
    assert await page.locator("ymateb-thread").inner_text() == "Responses"
    await page.unroute("**/thread.html*")
    await page.clock.fast_forward(61_000)
    await has_items(page, 4)


async def test_an_event_whose_thread_could_not_be_fetched_is_not_lost(world: World, watched: Watched):
    page = watched.page
    url = await opened(world, page)
    await eventually(lambda: any("/api/events" in each for each in watched.requests))
    await page.route("**/thread.html*", lambda route: route.abort(), times=1)
    async with page.expect_event("requestfailed"):
        await arrives(world, url)
    await page.locator(".ymateb-live button").wait_for()


async def test_two_threads_in_one_page_do_not_meet(world: World, watched: Watched):
    page = watched.page
    other = world.host_page("/other")
    await world.seed(other, "Other")
    await opened(world, page, around=f'{{}}<ymateb-thread target="{other}" lang="cy"></ymateb-thread>')
    first, second = (page.locator("ymateb-thread").nth(n) for n in (0, 1))
    await second.locator(".ym-comment").wait_for()
    await second.get_by_label("Sylw").fill("Yma")
    await second.get_by_label("Enw").fill("Cai")
    await second.get_by_role("button", name="Cyhoeddi").click()
    await second.get_by_text("Mae eich sylw wedi’i gyhoeddi.").wait_for()
    await expect(second.locator(".ym-item")).to_have_count(5)
    await expect(first.locator(".ym-item")).to_have_count(4)
    await expect(first.get_by_label("Comment", exact=True)).to_have_value("")
    ids = await page.locator("[id]").evaluate_all("all => all.map(e => e.id)")
    assert len(ids) == len(set(ids))


async def test_focus_stays_on_a_response_that_changes_while_one_is_there(world: World, watched: Watched):
    page = watched.page
    url = await opened(world, page)
    await eventually(lambda: any("/api/events" in each for each in watched.requests))
    await page.locator(".ym-item").first.locator(".ym-does > a").first.focus()
    await change(world, url, "https://ann.example/2026/doors", "<p>Hens, mostly.</p>")
    await page.get_by_text("Hens, mostly.").wait_for()
    assert await page.evaluate("document.activeElement.getAttribute('aria-label')") == "Reply to Ann Griffiths"


async def change(world: World, url: str, source: str, html: str) -> None:
    """Its source says something else now."""
    entry = await entry_of(world, url, source)
    reaction = replace(entry.reaction, content=said(Kind.REPLY, "", source, html).content)
    async with world.db.write() as c:
        await entries.update(c, entry.id, now=MORNING, reaction=reaction, policy_version=POLICY_VERSION, actor="source")
        cursor = await changes.append(
            c, site_id=entry.site_id, page_id=entry.page_id, entry_id=entry.id, change=Change.UPDATED, now=MORNING
        )
    await world.app[keys.EVENTS].publish_change(entry.page_id, cursor)
