"""Moving in from an API, as an owner types it: from webmention.io as it is, and from another Ymateb."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.peers import MentionsApi
from tests.peers.mentions_api import TOKEN, mention
from tests.support.processes import peak_mb
from tests.support.product import Product
from tests.support.waiting import eventually

pytestmark = pytest.mark.acceptance
SITE = "site.example"
IMPORT = ("service", "import", "--site", SITE, "webmention.io")


@pytest.fixture
async def home() -> AsyncIterator[Product]:
    """Where the responses are to live."""
    async with Product(sites=[SITE], settings={"YMATEB_LOG_LEVEL": "debug"}) as product:
        yield product


async def exported(product: Product) -> list[dict[str, Any]]:
    return json.loads(await product.command("service", "export", "--site", SITE))["children"]


async def test_2500_mentions_of_webmention_io_come_through_a_kill_in_the_middle(home: Product):
    async with MentionsApi() as peer:
        peer.rows = [mention(number) for number in range(2_500)]
        told = json.loads(await home.command(*IMPORT, peer.address_of(), "--dry-run", "--json"))
        assert (told["moved"], await exported(home)) == (2_500, [])
        peer.pages_asked.clear()
        peer.failures = [web.Response(status=503, headers={"Retry-After": "1"})]
        victim = home.spawn(*IMPORT, peer.address_of())
        await eventually(lambda: len(peer.pages_asked) > 5, within_s=60, every_s=0.005)
        assert victim.poll() is None
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        there = len(await exported(home))
        assert 0 < there < 2_500
        first = len(peer.pages_asked)
        report = json.loads(await home.command(*IMPORT, peer.address_of(), "--json"))
        assert (report["moved"], report["present"], report["skipped"]) == (2_500, 0, {})
        assert int(peer.pages_asked[first]["page"]) * 200 == there, "it went on where it was"
        assert sorted(row["wm-id"] for row in await exported(home)) == [1_000 + number for number in range(2_500)]
        again = json.loads(await home.command(*IMPORT, peer.address_of(), "--json"))
        assert (again["moved"], again["present"]) == (0, 0)
    assert TOKEN not in home.logs()
    kept = [path for path in home.data.rglob("*") if path.is_file() and "redis" not in str(path).lower()]
    assert [path.name for path in kept if TOKEN.encode() in path.read_bytes()] == []
    for worker in home.workers:
        assert peak_mb(worker.pid) < 400


async def test_another_ymateb_is_moved_from_and_followed(home: Product, tmp_path: Path):
    async with Product(sites=[SITE]) as elsewhere:
        file = tmp_path / "mentions.jf2"
        file.write_text(json.dumps({"children": [mention(number) for number in range(700)]}))
        await elsewhere.command(*IMPORT, str(file))
        token = tmp_path / "token.txt"
        token.write_text(elsewhere.tokens[SITE] + "\n")
        address = f"{elsewhere.base}/api/mentions.jf2?domain={SITE}"
        told = await home.command(*IMPORT, address, "--token-file", str(token))
        assert told.splitlines() == ["700 moved, 0 there already, 0 skipped."]
        file.write_text(json.dumps({"children": [mention(number) for number in range(700, 703)]}))
        await elsewhere.command(*IMPORT, str(file))
        told = await home.command(*IMPORT, address, "--token-file", str(token))
        assert told.splitlines() == ["3 moved, 0 there already, 0 skipped."]
        here, there = await exported(home), await exported(elsewhere)
    assert [row["wm-id"] for row in here] == [row["wm-id"] for row in there]
    assert [row["content"] for row in here] == [row["content"] for row in there]


async def test_what_is_wrong_is_one_line(home: Product):
    async with MentionsApi() as peer:
        wrong = peer.url("/api/mentions.jf2?token=not-the-one")
        assert await home.command(*IMPORT, wrong, status=1) == f"error: {peer.authority} does not accept the token\n"
        said = await home.command("service", "import", "--site", SITE, "wxr", wrong, status=2)
        assert "wxr is a file" in said
        assert "not-the-one" not in said
        await home.stop_worker()
        said = await home.command(*IMPORT, peer.address_of(), status=1)
        assert said == "error: no worker took import.page: is `python -m workers run` running, and not too busy?\n"
    assert await asyncio.to_thread(home.logs)
