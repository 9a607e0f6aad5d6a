"""How the thread looks in somebody's page: the same whatever styles the page has, and as its owner wants it."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Page

from mentions.model import Kind
from tests.browser.conftest import Watched
from tests.browser.world import World, said
from tests.support.waiting import eventually

pytestmark = pytest.mark.browser

BODY = "body { margin: 0; font: 16px/1.5 sans-serif; color: #222 } ymateb-thread { max-width: 700px } "
HOSTILE = {
    "revert": ":not(svg, svg *) { all: revert } " + BODY,
    "unset": (  # "the new CSS reset"
        "*:where(:not(html, iframe, canvas, img, svg, video, audio):not(svg *, symbol *))"
        " { all: unset; display: revert }"
        "*, *::before, *::after { box-sizing: border-box } ol, ul, menu { list-style: none } " + BODY
    ),
    "all": "* { all: unset } html, body, main, .content, article { display: block } head { display: none } " + BODY,
    "classless": (  # style sheets for pages without classes dress their headers and footers so
        "header, footer { position: sticky; top: 0; z-index: 9; background: red } h2, h3 { text-align: center }"
        "article { position: relative; display: inline-block } form { display: flex } p { display: inline }"
        "ol li::before, ul li::before { content: '–'; padding: 1em }"
        "label { display: inline-block; position: absolute }"
    ),
    "preflight": (  # Tailwind's, in short
        "*, ::after, ::before { box-sizing: border-box; margin: 0; padding: 0; border: 0 solid }"
        "h1, h2, h3, h4 { font-size: inherit; font-weight: inherit } a { color: inherit; text-decoration: inherit }"
        "ol, ul, menu { list-style: none } img, svg, video { display: block; vertical-align: middle }"
        "img, video { max-width: 100%; height: auto } summary { display: list-item }"
        "button, input, textarea { font: inherit; letter-spacing: inherit; color: inherit; border-radius: 0;"
        " background-color: transparent; opacity: 1 } ::placeholder { opacity: 1 } textarea { resize: vertical }"
    ),
    "reboot": (  # Bootstrap's, in short
        "*, ::after, ::before { box-sizing: border-box } h1, h2, h3, h4 { margin-top: 0; margin-bottom: .5rem;"
        " font-weight: 500; line-height: 1.2 } p { margin-top: 0; margin-bottom: 1rem } ol, ul { padding-left: 2rem;"
        " margin-bottom: 1rem } blockquote { margin: 0 0 1rem } a { color: blue; text-decoration: underline }"
        "img, svg { vertical-align: middle } label { display: inline-block } button { border-radius: 0;"
        " text-transform: none } input, textarea { margin: 0; line-height: inherit } pre { margin-bottom: 1rem }"
        "[type=button], [type=submit], button { -webkit-appearance: button } summary { display: list-item }"
    ),
    "theme": (  # a weblog's, which means its posts
        ".content p { margin: 0 0 1.5em; text-indent: 2em } .content li { margin: 0 0 .5em 2em; line-height: 3 }"
        ".content ol { padding-left: 3em; list-style: upper-roman }"
        ".content h2 { margin: 3rem 0; text-transform: uppercase }"
        ".content img, .content svg { float: left; margin: 1em; border: 3px solid red; max-width: 50% }"
        ".content button { text-transform: uppercase; letter-spacing: .2em; width: 100%; padding: 2em; margin: 1em }"
        ".content input, .content textarea { margin: 1em; padding: 2em; width: 20px; box-shadow: 0 0 3px red }"
        ".content form { border: 1px solid; padding: 2em } .content label { float: left; width: 10em }"
        ".content article { padding: 3em; border: 1px solid } .content footer { background: red; padding: 4em }"
        ".content header { margin: 2em } .content blockquote { font-size: 2em; margin: 2em }"
    ),
}  # fmt: skip
BOXES = """() => {
  const section = document.querySelector('.ymateb'), { x, y } = section.getBoundingClientRect();
  return [...section.querySelectorAll('*')].map((e) => {
    const r = e.getBoundingClientRect(), s = getComputedStyle(e);
    const name = `${e.localName}.${e.className.baseVal ?? e.className}`;
    return [name, ...[r.x - x, r.y - y, r.width, r.height].map(Math.round),
      s.borderTopWidth, s.textTransform];
  }).filter(([, , , width, height]) => width || height);
}"""


async def boxes(world: World, page: Page, styles: str) -> list[list[object]]:
    """Where every element of the seed's thread stands, in a page with these styles."""
    url = world.host_page("/post", around='<div class="content">{}</div>', styles=BODY + styles)
    await page.goto(url)
    await page.wait_for_selector("ymateb-thread .ymateb-live", state="attached")
    found: list[list[object]] = json.loads(json.dumps(await page.evaluate(BOXES)))
    return found


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_page_with_strong_styles_leaves_the_thread_as_it_is(world: World, watched: Watched, name: str):
    await world.seed(world.host_page("/post"))
    wanted = await boxes(world, watched.page, "")
    found = await boxes(world, watched.page, HOSTILE[name])
    assert len(found) == len(wanted)
    different = [(a, b) for a, b in zip(wanted, found, strict=True) if a != b]
    assert different == [], "\n".join(map(str, different[:8]))


