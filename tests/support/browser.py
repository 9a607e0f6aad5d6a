"""Chromium under Playwright for browser tests.  Only loopback is reached: any other request fails the test.

A screenshot of each page is kept in tests/browser/failures/ when its test fails."""

from __future__ import annotations

import ipaddress
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Request, Route, async_playwright, expect

from tests.support.waiting import PATIENCE_S

expect.set_options(timeout=PATIENCE_S * 1000)

FAILURES = Path(__file__).parents[1] / "browser" / "failures"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",  # as root there is none, and only our own pages are opened
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--disable-default-apps",
    "--no-first-run",
    "--no-pings",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.*, EXCLUDE [::1]",
)


def find_chromium() -> str:
    """The browser that tests drive; fails, saying what is missing, when there is none."""
    for name in PROGRAMS:
        if found := shutil.which(name):
            return found
    raise RuntimeError("no Chromium on PATH: `make browser` installs Debian's, or says what is missing")


def is_loopback(url: str) -> bool:
    """Whether a request for this URL stays on this machine."""
    parts = urlsplit(url)
    if parts.scheme in ("data", "blob", "about"):
        return True
    host = parts.hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A headless browser; one does for a whole session of tests."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS), headless=True)
        try:
            yield browser
        finally:
            await browser.close()


class Strays:
    """Requests that would have left the machine.  All of them were stopped."""

    def __init__(self) -> None:
        self.urls: set[str] = set()

    async def watch(self, context: BrowserContext) -> None:
        """Lets loopback through, stops and remembers the rest, preflights and workers included."""
        await context.route(lambda url: not is_loopback(url), self._stop)
        context.on("request", self._note)

    async def _stop(self, route: Route, request: Request) -> None:
        self.urls.add(request.url)
        await route.abort("blockedbyclient")

    def _note(self, request: Request) -> None:
        if not is_loopback(request.url):
            self.urls.add(request.url)


async def keep_screenshots(context: BrowserContext, test_name: str) -> list[Path]:
    """Pictures of all open pages of a failed test."""
    FAILURES.mkdir(parents=True, exist_ok=True)
    kept = []
    for number, page in enumerate(context.pages):
        path = FAILURES / f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', test_name)[:120]}-{number}.png"
        await page.screenshot(path=path, full_page=True)
        kept.append(path)
    return kept
