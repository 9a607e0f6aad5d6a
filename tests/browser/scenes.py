"""The states that the widget can be in, each on a page of its own: for pictures, and for axe.

A scene puts a thread into the world, and then does on the page what a reader would do to get there."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from PIL import Image
from playwright.async_api import Page, expect

from mentions import sanitize, urls
from mentions.model import Author, Entry, Kind, Protocol
from mentions.storage import entries, pages
from mentions.storage.avatars import Avatars
from tests.browser.signing_pages import signed_in
from tests.browser.world import MORNING, World, said

STYLES: Final = """
:root { color-scheme: light dark }
body { margin: 0; background: light-dark(#fcfbf8, #17181a); color: light-dark(#25221d, #e6e3dc) }
body { font: 17px/1.6 sans-serif }
main { max-width: 44rem; margin: auto; padding: 1.5rem clamp(1rem, 4vw, 2.5rem) 4rem }
"""
"""A weblog of somebody else, plain and decent."""
WORDS: Final = (
    "The hens have moved into the chapel, and nobody minds.",
    "I keep coming back to this. We had the same quarrel about the gate in 1987, and the gate won.",
    "No.",
    "There is a longer answer in what my neighbour wrote last winter; she counts lambs and links with equal care.",
    "Diolch o galon. Mae’r drws yn lletach nag yr oedd.",
)


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is to see, and what was done to see it."""

    name: str
    fill: Callable[[World, str], Awaitable[None]]
    act: Callable[[World, Page], Awaitable[None]] | None = None
    attributes: str = ""
    direction: str = ""
    is_away: bool = False
    """The service does not answer, so what stands in the element stays."""
    context: dict[str, Any] = field(default_factory=dict)
    """Further wishes for the browser, `forced_colors` for one."""

    def place(self, world: World, lang: str, take: int = 0) -> str:
        """Puts the page there; its URL.  A scene in which something is done needs another page for each `take`."""
        away = 'service="http://127.0.0.1:9"' if self.is_away else ""
        inside = '<a href="/responses">Responses</a>' if self.is_away else ""
        path = f"/{self.name}-{take}" if self.act else f"/{self.name}"
        return world.host_page(path, inside, lang=lang, attributes=f"{self.attributes} {away}", styles=STYLES)


async def perform(scene: Scene, world: World, page: Page) -> None:
    """Waits for the thread that is already being loaded, and does what the scene wants done."""
    if scene.is_away:
        await page.wait_for_load_state("networkidle")
        return
    await page.wait_for_selector("ymateb-thread .ymateb-live", state="attached")
    if scene.direction:
        await page.locator(".ymateb").evaluate("(e, dir) => { e.dir = dir }", scene.direction)
    if scene.act:
        await scene.act(world, page)


async def nothing(world: World, url: str) -> None:
    """A page that nobody has answered."""


async def seeded(world: World, url: str) -> None:
    """The four thoughts of the seed."""
    await world.seed(url, "A post of mine")


async def many(world: World, url: str) -> None:
    """Sixty responses of every kind."""
    for n in range(28):
        await world.add(url, f"https://l{n}.example/{n}", said(Kind.LIKE, _name(n), f"https://l{n}.example/"))
    for n in range(5):
        await world.add(url, f"https://r{n}.example/{n}", said(Kind.REPOST, _name(n + 3), f"https://r{n}.example/"))
    for n, answer in enumerate(("yes", "yes", "no", "maybe")):
        who = said(Kind.RSVP, _name(n + 7), f"https://v{n}.example/", rsvp=answer)
        await world.add(url, f"https://v{n}.example/{n}", who)
    await world.add(url, "https://e.example/1", said(Kind.REACJI, "Elin", "https://e.example/", "🐑"))
    await world.add(url, "https://b.example/1", said(Kind.BOOKMARK, "Beca", "https://b.example/"))
    parent = None
    for n in range(21):
        kind = (Kind.REPLY, Kind.MENTION, Kind.QUOTATION, Kind.REPLY)[n % 4]
        home = f"https://w{n}.example/"
        more: dict[str, object] = (
            {"name": sanitize.clean_text("Notes of the week", 100)} if kind is Kind.MENTION else {}
        )
        if n % 5 == 4 and parent is not None:
            more["in_reply_to"] = (urls.parse(parent.source),)
        if n == 6:
            more["photos"] = (urls.parse(f"{home}a.jpg"), urls.parse(f"{home}b.jpg"))
        html = f"<p>{WORDS[n % len(WORDS)]}</p>" * (1 + n % 3)
        if n == 9:
            html = "<p>So:</p><ul><li>one</li><li>two</li></ul><blockquote>She said so.</blockquote><pre>make run</pre>"
        if n == 12:
            html = f"<p>{' '.join(WORDS * 12)}</p>"
        parent = await world.add(url, f"{home}{n}", said(kind, _name(n + 2), home, html, **more))
    await world.seed(url, "A post of mine")


async def deep(world: World, url: str) -> None:
    """A quarrel of nine levels, and one of two."""
    above: Entry | None = None
    for n in range(9):
        home = f"https://d{n}.example/"
        to = (urls.parse(above.source if above else url),)
        above = await world.add(
            url, f"{home}{n}", said(Kind.REPLY, _name(n), home, f"<p>{WORDS[n % 5]}</p>", in_reply_to=to)
        )
    await world.seed(url, "A post of mine")


async def graves(world: World, url: str) -> None:
    """A removed response that has answers."""
    await seeded(world, url)
    async with world.db.write() as c:
        page = await pages.by_key(c, urls.page_key(url))
        assert page is not None
        first = await entries.by_source(c, urls.source_key("https://ann.example/2026/doors"), page.id)
        assert first is not None
        await entries.withdraw(c, first.id, now=MORNING)


async def closed(world: World, url: str) -> None:
    """A thread that takes no more."""
    await seeded(world, url)
    async with world.db.write() as c:
        page = await pages.by_key(c, urls.page_key(url))
        assert page is not None
        await pages.set_closed(c, page.id, True)


async def odd_pictures(world: World, url: str) -> None:
    """Avatars that are wide, tall, transparent, tiny, and gone."""
    kept = Avatars(world.settings.data_dir)
    shapes = {"Wide": (256, 40), "Tall": (30, 256), "Tiny": (1, 1), "Square": (256, 256)}
    for n, (name, size) in enumerate(shapes.items()):
        out = io.BytesIO()
        Image.new("RGBA", size, (40 + 50 * n, 90, 160 - 30 * n, 120 if name == "Square" else 255)).save(out, "WEBP")
        path = kept.keep(out.getvalue(), now=datetime.now(UTC))
        home = f"https://{name.lower()}.example/"
        await world.add(url, f"{home}1", said(Kind.REPLY, name, home, f"<p>{WORDS[n]}</p>"), avatar=path)
        await world.add(url, f"{home}2", said(Kind.LIKE, name, home), avatar=path)
    home = "https://lost.example/"
    gone = "/avatars/" + "0" * 32 + ".webp"
    await world.add(url, f"{home}1", said(Kind.REPLY, "Lost", home, "<p>My picture is gone.</p>"), avatar=gone)
    await world.add(url, f"{home}2", said(Kind.LIKE, "Lost", home), avatar=gone)


async def long_words(world: World, url: str) -> None:
    """What has no place to break."""
    home = "https://llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch." + "a" * 50 + ".example/"
    name = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch " + "W" * 60
    reply = said(
        Kind.REPLY, name, home, f"<p>{'x' * 300}</p><pre>{'y' * 300}</pre><p>https://long.example/{'z' * 200}</p>"
    )
    parent = await world.add(url, home + "b" * 200, replace(reply, name=sanitize.clean_text("T" * 200, 300)))
    below = said(Kind.REPLY, name, home, f"<p>{'x' * 90}</p>", in_reply_to=(urls.parse(parent.source),))
    await world.add(url, home + "c", below)
    await world.add(url, home + "like", said(Kind.LIKE, name, home))
    await world.add(
        url, home + "ping",
        replace(said(Kind.MENTION, "", home), author=Author(), context=sanitize.clean_text("q" * 280, 300)),
        protocol=Protocol.PINGBACK,
    )  # fmt: skip


async def foreign(world: World, url: str) -> None:
    """Responses that are written from right to left, and in other scripts."""
    home = "https://layla.example/"
    first = await world.add(
        url, home + "1",
        said(Kind.REPLY, "ليلى العلوي", home, "<p>كانت جدتي تترك المفتاح تحت الحجر، لمن يأتي وهي مع الدجاج.</p>"
             "<ul><li>بيض</li><li>خبز</li></ul>", lang="ar"),
    )  # fmt: skip
    home = "https://sho.example/"
    await world.add(
        url, home + "1",
        said(Kind.REPLY, "翔", home, "<p>扉は開いています。</p>", lang="ja", in_reply_to=(urls.parse(first.source),)),
    )  # fmt: skip
    home = "https://dov.example/"
    await world.add(
        url,
        home + "1",
        said(Kind.REPLY, "דב", home, "<p>הדלת פתוחה (סוף סוף) – see https://dov.example/</p>", lang="he"),
    )
    await world.add(url, home + "2", said(Kind.LIKE, "דב", home))


async def hearsay(world: World, url: str) -> None:
    """Comments that a response's own page carries."""
    await world.seed(url, "A post of mine")
    homes = [f"https://c{n}.example/" for n in range(3)]
    told = tuple(
        said(Kind.REPLY, _name(n + 4), home, f"<p>{WORDS[n]}</p>", url=urls.parse(home + "1"))
        for n, home in enumerate(homes)
    )
    home = "https://bea.example/"
    await world.add(url, home + "1", said(Kind.REPLY, "Bea", home, "<p>They talk of it here, too.</p>", comments=told))


async def long_thread(world: World, url: str) -> None:
    """More than one page of responses."""
    for n in range(205):
        home = f"https://t{n}.example/"
        await world.add(url, f"{home}{n}", said(Kind.REPLY, _name(n), home, f"<p>{WORDS[n % 5]}</p>"))


async def _type(page: Page, text: str, name: str = "Cai") -> None:
    await page.locator(".ym-comment [name=content]").fill(text)
    await page.locator(".ym-comment [name=name]").fill(name)


async def posts(world: World, page: Page) -> None:
    """Writes a comment and stays with it."""
    await _type(page, f"Eggs, *mostly*.\n\n> {WORDS[world.minutes % 5]}\n\nAnd `salt`.", f"Cai {world.minutes}")
    await page.locator(".ym-post").click()
    await page.wait_for_selector(".ym-own-does")


async def edits(world: World, page: Page) -> None:
    """Begins to change one's own comment."""
    await posts(world, page)
    await page.locator(".ym-edit").click()


async def answers(world: World, page: Page) -> None:
    """Begins to answer a pingback."""
    await page.locator(".ym-pingback .ym-does > a").first.click()


async def previews(world: World, page: Page) -> None:
    """Looks at what was typed."""
    await _type(page, "Eggs, *mostly*.\n\n> They left eggs\n\n- one\n- two\n\n```\nmake run\n```")
    await page.locator(".ym-look").click()
    await page.wait_for_selector(".ym-preview:not([hidden])")


async def waits(world: World, page: Page) -> None:
    """Writes what has to be approved first."""
    await _type(page, "https://a.example https://b.example https://c.example")
    await page.locator(".ym-post").click()
    await page.wait_for_selector(".ym-said:not(:empty)")


async def fails(world: World, page: Page) -> None:
    """Writes while the line is dead."""
    await _type(page, "Is anybody there?")
    await page.context.set_offline(True)
    await page.locator(".ym-post").click()
    await page.wait_for_selector(".ym-said:not(:empty)")
    await page.context.set_offline(False)


async def errs(world: World, page: Page) -> None:
    """Forgets to say who writes."""
    await page.locator(".ym-comment [name=content]").fill("Who am I?")
    await page.locator(".ym-post").click()
    await page.wait_for_selector("[aria-invalid=true]")


async def hears(world: World, page: Page) -> None:
    """Is told of a response that has just come."""
    home = "https://new.example/"
    await world.add(
        page.url.split("#")[0], f"{home}{world.minutes}", said(Kind.REPLY, "Newcomer", home, "<p>Me too.</p>")
    )
    await page.wait_for_selector(".ymateb-live button")


async def likes(world: World, page: Page) -> None:
    """Likes two responses, and opens what is folded."""
    for button in (await page.locator(".ym-like button").all())[:2]:
        await button.click()
        await expect(button).to_have_attribute("aria-pressed", "true")
    await page.locator(".ym-elsewhere > summary").click()


SCENES: Final = (
    Scene("empty", nothing),
    Scene("four", seeded),
    Scene("both", seeded, attributes='also="cy"'),
    Scene("many", many),
    Scene("deep", deep),
    Scene("tombstone", graves),
    Scene("closed", closed),
    Scene("pictures", odd_pictures),
    Scene("long-words", long_words),
    Scene("foreign", foreign),
    Scene("rtl", seeded, direction="rtl"),
    Scene("forced", seeded, context={"forced_colors": "active"}),
    Scene("hearsay", hearsay),
    Scene("long", long_thread),
    Scene("posted", seeded, posts),
    Scene("editing", seeded, edits),
    Scene("answering", seeded, answers),
    Scene("preview", seeded, previews),
    Scene("held", seeded, waits),
    Scene("failed", seeded, fails),
    Scene("wrong", seeded, errs),
    Scene("news", seeded, hears),
    Scene("liked", seeded, likes),
    Scene("signed-in", seeded, signed_in),
    Scene("away", nothing, is_away=True),
)


def _name(n: int) -> str:
    given = ("Ann", "Bryn", "Cai", "Dilys", "Emyr", "Ffion", "Gwen", "Huw", "Idris", "Lowri", "Mair", "Nia", "Owain")
    family = ("Griffiths", "Tomos", "of the Heath", "", "Rowlands-Ellis", "Vaughan")
    return f"{given[n % len(given)]} {family[n % len(family)]}".strip()
