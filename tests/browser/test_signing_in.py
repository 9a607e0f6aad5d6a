"""Signing in, in a real Chromium: the whole pop-up by mail and by a website, what it opens, and what attackers try."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import suppress
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Error, Page, expect

from mentions.signin.oidc import Client
from mentions.storage import providers, sites
from service import keys
from tests.browser.conftest import Watched
from tests.browser.test_commenting import focus_on, says, tab_to
from tests.browser.world import MORNING, World
from tests.peers import IndieAuthSite, Mailbox
from tests.peers.real_oidc import CLIENTS, RealOidcProvider
from tests.support.browser import Strays
from tests.support.errands import running_errands
from tests.support.waiting import eventually

pytestmark = pytest.mark.browser

ADDRESS = "nia@mail.example"


@pytest_asyncio.fixture(loop_scope="session")
async def mailbox() -> AsyncIterator[Mailbox]:
    async with Mailbox() as box:
        yield box


@pytest_asyncio.fixture(loop_scope="session")
async def world(tmp_path: Path, redis_url: str, mailbox: Mailbox) -> AsyncIterator[World]:
    """The web process beside a worker for its errands, a mail server, and a host page."""
    options = {"mail_url": mailbox.url, "fetch_allow_networks": (ip_network("127.0.0.0/8"),)}
    async with World(tmp_path, redis_url, **options) as it, running_errands(it.settings):
        yield it


@pytest_asyncio.fixture(loop_scope="session")
async def gwen() -> AsyncIterator[IndieAuthSite]:
    async with IndieAuthSite() as site:
        site.asks = True
        yield site


async def opened(world: World, watched: Watched, *, lang: str = "en", path: str = "/post") -> Page:
    await watched.page.goto(world.host_page(path, lang=lang))
    await watched.page.wait_for_selector(".ym-session:not([hidden])")
    return watched.page


async def popped(page: Page) -> Page:
    async with page.expect_popup() as waiting:
        await page.locator(".ym-sign-in").click()
    popup = await waiting.value
    await popup.wait_for_selector("form")
    return popup


async def link_in(mailbox: Mailbox, address: str = ADDRESS, number: int = 0) -> str:
    mail = await mailbox.mail_to(address, number)
    return re.search(r"^\S+/sign-in/mail\S+", mail.get_content(), re.MULTILINE)[0]


async def type_number(browser: Browser, link: str, number: str) -> None:
    """On another device: opens the link of the mail and types the number."""
    device = await browser.new_context()
    page = await device.new_page()
    await page.goto(link)
    await page.locator("#number").fill(number)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("h1:text('That is the number.')")
    await device.close()


async def sign_in_by_mail(browser: Browser, mailbox: Mailbox, page: Page, address: str = ADDRESS) -> None:
    popup = await popped(page)
    await popup.locator("#email").fill(address)
    await popup.locator("#email").press("Enter")
    number = await popup.locator(".number").inner_text()
    await type_number(browser, await link_in(mailbox, address), number)
    await page.wait_for_selector(".ym-sign-out")
    await eventually(popup.is_closed)


async def comment(page: Page, text: str, name: str | None = None) -> str:
    """Writes a comment; the selector of its item."""
    await page.locator("[name=content]").fill(text)
    if name is not None:
        await page.locator("[name=name]").fill(name)
    await page.locator(".ym-post").click()
    item = page.locator(".ym-item", has_text=text)
    await item.wait_for()
    return f"#{await item.get_attribute('id')}"


async def forget_edit_tokens(page: Page) -> None:
    """As if the quarter of an hour were over, and the page opened anew."""
    await page.evaluate("localStorage.removeItem('ymateb:mine')")
    await page.reload()
    await page.wait_for_selector(".ym-session:not([hidden])")


async def test_by_mail_one_signs_in_writes_edits_later_and_signs_out(
    world: World, watched: Watched, browser: Browser, mailbox: Mailbox
):
    page = await opened(world, watched)
    assert not [url for url in watched.requests if "signin.js" in url], "most readers never load it"
    await sign_in_by_mail(browser, mailbox, page)
    await focus_on(page, "[name=content]")
    await says(page, ".ym-said", "You are signed in.")
    await expect(page.locator(".ym-session")).to_contain_text("Signed in as nia@mail.example")
    await expect(page.locator("[name=email]")).to_be_hidden()
    item = await comment(page, "My grandmother kept hens.", "Nia")
    await expect(page.locator(".ym-session")).to_contain_text("Signed in as Nia")
    await expect(page.locator(".ym-who p").first).to_be_hidden()
    await expect(page.locator(f"{item} .ym-proof")).to_have_attribute("aria-label", "signed in by e-mail")
    assert "mail.example" not in await page.locator(".ym-top").inner_text()

    await forget_edit_tokens(page)
    await page.locator(f"{item} .ym-edit").click()
    await expect(page.locator("[name=content]")).to_have_value("My grandmother kept hens.")
    await page.locator("[name=content]").fill("My grandmother kept *geese*.")
    await page.locator(".ym-post").click()
    await says(page, f"{item} > article .ym-text", "My grandmother kept geese.")

    second = await comment(page, "And ducks.")
    await says(page, f"{second} .p-name", "Nia")
    await page.locator(f"{second} .ym-delete").click()
    await says(page, f"{second} .ym-delete", "Delete for good")
    await page.locator(f"{second} .ym-delete").click()
    await page.locator(second).wait_for(state="detached")

    await page.locator(".ym-sign-out").click()
    await page.wait_for_selector(".ym-sign-in")
    await focus_on(page, ".ym-sign-in")
    await expect(page.locator("[name=name]")).to_be_visible()
    await expect(page.locator(f"{item} .ym-edit")).to_have_count(0)
    assert await page.evaluate("Object.keys(localStorage).filter(key => key.includes('session'))") == []
    assert watched.complaints == []


async def test_a_website_vouches_in_welsh_by_keyboard_alone(world: World, watched: Watched, gwen: IndieAuthSite):
    page = await opened(world, watched, lang="cy")
    await tab_to(page, ".ym-sign-in")
    async with page.expect_popup() as waiting:
        await page.keyboard.press("Enter")
    popup = await waiting.value
    await popup.wait_for_selector("form")
    await says(popup, "h1", f"Mewngofnodi ar localhost:{world.host_port}")
    await tab_to(popup, "#me")
    await popup.keyboard.type(gwen.me)
    await popup.keyboard.press("Enter")
    await popup.wait_for_selector("text=Allow")
    assert popup.url.startswith(gwen.url("/auth"))
    await tab_to(popup, "button")
    await popup.keyboard.press("Enter")
    await page.wait_for_selector(".ym-sign-out")
    host = gwen.me.removeprefix("http://").rstrip("/")
    await expect(page.locator(".ym-session")).to_contain_text(f"Wedi mewngofnodi fel Gwen Prosser ({host})")
    await eventually(popup.is_closed)
    await focus_on(page, "[name=content]")
    await page.keyboard.type("Helo")
    await tab_to(page, ".ym-post")
    await page.keyboard.press("Enter")
    await page.wait_for_selector(".ym-item .ym-proof")
    await expect(page.locator(".ym-proof")).to_have_attribute("aria-label", f"wedi mewngofnodi fel {host}")
    await expect(page.locator(".ym-item .p-author a.u-url")).to_have_attribute("href", gwen.me)
    assert watched.complaints == []


async def test_a_real_provider_vouches(world: World, browser: Browser):
    """npm's `oidc-provider`, unchanged, with its own pages for signing in and agreeing, which want a font of others."""
    context, strays = await browser.new_context(), Strays()
    await strays.watch(context)
    watched = Watched(await context.new_page())
    async with RealOidcProvider(f"{world.base}/sign-in/callback") as real:
        async with world.db.write() as c:
            site = await sites.by_authority(c, f"localhost:{world.host_port}")
            client = Client(real.issuer, "ymateb", CLIENTS["ymateb"])
            await providers.add(c, site.id, client, label="Our school", actor="owner", now=MORNING)
        page = await opened(world, watched)
        popup = await popped(page)
        found = await Axe().run(popup)
        assert found.violations_count == 0, found.generate_report()
        await popup.locator("text=Go on with Our school").click()
        await popup.locator("[name=login]").fill("gwen")
        await popup.locator("[name=password]").fill("any")
        await popup.keyboard.press("Enter")
        await popup.locator("button", has_text="Continue").click()
        await page.wait_for_selector(".ym-sign-out")
        await eventually(popup.is_closed)
    await expect(page.locator(".ym-session")).to_contain_text("Signed in as gwen Prosser (Our school)")
    item = await comment(page, "From school.")
    await expect(page.locator(f"{item} .ym-proof")).to_have_attribute("aria-label", "signed in through Our school")
    assert watched.complaints == []
    await context.close()
    assert {urlsplit(url).hostname for url in strays.urls} <= {"fonts.googleapis.com"}


