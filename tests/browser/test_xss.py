# ruff: noqa: E501 -- markup and data read better unbroken
"""Attacks, read as any page is read and kept as any entry is kept, shown in a real Chromium: nothing happens.

What would be noticed: a dialog or any function that attacks call, a request that the page did not mean to make, a frame,
a violation of a policy, an event handler, and a URL that is not http, https or mailto."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from html import escape
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page

from mentions import urls
from mentions.errors import ParserError
from mentions.model import Document, EntryState, Protocol, Reaction, Url
from mentions.reading import read_source, read_target
from mentions.sanitize import POLICY_VERSION
from mentions.storage import entries, pages, sites
from tests.browser.world import MORNING, World
from tests.peers import Peer
from tests.support.waiting import eventually
from tests.unit.xss import VECTORS

pytestmark = pytest.mark.browser

AT_ONCE = 190
"""Attacks in one thread: all on one page of it."""
BEACONS = (
    "<img src=//CANARY/i>", "<img srcset='//CANARY/i 1x'>", "<picture><source srcset=//CANARY/p><img></picture>", "<image href=//CANARY/i>", "<input type=image src=//CANARY/i>",
    "<link rel=stylesheet href=//CANARY/s>", "<link rel=preload as=image href=//CANARY/s>", "<link rel=prefetch href=//CANARY/s>", "<link rel=icon href=//CANARY/s>", "<style>@import '//CANARY/s'</style>",
    "<p style='background:url(//CANARY/b)'>x</p>", "<body background=//CANARY/b>", "<table background=//CANARY/b><td background=//CANARY/b>x</table>", "<iframe src=//CANARY/f></iframe>", "<frameset><frame src=//CANARY/f></frameset>",
    "<object data=//CANARY/o></object>", "<embed src=//CANARY/o>", "<video poster=//CANARY/v src=//CANARY/v autoplay></video>", "<audio src=//CANARY/v autoplay></audio>", "<video><track src=//CANARY/t default></video>",
    "<svg><image href=//CANARY/v /></svg>", "<svg><use href='//CANARY/v#x' /></svg>", "<svg><style>@import '//CANARY/s'</style></svg>", "<math><mglyph src=//CANARY/m /></math>", "<script src=//CANARY/j></script>",
    "<script type=module>import '//CANARY/j'</script>", "<form action=//CANARY/f><input autofocus onfocus=form.submit()></form>", "<meta http-equiv=refresh content='0;url=//CANARY/r'>", "<base href=//CANARY/><img src=x>", "<a href=//CANARY/a ping=//CANARY/p>x</a>",
    "<bgsound src=//CANARY/v>", "<isindex action=//CANARY/f>", "<noscript><img src=//CANARY/i></noscript>", "<template shadowrootmode=open><img src=//CANARY/i></template>", "<q cite=//CANARY/q>x</q>",
    "<img src=x onerror=\"this.src='//CANARY/i'\">", "<svg><script href=//CANARY/j></script></svg>", "<xmp><img src=//CANARY/i></xmp>", "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=//CANARY/i&gt;'>",
    "<form><math><mtext></form><form><mglyph><svg><mtext><style><path id='</style><img onerror=alert(1) src=//CANARY/i>'>",
)  # fmt: skip
HOSTILE_URLS = (
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:alert(1)", 'https://x.example/"onmouseover="alert(1)',
    "https://x.example/'onmouseover='alert(1)", "https://x.example/`onmouseover=alert(1)", "https://x.example/><img src=x onerror=alert(1)>", 'https://x.example/?"><script>alert(1)</script>', "//x.example/\"'><svg onload=alert(1)>",
    "javascript://x.example/%0aalert(1)", "blob:https://x.example/1", 'https://x.example/#"><img src=x onerror=alert(1)>', "https://user:pass@x.example/", "\x01javascript:alert(1)",
)  # fmt: skip
WATCHING = """
for (const name of ['alert', 'confirm', 'prompt', 'print', 'open', 'msgbox'])
  window[name] = () => window.noticed(name);
