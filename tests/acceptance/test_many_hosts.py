"""Two thousand claims from two hundred hosts, two workers, five of them killed: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter

import pytest

from tests.acceptance.crowd import Crowd
from tests.support.product import WAITING, Product
from tests.support.waiting import eventually

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

HOSTS, CLAIMS, KILLS = 200, 2000, 5


async def accepted(product: Product, sources: list[str], target: str, *, at_a_time: int = 32) -> dict[str, str]:
    """Sends all; source -> status URL."""
    waiting, locations = iter(sources), {}

    async def sender() -> None:
        for source in waiting:
            locations[source] = await product.claim(source, target)

    await asyncio.gather(*(sender() for _ in range(at_a_time)))
    return locations


async def endings(product: Product, locations: dict[str, str], *, within_s: float) -> dict[str, str]:
    """source -> final status of its claim, asked at its status URL until all are final."""
    final: dict[str, str] = {}

    async def all_are_final() -> bool:
        for source, location in locations.items():
            if source not in final:
                said = await product.status(location)
                if said["status"] in WAITING:
                    return False  # they are taken roughly in order: the next ones wait too
                final[source] = said["status"]
        return True

    await eventually(all_are_final, within_s=within_s, every_s=0.2)
    return final


async def test_each_claim_ends_right_and_each_entry_exists_once_though_workers_are_killed(blog):
    target = blog.page("/post")
    async with Crowd(HOSTS) as crowd, Product(sites=[blog.authority], workers=2) as product:
        claims = dict(crowd.claims(CLAIMS, target))
        killer = asyncio.create_task(kill_workers(product, crowd))
        locations = await accepted(product, list(claims), target)
        final = await endings(product, locations, within_s=150)
        assert await killer == KILLS

        wrong = {source: (ending, claims[source]) for source, ending in final.items() if ending != claims[source]}
        assert wrong == {}
        shown = await product.shown_on(target)
        expected = Counter(source for source, ending in claims.items() if ending == "success")
        assert Counter(entry["wm-source"] for entry in shown) == expected
        assert len({entry["wm-id"] for entry in shown}) == len(shown)
        assert (await product.get("/api/count", target=target))["count"] == len(expected)
        assert Counter(await created_entries(product, blog.authority)) == Counter(entry["wm-id"] for entry in shown)


async def kill_workers(product: Product, crowd: Crowd) -> int:
    """SIGKILL for a worker each time that another seventh of the pages was fetched; another takes its place."""
    for number in range(1, KILLS + 1):
        due = number * CLAIMS // (KILLS + 2)
        await eventually(lambda due=due: len(crowd.fetched) >= due, within_s=120, what=f"{due} pages are fetched")
        status = await product.stop_worker(0, by=signal.SIGKILL)
        assert status == -signal.SIGKILL
        product.start_worker()
    return KILLS


async def created_entries(product: Product, site: str) -> list[int]:
    """The entries that the change cursor tells as created, in its order."""
    token, cursor, found = product.tokens[site], "0", []
    while True:
        page = await product.get("/api/changes", token=token, cursor=cursor)
        found += [change["wm-id"] for change in page["changes"] if change["change"] == "created"]
        if not page["changes"]:
            return found
        cursor = str(page["cursor"])
