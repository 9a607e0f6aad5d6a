"""Two threads in one page: of one post, or of two, as on the front page of a blog."""

from __future__ import annotations

import asyncio

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Locator, Page, Route, expect

from mentions.model import Kind
from tests.browser.conftest import Watched
from tests.browser.test_commenting import focus_on, says
from tests.browser.test_widget import fragment_of
from tests.browser.world import World, said
from tests.support.waiting import eventually

pytestmark = pytest.mark.browser

REPEATED = "[...document.querySelectorAll('[id]')].map(e => e.id).filter((id, at, all) => all.indexOf(id) !== at)"
DANGLING = (
    "[...document.querySelectorAll('ymateb-thread :is([for], [aria-labelledby], [aria-describedby])')]"
    ".flatMap(e => ['for', 'aria-labelledby', 'aria-describedby'].map(name => e.getAttribute(name)).filter(Boolean)"
    ".filter(id => !e.closest('.ymateb').querySelector('#' + CSS.escape(id))))"
)


def beside_each_other(world: World, inside: str = "") -> str:
    """A page with two threads of one post; `inside` is what both elements hold before the script comes."""
    return world.host_page("/post", inside, around="{0}{0}")


async def opened(page: Page, url: str) -> None:
    await page.goto(url)
    await expect(page.locator("ymateb-thread .ymateb-live")).to_have_count(2)


@pytest.mark.parametrize("is_served", [False, True], ids=["filled", "taken-over"])
async def test_two_threads_of_one_post_share_no_id_and_each_does_its_own(
    world: World, watched: Watched, is_served: bool
):
    page = watched.page
    url = beside_each_other(world)
    await world.seed(url)
    if is_served:
        beside_each_other(world, await fragment_of(world, url))
    await opened(page, url)
    assert await page.evaluate(REPEATED) == []
    assert await page.evaluate(DANGLING) == []
    found = await Axe().run(page, context="ymateb-thread")
    assert found.violations_count == 0, found.generate_report()

    second = page.locator("ymateb-thread").nth(1)
    await second.locator(".ym-pingback .ym-like button").click()
    await second.locator(".ym-pingback > article .ym-likes").get_by_text("Liked by").wait_for()
    await second.locator(".ym-pingback .ym-does > a").click()
    await focus_on(page, "ymateb-thread + ymateb-thread .ym-pingback > .ym-comment textarea")
    await expect(page.locator(".ym-pingback > .ym-comment")).to_have_count(1)
    await page.keyboard.type("From the second.")
    await second.locator("[name=name]").fill("Nia")
    await second.locator(".ym-post").click()
    answer = second.locator(".ym-pingback > ol > .ym-item")
    await answer.wait_for()
    await focus_on(page, "ymateb-thread + ymateb-thread .ym-pingback > ol > .ym-item")
    await page.locator(".ym-heading").first.scroll_into_view_if_needed()
    await page.get_by_role("status").get_by_role("button").click()
    await expect(page.locator(".ym-pingback > ol > .ym-item")).to_have_count(2)
    assert await page.evaluate(REPEATED) == []

    await answer.locator(".ym-edit").click()
    await second.locator("[name=content]").fill("Other words.")
    await second.locator(".ym-post").click()
    await answer.get_by_text("Other words.").wait_for()
    await answer.locator(".ym-delete").click()
    await expect(answer.locator(".ym-delete")).to_have_text("Delete for good")
    await answer.locator(".ym-delete").click()
    await answer.wait_for(state="detached")
    assert watched.complaints == []


