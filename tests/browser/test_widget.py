"""The custom element in a real Chromium, on a page of another origin, under the contract's strict policy."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import mf2py
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from mentions import urls
from mentions.model import Change, EntryState, Kind
from mentions.storage import changes, entries, pages
from service import keys
from tests.browser.conftest import Watched
from tests.browser.world import MORNING, World, said
from tests.support.waiting import eventually

pytestmark = pytest.mark.browser


async def fragment_of(world: World, url: str, **more: str) -> str:
    async with aiohttp.ClientSession() as client, client.get(world.thread_url(url, **more)) as answer:
        assert answer.status == 200
        return await answer.text()


def tree(html: str, url: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = mf2py.parse(doc=html, url=url)["items"]
    return items


async def shown(page) -> None:
    await page.wait_for_selector("ymateb-thread .ymateb")


@pytest.mark.parametrize("lang", ["en", "cy"])
async def test_an_empty_element_is_filled_with_two_requests_and_no_complaint(world: World, watched: Watched, lang: str):
    url = world.host_page("/post", lang=lang)
    await world.seed(url)
    await watched.page.goto(url)
    await shown(watched.page)
    assert (
        await watched.page.locator(".ym-heading").inner_text()
        == {
            "en": "4 thoughts on “Leaving the door open”",
            "cy": "4 ymateb i “Leaving the door open”",
        }[lang]
    )
    assert await watched.page.locator(".ym-item").count() == 4
    assert watched.complaints == []
    ours = [urlsplit(each).path for each in watched.requests if each.startswith(world.base)]
    assert [path for path in ours if path != "/api/events"] == ["/widget.js", "/thread.html"]
    assert await watched.page.context.cookies() == []


async def test_the_page_parses_to_the_same_tree_before_and_after_the_script(world: World, watched: Watched):
    url = world.host_page("/post")
    await world.seed(url)
    world.host_page("/post", await fragment_of(world, url))
    await watched.page.goto(url)
    await eventually(lambda: watched.page.locator(".ymateb-live").count())
    before = tree(world.host_pages["/post"], url)
    after = tree(await watched.page.content(), url)
    assert after == before
    [post, feed] = after
    assert post["properties"]["name"] == ["A post of mine"]
    assert feed["type"] == ["h-feed"]
    assert len(feed["properties"]["comment"]) == 2
    assert not any("/thread.html" in each for each in watched.requests)


async def test_a_thread_that_the_script_fills_parses_like_one_that_was_there(world: World, watched: Watched):
    url = world.host_page("/post")
    await world.seed(url)
    await watched.page.goto(url)
    await shown(watched.page)
    filled = tree(await watched.page.content(), url)
    served = tree(f'<html lang="en"><body>{await fragment_of(world, url)}</body></html>', url)
    assert filled[1:] == served


async def test_inside_the_posts_h_entry_the_comments_become_the_posts(world: World, watched: Watched):
    url = world.host_page("/post", around='<div class="h-entry"><p class="p-name">Mine</p>{}</div>')
    await world.seed(url)
    await watched.page.goto(url)
    await shown(watched.page)
    post = tree(await watched.page.content(), url)[1]
    assert len(post["properties"]["comment"]) == 2
    assert len(post["properties"]["like"]) == 3


async def test_server_rendered_html_is_taken_over_not_rendered_again(world: World, watched: Watched):
    url = world.host_page("/post")
    await world.seed(url)
    world.host_page("/post", await fragment_of(world, url))
    await watched.page.add_init_script(
        "addEventListener('DOMContentLoaded', () => { window.first = document.querySelector('.ym-item') })"
    )
    await watched.page.goto(url)
    await eventually(lambda: watched.page.locator(".ymateb-live").count())
    assert await watched.page.evaluate(
        "window.first === document.querySelector('.ym-item') && window.first.isConnected"
    )
    assert watched.complaints == []


async def test_a_thread_with_a_cursor_that_is_none_any_more_is_read_anew(world: World, watched: Watched):
    """A page rendered before the database was brought back from a backup: no stream can go on from there."""
    url = world.host_page("/post")
    await world.seed(url)
    fragment = await fragment_of(world, url)
    [cursor] = re.findall(r'data-cursor="(\d+)"', fragment)
    world.host_page("/post", fragment.replace(f'data-cursor="{cursor}"', 'data-cursor="999999"'))
    await watched.page.goto(url)
    await expect(watched.page.locator(f'[data-cursor="{cursor}"]')).to_have_count(1)
    await expect(watched.page.locator(".ym-item")).to_have_count(4)
    assert watched.complaints == []


async def test_new_responses_are_announced_and_shown_on_request_only(world: World, watched: Watched):
    url = world.host_page("/post", lang="cy")
    await world.seed(url)
    await watched.page.goto(url)
    await shown(watched.page)
    await eventually(lambda: any("/api/events" in each for each in watched.requests))
    first = await entry_of(world, url, "https://ann.example/2026/doors")
    for number in (1, 2):
        home, parent = "https://new.example/", urls.parse(first.source)
        reply = said(Kind.REPLY, "Newcomer", home, f"<p>new {number}</p>", in_reply_to=(parent,))
        await world.add(url, f"{home}{number}", reply, title="Leaving the door open")
    button = watched.page.get_by_role("status").get_by_role("button")
    await button.wait_for()
    await expect(button).to_have_text("Dau ymateb newydd – dangos")
    assert await watched.page.locator(".ym-item").count() == 4
    await watched.page.evaluate("window.kept = document.querySelector('.ym-item')")
    await button.press("Enter")
    await expect(watched.page.locator(".ym-item")).to_have_count(6)
    await expect(watched.page.locator(".ym-heading")).to_have_text("Chwe ymateb i “Leaving the door open”")
    await watched.page.wait_for_function("document.activeElement.textContent.includes('new 1')")
    await watched.page.wait_for_function("window.kept.isConnected && kept.querySelectorAll('.ym-new').length === 2")
    await expect(button).to_have_count(0)
    assert watched.complaints == []


async def test_what_is_hidden_goes_at_once(world: World, watched: Watched):
    url = world.host_page("/post")
    await world.seed(url)
    await watched.page.goto(url)
    await shown(watched.page)
    await eventually(lambda: any("/api/events" in each for each in watched.requests))
    entry = await entry_of(world, url, "https://gleanings.example/week-9")
    async with world.db.write() as c:
        await entries.set_state(c, entry.id, EntryState.HIDDEN, now=MORNING)
        cursor = await changes.append(
            c, site_id=entry.site_id, page_id=entry.page_id, entry_id=entry.id, change=Change.HIDDEN, now=MORNING
        )
    await world.app[keys.EVENTS].publish_change(entry.page_id, cursor)
    await expect(watched.page.locator(".ym-item")).to_have_count(3)
    await expect(watched.page.locator(".ym-heading")).to_have_text("3 thoughts on “Leaving the door open”")
    await expect(watched.page.get_by_role("status").get_by_role("button")).to_have_count(0)


async def test_without_script_there_is_a_link_or_the_thread_itself(world: World, browser):
    url = world.host_page("/post", f'<a href="{world.base}/embed">Responses</a>')
    await world.seed(url)
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(url)
    assert await page.locator("ymateb-thread").inner_text() == "Responses"
    await page.goto(f"{world.base}/embed?target={url}&lang=cy")
    assert await page.locator(".ym-item").count() == 4
    await context.close()


async def test_when_the_service_is_away_the_link_stays(world: World, watched: Watched):
    url = world.host_page("/post", '<a href="/responses">Responses</a>', attributes='service="http://127.0.0.1:9"')
    await watched.page.add_init_script("addEventListener('ymateb:error', () => { window.failed = true })")
    await watched.page.goto(url)
    await watched.page.wait_for_function("window.failed")
    assert await watched.page.locator("ymateb-thread").inner_text() == "Responses"


async def test_whatever_a_service_might_send_nothing_of_it_runs(world: World, watched: Watched):
    """The second lock: the element's own allow-list, with a service that has gone bad."""
    evil = (
        '<section class="ymateb" lang="en" data-markup="0"><h2 class="ym-heading">x</h2><p id="kept">kept</p>'
        "<script>window.pwned=1</script><img src=x onerror=window.pwned=1>"
        "<a id=link href='javascript:window.pwned=1'>a</a><iframe srcdoc='<script>top.pwned=1</script>'></iframe>"
        "<style>p{color:red}</style><p style='color:red' onclick='pwned=1'>s</p><object data=x></object>"
        "<svg><script>window.pwned=1</script><a href='javascript:1'><animate/></a><use href='data:x'/></svg>"
        "<form action='javascript:window.pwned=1'><button formaction='javascript:window.pwned=1'>b</button></form>"
        "</section>"
    )
    world.host_pages["/evil/thread.html"] = evil
    url = world.host_page("/post", attributes='service="/evil"')
    world.policy = (
        f"script-src {world.base}; connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    await watched.page.goto(url)
    await shown(watched.page)
    left = await watched.page.locator(".ymateb").evaluate("e => e.innerHTML")
    assert not re.search(
        r"script|onerror|onclick|javascript|iframe|<style|style=|object|animate|<use|formaction|data:x", left
    ), left
    assert await watched.page.locator("#kept").inner_text() == "kept"
    await watched.page.locator("#link").click()
    assert await watched.page.evaluate("window.pwned") is None


async def test_the_count_script_writes_numbers_in_every_plural_form(world: World, watched: Watched):
    url = world.host_page("/post")
    await world.seed(url)
    world.host_pages["/list"] = (
        f'<!doctype html><html lang="cy"><body><a id="a" href="{url}" data-ymateb-count="" data-other="# ymateb"></a> '
        f'<b id="b" data-ymateb-count="{url}"></b> '
        f'<i id="c" data-ymateb-count="{world.host}/none" data-zero="dim" data-other="#">?</i>'
        f'<script type="module" src="{world.base}/widget/count.js"></script></body></html>'
    )
    await watched.page.goto(world.host + "/list")
    await expect(watched.page.locator("#a")).to_have_text("8 ymateb")
    await expect(watched.page.locator("#b")).to_have_text("8")
    await expect(watched.page.locator("#c")).to_have_text("dim")
    assert sum("/api/count" in each for each in watched.requests) == 1
    assert watched.complaints == []


@pytest.mark.parametrize("lang", ["en_GB", "cy, en", "", "und"])
async def test_numbers_are_written_in_a_page_whose_language_is_none(world: World, watched: Watched, lang: str):
    url = world.host_page("/post")
    await world.seed(url)
    world.host_pages["/list"] = (
        f'<!doctype html><html lang="{lang}"><body><b data-ymateb-count="{url}" data-other="# said"></b>'
        f'<script type="module" src="{world.base}/widget/count.js"></script></body></html>'
    )
    await watched.page.goto(world.host + "/list")
    await expect(watched.page.locator("b")).to_have_text("8 said")
    assert watched.complaints == []


@pytest.mark.parametrize(
    "context", [{"color_scheme": "dark"}, {"color_scheme": "light"}, {"forced_colors": "active"}], indirect=True
)
async def test_axe_finds_nothing_in_a_thread(world: World, watched: Watched):
    url = world.host_page("/post")
    await world.seed(url)
    await watched.page.goto(url)
    await shown(watched.page)
    results = await Axe().run(watched.page, context="ymateb-thread")
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("context", [{"viewport": {"width": 320, "height": 700}}], indirect=True)
@pytest.mark.parametrize("direction", ["ltr", "rtl"])
async def test_at_320_pixels_nothing_sticks_out_in_either_direction(world: World, watched: Watched, direction: str):
    url = world.host_page("/post", around=f'<div dir="{direction}">{{}}</div>')
    await world.seed(url)
    long = "https://long.example/" + "a" * 200
    await world.add(
        url, long, said(Kind.REPLY, "W" * 80, "https://long.example/", f"<p>{'x' * 300}</p><pre>{'y' * 300}</pre>")
    )
    await watched.page.goto(url)
    await shown(watched.page)
    await watched.page.locator(".ymateb").evaluate(f"e => e.dir = '{direction}'")
    sticking_out = await watched.page.evaluate(
        "[...document.querySelectorAll('.ymateb *')].filter(e => { const r = e.getBoundingClientRect();"
        " return r.width && !e.closest('pre') && (r.right > innerWidth + 1 || r.left < -1) })"
        ".map(e => e.outerHTML.slice(0, 80))"
    )
    assert sticking_out == []


async def test_everything_is_reached_by_keyboard_and_seen_when_reached(world: World, watched: Watched):
    url = world.host_page("/post")
    await world.seed(url)
    await watched.page.goto(url)
    await shown(watched.page)
    await watched.page.locator(".ym-elsewhere > summary").click()
    controls = watched.page.locator("ymateb-thread :is(a, button, input, textarea, summary):visible")
    wanted = await controls.count()
    reached = set()
    for _ in range(wanted + 12):
        await watched.page.keyboard.press("Tab")
        found = await watched.page.evaluate(
            "(() => { const e = document.activeElement, s = getComputedStyle(e);"
            " if (!e.closest('ymateb-thread')) return null;"
            " const all = [...document.querySelectorAll('ymateb-thread *')];"
            " return [all.indexOf(e), s.outlineStyle, s.outlineWidth] })()"
        )
        if found:
            assert found[1] == "solid", found
            assert found[2] != "0px", found
            reached.add(found[0])
    assert len(reached) == wanted


async def test_a_page_may_have_its_own_colours_and_still_moves_when_motion_is_unwanted(world: World, watched: Watched):
    url = world.host_page("/post")
    await world.seed(url)
    await watched.page.goto(url)
    await shown(watched.page)
    await watched.page.evaluate(
        "document.querySelector('ymateb-thread').style.setProperty('--ymateb-accent', 'rgb(122, 31, 61)')"
    )
    assert (
        await watched.page.locator(".ymateb .ym-post").evaluate("e => getComputedStyle(e).backgroundColor")
        == "rgb(122, 31, 61)"
    )
    await watched.page.emulate_media(reduced_motion="reduce")
    await watched.page.locator(".ym-item").first.evaluate("e => e.classList.add('ym-new')")
    assert await watched.page.locator(".ym-entry").first.evaluate("e => getComputedStyle(e).animationName") == "none"


async def entry_of(world: World, url: str, source: str):
    async with world.db.read() as c:
        page = await pages.by_key(c, urls.page_key(url))
        entry = await entries.by_source(c, urls.source_key(source), page.id)
    assert entry is not None
    return entry
