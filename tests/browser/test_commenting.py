"""Writing, answering, editing and liking in a real Chromium: in Welsh, by keyboard alone, and without scripts."""

from __future__ import annotations

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from mentions.model import Kind
from tests.browser.conftest import Watched
from tests.browser.world import World, said
from tests.support.waiting import eventually

pytestmark = pytest.mark.browser


async def opened(world: World, watched: Watched, *, lang: str = "cy") -> Page:
    url = world.host_page("/post", lang=lang)
    await world.seed(url)
    await watched.page.goto(url)
    await watched.page.wait_for_selector("ymateb-thread .ymateb-live", state="attached")
    return watched.page


async def tab_to(page: Page, selector: str, *, most: int = 80) -> None:
    """Presses Tab until focus is on what the selector names."""
    for _ in range(most):
        if await page.evaluate("s => document.activeElement.matches(s)", selector):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached by Tab")


async def focus_on(page: Page, selector: str) -> None:
    """Waits until focus is on what the selector names."""
    await eventually(lambda: is_focused(page, selector), what=f"focus is on {selector}")


async def is_focused(page: Page, selector: str) -> bool:
    return bool(await page.evaluate("s => document.activeElement.matches(s)", selector))


async def has_items(page: Page, count: int) -> None:
    """Waits until the thread has so many responses."""
    await expect(page.locator(".ym-item")).to_have_count(count)


async def test_in_welsh_by_keyboard_alone_a_pingback_is_answered_liked_and_the_answer_edited_and_deleted(
    world: World, watched: Watched
):
    page = await opened(world, watched)
    pingback = "#" + str(await page.locator(".ym-pingback").get_attribute("id"))
    await tab_to(page, f"{pingback} .ym-like button")
    await page.keyboard.press("Enter")
    await says(page, f"{pingback} > article .ym-likes", "Hoffwyd gan un person")
    await expect(page.locator(f"{pingback} .ym-like button")).to_have_attribute("aria-pressed", "true")

    await page.keyboard.press("Shift+Tab")
    await focus_on(page, f"{pingback} .ym-does > a")
    await page.keyboard.press("Enter")
    await focus_on(page, f"{pingback} .ym-comment textarea")
    await expect(page.locator(".ym-to")).to_contain_text("Ateb gleanings.example")
    await page.keyboard.press("Escape")
    await focus_on(page, f"{pingback} .ym-does > a")
    await expect(page.locator(".ym-answer > .ym-comment")).to_have_count(1)

    await page.keyboard.press("Enter")
    await focus_on(page, f"{pingback} .ym-comment textarea")
    await page.keyboard.type("Diolch am *ddarllen*!")
    await tab_to(page, "[name=name]")
    await page.keyboard.type("Nia")
    await tab_to(page, ".ym-post")
    await page.keyboard.press("Enter")
    await focus_on(page, f"{pingback} > ol > .ym-item")
    answer = "#" + str(await page.evaluate("document.activeElement.id"))
    await says(page, f"{answer} .ym-text em", "ddarllen")
    await says(page, ".ym-said", "Mae eich sylw wedi’i gyhoeddi.")
    await says(page, ".ym-heading", "5 ymateb i “Leaving the door open”")
    await expect(page.locator(".ym-answer > .ym-comment textarea")).to_have_value("")

    await tab_to(page, f"{answer} .ym-edit")
    await page.keyboard.press("Enter")
    await focus_on(page, f"{answer} textarea")
    await expect(page.locator(".ym-comment textarea")).to_have_value("Diolch am *ddarllen*!")
    await page.keyboard.press("End")
    await page.keyboard.type(" Ac am ateb.")
    await tab_to(page, ".ym-post")
    await says(page, ".ym-post", "Cadw’r newidiadau")
    await page.keyboard.press("Enter")
    await says(page, f"{answer} > article .ym-text", "Diolch am ddarllen! Ac am ateb.")
    await says(page, ".ym-post", "Cyhoeddi sylw")

    await tab_to(page, f"{answer} .ym-delete")
    await page.keyboard.press("Enter")
    await says(page, ".ym-delete", "Dileu am byth")
    await page.keyboard.press("Enter")
    await says(page, ".ym-said", "Mae eich sylw wedi’i ddileu.")
    await has_items(page, 4)

    await tab_to(page, f"{pingback} .ym-like button")
    await page.keyboard.press("Enter")
    await says(page, f"{pingback} > article .ym-likes", "")
    assert watched.complaints == []
    assert await page.context.cookies() == []


