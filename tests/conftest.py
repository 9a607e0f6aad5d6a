"""Fixtures for every kind of test: the two stores as real servers, peers on loopback, the product as real processes.

Servers start when the first test asks for them and stop with the session.  A unit test asks for none."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest
import redis.asyncio
from hypothesis import HealthCheck, settings
from playwright.async_api import BrowserContext, Page

from config.settings import Settings
from tests.peers import Blog, Hostile, Pingable
from tests.support.browser import Strays, chromium, keep_screenshots
from tests.support.postgres import PostgresServer
from tests.support.product import Product
from tests.support.redis_server import RedisServer

# A change is refused for what is wrong with it, never for what chance or a busy machine did: docs/decisions/0180.
UNHURRIED = settings(deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("local", UNHURRIED)
settings.register_profile("ci", UNHURRIED, derandomize=True, database=None)
settings.register_profile("fuzz", UNHURRIED, max_examples=3_000)
settings.load_profile("ci" if os.environ.get("CI") else "local")

HAS_FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """A folder for Unix sockets, whose paths may have 107 bytes; pytest's own are too long."""
    folder = Path(tempfile.mkdtemp(prefix="ymateb-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


# --- Redis -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def redis_server(short_folder: Path) -> Iterator[RedisServer]:
    """The session's Redis.  A test that kills its Redis starts one of its own: `RedisServer(folder)`.

    It waits for no disk: a busy one may take longer than the two seconds after which we answer 503."""
    server = RedisServer(short_folder / "redis", fsync="no").start()
    yield server
    server.stop()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """URL of an empty Redis."""
    redis_server.flush()
    return redis_server.url


@pytest.fixture
async def redis_client(redis_url: str) -> AsyncIterator[redis.asyncio.Redis]:
    """An asyncio client of an empty Redis."""
    client = redis.asyncio.Redis.from_url(redis_url)
    yield client
    await client.aclose()


# --- databases ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres_server(short_folder: Path) -> Iterator[PostgresServer]:
    """The session's PostgreSQL."""
    folder = short_folder / "pg"
    folder.mkdir(mode=0o755)
    server = PostgresServer(folder).start()
    yield server
    server.stop()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """URL of a fresh, empty PostgreSQL database, as an operator writes it."""
    url = postgres_server.create()
    yield url
    postgres_server.drop(url)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """URL of a SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path}/ymateb.sqlite3"


@pytest.fixture(params=["sqlite", "postgresql"])
def operator_database_url(request: pytest.FixtureRequest) -> str:
    """A fresh, empty database of each kind, as an operator writes it in YMATEB_DATABASE_URL."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture
def database_url(operator_database_url: str) -> str:
    """The same as `Settings.effective_database_url` hands it to SQLAlchemy."""
    return Settings(database_url=operator_database_url).effective_database_url


# --- peers -------------------------------------------------------------------------------------------------------


@pytest.fixture
async def blog() -> AsyncIterator[Blog]:
    """A blog whose posts respond to others' pages."""
    async with Blog() as site:
        yield site


@pytest.fixture
async def pingable() -> AsyncIterator[Pingable]:
    """A site that takes webmentions and pingbacks."""
    async with Pingable() as site:
        yield site


@pytest.fixture
async def hostile() -> AsyncIterator[Hostile]:
    """A server that means harm."""
    async with Hostile() as site:
        yield site


# --- the product -------------------------------------------------------------------------------------------------


@pytest.fixture
async def product(request: pytest.FixtureRequest, blog: Blog) -> AsyncIterator[Product]:
    """Service and one worker on embedded defaults, with `blog` as its one site.  Others: `async with Product(…)`.

    What the processes wrote is shown when the test fails."""
    async with Product(sites=[blog.authority]) as running:
        yield running
        if request.node.stash.get(HAS_FAILED, False):
            sys.stderr.write(running.logs()[-6000:])


# --- the browser -------------------------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Lets fixtures know how their test went."""
    report = yield
    if report.when == "call":
        item.stash[HAS_FAILED] = report.failed
    return report


@pytest.fixture
async def browser_context(request: pytest.FixtureRequest) -> AsyncIterator[BrowserContext]:
    """A fresh profile of a headless Chromium that may reach this machine only; any other request fails the test."""
    async with chromium() as browser:
        context = await browser.new_context(viewport={"width": 1000, "height": 800}, reduced_motion="reduce")
        strays = Strays()
        await strays.watch(context)
        yield context
        if request.node.stash.get(HAS_FAILED, False):
            await keep_screenshots(context, request.node.name)
        assert strays.urls == set(), "the page asked for something that is not on this machine"


@pytest.fixture
async def page(browser_context: BrowserContext) -> Page:
    """An empty page of `browser_context`."""
    return await browser_context.new_page()
