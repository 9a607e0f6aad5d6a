"""The authors' pictures as the service hands them out: from its cache only, and harmless wherever they are opened."""

from __future__ import annotations

from datetime import UTC, datetime

import aiohttp
import pytest

from mentions.storage.avatars import Avatars
from tests.browser.world import World


async def test_a_kept_picture_is_handed_out_for_good(world: World, client: aiohttp.ClientSession):
    path = Avatars(world.settings.data_dir).keep(b"RIFF picture WEBP", now=datetime.now(UTC))
    async with client.get(path) as answer:
        assert (answer.status, answer.content_type) == (200, "image/webp")
        assert await answer.read() == b"RIFF picture WEBP"
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        etag = answer.headers["ETag"]
    async with client.get(path, headers={"If-None-Match": etag}) as answer:
        assert answer.status == 304


@pytest.mark.parametrize(
    "name", ["0" * 32 + ".webp", "0" * 32 + ".svg", "0" * 31 + ".webp", "..%2fymateb.sqlite3", "%2e%2e/ymateb.sqlite3"]
)
async def test_nothing_else_is_handed_out(name: str, world: World, client: aiohttp.ClientSession):
    async with client.get(f"{world.base}/avatars/{name}") as answer:
        assert answer.status == 404


async def test_a_picture_that_is_gone_is_drawn_and_not_kept_for_long(world: World, client: aiohttp.ClientSession):
    async with client.get(f"{world.base}/avatars/{'0' * 32}.webp") as answer:
        assert (answer.status, answer.content_type) == (404, "image/svg+xml")
        assert (await answer.text()).startswith("<svg ")
        assert "immutable" not in answer.headers["Cache-Control"]
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