async def says(page: Page, selector: str, text: str) -> None:
    """Waits until what the selector names has this text and no other."""
    await expect(page.locator(selector)).to_have_text(text, use_inner_text=True)


async def with_a_comment_of_ones_own(world: World, watched: Watched) -> Page:
    """The seed's page, on which its reader has just said too much."""
    page = await opened(world, watched, lang="en")
    await page.locator("textarea").fill("Too much said")
    await page.locator("[name=name]").fill("Ann")
    await page.locator(".ym-post").click()
    return page


async def test_a_deletion_that_is_half_confirmed_stays_so_while_the_thread_is_brought_up_to_date(
    world: World, watched: Watched
):
    page = await with_a_comment_of_ones_own(world, watched)
    await page.locator(".ym-delete").press("Enter")
    await says(page, ".ym-delete", "Delete for good")
    await page.evaluate("document.querySelector('ymateb-thread').refresh()")  # as an event would
    await says(page, ".ym-delete", "Delete for good")
    await focus_on(page, ".ym-delete")
    await page.keyboard.press("Enter")
    await says(page, ".ym-said", "Your comment has been deleted.")
    await has_items(page, 4)


async def test_a_comment_whose_deletion_was_asked_about_still_becomes_what_its_author_makes_of_it(
    world: World, watched: Watched
):
    page = await with_a_comment_of_ones_own(world, watched)
    await page.locator(".ym-delete").click()
    await says(page, ".ym-delete", "Delete for good")
    own = "#" + str(await page.locator(".ym-item", has=page.locator(".ym-delete")).last.get_attribute("id"))
    await page.locator(f"{own} .ym-edit").click()
    await page.locator("textarea").fill("Less said")
    await page.locator(".ym-post").click()
    await says(page, f"{own} > article .ym-text", "Less said")

    await page.locator(f"{own} .ym-does > a").click()
    await page.locator("textarea").fill("An answer to it")
    await page.locator(".ym-post").click()
    await page.locator(f"{own} .ym-item").wait_for()
    await says(page, f"{own} > article .ym-delete", "Delete for good")
    await page.locator(f"{own} > article .ym-delete").click()
    await says(page, ".ym-said", "Your comment has been deleted.")
    await expect(page.locator(f"{own} > article")).to_have_count(0)
    await expect(page.locator(f"{own} .ym-item")).to_contain_text("An answer to it")


async def test_what_was_typed_is_still_there_after_a_reload_and_gone_once_it_is_posted(world: World, watched: Watched):
    page = await opened(world, watched, lang="en")
    first = page.locator(".ym-item").first
    await first.locator(".ym-does > a").first.click()
    await focus_on(page, ".ym-item textarea")
    await page.keyboard.type("half a thou")
    await page.locator("[name=name]").fill("Ann")
    await page.reload()
    await page.wait_for_selector(".ym-item > .ym-comment")
    await expect(page.locator("textarea")).to_have_value("half a thou")
    await expect(page.locator("[name=name]")).to_have_value("Ann")
    await page.locator(".ym-post").click()
    await says(page, ".ym-said", "Your comment has been posted.")
    await page.reload()
    await expect(page.locator(".ym-edit")).to_have_count(1)
    await expect(page.locator("textarea")).to_have_value("")