async def test_who_says_no_there_may_choose_another_way(world: World, watched: Watched, gwen: IndieAuthSite):
    page = await opened(world, watched)
    popup = await popped(page)
    await popup.locator("#me").fill(gwen.me)
    await popup.keyboard.press("Enter")
    await popup.locator("text=Deny").click()
    await expect(popup.locator("[role=alert]")).to_contain_text("You did not agree there")
    await expect(popup.locator("#email")).to_be_visible()
    await popup.close()
    await expect(page.locator(".ym-sign-in")).to_be_visible()


async def test_one_can_have_everything_erased(world: World, watched: Watched, browser: Browser, mailbox: Mailbox):
    page = await opened(world, watched)
    await sign_in_by_mail(browser, mailbox, page)
    item = await comment(page, "I said too much.", "Nia")
    await page.locator(".ym-forget").click()
    await expect(page.locator(".ym-forget")).to_contain_text("for good")
    await expect(page.locator(item)).to_be_visible()
    await page.locator(".ym-forget").click()
    await says(page, ".ym-said", "All your comments on this site have been deleted.")
    await page.reload()
    await page.wait_for_selector(".ym-session:not([hidden]) .ym-sign-in")
    await expect(page.locator(".ym-item")).to_have_count(0)


async def end_elsewhere(world: World, page: Page) -> None:
    """The service does not know the session any more; the page still keeps it."""
    await page.evaluate(
        """base => fetch(base + "/api/session", {method: "DELETE", headers: {Authorization: "Bearer " +
           JSON.parse(Object.entries(localStorage).find(([key]) => key.includes("session"))[1]).token}})""",
        world.base,
    )


