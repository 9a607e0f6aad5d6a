"""A worker's parts over real stores: Redis, a migrated database, a fetcher that may reach loopback, reading processes.

The reading processes live for the whole session, so every test and fixture here runs in the session's event loop."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from random import Random

import pytest
import pytest_asyncio

from mentions import urls
from mentions.model import Claim, Entry, Outcome, Page, Protocol, Site
from mentions.storage import Database, entries, pages, schema, sites
from mentions.streams.events import Events
from mentions.streams.limits import Limits
from mentions.streams.link import RedisLink
from mentions.streams.queue import Queue
from mentions.streams.traces import Traces
from tests.peers import Blog, Peer
from workers.fetch.client import Fetcher
from workers.fetch.guard import AddressPolicy
from workers.fetch.pace import Pace
from workers.jobs.receive import Receiver
from workers.kit import Kit
from workers.reading import ReadingPool

PUBLIC = "http://mentions.example"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of this folder share the loop in which their reading processes live."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and isinstance(item, pytest.Function) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


_NUMBERS = itertools.count(1)


class Clock:
    """The time, moved by hand."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.at

    def move_on(self, **amount: float) -> None:
        self.at += timedelta(**amount)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def pool() -> AsyncIterator[ReadingPool]:
    async with ReadingPool(size=1, timeout_s=5.0) as reading:
        yield reading


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("workers") / "template.sqlite3"
    schema.migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def migrated_url(migrated_file: Path, tmp_path: Path) -> str:
    """A fresh database with the current schema: SQLite, unless a module says otherwise."""
    path = tmp_path / "ymateb.sqlite3"
    path.write_bytes(migrated_file.read_bytes())
    return f"sqlite:///{path}"


@pytest_asyncio.fixture(loop_scope="session")
async def db(migrated_url: str) -> AsyncIterator[Database]:
    database = await Database.open(migrated_url)
    yield database
    await database.close()


@pytest_asyncio.fixture(loop_scope="session")
async def link(redis_url: str, tmp_path: Path) -> AsyncIterator[RedisLink]:
    opened = await RedisLink.open(redis_url, tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
def limits(link: RedisLink) -> Limits:
    return Limits(link.client)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture(loop_scope="session")
async def kit(db: Database, link: RedisLink, limits: Limits, pool: ReadingPool, clock: Clock) -> AsyncIterator[Kit]:
    policy = AddressPolicy(allowed_networks=(ip_network("127.0.0.0/8"),))
    async with Fetcher(policy, pace=Pace(limits, per_authority=4), user_agent="Ymateb/test Webmention") as fetcher:
        yield Kit(
            db=db,
            queue=Queue(link.client, bound=1000),
            events=Events(link.client),
            fetcher=fetcher,
            pool=pool,
            traces=Traces(link.client),
            public_url=PUBLIC,
            now=clock,
            rng=Random(1),
        )


@pytest_asyncio.fixture(loop_scope="session")
async def blog() -> AsyncIterator[Blog]:
    """A stranger's weblog."""
    async with Blog() as site:
        yield site


@pytest_asyncio.fixture(loop_scope="session")
async def mine(kit: Kit) -> AsyncIterator[Blog]:
    """A weblog whose site is registered."""
    async with Blog("127.0.0.2") as site:
        async with kit.db.write() as c:
            await sites.add(c, site.authority, (), now=kit.now())
        yield site


class Journeys:
    """Sends claims on their way, and looks at what is kept."""

    def __init__(self, kit: Kit) -> None:
        self.kit = kit
        self.receiver = Receiver(kit)

    def claim(self, source: str, target: str, via: Protocol = Protocol.WEBMENTION) -> Claim:
        return Claim(f"claim{next(_NUMBERS):015}", source, target, via, self.kit.now())

    async def __call__(self, source: str, target: str, via: Protocol = Protocol.WEBMENTION) -> Outcome:
        """The whole journey of one claim."""
        return await self.receiver.receive(self.claim(source, target, via))

    async def entry(self, outcome: Outcome) -> Entry:
        """The entry that an outcome speaks of."""
        assert outcome.entry_id is not None, outcome
        async with self.kit.db.read() as c:
            found = await entries.get(c, outcome.entry_id)
        assert found is not None
        return found

    async def page_of(self, url: str) -> Page | None:
        """The page that a URL belongs to."""
        async with self.kit.db.read() as c:
            return await pages.by_key(c, urls.page_key(url))

    async def site(self, peer: Peer) -> Site:
        async with self.kit.db.read() as c:
            found = await sites.by_authority(c, peer.authority)
        assert found is not None
        return found


@pytest.fixture
def receive(kit: Kit) -> Journeys:
    return Journeys(kit)
