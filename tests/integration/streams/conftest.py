"""A real Redis, a queue on it, and claims that are short to write."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import pytest

from mentions.model import Claim, Protocol
from mentions.streams.link import RedisLink
from mentions.streams.queue import Queue
from mentions.streams.scripts import Client

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def claim() -> Callable[..., Claim]:
    """`claim()` makes the claim of a page of its own, `claim("a")` one of page a; each has an id of its own."""
    numbers = itertools.count(1)

    def make(page: str | None = None, *, target: str = "https://site.example/post") -> Claim:
        number = next(numbers)
        source = f"https://source.example/{page or number}"
        return Claim(f"claim-{number:014}", source, target, Protocol.WEBMENTION, NOW)

    return make


@pytest.fixture
async def link(redis_url: str, tmp_path) -> AsyncIterator[RedisLink]:
    """A process's way to an empty Redis."""
    link = await RedisLink.open(redis_url, tmp_path)
    yield link
    await link.close()


@pytest.fixture
def client(link: RedisLink) -> Client:
    """What speaks to that Redis."""
    return link.client


@pytest.fixture
def queue(link: RedisLink) -> Queue:
    return Queue(link.client, bound=1000)
