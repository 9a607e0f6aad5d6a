"""`python -m tests.browser.screenshots [--out FOLDER]`: pictures of every page and of the widget, to be looked at.

Both languages, both colour schemes, wide and 320 pixels; and `docs/pictures/thread.png`, the thread of the seed, for
the README (`--readme`).  Needs a Chromium; starts the web process on embedded defaults in a folder of its own."""

from __future__ import annotations

import argparse
import asyncio
import io
import logging
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import quote

import structlog
from PIL import Image
from playwright.async_api import Browser, Page

from mentions.model import Claim, Hop, Kind, Link, NearMiss, Outcome, Protocol, Status, Trace
from mentions.storage import claims, comments, entries
from service import keys
from tests.browser.scenes import SCENES, Scene, perform
from tests.browser.signing_pages import signing_pages
from tests.browser.world import World, said
from tests.support.browser import chromium

ROOT = Path(__file__).parents[2]
SCHEMES = ("light", "dark")
WIDTHS = (1200, 320)
LANGUAGES = ("en", "cy")


async def status_pages(world: World) -> dict[str, str]:
    """Status URLs that show something: what succeeded, what is held, what waits, and the ways to fail."""
    now = datetime.now(UTC)
    target = world.base + "/demo/post"
    source = "https://ann.example/2026/doors"
    seen = Trace(hops=(Hop(source, 200, 84),), link=Link(target, "/demo/post", "a[href]"))
    near = Trace(
        hops=(Hop("http://bob.example/links", 301, 31), Hop("https://bob.example/links", 200, 120)),
        near_misses=(NearMiss(Link(target + "/?utm_source=x", "/x", "a[href]"), "tracking"),),
        notes=("The page was cut at 1 MiB.",),
    )
    dead = Trace(hops=(Hop("https://gone.example/" + "very-long-" * 12, None, 20_000, "no answer within 20 s"),))
    told = {}
    for name, status, trace, summary, entry_id in (
        ("success", Status.SUCCESS, seen, "The mention was verified.", 1),
        ("no-link", Status.NO_LINK_FOUND, near, "The source does not link to the target.", None),
        ("timeout", Status.TIMEOUT, dead, "The source did not answer in time.", None),
        (
            "deleted",
            Status.DELETED,
            Trace(hops=(Hop(source, 410, 12),)),
            "The source is gone; so is the mention.",
            None,
        ),
        ("retrying", Status.RETRYING, dead, "The source did not answer in time.", None),
    ):
        claim = Claim(f"status-{name}".ljust(20, "0"), trace.hops[0].url, target, Protocol.WEBMENTION, now)
        later = now + timedelta(minutes=4) if status is Status.RETRYING else None
        outcome = Outcome(claim, status, summary, now, trace, entry_id=entry_id, next_try_at=later)
        async with world.db.write() as c:
            await claims.save(c, outcome)
        told[f"status-{name}"] = f"/webmention/{claim.id}"
    waiting = Claim("status-queued0000000", source, target, Protocol.WEBMENTION, now)
    await world.app[keys.QUEUE].add(waiting)
    return told | {"status-queued": f"/webmention/{waiting.id}"}


async def own_pages(world: World) -> dict[str, str]:
    """Every page of ours, by name."""
    post = world.host_page("/four")
    await world.seed(world.base + "/demo/post")
    async with world.db.write() as c:
        await entries.withdraw(c, 4, now=datetime.now(UTC))
    return {
        "front": "/",
        "post": "/demo/post",
        "blog": "/demo/blog/",
        "reply": "/demo/blog/reply",
        "links": "/demo/blog/links",
        "snippets": "/demo",
        "form": "/webmention",
        "form-filled": f"/webmention?source=https%3A%2F%2Fann.example%2F1&target={quote(post, safe='')}",
        "entry": "/entries/1",
        "entry-answer": "/entries/2",
        "entry-removed": "/entries/4",
        "nothing": "/nowhere",
        "refused": "/embed?target=https%3A%2F%2Felsewhere.example%2F",
        "embed": f"/embed?target={quote(post, safe='')}&also=cy",
        "embed-held": f"/embed?target={quote(post, safe='')}&held=links+fast",
        **await edit_pages(world, world.host_page("/edited")),
        **await status_pages(world),
        **await signing_pages(world),
    }


async def edit_pages(world: World, post: str) -> dict[str, str]:
    """What somebody without our script sees of their own comment: posted, to be changed, and too late."""
    key = "k" * 32
    mine = await world.add(
        post, f"{world.base}/mine", said(Kind.REPLY, "Cai", "", "<p>Eggs, mostly.</p>"), protocol=Protocol.COMMENT
    )
    async with world.db.write() as c:
        until = datetime.now(UTC) + timedelta(hours=1)
        await comments.keep(c, mine.id, markdown="Eggs, *mostly*.", edit_token=key, editable_until=until)
    return {
        "embed-own": f"/embed?target={quote(post, safe='')}&new={mine.id}&own={mine.id}&key={key}",
        "edit": f"/entries/{mine.id}/edit?key={key}",
        "edit-over": f"/entries/{mine.id}/edit?key=another",
    }