async def test_a_page_opens_quietly_when_the_session_is_over(
    world: World, watched: Watched, browser: Browser, mailbox: Mailbox
):
    page = await opened(world, watched)
    await sign_in_by_mail(browser, mailbox, page)
    await end_elsewhere(world, page)
    await page.reload()
    await page.wait_for_selector(".ym-session:not([hidden]) .ym-sign-in")
    await eventually(lambda: has_no_session(page))
    await focus_on(page, "body")
    await says(page, ".ym-said", "")
    await expect(page.locator("[name=name]")).to_be_enabled()


async def has_no_session(page: Page) -> bool:
    return await page.evaluate("Object.keys(localStorage).every(key => !key.includes('session'))")


async def test_the_embedded_thread_is_signed_in_to_as_well(world: World, watched: Watched, gwen: IndieAuthSite):
    gwen.asks = False
    page = watched.page
    await page.goto(f"{world.base}/embed?target={world.host}/post&lang=en")
    await page.wait_for_selector(".ym-session:not([hidden])")
    popup = await popped(page)
    await popup.locator("#me").fill(gwen.me)
    await popup.keyboard.press("Enter")
    await page.wait_for_selector(".ym-sign-out")
    await comment(page, "From the embedded page.")
    assert watched.complaints == []


async def test_a_session_that_was_ended_elsewhere_is_noticed(
    world: World, watched: Watched, browser: Browser, mailbox: Mailbox
):
    page = await opened(world, watched)
    await sign_in_by_mail(browser, mailbox, page)
    await end_elsewhere(world, page)
    await page.locator("[name=content]").fill("Is anybody there?")
    await page.locator("[name=name]").fill("Nia")
    await page.locator(".ym-post").click()
    await page.wait_for_selector(".ym-sign-in")
    await expect(page.locator(".ym-said")).to_contain_text("Please sign in again")
    await expect(page.locator("[name=content]")).to_have_value("Is anybody there?")
    await expect(page.locator(".ym-item")).to_have_count(0)