async def test_when_it_cannot_be_sent_nothing_is_lost(world: World, watched: Watched):
    page = await opened(world, watched, lang="en")
    await page.locator("textarea").fill("kept")
    await page.locator("[name=name]").fill("Ann")
    await page.context.set_offline(True)
    await page.locator(".ym-post").click()
    await says(page, ".ym-said", "Your comment could not be sent. It is kept here; please try again.")
    await expect(page.locator("textarea")).to_have_value("kept")
    await page.context.set_offline(False)
    await page.locator(".ym-post").click()
    await says(page, ".ym-said", "Your comment has been posted.")
    await has_items(page, 5)


async def test_what_is_wrong_is_said_at_its_field(world: World, watched: Watched):
    page = await opened(world, watched)
    await page.locator("textarea").fill("Helo")
    await page.locator(".ym-post").click()
    await says(page, ".ym-said", "Dywedwch pwy ydych chi.")
    await focus_on(page, "[name=name][aria-invalid=true]")
    said = await page.locator("[name=name]").get_attribute("aria-describedby")
    await says(page, f"#{said}", "Dywedwch pwy ydych chi.")
    results = await Axe().run(page, context="ymateb-thread")
    assert results.violations_count == 0, results.generate_report()
    await page.locator("[name=name]").fill("Ann")
    await expect(page.locator("[aria-invalid]")).to_have_count(0)


async def test_a_preview_is_shown_in_place(world: World, watched: Watched):
    page = await opened(world, watched)
    await page.locator("textarea").fill("**Helo** <script>alert(1)</script>")
    await page.locator(".ym-look").click()
    await says(page, ".ym-preview strong", "Helo")
    await has_items(page, 4)
    assert watched.complaints == []


async def test_what_looks_like_spam_is_said_to_wait(world: World, watched: Watched):
    page = await opened(world, watched)
    await page.locator("textarea").fill("https://a.example https://b.example https://c.example")
    await page.locator("[name=name]").fill("Ann")
    await page.locator(".ym-post").click()
    why = "Mae ynddo ddolenni y bydd rhywun yn edrych arnynt yn gyntaf."
    await says(page, ".ym-said", f"Mae eich sylw’n disgwyl ei gymedroli. {why}")
    await focus_on(page, ".ym-said")
    await has_items(page, 4)


async def test_a_draft_survives_what_arrives_meanwhile(world: World, watched: Watched):
    page = await opened(world, watched)
    pingback = page.locator(".ym-pingback")
    await pingback.locator(".ym-does > a").click()
    await focus_on(page, ".ym-pingback textarea")
    await page.keyboard.type("heb orffen")
    await eventually(lambda: any("/api/events" in each for each in watched.requests))
    await world.add(
        page.url, "https://new.example/1", said(Kind.REPLY, "Newcomer", "https://new.example/", "<p>new</p>")
    )
    button = page.locator(".ymateb-live button")
    await button.wait_for()
    await button.click()
    await has_items(page, 5)
    await expect(pingback.first.locator(".ym-comment textarea")).to_have_value("heb orffen")
    await expect(page.locator(".ym-comment")).to_have_count(1)


