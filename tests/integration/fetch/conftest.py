"""A fetcher that may reach loopback, as a self-hoster would allow it, and one that may not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest

from tests.peers import Hostile, Peer
from workers.fetch.client import Fetcher
from workers.fetch.guard import AddressPolicy
from workers.fetch.pace import Pace

LOOPBACK = AddressPolicy(allowed_networks=(ip_network("127.0.0.0/8"), ip_network("::1/128")))


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with Peer() as site:
        yield site


@pytest.fixture
async def hostile() -> AsyncIterator[Hostile]:
    async with Hostile() as site:
        yield site


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    """Loopback is allowed."""
    async with Fetcher(LOOPBACK, pace=Pace(None, per_authority=8), user_agent="Ymateb/test Webmention") as client:
        yield client


@pytest.fixture
async def public_fetcher() -> AsyncIterator[Fetcher]:
    """Public addresses only, as by default."""
    async with Fetcher(AddressPolicy(), pace=Pace(None, per_authority=8), user_agent="Ymateb/test") as client:
        yield client