async def test_where_the_owner_has_closed_signing_in_only_those_who_have_before_see_of_it(
    world: World, watched: Watched, browser: Browser, mailbox: Mailbox
):
    page = await opened(world, watched)
    await sign_in_by_mail(browser, mailbox, page)
    item = await comment(page, "While I could.", "Nia")
    async with world.db.write() as c:
        site = await sites.by_authority(c, f"localhost:{world.host_port}")
        await sites.set_option(c, site.id, "sign_in", [])
    world.app[keys.SITES].forget()
    await forget_edit_tokens(page)
    await page.locator(f"{item} .ym-edit").wait_for()
    await page.locator(".ym-sign-out").click()
    await expect(page.locator(".ym-session")).to_be_hidden()
    await focus_on(page, "[name=content]")
    await page.reload()
    await page.locator(".ym-comment").wait_for()
    await expect(page.locator(".ym-session")).to_be_hidden()
    assert await page.locator("[name=name]").is_visible()
    assert watched.complaints == []


async def test_the_pop_up_is_accessible_and_fits(world: World, watched: Watched, browser: Browser, mailbox: Mailbox):
    page = await opened(world, watched)
    popup = await popped(page)

    async def is_fine(shown: Page) -> None:
        await shown.wait_for_load_state()  # the caller has seen something of it
        found = await Axe().run(shown)
        assert found.violations_count == 0, found.generate_report()
        await shown.set_viewport_size({"width": 320, "height": 640})
        assert await shown.evaluate("document.documentElement.scrollWidth") <= 320

    await is_fine(popup)
    await popup.locator("#email").fill("nobody@")
    await popup.evaluate("document.querySelector('#email').form.noValidate = true")
    await popup.locator("#email").press("Enter")
    await popup.wait_for_selector("#email[aria-invalid]:focus")
    await is_fine(popup)
    await popup.locator("#email").fill(ADDRESS)
    await popup.locator("#email").press("Enter")
    await popup.wait_for_selector(".number")
    await is_fine(popup)
    mail = await (await browser.new_context()).new_page()
    await mail.goto(await link_in(mailbox))
    await is_fine(mail)
    for left in ("2 more tries", "1 more try", ""):
        await mail.locator("#number").fill("1")
        await mail.keyboard.press("Enter")
        await mail.wait_for_selector(f"text={left}" if left else "h1:text('This sign-in is over.')")
        await is_fine(mail)
    await popup.wait_for_selector("[data-while=over] h1:visible")
    await is_fine(popup)
    await mail.context.close()


# --- attacks ------------------------------------------------------------------------------------------------------


def redemptions(watched: Watched) -> list[str]:
    return [url for url in watched.requests if url.endswith("/api/session")]


async def gone_to(page: Page, url: str) -> None:
    """Goes there by itself, so that its opener stays."""
    await page.evaluate("url => { location.href = url }", url)
    await page.wait_for_url(url)


async def test_messages_of_other_windows_and_origins_are_not_heard(world: World, watched: Watched):
    page = await opened(world, watched)
    popup = await popped(page)
    said = '{type: "ymateb:signed-in", code: "stolen"}'
    await page.evaluate(f"window.postMessage({said}, '*')")
    evil = f"http://evil.localhost:{world.host_port}/page"
    world.host_pages["/page"] = "<!doctype html><title>Evil</title>"
    async with page.expect_popup() as waiting:
        await page.evaluate("url => { window.open(url) }", evil)
    other = await waiting.value
    await other.wait_for_load_state()
    await other.evaluate(f"window.opener.postMessage({said}, '*')")  # another window, another origin
    await gone_to(other, f"{world.base}/sign-in/callback")
    await other.evaluate(f"window.opener.postMessage({said}, '*')")  # another window, the right origin
    await gone_to(popup, evil)
    await popup.evaluate(f"window.opener.postMessage({said}, '*')")  # the right window, gone elsewhere
    await gone_to(popup, f"{world.base}/sign-in/callback")
    await popup.evaluate("window.opener.postMessage({type: 'ymateb:signed-in', code: 7}, '*')")  # no code
    assert redemptions(watched) == []
    await popup.evaluate(f"window.opener.postMessage({said}, '*')")  # the right window: but the code is none
    await says(page, ".ym-said", "We cannot do this right now.")
    assert len(redemptions(watched)) == 1
    await expect(page.locator(".ym-sign-in")).to_be_visible()


