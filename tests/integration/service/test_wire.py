"""What is no HTTP, and what no handler ever sees."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest

from tests.integration.service.conftest import Service


@pytest.mark.parametrize(
    "nonsense",
    [b"GET /%s HTTP/1.1\r\n\r\n" % (b"a" * 9000), b"GET / HTTP/1.1\r\nHost\r\n\r\n", b"\x16\x03\x01\r\n\r\n"],
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