async def test_a_page_dresses_the_announcement_by_its_part_and_the_rest_by_properties(world: World, watched: Watched):
    url = world.host_page(
        "/post",
        styles="ymateb-thread::part(news) { background: rgb(1, 2, 3); border-radius: 0 } "
        "ymateb-thread::part(status) { bottom: 40px } ymateb-thread { --ymateb-gap: 77px; --ymateb-radius: 9px }",
    )
    await world.seed(url)
    page = watched.page
    await page.goto(url)
    await page.wait_for_selector("ymateb-thread .ymateb-live", state="attached")
    assert await page.locator(".ym-top").evaluate("e => getComputedStyle(e).rowGap") == "77px"
    assert await page.locator(".ym-post").evaluate("e => getComputedStyle(e).borderRadius") == "9px"
    await eventually(lambda: any("/api/events" in each for each in watched.requests))
    await world.add(url, "https://new.example/1", said(Kind.REPLY, "New", "https://new.example/", "<p>new</p>"))
    button = page.locator(".ymateb-live button")
    await button.wait_for()
    assert await button.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(1, 2, 3)"
    assert await button.evaluate("e => getComputedStyle(e).borderRadius") == "0px"
    assert await page.locator(".ymateb-live").evaluate("e => getComputedStyle(e).bottom") == "40px"


@pytest.mark.parametrize("context", [{"viewport": {"width": 640, "height": 800}}], indirect=True)
async def test_with_letters_twice_as_large_nothing_sticks_out(world: World, watched: Watched):
    url = world.host_page("/post", styles="html { font-size: 200% }")
    await world.seed(url)
    await watched.page.goto(url)
    await watched.page.wait_for_selector("ymateb-thread .ymateb-live", state="attached")
    assert await watched.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    size = await watched.page.locator(".ym-text").first.evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
    assert size == 32


async def test_whose_picture_is_gone_has_a_drawn_face(world: World, watched: Watched):
    url = world.host_page("/post")
    home = "https://lost.example/"
    gone = "/avatars/" + "0" * 32 + ".webp"
    await world.add(url, home + "1", said(Kind.REPLY, "Lost", home, "<p>Here.</p>"), avatar=gone)
    await watched.page.goto(url)
    await eventually(lambda: watched.page.evaluate("document.querySelector('img.ym-face')?.naturalWidth > 0"))


async def test_whatever_one_presses_is_large_enough(world: World, watched: Watched):
    """WCAG 2.5.8: 24 by 24 pixels; links within somebody's words are exempt."""
    url = world.host_page("/post")
    await world.seed(url)
    await watched.page.goto(url)
    await watched.page.wait_for_selector("ymateb-thread .ymateb-live", state="attached")
    await watched.page.locator(".ym-elsewhere > summary").click()
    small = await watched.page.evaluate(
        "[...document.querySelectorAll('ymateb-thread :is(a, button, input, textarea, summary)')]"
        ".filter(e => e.checkVisibility() && !e.closest('.ym-text'))"
        ".map(e => [e.className || e.localName, e.getBoundingClientRect()])"
        ".filter(([, r]) => r.width < 24 || r.height < 24).map(([name, r]) => [name, r.width, r.height])"
    )
    assert small == []


async def test_on_paper_there_are_words_and_no_controls(world: World, watched: Watched):
    url = world.host_page("/post")
    await world.seed(url)
    await watched.page.goto(url)
    await watched.page.wait_for_selector("ymateb-thread .ymateb-live", state="attached")
    await watched.page.emulate_media(media="print")
    assert await watched.page.locator(".ym-text:visible").count() == 3
    assert await watched.page.locator("ymateb-thread :is(form, button, textarea):visible").count() == 0
