"""What is no HTTP, and what no handler ever sees."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest

from tests.integration.service.conftest import POST, Service


@pytest.mark.parametrize(
    "nonsense",
    [b"GET /%s HTTP/1.1\r\n\r\n" % (b"a" * 40_000), b"GET / HTTP/1.1\r\nHost\r\n\r\n", b"\x16\x03\x01\r\n\r\n"],
)
async def test_what_is_no_http_is_refused_and_writes_no_traceback(
    service: Service, caplog: pytest.LogCaptureFixture, nonsense: bytes
):
    where = urlsplit(service.base)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(nonsense)
    assert (await reader.readline()).split()[1] == b"400"
    writer.close()
    assert (await service.get("/healthz")).status == 200
    assert [each for each in caplog.records if each.name == "aiohttp.server"] == []


async def test_fifty_long_targets_are_one_question(service: Service):
    """webmention.io takes as many, of as many bytes."""
    entry = await service.respond()
    others = [f"https://blog.example/{number}/{'x' * 480}" for number in range(49)]
    asked = "&".join(f"target[]={each}" for each in [*others, POST])
    answer = await service.get(f"/api/mentions.jf2?{asked}")
    assert [child["wm-id"] for child in answer.json()["children"]] == [entry.id]
