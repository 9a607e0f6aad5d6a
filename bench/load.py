"""A closed loop of HTTP requests over kept-alive connections, in a process of its own: `python -m bench.load`.

Writes requests that were built beforehand and reads only as much of the answers as HTTP needs, so that the machine's
time goes to the server.  Prints one JSON object: requests, seconds, statuses, latencies in milliseconds."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import uvloop


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send.  `source` has a `{n}`: no two requests are equal, or they would be coalesced."""

    url: str
    count: int
    connections: int
    source: str = ""
    target: str = ""

    def requests(self) -> Iterator[bytes]:
        """POSTs of the form when there is a source, else GETs."""
        parts = urlsplit(self.url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        head = f"Host: {parts.netloc}\r\nAccept: application/json\r\n"
        if not self.source:
            yield from (f"GET {path} HTTP/1.1\r\n{head}\r\n".encode() for _ in range(self.count))
            return
        head += "Content-Type: application/x-www-form-urlencoded\r\n"
        for number in range(self.count):
            form = urlencode({"source": self.source.format(n=number), "target": self.target})
            yield f"POST {path} HTTP/1.1\r\n{head}Content-Length: {len(form)}\r\n\r\n{form}".encode()


async def _connection(plan: Plan, requests: Iterator[bytes], seen: Counter[int], latencies: list[float]) -> None:
    parts = urlsplit(plan.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    for request in requests:
        began = time.perf_counter()
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        start = head.index(b"content-length:") + len(b"content-length:")
        await reader.readexactly(int(head[start : head.index(b"\r\n", start)]))
        latencies.append(time.perf_counter() - began)
        seen[int(head[9:12])] += 1
    writer.close()


async def run(plan: Plan) -> dict[str, Any]:
    """All requests; what came back."""
    requests = iter(list(plan.requests()))
    seen: Counter[int] = Counter()
    latencies: list[float] = []
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(plan.connections):
            group.create_task(_connection(plan, requests, seen, latencies))
    took_s = time.perf_counter() - began
    cuts = statistics.quantiles(latencies, n=100)
    return {"n": plan.count, "s": took_s, "statuses": dict(seen), "p50_ms": cuts[49] * 1e3, "p99_ms": cuts[98] * 1e3}


if __name__ == "__main__":
    print(json.dumps(uvloop.run(run(Plan(**json.loads(sys.argv[1]))))))
