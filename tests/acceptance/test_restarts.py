"""Service, worker and Redis go and come back under load: what was answered 201 is verified, whatever goes."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from tests.acceptance.crowd import Crowd
from tests.support.product import Product
from tests.support.waiting import eventually

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]


class Sender:
    """Sends claims one after another, as many at a time as it has tasks, until told to stop."""

    def __init__(self, product: Product, crowd: Crowd, target: str) -> None:
        self.product, self.crowd, self.target = product, crowd, target
        self.accepted: dict[str, str] = {}
        self.answers: Counter[int] = Counter()
        self.no_answer = 0
        self._numbers = iter(range(10**6))
        self._stopping = False

    async def run(self) -> None:
        while not self._stopping:
            number = next(self._numbers)
            authority = self.crowd.authorities[number % len(self.crowd.authorities)]
            source = f"http://{authority}/ok/{number}?target={self.target}"
            try:
                response = await self.product.send(source, self.target)
            except (aiohttp.ClientError, TimeoutError):
                self.no_answer += 1
                await asyncio.sleep(0.02)
                continue
            self.answers[response.status] += 1
            if response.status == 201:
                self.accepted[source] = response.headers["Location"]
            elif response.status == 503:
                assert int(response.headers["Retry-After"]) > 0
            await asyncio.sleep(0.01)

    async def more(self, count: int) -> None:
        """Waits until `count` further claims are accepted."""
        wanted = len(self.accepted) + count
        await eventually(lambda: len(self.accepted) >= wanted, within_s=60, what=f"{count} more claims are accepted")


@asynccontextmanager
async def load_on(product: Product, crowd: Crowd, target: str) -> AsyncIterator[Sender]:
    """A steady load; when it ends, every claim that was accepted must have become an entry."""
    sender = Sender(product, crowd, target)
    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(sender.run())
        await sender.more(50)
        try:
            yield sender
        finally:
            sender._stopping = True

    async def all_shown() -> bool:
        shown = await product.shown_on(target)
        sources = Counter(entry["wm-source"] for entry in shown)
        missing = [source for source in sender.accepted if source not in sources]
        assert not missing, f"{len(missing)} of {len(sender.accepted)} accepted claims are not shown"
        assert set(sources.values()) == {1}
        return True

    await eventually(all_shown, within_s=60, every_s=0.3)


@pytest.fixture
async def crowd():
    async with Crowd(40, network="127.0.8") as hosts:
        yield hosts


async def another_redis(product: Product, *, instead_of: int) -> None:
    """Waits until somebody has started Redis again."""
    await eventually(lambda: set(product.redis_pids()) - {instead_of}, what="Redis runs again after it was killed")


async def test_redis_is_killed_and_everything_comes_back(product, blog, crowd):
    async with load_on(product, crowd, blog.page("/post")) as sender:
        for _ in range(2):
            await another_redis(product, instead_of=product.kill_redis())
            await sender.more(50)
    assert set(sender.answers) <= {201, 503}
    assert sender.no_answer == 0


async def test_a_worker_is_stopped_and_another_killed(product, blog, crowd):
    target = blog.page("/post")
    async with load_on(product, crowd, target) as sender:
        await eventually(lambda: product.shown_on(target), what="the first worker is at work")
        product.start_worker()
        assert await product.stop_worker(0, by=signal.SIGTERM) == 0
        await sender.more(50)
        product.start_worker()
        await product.stop_worker(0, by=signal.SIGKILL)
        await sender.more(50)
    assert set(sender.answers) == {201}
    assert sender.no_answer == 0


async def test_the_service_is_stopped_and_killed(product, blog, crowd):
    async with load_on(product, crowd, blog.page("/post")) as sender:
        assert await product.stop_service(signal.SIGTERM) == 0
        await product.start_service()
        await sender.more(50)
        await product.stop_service(signal.SIGKILL)
        await product.start_service()
        await sender.more(50)
    assert set(sender.answers) <= {201, 503}
    assert sender.no_answer > 0, "the service was never away"


async def test_everything_is_killed_at_once_and_nothing_is_lost(blog, crowd):
    target = blog.page("/post")
    async with Product(sites=[blog.authority], workers=0) as product:
        locations = [
            await product.claim(source, target) for source, ending in crowd.claims(60, target) if ending == "success"
        ]
        await product.stop_service(signal.SIGKILL)
        for pid in product.redis_pids():
            os.kill(pid, signal.SIGKILL)
        await eventually(lambda: not product.redis_pids(), what="Redis is gone")
        await product.start_service()
        product.start_worker()
        for location in locations:
            assert (await product.settled(location))["status"] == "success"
        assert len(await product.shown_on(target)) == len(locations)
