"""How many mentions per second one process can store: entry, URLs, revision, raw microformats, outcome and change.

    python bench/storage_writes.py [DATABASE_URL]

Without a URL an SQLite file in a temporary folder.  Alone (each write waits for its commit) and 1..100 at a time."""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime

import uvloop

from mentions.model import (
    Author,
    Change,
    Claim,
    Content,
    EntryState,
    Hop,
    Kind,
    Outcome,
    Page,
    PlainText,
    Protocol,
    Reaction,
    SafeHtml,
    Status,
    Trace,
    Url,
)
from mentions.storage import Database, changes, claims, entries, pages, schema, sites

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TEXT = "All work and no play makes Jack a dull boy. " * 20
REACTION = Reaction(
    kind=Kind.REPLY,
    author=Author(PlainText("Ann Example"), Url("https://ann.example/"), Url("https://ann.example/me.jpg")),
    content=Content(SafeHtml(f"<p>{TEXT}</p>"), PlainText(TEXT)),
    published="2026-11-21T10:00:00+01:00",
    in_reply_to=(Url("https://example.com/post"),),
)
MF2 = {"items": [{"type": ["h-entry"], "properties": {"content": [{"html": TEXT, "value": TEXT}]}}], "rels": {}}


async def store(db: Database, page: Page, number: int) -> None:
    """What a worker does at the end of a job."""
    source = f"https://ann.example/posts/{number}"
    claim = Claim(f"{number:020d}", source, page.url, Protocol.WEBMENTION, NOW)
    async with db.write() as c:
        entry = await entries.insert(
            c, site_id=page.site_id, page_id=page.id, source=source, target=page.url, protocol=Protocol.WEBMENTION,
            reaction=REACTION, state=EntryState.SHOWN, now=NOW, mf2=MF2,
        )  # fmt: skip
        trace = Trace(hops=(Hop(source, 200, 12),))
        await claims.save(c, Outcome(claim, Status.SUCCESS, "It is there", NOW, trace, entry.id))
        await changes.append(
            c, site_id=page.site_id, page_id=page.id, entry_id=entry.id, change=Change.CREATED, now=NOW
        )


async def measure(db: Database, page: Page, first: int, count: int, at_once: int) -> None:
    """Prints writes per second and CPU milliseconds of each."""
    numbers = iter(range(first, first + count))

    async def worker() -> None:
        for number in numbers:
            await store(db, page, number)

    started, cpu = time.perf_counter(), _cpu()
    await asyncio.gather(*(worker() for _ in range(at_once)))
    took = time.perf_counter() - started
    print(f"{at_once:4} at a time: {count / took:7.0f}/s, {(_cpu() - cpu) / count * 1000:.2f} ms CPU each")


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = sys.argv[1] if len(sys.argv) > 1 else f"sqlite:///{folder}/bench.sqlite3"
        await schema.migrate_async(url)
        db = await Database.open(url)
        async with db.write() as c:
            site = await sites.add(c, "example.com", now=NOW)
            page = await pages.ensure(c, site.id, "https://example.com/post", now=NOW)
        first = 0
        for at_once in (1, 4, 16, 100):
            count = 1000 if at_once == 1 else 3000
            await measure(db, page, first, count, at_once)
            first += count
        started = time.perf_counter()
        async with db.read() as c:
            shown = await entries.thread(c, page.id)
        print(f"a thread of {len(shown)} read in {(time.perf_counter() - started) * 1000:.0f} ms")
        await db.close()


if __name__ == "__main__":
    uvloop.run(main())
