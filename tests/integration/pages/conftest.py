"""The web process with threads in it, and a client of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.browser.world import World


@pytest.fixture
async def world(tmp_path: Path, redis_url: str) -> AsyncIterator[World]:
    """The service with real stores and the demo."""
    async with World(tmp_path, redis_url) as world:
        yield world


@pytest.fixture
async def client(world: World) -> AsyncIterator[aiohttp.ClientSession]:
    """A client that asks as a browser does, in English."""
    headers = {"Accept": "text/html", "Accept-Language": "en"}
    async with aiohttp.ClientSession(world.base, headers=headers) as session:
        yield session