async def test_in_welsh_by_keyboard_alone_without_scripts_one_writes_edits_likes_answers_and_deletes(
    world: World, browser
):
    context = await browser.new_context(java_script_enabled=False, locale="cy-GB")
    page = await context.new_page()
    url = world.host_page("/post", lang="cy")
    await world.seed(url)
    await page.goto(f"{world.base}/embed?target={url}&lang=cy")
    await type_into(page, ".ym-comment textarea", "Heb sgript")
    await type_into(page, "[name=name]", "Cai")
    await type_into(page, "[name=url]", "javascript:alert(1)")
    await follow(page, ".ym-post")
    assert await page.locator(".ym-said").inner_text() == "Nid cyfeiriad gwefan yw hwn."
    assert await is_here(page, "[name=url][aria-invalid=true]")
    assert await violations(browser, await page.content(), world) == 0
    await page.keyboard.press("Control+A")
    await page.keyboard.type("cai.example")
    await follow(page, ".ym-look")
    assert await page.locator(".ym-previewed").inner_text() == "Heb sgript"
    await follow(page, ".ym-post")
    await page.wait_for_url("**/embed?**#c-*")
    own = "#" + page.url.partition("#")[2]
    assert "Heb sgript" in await page.locator(own).inner_text()
    assert "Mae eich sylw wedi’i gyhoeddi." in await page.locator(".held").inner_text()
    assert await violations(browser, await page.content(), world) == 0

    await follow(page, f"{own} .ym-own-does a")
    await page.wait_for_url("**/edit?**")
    assert await page.locator("h1").inner_text() == "Newid eich sylw"
    assert await violations(browser, await page.content(), world) == 0
    await type_into(page, "textarea", "")
    await press(page, ".ym-post")
    assert await page.locator("textarea").input_value() == ""  # the browser itself asks for words
    await type_into(page, "textarea", "Heb sgript, *eto*")
    await follow(page, ".ym-post")
    await page.wait_for_url("**/embed?**#c-*")
    assert await page.locator(f"{own} .ym-text em").inner_text() == "eto"
    assert "Mae eich sylw wedi’i newid." in await page.locator(".held").inner_text()

    pingback = "#" + str(await page.locator(".ym-pingback").get_attribute("id"))
    await follow(page, f"{pingback} > article .ym-like button")
    await page.wait_for_url(f"**/embed?**{pingback}")
    assert await page.locator(f"{pingback} > article .ym-likes").inner_text() == "Hoffwyd gan un person"
    assert await page.locator(f"{pingback} > article .ym-like button").get_attribute("aria-pressed") == "true"
    await follow(page, f"{pingback} > article .ym-like button")
    await page.wait_for_url("**unliked**")
    assert await page.locator(f"{pingback} > article .ym-likes").inner_text() == ""

    await follow(page, f"{pingback} > article .ym-does > a")
    await page.wait_for_url("**/entries/*#respond")
    await type_into(page, ".ym-comment textarea", "Ateb i’r pingback")
    await type_into(page, "[name=name]", "Cai")
    await follow(page, ".ym-post")
    await page.wait_for_url("**/embed?**#c-*")
    answer = "#" + page.url.partition("#")[2]
    assert await page.locator(f"{pingback} > ol {answer} .ym-text").inner_text() == "Ateb i’r pingback"

    await follow(page, f"{answer} .ym-own-does a")
    await page.wait_for_url("**/edit?**")
    await press(page, "summary")
    await follow(page, "[value=delete]")
    await page.wait_for_url("**/embed?**#held")
    assert await page.locator(".held").inner_text() == "Mae eich sylw wedi’i ddileu."
    assert await page.locator(answer).count() == 0
    assert await page.locator(own).count() == 1
    assert await context.cookies() == []
    await context.close()


async def is_here(page: Page, selector: str) -> bool:
    """Whether focus is on what the selector names, on a page that runs no scripts."""
    return await page.locator(f"{selector}:focus").count() == 1


async def go_to(page: Page, selector: str, *, most: int = 120) -> None:
    """Presses Tab until focus is on what the selector names, on a page that runs no scripts."""
    for _ in range(most):
        if await is_here(page, selector):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached by Tab")


async def type_into(page: Page, selector: str, text: str) -> None:
    """Replaces what stands in a field."""
    await go_to(page, selector)
    await page.keyboard.press("Control+A")
    await page.keyboard.press("Delete")
    await page.keyboard.type(text)


async def press(page: Page, selector: str) -> None:
    await go_to(page, selector)
    await page.keyboard.press("Enter")


async def follow(page: Page, selector: str) -> None:
    """Presses what leads to a page, and waits until that page has loaded.

    `page.wait_for_load_state()` would not do: it is content with the old page while the new one is still on its way."""
    async with page.expect_navigation():
        await press(page, selector)


async def violations(browser, html: str, world: World) -> int:
    """Violations that axe, which needs scripts, finds in a page that was made without."""
    context = await browser.new_context(bypass_csp=True)
    page = await context.new_page()
    await page.goto(world.base + "/demo")
    await page.set_content(html)
    results = await Axe().run(page)
    await context.close()
    return int(results.violations_count)
