"""At most so many requests at a time to one authority: in a process, and over all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import redis.asyncio

from mentions.streams.limits import Limits
from tests.support.waiting import eventually
from workers.fetch.pace import WAITERS_PER_PLACE, HostBusy, Pace


@pytest.fixture
async def limits(redis_client: redis.asyncio.Redis) -> AsyncIterator[Limits]:
    return Limits(redis_client)


async def test_places_are_counted_and_given_back():
    pace = Pace(None, per_authority=2)
    async with AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(pace.place("a.example", patience_s=0.1))
        with pytest.raises(HostBusy):
            async with pace.place("a.example", patience_s=0.05):
                pass
        async with pace.place("b.example", patience_s=0.1):
            pass
    async with pace.place("a.example", patience_s=0.1):
        pass


async def test_who_waits_gets_the_next_place():
    pace, order = Pace(None, per_authority=1), []

    async def visit(name: str) -> None:
        async with pace.place("a.example", patience_s=5):
            order.append(name)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for name in "abc":
            group.create_task(visit(name))
    assert order == ["a", "b", "c"]


async def test_beyond_a_few_that_wait_the_rest_is_told_to_come_back_later():
    pace = Pace(None, per_authority=1)
    async with pace.place("a.example", patience_s=1):
        waiting = [asyncio.create_task(enter(pace, patience_s=5)) for _ in range(WAITERS_PER_PLACE)]
        await asyncio.sleep(0)
        times = []
        for _ in range(50):
            with pytest.raises(HostBusy) as busy:
                await enter(pace, patience_s=5)
            times.append(busy.value.retry_in_s)
        assert times[-1] > times[0], "each that is put back comes later than the one before"
        assert max(times) < 31
    await asyncio.gather(*waiting)


async def enter(pace: Pace, *, patience_s: float, is_first: bool = True) -> None:
    async with pace.place("a.example", patience_s=patience_s, is_first=is_first):
        pass


async def test_later_hops_wait_beside_those_that_are_many():
    pace = Pace(None, per_authority=1)
    async with pace.place("a.example", patience_s=1):
        waiting = [asyncio.create_task(enter(pace, patience_s=5, is_first=False)) for _ in range(10)]
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)


async def test_two_processes_share_the_places(limits: Limits):
    one, two = Pace(limits, per_authority=1), Pace(limits, per_authority=1)
    async with one.place("a.example", patience_s=1):
        with pytest.raises(HostBusy):
            await enter(two, patience_s=0.1)
    await enter(two, patience_s=1)


async def test_a_place_is_given_back_when_its_holder_is_cancelled(limits: Limits):
    one, two = Pace(limits, per_authority=1), Pace(limits, per_authority=1)
    inside = asyncio.Event()

    async def stay() -> None:
        async with one.place("a.example", patience_s=1):
            inside.set()
            await asyncio.Event().wait()

    staying = asyncio.create_task(stay())
    await inside.wait()
    staying.cancel()
    await asyncio.gather(staying, return_exceptions=True)
    await eventually(lambda: enter_at_once(two))


async def enter_at_once(pace: Pace) -> bool:
    try:
        await enter(pace, patience_s=0.01)
    except HostBusy:
        return False
    return True


async def test_a_stream_of_authorities_leaves_no_state_behind():
    pace = Pace(None, per_authority=1)
    for number in range(5_000):
        async with pace.place(f"{number}.example", patience_s=1):
            pass
    assert pace.remembered <= 2_001
