"""The least that could be called a receiver, as the measure for ours: `python -m bench.bare PORT REDIS_URL`.

The same aiohttp and uvloop.  `POST /nothing` reads the form and answers 201; `POST /xadd` also awaits one XADD of its
own; `GET /bytes?size=N` answers N bytes that stand ready."""

from __future__ import annotations

import asyncio
import sys

import redis.asyncio
import uvloop
from aiohttp import web

STREAM = "bench:bare"


async def serve(port: int, redis_url: str) -> None:
    """Until SIGTERM."""
    client = redis.asyncio.Redis.from_url(redis_url)
    ready: dict[int, bytes] = {}

    async def nothing(request: web.Request) -> web.Response:
        form = await request.post()
        return web.json_response({"status": "queued", "source": form["source"]}, status=201)

    async def xadd(request: web.Request) -> web.Response:
        form = await request.post()
        fields = {"source": str(form["source"]), "target": str(form["target"]), "via": "webmention", "at": "0"}
        await client.xadd(STREAM, fields)
        return web.json_response({"status": "queued", "source": form["source"]}, status=201)

    async def some_bytes(request: web.Request) -> web.Response:
        size = int(request.query["size"])
        return web.Response(body=ready.setdefault(size, b"x" * size), content_type="application/json")

    app = web.Application()
    app.add_routes([web.post("/nothing", nothing), web.post("/xadd", xadd), web.get("/bytes", some_bytes)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), sys.argv[2]))
