"""What is under way while somebody signs in: found by its secret, for a few minutes, and taken once."""

from __future__ import annotations

import asyncio

import pytest
import redis.asyncio

from mentions.errors import Unavailable
from mentions.streams.flows import Flows
from mentions.streams.link import client_for
from tests.support.waiting import eventually


@pytest.fixture
def flows(redis_client: redis.asyncio.Redis) -> Flows:
    return Flows(redis_client)


async def test_facts_are_found_by_their_secret_and_their_kind(flows: Flows):
    secret = await flows.begin("code", {"who": "ann"}, lasts_s=60)
    assert await flows.look("code", secret) == {"who": "ann"}
    assert await flows.look("mail", secret) is None
    assert await flows.look("code", secret + "x") is None
    assert await flows.look("code", "\ud800") is None


async def test_facts_are_taken_by_one_of_many(flows: Flows):
    secret = await flows.begin("code", {"who": "ann"}, lasts_s=60)
    found = await asyncio.gather(*(flows.take("code", secret) for _ in range(20)))
    assert [facts for facts in found if facts is not None] == [{"who": "ann"}]
    assert await flows.look("code", secret) is None


async def test_everything_ends_by_itself(flows: Flows, redis_client: redis.asyncio.Redis):
    secret = await flows.begin("code", {}, lasts_s=1)
    await flows.count("code", secret, lasts_s=1)

    async def is_empty() -> bool:
        return await redis_client.keys("*") == []

    await eventually(is_empty)
    assert await flows.look("code", secret) is None


async def test_guesses_are_counted_together(flows: Flows):
    numbers = await asyncio.gather(*(flows.count("mail", "secret", lasts_s=60) for _ in range(5)))
    assert sorted(numbers) == [1, 2, 3, 4, 5]


async def test_redis_learns_no_secret(flows: Flows, redis_client: redis.asyncio.Redis):
    secret = await flows.begin("code", {"who": "ann"}, lasts_s=60)
    await flows.count("code", secret, lasts_s=60)
    names = [name if isinstance(name, str) else name.decode() for name in await redis_client.keys("*")]
    assert len(names) == 2
    assert all(name.startswith("{ymateb}:flow:code:") and secret not in name for name in names)


async def test_a_redis_that_is_away_is_told(unused_tcp_port: int):
    client = client_for(f"redis://127.0.0.1:{unused_tcp_port}")
    try:
        for asked in (Flows(client).look("code", "x"), Flows(client).begin("code", {}, lasts_s=1)):
            with pytest.raises(Unavailable):
                await asked
    finally:
        await client.aclose()