addEventListener('securitypolicyviolation', event => {
  if (!event.blockedURI.endsWith('/favicon.ico')) window.noticed(event.effectiveDirective + ' ' + event.blockedURI);
});
"""
TOUCH_ALL = """
async () => {
  document.addEventListener('click', event => event.preventDefault(), true);
  document.addEventListener('submit', event => event.preventDefault(), true);
  const names = ['click', 'mouseover', 'pointerenter', 'focus', 'blur', 'toggle', 'beforetoggle', 'scroll', 'wheel', 'copy', 'paste',
    'drag', 'auxclick', 'contextmenu', 'animationstart', 'transitionend', 'load', 'error', 'begin', 'close', 'start'];
  for (const element of document.querySelectorAll('body *:not(button, form, input, textarea, ymateb-thread, script)'))
    for (const name of names) element.dispatchEvent(new Event(name, {bubbles: false, cancelable: true}));
  await new Promise(done => requestAnimationFrame(() => requestIdleCallback(done, {timeout: 2000})));
}
"""
SUSPECTS = """
() => [...document.querySelectorAll('body, body *')].flatMap(element => [...element.attributes]
  .filter(({name, value}) => /^on|^style$|^srcdoc$|^ping$/i.test(name)
    || (/^formaction$/i.test(name) && !value.endsWith('/api/comments/preview'))
    || (/href$|^src$|^cite$|^action$|^poster$|^data$/i.test(name) && !/^(https?:|mailto:|[/#?.]|$)/i.test(value)))
  .map(({name, value}) => `${element.tagName} ${name}=${value}`))
"""
PUT_FRAGMENT = "async url => { document.body.innerHTML = await (await fetch(url)).text(); }"
PUT_API = """
async url => {
  const {children} = await (await fetch(url)).json();
  const html = [], links = [];
  for (const child of children) {
    if (child.content && child.content.html) html.push(`<div>${child.content.html}</div>`);
    for (const link of [child.url, child['wm-source'], child.author && child.author.url, ...(child.syndication || []), ...(child.photo || []),
                        child.author && child.author.photo].flat())
      if (link) links.push(`<a href="${link}">1</a><a href='${link}'>2</a>`);
  }
  for (const markup of [...html, ...links]) document.body.appendChild(document.createElement('div')).innerHTML = markup;
  return [html.length, links.length, document.querySelectorAll('a[href]').length];
}
"""


class Watch:
    """A page on which anything that an attack does is noticed."""

    def __init__(self, page: Page, canary: Peer) -> None:
        self.page, self._canary = page, canary
        self.noticed: list[str] = []
        page.on("dialog", lambda dialog: self.noticed.append(f"dialog {dialog.message}"))
        page.on("request", self._see_request)

    @classmethod
    async def open(cls, context: BrowserContext, canary: Peer) -> Watch:
        page = await context.new_page()
        watch = cls(page, canary)
        await page.expose_binding("noticed", lambda _, what: watch.noticed.append(what))
        await page.add_init_script(WATCHING)
        return watch

    def _see_request(self, request: Any) -> None:
        if self._canary.authority in request.url and self._canary.path(request.url) not in ("/blank", "/favicon.ico"):
            self.noticed.append(f"request {request.url}")

    async def touch(self) -> None:
        """Sets off whatever waits for an event, and looks for what waits for a reader."""
        await self.page.evaluate(TOUCH_ALL)
        self.noticed += await self.page.evaluate(SUSPECTS)
        self.noticed += [f"frame {frame.url}" for frame in self.page.frames[1:]]


@pytest_asyncio.fixture(loop_scope="session")
async def canary():
    """Whom attacks would call; `/blank` is a page that reports whatever is run or loaded in it."""
    async with Peer("127.0.0.3") as peer:
        policy = "default-src 'none'; connect-src *; script-src 'report-sample'"
        peer.serve(
            "/blank", "<!doctype html><title>x</title><body>", headers={"Content-Security-Policy-Report-Only": policy}
        )
        yield peer


@pytest_asyncio.fixture(loop_scope="session")
async def watch(context: BrowserContext, canary: Peer) -> Watch:
    return await Watch.open(context, canary)


def attacks(canary: Peer) -> list[str]:
    return [
        one.replace("CANARY", canary.authority).replace("evil.example", canary.authority)
        for one in (*VECTORS, *BEACONS)
    ]


def hostile_page(attack: str, number: int, target: str) -> str:
    """The attack as words, as a name, and as a title; a URL of the same kind wherever a URL may be."""
    words = escape(attack.replace("\ud800", ""))
    link = itertools.cycle(escape(url) for url in HOSTILE_URLS[number % len(HOSTILE_URLS) :] + HOSTILE_URLS)
    return (
        f'<!doctype html><title>{words}</title><article class="h-entry"><a class="u-in-reply-to" href="{escape(target)}">re</a>'
        f'<a class="p-author h-card" href="{next(link)}"><img class="u-photo" src="{next(link)}" alt="">{words}</a>'
        f'<a class="u-url" href="{next(link)}">url</a><a class="u-syndication" href="{next(link)}">copy</a>'
        f'<img class="u-photo" src="{next(link)}"><a class="p-category" href="{next(link)}">{words}</a><h1 class="p-name">{words}</h1>'
        f'<time class="dt-published" datetime="{words}">{words}</time><div class="e-content">{attack}</div></article>'
    )


def read_all(canary: Peer, target: str) -> list[Reaction]:
    """What the attacks are after reading; those that cannot be read are none."""
    found = []
    for number, attack in enumerate(attacks(canary)):
        source = f"https://source{number}.example/post"
        body = hostile_page(attack, number, target).encode("utf-8", "surrogatepass")
        try:
            reading = read_source(Document(Url(source), "text/html", "utf-8", body), source=source, target=target)
        except ParserError:
            continue
        if reading.reaction is not None:
            found.append(reading.reaction)
    return found


async def fill(world: World, target: str, reactions: Sequence[Reaction]) -> None:
    """Keeps them below one page, whose title is an attack too."""
    title = '"><img src=x onerror=alert(1)></title><script>alert(1)</script>'
    facts = read_target(Document(Url(target), "text/html", "utf-8", f"<title>{escape(title)}</title>".encode()))
    async with world.db.write() as c:
        site = next(one for one in await sites.all(c) if urls.site_authority(target) in {one.authority, *one.aliases})
        page = await pages.ensure(c, site.id, target, now=MORNING)
        await pages.learn(c, page.id, canonical=target, title=facts.title, checked_at=MORNING)
        for number, reaction in enumerate(reactions):
            await entries.insert(
                c, site_id=site.id, page_id=page.id, source=f"https://source{number}.example/post?\"'><script>alert(1)</script>", target=target,
                protocol=Protocol.WEBMENTION, reaction=reaction, state=EntryState.SHOWN, now=MORNING, policy_version=POLICY_VERSION,
            )  # fmt: skip


def batches(canary: Peer, world: World) -> list[tuple[str, list[Reaction]]]:
    """The attacks, some at a time, each batch below a page of its own."""
    found = []
    reactions = read_all(canary, f"{world.host}/any")
    for number, start in enumerate(range(0, len(reactions), AT_ONCE)):
        found.append((f"{world.host}/post/{number}", reactions[start : start + AT_ONCE]))
    return found


async def test_an_attack_that_is_not_sanitised_is_noticed(watch: Watch, canary: Peer):
    for attack, noticed in (
        ("<img src=//CANARY/x>", "request http"),
        ("<img src=x onerror=alert(1)>", "alert"),
        ("<p onpointerenter=alert(1)>x</p>", "alert"),
        ("<p onclick=alert(1)>x</p>", "script-src"),
        ("<a href='javascript:alert(1)'>x</a>", "A href=javascript"),
        ("<iframe src='about:blank'></iframe>", "frame"),
        ("<p style='color:red'>x</p>", "style"),
    ):
        watch.noticed.clear()
        await watch.page.goto(canary.url("/blank"))
        html = attack.replace("CANARY", canary.authority)
        await watch.page.evaluate("html => { document.body.innerHTML = html; }", html)

        async def is_noticed(noticed: str = noticed) -> bool:
            await watch.touch()
            return any(noticed in one for one in watch.noticed)

        await eventually(is_noticed, what=f"{noticed} of {attack} is noticed among {watch.noticed}")


async def test_attacks_are_harmless_wherever_they_are_shown(world: World, watch: Watch, canary: Peer):
    seen = 0
    for target, reactions in batches(canary, world):
        await fill(world, target, reactions)
        asked = quote(target, safe="")
        seen += len(reactions)
        await watch.page.goto(f"{world.base}/embed?target={asked}&lang=en")
        await watch.touch()
        shown = await watch.page.locator(".ym-item").count()
        assert 0.9 * len(reactions) < shown <= len(reactions), "those with nothing to say are faces"
        await watch.page.goto(canary.url("/blank"))
        await watch.page.evaluate(PUT_FRAGMENT, world.thread_url(target, lang="cy"))
        await watch.touch()
        assert await watch.page.locator(".ym-item").count() == shown
        await watch.page.goto(canary.url("/blank"))
        html, links, anchors = await watch.page.evaluate(
            PUT_API, f"{world.base}/api/mentions.jf2?target={asked}&per-page=1000"
        )
        assert html > shown / 3
        assert anchors >= 2 * links
        await watch.touch()
        assert watch.noticed == []
    assert seen > 250


async def test_the_widget_shows_attacks_under_the_strictest_policy(world: World, watch: Watch, canary: Peer):
    target = world.host_page("/post/0")
    reactions = read_all(canary, target)[-AT_ONCE:]
    await fill(world, target, reactions)
    await watch.page.goto(target)
    await watch.page.wait_for_selector("ymateb-thread .ymateb")
    await watch.touch()
    assert await watch.page.locator(".ym-item").count() > 0.9 * len(reactions)
    assert watch.noticed == []
