"""A world with the service in it, and a browser that can go nowhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page

from tests.browser.world import World
from tests.support.browser import Strays, chromium, keep_screenshots

pytestmark = pytest.mark.browser


@pytest.fixture
async def world(tmp_path: Path, redis_url: str) -> AsyncIterator[World]:
    """The web process with real stores, demo on, and a host page on another origin."""
    async with World(tmp_path, redis_url) as world:
        yield world


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A headless Chromium."""
    async with chromium() as browser:
        yield browser


class Watched:
    """A page with all that went wrong in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on(
            "console",
            lambda message: self.complaints.append(message.text) if message.type in ("error", "warning") else None,
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))


@pytest.fixture
async def context(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[BrowserContext]:
    """A fresh profile; fails when a page wanted to leave this machine."""
    options = dict(getattr(request, "param", {}))
    context = await browser.new_context(**options)
    strays = Strays()
    await strays.watch(context)
    yield context
    await keep_screenshots_if_failed(context, request)
    await context.close()
    assert not strays.urls


@pytest.fixture
async def watched(context: BrowserContext) -> Watched:
    """A page, watched."""
    return Watched(await context.new_page())


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Lets a fixture know whether its test failed."""
    outcome = yield
    setattr(item, f"report_{call.when}", outcome.get_result())


async def keep_screenshots_if_failed(context: BrowserContext, request: pytest.FixtureRequest) -> None:
    """Pictures of what was on the screen when the test failed."""
    report = getattr(request.node, "report_call", None)
    if report is not None and report.failed:
        await keep_screenshots(context, request.node.nodeid)
