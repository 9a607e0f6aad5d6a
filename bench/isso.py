"""A thread of 200 comments in the reader's browser, here and in a real Isso: `python -m bench.isso`.

Isso is PyPI's, in `.venv-isso` (`make bench` makes it where PyPI can be reached).  Two hundred comments on two levels
are written into it; its database is what our import reads, so that both have the same thread.  A page on loopback
embeds one or the other; Chromium opens them by turns, each time with nothing kept from before.

Counted is all that the embedding causes: requests, bytes on the wire (Isso packs nothing by itself, so all bodies are
packed for another row), milliseconds from the navigation until the last comment can be seen, and of the page's main
thread the milliseconds of script and of everything."""

from __future__ import annotations

import asyncio
import base64
import gzip
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from playwright.async_api import Browser, CDPSession

from bench.reading import text
from tests.interop.peers.isso import PROGRAM, Isso
from tests.support.browser import chromium, find_chromium
from tests.support.processes import free_port
from tests.support.product import Product

COMMENTS = 200
POST = "/post"
TITLE = "Notes on reading"
SEEN = """(selector) => {
    const all = document.querySelectorAll(selector);
    const last = all[all.length - 1];
    return all.length === %d && last.getBoundingClientRect().height > 0 && performance.now();
}"""


@dataclass(frozen=True, slots=True)
class Load:
    """What one opening of the page took."""

    requests: int
    wire_bytes: int
    bytes: int
    zipped_bytes: int
    seen_ms: float
    script_ms: float
    thread_ms: float


async def discuss(isso: Isso) -> None:
    """Writes the comments: every fourth to the post, the others to the one before them at the top."""
    top = None
    for n in range(COMMENTS):
        who = {"author": f"Person {n}", "website": f"https://person{n}.example/"}
        said = await isso.write(POST, text(n, 20 + n % 40), title=TITLE, **who, **({"parent": top} if n % 4 else {}))
        top = top if n % 4 else said


@asynccontextmanager
async def host(pages: dict[str, str], port: int) -> AsyncIterator[str]:
    """A site with these pages; its origin."""

    async def show(request: web.Request) -> web.Response:
        if (body := pages.get(request.path)) is None:
            raise web.HTTPNotFound
        return web.Response(text=f"<!doctype html><title>{TITLE}</title>{body}", content_type="text/html")

    app = web.Application()
    app.router.add_get("/{path:.*}", show)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


async def load(browser: Browser, url: str, selector: str) -> Load:
    """Opens the page in a browser that knows nothing yet."""
    context = await browser.new_context()
    page = await context.new_page()
    devtools = await context.new_cdp_session(page)
    urls: dict[str, str] = {}
    wire: dict[str, int] = {}
    unpacked: dict[str, int] = {}
    devtools.on("Network.requestWillBeSent", lambda e: urls.setdefault(e["requestId"], e["request"]["url"]))
    devtools.on("Network.loadingFinished", lambda e: wire.update({e["requestId"]: int(e["encodedDataLength"])}))

    def note(e: dict[str, object]) -> None:
        number = str(e["requestId"])
        unpacked[number] = unpacked.get(number, 0) + int(str(e["dataLength"]))

    devtools.on("Network.dataReceived", note)
    await devtools.send("Network.enable")
    await devtools.send("Performance.enable")
    await page.goto(url, wait_until="commit")
    seen = await page.wait_for_function(SEEN % COMMENTS, arg=selector, polling="raf", timeout=60_000)
    seen_ms = float(await seen.json_value())
    await page.wait_for_load_state("networkidle")
    caused = [n for n, u in urls.items() if u.startswith("http") and u != url and not u.endswith("/favicon.ico")]
    whole = [number for number in caused if number in wire and number in unpacked]
    zipped = [gzip.compress(await body_of(devtools, number), 6) for number in whole]
    metrics = {m["name"]: m["value"] for m in (await devtools.send("Performance.getMetrics"))["metrics"]}
    await context.close()
    return Load(
        len(caused),
        sum(wire.get(n, 0) for n in caused),
        sum(unpacked.get(n, 0) for n in caused),
        sum(map(len, zipped)),
        seen_ms,
        metrics["ScriptDuration"] * 1e3,
        metrics["TaskDuration"] * 1e3,
    )


async def body_of(devtools: CDPSession, number: str) -> bytes:
    """The body of an answer, unpacked."""
    found = await devtools.send("Network.getResponseBody", {"requestId": number})
    return base64.b64decode(found["body"]) if found["base64Encoded"] else found["body"].encode()


async def measure(rounds: int) -> None:
    """Prints the table."""
    port = free_port()
    site = f"127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="ymateb-isso-") as folder:
        async with (
            Isso(Path(folder), site=f"http://{site}") as isso,
            Product(sites=[site], workers=0) as product,
            chromium() as browser,
        ):
            await discuss(isso)
            await product.command("service", "import", "--site", site, "isso", str(isso.database))
            pages = {
                "/isso": f'<script data-isso="{isso.origin}/" data-isso-max-comments-nested="inf" '
                f'src="{isso.origin}/js/embed.min.js" async></script>'
                f'<section id="isso-thread" data-isso-id="{POST}" data-title="{TITLE}"></section>',
                "/ymateb": f'<ymateb-thread target="http://{site}{POST}" lang="en"></ymateb-thread>'
                f'<script type="module" src="{product.base}/widget.js"></script>',
            }
            opened: dict[str, list[Load]] = {"/ymateb": [], "/isso": []}
            selectors = {"/ymateb": ".ym-item", "/isso": "#isso-root .isso-comment"}
            async with host(pages, port) as origin:
                for turn in range(rounds + 1):
                    for path, loads in opened.items():
                        seen = await load(browser, origin + path, selectors[path])
                        if turn:  # the first one warms the servers
                            loads.append(seen)
    print(f"| {COMMENTS} comments, nested | Ymateb | Isso | ratio |\n|---|---|---|---|")
    for name, label, form in ROWS:
        ours, theirs = (statistics.median(getattr(one, name) for one in opened[path]) for path in opened)
        print(f"| {label} | {ours:{form}} | {theirs:{form}} | {ours / theirs:.2f} |", flush=True)
    print(
        "\nOne request of ours is the stream of live news, which Isso has not; it begins when the thread can be seen."
    )


ROWS = (
    ("requests", "requests, the stream of news among them", ".0f"),
    ("wire_bytes", "bytes on the wire", ",.0f"),
    ("zipped_bytes", "bytes, if a proxy packed all bodies", ",.0f"),
    ("bytes", "bytes unpacked", ",.0f"),
    ("seen_ms", "ms until the last comment is seen", ".0f"),
    ("script_ms", "ms of script", ".0f"),
    ("thread_ms", "ms of the page's main thread", ".0f"),
)


async def main(rounds: int) -> bool:
    """The table, or what is missing for it."""
    if not PROGRAM.exists():
        print("Not measured: no Isso in .venv-isso; `make bench` installs it where PyPI can be reached.", flush=True)
        return False
    try:
        find_chromium()
    except RuntimeError as missing:
        print(f"Not measured: {missing}.", flush=True)
        return False
    await measure(rounds)
    return True


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main(9)) else 1)
