"""A world with the service in it, and a browser that can go nowhere else.

One Chromium serves all tests, each of which has profiles of its own in it.  So they share an event loop, too; their
fixtures are `@pytest_asyncio.fixture(loop_scope="session")`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page

from tests.browser.world import World
from tests.support.browser import Strays, chromium, keep_screenshots


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Runs whatever uses the one Chromium in the loop that it was started in."""
    for item in items:
        if "one_for_all" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(loop_scope="session")
async def world(tmp_path: Path, redis_url: str) -> AsyncIterator[World]:
    """The web process with real stores, demo on, and a host page on another origin."""
    async with World(tmp_path, redis_url) as world:
        yield world


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def one_for_all() -> AsyncIterator[Browser]:
    """The session's Chromium."""
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def browser(one_for_all: Browser) -> AsyncIterator[Browser]:
    """A headless Chromium without any open page."""
    yield one_for_all
    for left in one_for_all.contexts:  # of a test that failed
        await left.close()


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


@pytest_asyncio.fixture(loop_scope="session")
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


@pytest_asyncio.fixture(loop_scope="session")
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