async def test_an_attackers_page_that_opens_the_pop_up_gets_nothing(
    world: World, context: BrowserContext, gwen: IndieAuthSite
):
    """The victim agrees in a flow that the attacker began, in a window that the attacker's page has opened."""
    gwen.asks = False
    world.host_pages["/evil"] = "<!doctype html><title>Evil</title>"
    evil = await context.new_page()
    await evil.goto(f"http://evil.localhost:{world.host_port}/evil")
    await evil.evaluate("window.heard = []; addEventListener('message', ({data}) => heard.push(data))")
    query = f"target={world.host}/post&origin={world.host}&challenge={'x' * 43}&lang=en"
    async with evil.expect_popup() as waiting:
        await evil.evaluate("url => { window.open(url) }", f"{world.base}/sign-in?{query}")
    popup = await waiting.value
    await popup.locator("#me").fill(gwen.me)
    await popup.keyboard.press("Enter")
    with suppress(Error):  # it closes itself
        await popup.wait_for_selector("[data-while=done]")
    await eventually(popup.is_closed)
    assert await evil.evaluate("heard") == []


async def test_a_page_on_the_way_that_cuts_the_opener_off_is_no_hindrance(
    world: World, watched: Watched, gwen: IndieAuthSite
):
    gwen.cuts_off_openers = True
    page = await opened(world, watched)
    popup = await popped(page)
    await popup.locator("#me").fill(gwen.me)
    await popup.keyboard.press("Enter")
    await popup.locator("text=Allow").click()
    await popup.wait_for_selector(".ym-sign-out")
    assert popup.url == page.url
    assert await popup.evaluate("window.opener") is None
    await focus_on(popup, ".ym-said")
    await says(popup, ".ym-said", "You are signed in. You can close this window.")
    await page.wait_for_selector(".ym-sign-out")
    await expect(page.locator(".ym-session")).to_contain_text("Signed in as Gwen Prosser")
    await popup.close()
    await comment(page, "From the window that asked.")
    assert await page.locator(".ym-proof").count() == 1
    assert await page.evaluate("Object.keys(localStorage).filter(key => key.includes('sign-in'))") == []
    assert watched.complaints == []


async def test_a_page_that_cuts_its_own_windows_off_can_be_signed_in_to(
    world: World, watched: Watched, browser: Browser, mailbox: Mailbox
):
    world.host_headers = {"Cross-Origin-Opener-Policy": "same-origin"}
    page = await opened(world, watched)
    popup = await popped(page)
    await popup.locator("#email").fill(ADDRESS)
    await popup.locator("#email").press("Enter")
    number = await popup.locator(".number").inner_text()
    await type_number(browser, await link_in(mailbox), number)
    await popup.wait_for_selector(".ym-sign-out")
    await page.wait_for_selector(".ym-sign-out")
    await page.locator(".ym-sign-out").click()
    await popup.wait_for_selector(".ym-sign-in")
    assert watched.complaints == []


async def begin_for_attacker(world: World, page: Page, gwen: IndieAuthSite, back_to: str) -> None:
    """The victim follows a link of the attacker's, and agrees in the attacker's flow."""
    gwen.asks = False
    query = f"target={world.host}/post&origin={world.host}&challenge={'x' * 43}&lang=en&page={back_to}"
    await page.goto(f"{world.base}/sign-in?{query}")
    await page.locator("#me").fill(gwen.me)
    await page.keyboard.press("Enter")