async def test_threads_of_two_posts_have_forms_drafts_and_news_of_their_own(world: World, watched: Watched):
    page = watched.page
    one, two = world.host_page("/one"), world.host_page("/two")
    for url, title in ((one, "One"), (two, "Two")):
        await world.seed(url, title)
    world.host_page("/one", around=f'{{}}<ymateb-thread target="{two}"></ymateb-thread>')
    await opened(page, one)
    assert not [url for url in watched.requests if "twins.js" in url], "only twins need it"
    assert await page.evaluate(REPEATED) == []
    first, second = (page.locator("ymateb-thread").nth(at) for at in (0, 1))
    await first.locator("[name=content]").fill("For one.")
    await second.locator("[name=content]").fill("For two.")
    await second.locator(".ym-answer label").first.click()
    await expect(second.locator("[name=content]")).to_be_focused()
    await opened(page, one)
    await expect(first.locator("[name=content]")).to_have_value("For one.")
    await expect(second.locator("[name=content]")).to_have_value("For two.")

    await second.locator("[name=content]").scroll_into_view_if_needed()
    home = "https://new.example/"
    await world.add(two, f"{home}1", said(Kind.REPLY, "Newcomer", home, "<p>new</p>"), title="Two")
    await second.get_by_role("status").get_by_role("button").wait_for()
    assert await first.get_by_role("status").get_by_role("button").count() == 0
    await second.locator("[name=name]").fill("Nia")
    await second.locator(".ym-post").click()
    await says(page, "ymateb-thread + ymateb-thread .ym-said", "Your comment has been posted.")
    await expect(first.locator("[name=content]")).to_have_value("For one.")
    await expect(first.locator(".ym-said")).to_have_text("")
    assert watched.complaints == []


async def posts_on_one_page(world: World, watched: Watched, count: int) -> list[str]:
    """Posts whose threads all stand, in sight, on the page of the first; the page's clock goes when it is told to."""
    await watched.page.clock.install()
    await watched.page.set_viewport_size({"width": 900, "height": 9000})
    posts = [world.host_page(f"/{number}") for number in range(count)]
    others = "".join(f'<ymateb-thread target="{url}"></ymateb-thread>' for url in posts[1:])
    world.host_page("/0", around="{}" + others)
    return posts


async def last_without_stream(watched: Watched, posts: list[str]) -> Locator:
    """Opens the page of these posts; its last thread, once three others have a stream."""
    await watched.page.goto(posts[0])
    await expect(watched.page.locator("ymateb-thread .ymateb-live")).to_have_count(len(posts))
    await eventually(lambda: sum("/api/events" in url for url in watched.requests) == 3)
    return watched.page.locator("ymateb-thread").last


async def test_a_page_of_many_threads_leaves_room_for_writing(world: World, watched: Watched):
    """A browser has six connections to a host that speaks HTTP/1.1, and each stream takes one."""
    page, posts = watched.page, await posts_on_one_page(world, watched, 8)
    for url in posts:
        await world.add(url, f"{url}#1", said(Kind.REPLY, "Ann", "https://ann.example/", "<p>One.</p>"))
    last = await last_without_stream(watched, posts)
    await last.locator("[name=content]").fill("There is room.")
    await last.locator("[name=name]").fill("Nia")
    await last.locator(".ym-post").click()
    await last.get_by_text("There is room.").wait_for()
    home = "https://new.example/"
    await world.add(posts[-1], f"{home}1", said(Kind.REPLY, "Newcomer", home, "<p>new</p>"))
    await page.clock.fast_forward(61_000)  # who has no stream asks
    await last.get_by_role("status").get_by_role("button").wait_for()
    assert watched.complaints == []


async def test_a_thread_without_a_stream_goes_on_asking_after_a_reader_was_busy(world: World, watched: Watched):
    page, posts = watched.page, await posts_on_one_page(world, watched, 4)
    home = "https://new.example/"
    written = asyncio.Event()

    async def hold(route: Route) -> None:
        await written.wait()
        await route.continue_()

    await page.route("**/api/comments", hold)
    last = await last_without_stream(watched, posts)
    await last.locator("[name=content]").fill("It takes long to send this.")
    await last.locator("[name=name]").fill("Nia")
    await last.locator(".ym-post").click()
    asked = sum("/thread.html" in url for url in watched.requests)
    await page.clock.fast_forward(61_000)
    await eventually(lambda: sum("/thread.html" in url for url in watched.requests) > asked)
    written.set()
    await last.get_by_text("It takes long to send this.").last.wait_for()
    await says(page, "ymateb-thread:last-of-type .ym-said", "Your comment has been posted.")
    for number, told in ((1, "1 new response"), (2, "2 new responses")):
        await world.add(posts[-1], f"{home}{number}", said(Kind.REPLY, "Newcomer", home, "<p>new</p>"))
        await page.clock.fast_forward(61_000)
        await expect(last.get_by_role("status").get_by_role("button")).to_contain_text(told)
    assert watched.complaints == []