class Camera:
    """Takes pictures of pages in both languages, both colour schemes, wide and narrow."""

    def __init__(self, browser: Browser, out: Path, wanted: Sequence[str]) -> None:
        self._browser, self._out, self._wanted = browser, out, wanted
        self.count = 0

    def wants(self, name: str) -> bool:
        """Whether pictures of that name were asked for."""
        return not self._wanted or any(name.startswith(each) for each in self._wanted)

    async def take(self, name: str, show: Callable[[Page, str], Awaitable[None]], **context: Any) -> None:
        """`show` brings a fresh page to where the picture is taken, in a language."""
        if not self.wants(name):
            return
        for scheme, width, lang in product(SCHEMES, WIDTHS, LANGUAGES):
            profile = await self._browser.new_context(
                color_scheme=scheme, viewport={"width": width, "height": 800}, reduced_motion="reduce", **context
            )
            page = await profile.new_page()
            await show(page, lang)
            await page.screenshot(path=self._out / f"{name}-{lang}-{scheme}-{width}.png", full_page=True)
            await profile.close()
            self.count += 1


async def take(camera: Camera, world: World) -> None:
    """Every page and every state of the widget, in every guise."""
    for name, path in (await own_pages(world)).items():

        async def show(page: Page, lang: str, path: str = path) -> None:
            await page.goto(f"{world.base}{path}{'&' if '?' in path else '?'}lang={lang}")
            if path == "/" or path.startswith(("/demo/post", "/embed?target=http%3A")):
                await page.wait_for_selector(".ymateb-live", state="attached")

        await camera.take(name, show)
    await camera.take("comment", partial(wrong_form, world))
    filled: set[str] = set()
    for scene in SCENES:

        async def play(page: Page, lang: str, scene: Scene = scene) -> None:
            url = scene.place(world, lang, camera.count)
            if url not in filled:
                await scene.fill(world, url)
                filled.add(url)
            await page.goto(url)
            await perform(scene, world, page)

        await camera.take(f"widget-{scene.name}", play, **scene.context)


async def wrong_form(world: World, page: Page, lang: str) -> None:
    """The page that a form comes back as, to whom runs no script."""
    await page.add_init_script("document.addEventListener('submit', event => event.stopImmediatePropagation(), true)")
    await page.goto(f"{world.base}/embed?target={quote(world.host_page('/empty'), safe='')}&lang={lang}")
    await page.locator(".ym-comment [name=content]").fill("Eggs, *mostly*.")
    await page.locator(".ym-comment [name=name]").fill("Cai")
    await page.locator(".ym-comment [name=url]").fill("javascript:alert(1)")
    await page.locator(".ym-comment .ym-post").click()
    await page.wait_for_url("**/api/comments")


async def take_for_readme(browser: Browser, world: World) -> Path:
    """The thread as it stands below the demo post, light and dark beside each other."""
    await world.seed(world.base + "/demo/post")
    halves = []
    for lang, scheme in (("en", "light"), ("cy", "dark")):
        context = await browser.new_context(
            color_scheme=scheme, viewport={"width": 690, "height": 900}, device_scale_factor=1.5
        )
        page = await context.new_page()
        await page.goto(f"{world.base}/demo/post?lang={lang}")
        await page.wait_for_selector(".ymateb-live", state="attached")
        await page.evaluate(
            "document.querySelectorAll('.ym-host').forEach(e => e.textContent.includes('127.0.0.1') && e.remove())"
        )
        if lang == "en":
            await page.locator(".ym-pingback .ym-like button").click()
            await page.wait_for_selector(".ym-pingback .ym-likes:not(:empty)")
        await page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
        box = await page.locator(".thread").bounding_box()
        last = await page.locator(".ym-comment").bounding_box()
        assert box
        assert last
        bottom = last["y"] + last["height"] + 8
        clip = {"x": 0, "y": box["y"] - 28, "width": 690, "height": bottom - box["y"] + 28}
        halves.append(Image.open(io.BytesIO(await page.screenshot(clip=clip, full_page=True))))
        await context.close()
    picture = Image.new("RGB", (sum(half.width for half in halves), min(half.height for half in halves)))
    left = 0
    for half in halves:
        picture.paste(half, (left, 0))
        left += half.width
    path = ROOT / "docs" / "pictures" / "thread.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.quantize(128).save(path, optimize=True)
    return path


async def main() -> None:
    """Takes the pictures and says where they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "screenshots")
    parser.add_argument("--readme", action="store_true", help="only the picture of the README")
    parser.add_argument(
        "--only", nargs="+", default=(), metavar="NAME", help="only what starts with one of these names"
    )
    wishes = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory(prefix="ymateb-") as folder:
        async with World(Path(folder), mail_url="smtp://127.0.0.1:9") as world, chromium() as browser:
            if wishes.readme:
                print(await take_for_readme(browser, world))
                return
            wishes.out.mkdir(parents=True, exist_ok=True)
            camera = Camera(browser, wishes.out, wishes.only)
            await take(camera, world)
            print(f"{camera.count} pictures in {wishes.out}")


if __name__ == "__main__":
    asyncio.run(main())
