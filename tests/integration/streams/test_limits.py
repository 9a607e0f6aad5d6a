"""Token buckets and leases on a real Redis."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from mentions.streams.limits import Limits
from mentions.streams.messages import PREFIX
from tests.integration.streams.conftest import NOW
from tests.support.waiting import eventually


@pytest.fixture
def limits(link) -> Limits:
    return Limits(link.client)


async def ask(limits: Limits, after_s: float = 0.0, *, key: str = "client:192.0.2.1") -> int:
    return await limits.allow(key, rate=0.5, burst=3, now=NOW + timedelta(seconds=after_s))


async def test_a_bucket_holds_a_burst_and_then_says_how_long_to_wait(limits):
    assert [await ask(limits) for _ in range(5)] == [0, 0, 0, 2, 2]


async def test_a_bucket_fills_at_its_rate_and_not_beyond_its_size(limits):
    for _ in range(3):
        await ask(limits)
    assert await ask(limits, 1.0) == 1
    assert await ask(limits, 1.999) == 1
    assert await ask(limits, 2.0) == 0
    assert await ask(limits, 2.0) == 2
    assert [await ask(limits, 1000) for _ in range(4)] == [0, 0, 0, 2]


async def test_a_refusal_costs_nothing(limits):
    for _ in range(20):
        await ask(limits)
    assert await ask(limits, 2.0) == 0


async def test_each_key_has_a_bucket_of_its_own(limits):
    for _ in range(3):
        await ask(limits)
    assert await ask(limits, key="client:192.0.2.2") == 0


async def test_seconds_since_the_epoch_do_as_well(limits):
    assert await limits.allow("k", rate=1, burst=1, now=NOW.timestamp()) == 0
    assert await limits.allow("k", rate=1, burst=1, now=NOW) == 1


async def test_together_processes_get_no_more_than_the_burst(limits, link):
    others = [Limits(link.client) for _ in range(10)]
    answers = await asyncio.gather(*(ask(one) for one in others for _ in range(5)))
    assert answers.count(0) == 3


async def test_a_full_bucket_is_forgotten(limits, link):
    await limits.allow("k", rate=20, burst=3, now=NOW)
    await eventually(lambda: _gone(link, PREFIX + "bucket:k"))


async def _gone(link, key) -> bool:
    return not await link.client.exists(key)


async def test_no_more_leases_are_out_than_allowed(limits, link):
    tokens = await asyncio.gather(*(Limits(link.client).acquire("source.example", 4, 30) for _ in range(20)))
    given = [token for token in tokens if token]
    assert len(given) == len(set(given)) == 4
    await limits.release("source.example", given[0])
    assert await limits.acquire("source.example", 4, 30)
    assert await limits.acquire("source.example", 4, 30) is None


async def test_each_authority_has_leases_of_its_own(limits):
    assert await limits.acquire("a.example", 1, 30)
    assert await limits.acquire("a.example:8080", 1, 30)
    assert await limits.acquire("a.example", 1, 30) is None


async def test_a_lease_that_is_not_given_back_ends_by_itself(limits, link):
    assert await limits.acquire("a.example", 1, 1.5)
    assert await limits.acquire("a.example", 1, 30) is None
    assert await eventually(lambda: limits.acquire("a.example", 1, 0.2))
    await eventually(lambda: _gone(link, PREFIX + "lease:a.example"))


async def test_a_short_lease_does_not_shorten_a_long_one(limits):
    assert await limits.acquire("a.example", 2, 30)
    assert await limits.acquire("a.example", 2, 0.05)
    assert await eventually(lambda: limits.acquire("a.example", 2, 30))
    assert await limits.acquire("a.example", 2, 30) is None


async def test_a_lease_can_be_renewed_by_its_holder(limits):
    token = await limits.acquire("leader", 1, 1.5)
    over = asyncio.get_running_loop().time() + 1.5
    assert await limits.acquire("leader", 1, 30, token=token) == token
    assert await eventually(lambda: asyncio.get_running_loop().time() > over)
    assert await limits.acquire("leader", 1, 30) is None
    assert await limits.acquire("leader", 1, 30, token=token) == token


async def test_giving_back_what_is_not_held_is_harmless(limits):
    await limits.release("a.example", "no such token")
    token = await limits.acquire("a.example", 1, 30)
    await limits.release("a.example", "no such token")
    assert await limits.acquire("a.example", 1, 30) is None
    await limits.release("a.example", token)
    await limits.release("a.example", token)
    assert await limits.acquire("a.example", 1, 30)