async def test_a_code_of_a_flow_that_the_page_has_not_begun_goes_nowhere(
    world: World, context: BrowserContext, gwen: IndieAuthSite
):
    """A redirect keeps what is behind `#`: one of the site's would carry the code on to whoever has the verifier."""
    world.host_redirects["/leave"] = f"http://evil.localhost:{world.host_port}/evil"
    world.host_pages["/evil"] = "<!doctype html><title>Evil</title>"
    page = await context.new_page()
    asked = Watched(page)
    await begin_for_attacker(world, page, gwen, f"{world.host}/leave")
    await page.wait_for_selector("[data-while=lost] h1:visible")
    assert page.url.startswith(f"{world.base}/sign-in/callback")
    assert [url for url in asked.requests if not url.startswith((world.base, gwen.url("/")))] == []


async def test_a_flow_that_was_prepared_elsewhere_ends_nowhere(
    world: World, context: BrowserContext, gwen: IndieAuthSite
):
    """The attacker has had the first pages to themselves, and sends the victim to where they are asked to agree; in a
    window, even, in which the victim had begun themselves."""
    gwen.cuts_off_openers = True
    page = await context.new_page()
    await page.goto(world.host_page("/post"))
    await page.wait_for_selector(".ym-session:not([hidden])")
    popup = await popped(page)
    asked = Watched(popup)
    fields = {"target": f"{world.host}/post", "origin": world.host, "challenge": "x" * 43, "page": f"{world.host}/post"}
    begun = await context.request.post(f"{world.base}/sign-in/domain", form=fields | {"me": gwen.me})
    await popup.goto(re.search(r'href="([^"]+)" data-go', await begun.text())[1].replace("&amp;", "&"))
    await popup.locator("text=Allow").click()
    await popup.wait_for_selector("[data-while=lost] h1:visible")
    assert [url for url in asked.requests if url.startswith(world.host)] == []


async def test_a_code_that_fits_no_verifier_signs_nobody_in(world: World, watched: Watched):
    page = await opened(world, watched)
    await page.evaluate("location.hash = 'ymateb-code=' + 'c'.repeat(43)")
    await page.reload()
    await focus_on(page, ".ym-said")
    assert redemptions(watched) == []
    assert await page.evaluate("location.hash") == ""

    popup = await popped(page)  # now one of their own is under way
    await page.evaluate("location.hash = 'ymateb-code=' + 'c'.repeat(43)")
    await page.reload()
    await focus_on(page, ".ym-said")
    await says(page, ".ym-said", "You are not signed in any more. Please sign in again.")
    assert len(redemptions(watched)) == 1
    assert await page.locator(".ym-sign-in").is_visible()
    await popup.close()


async def test_the_pop_up_alone_says_that_its_page_is_gone(world: World, context: BrowserContext, gwen: IndieAuthSite):
    gwen.asks = False
    page = await context.new_page()
    await page.goto(f"{world.base}/sign-in?target={world.host}/p&origin={world.host}&challenge={'x' * 43}&lang=en")
    await page.locator("#me").fill(gwen.me)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("[data-while=lost] h1:visible")
    await expect(page.locator("[data-while=done]")).to_be_hidden()


async def test_no_page_of_it_can_be_framed(world: World, context: BrowserContext):
    query = f"target={world.host}/post&origin={world.host}&challenge={'x' * 43}&lang=en"
    world.policy = f"default-src 'none'; frame-src {world.base}"
    world.host_pages["/frame"] = f'<!doctype html><title>x</title><iframe src="{world.base}/sign-in?{query}"></iframe>'
    page = await context.new_page()
    async with page.expect_event("console", lambda message: "frame-ancestors" in message.text):
        await page.goto(f"{world.host}/frame")
    assert len(page.frames) == 2
    for frame in page.frames:
        await expect(frame.locator("form")).to_have_count(0)


async def test_a_page_that_is_not_the_sites_cannot_begin(world: World, context: BrowserContext):
    page = await context.new_page()
    query = f"target={world.host}/post&origin=http://evil.localhost:{world.host_port}&challenge={'x' * 43}"
    answer = await page.goto(f"{world.base}/sign-in?{query}")
    assert answer.status == 403
    assert await page.locator("form").count() == 0
