"""The measurements.  Each gives rows of the table; what ours is compared with runs in the same minutes, in turn."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.load import Plan
from bench.machine import helper, load, processor_s
from tests.support.product import Product
from tests.support.redis_server import RedisServer
from tests.support.waiting import eventually

CONNECTIONS = 64
ENOUGH = {"YMATEB_QUEUE_BOUND": "10000000", "YMATEB_LOG_LEVEL": "warning", "YMATEB_FETCH_PER_AUTHORITY": "100"}
"""One machine plays all hosts here, so politeness to one authority would be what is measured."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `beside` is the rate of the bare equivalent."""

    what: str
    per_s: float
    beside: float | None = None
    beside_what: str = ""
    note: str = ""

    def __str__(self) -> str:
        ratio = f"{self.per_s / self.beside:.2f}" if self.beside else ""
        beside = f"{self.beside:,.0f} ({self.beside_what})" if self.beside else ""
        return f"| {self.what} | {self.per_s:,.0f} | {beside} | {ratio} | {self.note} |"


async def rate(plan: Plan, *, status: int) -> tuple[float, dict[str, Any]]:
    """Requests a second, and all that the load saw; fails when any was answered otherwise."""
    result = await load(plan)
    if set(result["statuses"]) != {str(status)}:
        raise RuntimeError(f"{plan.url}: expected {status} only, got {result['statuses']}")
    return result["n"] / result["s"], result


@asynccontextmanager
async def bare_receiver() -> AsyncIterator[str]:
    """`bench.bare` with a Redis of its own; its origin."""
    with tempfile.TemporaryDirectory(prefix="ymateb-bench-") as folder:
        redis = RedisServer(Path(folder)).start()
        try:
            async with helper("bench.bare", redis.url) as bare:
                yield bare
        finally:
            redis.stop()


async def intake(rounds: int, claims: int) -> list[Row]:
    """201s a second, workers away, beside the same form answered by bare aiohttp, with one XADD each and without."""
    ours, xadds, nothings, slowest = [], [], [], []
    target = "http://127.0.0.1:1/post"
    async with bare_receiver() as bare, Product(sites=["127.0.0.1:1"], workers=0, settings=ENOUGH) as product:
        for turn in range(rounds):
            form = (claims, CONNECTIONS, f"http://127.0.0.1:2/{turn}/{{n}}", target)
            nothings.append((await rate(Plan(f"{bare}/nothing", *form), status=201))[0])
            xadds.append((await rate(Plan(f"{bare}/xadd", *form), status=201))[0])
            per_s, seen = await rate(Plan(f"{product.base}/webmention", *form), status=201)
            ours.append(per_s)
            slowest.append(seen["p99_ms"])
    median = statistics.median
    note = f"p99 {median(slowest):.0f} ms; {CONNECTIONS} connections; both Redis sync every write"
    return [
        Row("webmentions accepted", median(ours), median(xadds), "bare aiohttp + one XADD each", note),
        Row("webmentions accepted", median(ours), median(nothings), "bare aiohttp, nothing kept", ""),
    ]


async def whole_way(size: str, claims: int, workers: int) -> Row:
    """Webmentions a second from the first POST until the last entry is counted: fetched, verified, read, stored."""
    async with (
        helper("bench.pages") as pages,
        Product(sites=[pages.removeprefix("http://")], workers=workers, settings=ENOUGH) as product,
    ):
        target = f"{pages}/post"

        async def shown() -> int:
            return int((await product.get("/api/count", target=target))["count"])

        await product.mention(f"{pages}/{size}/warm", target)
        began, spent = time.perf_counter(), processor_s(product.folder)
        await rate(Plan(f"{product.base}/webmention", claims, 32, f"{pages}/{size}/{{n}}", target), status=201)

        async def all_shown() -> bool:
            return await shown() == claims + 1

        await eventually(all_shown, within_s=600, every_s=0.1)
        took_s, spent = time.perf_counter() - began, processor_s(product.folder) - spent
    label = f"webmentions from POST to thread, {size} pages, {workers} worker{'s' if workers > 1 else ''}"
    return Row(label, claims / took_s, note=f"{1000 * spent / claims:.0f} ms of processor each, Redis included")


async def reading(rounds: int, requests: int) -> list[Row]:
    """Threads of 200 entries a second, beside bare aiohttp answering as many bytes that stand ready."""
    async with (
        bare_receiver() as bare,
        helper("bench.pages") as pages,
        Product(sites=[pages.removeprefix("http://")], settings=ENOUGH) as product,
    ):
        target = f"{pages}/post"
        await rate(Plan(f"{product.base}/webmention", 200, 16, f"{pages}/5k/{{n}}", target), status=201)

        async def all_shown() -> bool:
            return bool((await product.get("/api/count", target=target))["count"] == 200)

        await eventually(all_shown, within_s=120, every_s=0.1)
        paths = ("/api/thread", "/thread.html", "/api/mentions.jf2")
        return [await _one_path(product, bare, f"{path}?target={target}", rounds, requests) for path in paths]


async def _one_path(product: Product, bare: str, path: str, rounds: int, requests: int) -> Row:
    url = f"{product.base}{path}&per-page=200"
    async with product.http.get(url) as response:
        size = len(await response.read())
    ours, bares = [], []
    for _ in range(rounds):
        bares.append((await rate(Plan(f"{bare}/bytes?size={size}", requests, 16), status=200))[0])
        ours.append((await rate(Plan(url, requests, 16), status=200))[0])
    label = f"bare aiohttp, {size // 1000} kB ready"
    return Row(f"GET {path.partition('?')[0]}, 200 entries", statistics.median(ours), statistics.median(bares), label)
