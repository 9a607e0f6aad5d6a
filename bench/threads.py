"""What opening a thread costs, by how much there is in it: `python -m bench.threads`.

One product, pages with 100, 1,000 and 10,000 responses, brought in by its own import.  Each row is the first page of a
thread, whatever lies behind: 100 responses to the post, of one branch the first 500, of likes the newest 500.  It is
opened *anew* (nothing made before can be handed out again) and *after a change* (somebody has commented since).
Milliseconds of a request, the least of some, the sizes by turns; the ratio is to the shortest of its shape.  *First of
all* is the very first look at the page."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.reading import text
from tests.support.product import Product

SHOWN = 100
SITE = "blog.example"
SHAPES = {
    "all to the post": (100, 1_000, 10_000),
    "all to the first": (1_000, 10_000),
    "a hundred and likes": (1_000, 10_000),
}
"""How many responses the pages of each shape have."""
MOST = 1.5
"""What a long thread may cost beside a short one."""
T0 = datetime(2026, 1, 1, tzinfo=UTC)


def slug(shape: str) -> str:
    """A shape as a part of URLs."""
    return shape.replace(" ", "-")


def post(shape: str, size: int) -> str:
    """The page that has so many responses of this shape."""
    return f"https://{SITE}/{slug(shape)}-{size}"


def responses(shape: str, size: int, first_id: int) -> Iterator[dict[str, Any]]:
    """Responses as our own export has them: all to the post, or to the first of them, or mostly likes."""
    for n in range(size):
        source = f"https://person{n}.example/{slug(shape)}-{size}/{n}"
        at = (T0 + timedelta(minutes=n)).isoformat()
        is_like = shape == "a hundred and likes" and n >= SHOWN
        answered = post(shape, size)
        entry = {
            "type": "entry",
            "wm-id": first_id + n,
            "wm-kind": "like" if is_like else "reply",
            "author": {"type": "card", "name": f"Person {n}", "url": f"https://person{n}.example/", "photo": ""},
            "url": source,
            "published": at,
            "wm-received": at,
            "wm-source": source,
            "wm-target": answered,
            "wm-property": "like-of" if is_like else "in-reply-to",
            "like-of" if is_like else "in-reply-to": answered,
        }
        if shape == "all to the first" and n:
            entry |= {"wm-parent": first_id}
        yield entry if is_like else entry | {"content": {"text": text(n, 40), "html": f"<p>{text(n, 40)}</p>"}}


async def fill(product: Product) -> None:
    """Brings all responses in."""
    everything: list[dict[str, Any]] = []
    for shape, sizes in SHAPES.items():
        for size in sizes:
            everything += responses(shape, size, len(everything) + 1)
    export = Path(product.folder) / "responses.json"
    export.write_text(json.dumps({"type": "feed", "children": everything}))
    await product.command("service", "import", "--site", SITE, "webmention.io", str(export), within_s=300)


async def opened_ms(product: Product, target: str, **asked: str) -> float:
    """One request for the first page of a thread, in milliseconds, read to its end."""
    began = time.perf_counter()
    parameters = {"target": target, "per-page": SHOWN, **asked}
    async with product.http.get(f"{product.base}/api/thread", params=parameters) as response:
        body = await response.read()
        assert response.status == 200, body[:300]
    return (time.perf_counter() - began) * 1e3


async def comment(product: Product, target: str, number: int) -> None:
    """Somebody says something below the post."""
    body = {"target": target, "name": f"Nia {number}", "content": text(number + 7, 9)}
    async with product.http.post(f"{product.base}/api/comments", json=body) as response:
        assert response.status == 201, await response.text()


async def measure(rounds: int) -> bool:
    """Prints the table; False when a long thread costs too much beside a short one."""
    is_good = True
    print(f"| shape, first page of {SHOWN} | responses | first of all | anew | ratio | after a change | ratio |")
    print("|---|---|---|---|---|---|---|", flush=True)
    async with Product(sites=[SITE], workers=0) as product:
        await fill(product)
        for shape, sizes in SHAPES.items():
            first = {size: await opened_ms(product, post(shape, size)) for size in sizes}
            anew: dict[int, list[float]] = {size: [] for size in sizes}
            changed: dict[int, list[float]] = {size: [] for size in sizes}
            for turn in range(rounds):
                for size in sizes:
                    anew[size].append(await opened_ms(product, post(shape, size), after=f"{turn}.0"))
                    await comment(product, post(shape, size), turn)
                    changed[size].append(await opened_ms(product, post(shape, size)))
            for size in sizes:
                new, after = min(anew[size]), min(changed[size])
                ratio, ratio_after = new / min(anew[sizes[0]]), after / min(changed[sizes[0]])
                is_good &= max(ratio, ratio_after) <= MOST
                print(
                    f"| {shape} | {size:,} | {first[size]:.0f} ms | {new:.1f} ms | {ratio:.2f} "
                    f"| {after:.1f} ms | {ratio_after:.2f} |",
                    flush=True,
                )
    return is_good


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(measure(7)) else 1)
