"""Is it up, is it ready, and how much does it do: for load balancers and Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import orjson
from aiohttp import web

from config import logs
from mentions import metrics
from service import keys

log = logs.get_logger(__name__)

PING_S: Final = 3.0


def setup(app: web.Application) -> None:
    """Adds the three addresses."""
    app.router.add_get("/healthz", show_health)
    app.router.add_get("/readyz", show_readiness)
    app.router.add_get("/metrics", show_metrics)


async def show_health(_request: web.Request) -> web.Response:
    """The process answers, whatever its dependencies do."""
    return _json({"status": "ok"}, 200)


async def show_readiness(request: web.Request) -> web.Response:
    """Every dependency, pinged now; 503 when one of them does not answer."""
    pings: dict[str, Callable[[], Awaitable[object]]] = {
        "database": request.app[keys.DB].ping,
        "redis": request.app[keys.REDIS].ping,
    }
    answers = await asyncio.gather(*(_ping(name, ping) for name, ping in pings.items()))
    is_ready = all(answer == "ok" for answer in answers)
    body = {"status": "ready" if is_ready else "unavailable", "checks": dict(zip(pings, answers, strict=True))}
    return _json(body, 200 if is_ready else 503)


async def show_metrics(request: web.Request) -> web.Response:
    """Prometheus text: this process, and what the queue says of all."""
    body, content_type = await metrics.exposition(request.app[keys.QUEUE], request.app[keys.TALLIES])
    return web.Response(body=body, headers={"Content-Type": content_type, "Cache-Control": "no-store"})


async def _ping(name: str, ping: Callable[[], Awaitable[object]]) -> str:
    try:
        async with asyncio.timeout(PING_S):
            await ping()
    except Exception as error:  # noqa: BLE001 - whatever it is, the dependency does not answer
        log.warning("dependency.missed", dependency=name, error=type(error).__name__)
        return "unreachable"
    return "ok"


def _json(data: object, status: int) -> web.Response:
    headers = {"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store"}
    return web.Response(body=orjson.dumps(data), status=status, headers=headers)
