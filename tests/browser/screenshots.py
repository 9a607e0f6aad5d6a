"""`python -m tests.browser.screenshots [--out FOLDER]`: pictures of every page and of the widget, to be looked at.

Both languages, both colour schemes, wide and 320 pixels; and `docs/pictures/thread.png`, the thread of the seed, for
the README (`--readme`).  Needs a Chromium; starts the web process on embedded defaults in a folder of its own."""

from __future__ import annotations

import argparse
import asyncio
import io
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from PIL import Image
from playwright.async_api import Browser

from mentions.model import Claim, Hop, Link, NearMiss, Outcome, Protocol, Status, Trace
from mentions.storage import claims
from tests.browser.world import World
from tests.support.browser import chromium

ROOT = Path(__file__).parents[2]
SCHEMES = ("light", "dark")
WIDTHS = (1200, 320)


async def status_pages(world: World) -> dict[str, str]:
    """Status URLs that show something: one that succeeded, one that found no link."""
    now = datetime.now(UTC)
    target = world.base + "/demo/post"
    told = {}
    for name, status, trace, entry_id in (
        ("status-success", Status.SUCCESS, Trace(hops=(Hop("https://ann.example/2026/doors", 200, 84),)), 1),
        (
            "status-no-link", Status.NO_LINK_FOUND,
            Trace(
                hops=(Hop("http://bob.example/links", 301, 31), Hop("https://bob.example/links", 200, 120)),
                near_misses=(NearMiss(Link(target + "/?utm_source=x", "/x", "a[href]"), "tracking"),),
            ),
            None,
        ),
    ):  # fmt: skip
        claim = Claim(name.ljust(20, "0"), trace.hops[0].url, target, Protocol.WEBMENTION, now)
        summary = "The mention was verified." if entry_id else "The source does not link to the target."
        async with world.db.write() as c:
            await claims.save(c, Outcome(claim, status, summary, now, trace, entry_id=entry_id))
        told[name] = f"/webmention/{claim.id}"
    return told


async def take(browser: Browser, world: World, out: Path) -> int:
    """Every page in every guise; how many pictures."""
    post = world.host_page("/post")
    await world.seed(world.base + "/demo/post")
    await world.seed(post)
    paths = {
        "front": "/",
        "post": "/demo/post",
        "blog": "/demo/blog/",
        "reply": "/demo/blog/reply",
        "links": "/demo/blog/links",
        "snippets": "/demo",
        "form": "/webmention",
        "entry": "/entries/1",
        "nothing": "/nowhere",
        "embed": f"/embed?target={quote(post, safe='')}&also=cy",
        **await status_pages(world),
    }
    count = 0
    for scheme in SCHEMES:
        for width in WIDTHS:
            context = await browser.new_context(
                color_scheme=scheme, viewport={"width": width, "height": 800}, reduced_motion="reduce"
            )
            page = await context.new_page()
            for lang in ("en", "cy"):
                world.host_page("/post", lang=lang)
                for name, path in {**paths, "widget": None}.items():
                    url = post if path is None else f"{world.base}{path}{'&' if '?' in path else '?'}lang={lang}"
                    await page.goto(url)
                    if name in ("front", "post", "embed", "widget"):
                        await page.wait_for_selector(".ymateb-live", state="attached")
                    await page.screenshot(path=out / f"{name}-{lang}-{scheme}-{width}.png", full_page=True)
                    count += 1
            await context.close()
    return count


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
    wishes = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ymateb-") as folder:
        async with World(Path(folder)) as world, chromium() as browser:
            if wishes.readme:
                print(await take_for_readme(browser, world))
                return
            wishes.out.mkdir(parents=True, exist_ok=True)
            print(f"{await take(browser, world, wishes.out)} pictures in {wishes.out}")


if __name__ == "__main__":
    asyncio.run(main())
