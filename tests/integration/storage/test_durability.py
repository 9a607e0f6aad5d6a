"""What was written stays written: killed processes, locked files, servers that hang up, and any order of events."""

from __future__ import annotations

import asyncio
import random
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from mentions import urls
from mentions.errors import Conflict
from mentions.model import Change, EntryState, Url
from mentions.storage import Database, changes, entries, likes, pages, schema, tables
from mentions.storage.entries import rows
from tests.integration.storage.making import MINUTE, NOW, reply, respond
from tests.support.postgres import name_of

ROOT = Path(schema.__file__).resolve().parents[2]
WRITE_FOR_EVER = """
import asyncio, sys
from sqlalchemy import text
from mentions.storage import Database

async def main():
    db = await Database.open(sys.argv[1])
    numbers = iter(range(10 ** 9))
    async def write():
        for number in numbers:
            async with db.write() as c:
                await c.execute(
                    text("INSERT INTO positions (follower, cursor, at) VALUES (:f, 1, '2026-11-22 08:00:00')"),
                    {"f": str(number)},
                )
            sys.stdout.write(f"{number}\\n")
            sys.stdout.flush()
    await asyncio.gather(*(write() for _ in range(4)))

asyncio.run(main())
"""


async def test_what_was_reported_as_written_survives_a_kill(migrated_url):
    command = [sys.executable, "-c", WRITE_FOR_EVER, migrated_url]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    reported = [await asyncio.to_thread(child.stdout.readline) for _ in range(200)]
    child.send_signal(signal.SIGKILL)
    rest, _ = await asyncio.to_thread(child.communicate)
    complete = [line for line in (*reported, *rest.splitlines(keepends=True)) if line.endswith("\n")]
    db = await Database.open(migrated_url)
    async with db.read() as c:
        kept = set((await c.execute(text("SELECT follower FROM positions"))).scalars())
    async with db.write() as c:  # and the next one can write
        await c.execute(text("DELETE FROM positions"))
    await db.close()
    assert len(complete) >= 200
    assert {line.strip() for line in complete} <= kept


async def test_a_write_waits_for_a_program_that_holds_the_file(sqlite_template, tmp_path):
    path = tmp_path / "held.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())
    db = await Database.open(f"sqlite:///{path}")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        async def write() -> None:
            async with db.write() as c:
                await c.execute(text("INSERT INTO positions VALUES ('a', 1, '2026-11-22 08:00:00')"))

        waiting = asyncio.create_task(write())
        await asyncio.wait([waiting], timeout=0.3)
        assert not waiting.done()
        other.execute("COMMIT")
        async with asyncio.timeout(60):
            await waiting
    await db.close()


async def test_a_server_that_hung_up_is_connected_to_again(postgres_template, postgres_server):
    url = postgres_server.create(template=postgres_template)
    db = await Database.open(url)
    for _ in range(3):
        await asyncio.gather(db.ping(), db.ping())
        await asyncio.to_thread(
            postgres_server.execute,
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name_of(url)}'",
        )
        async with db.read() as c:
            assert await changes.latest(c) == 0
        async with db.write() as c:
            await changes.advance(c, "a", 1, now=NOW)
    await db.close()
    postgres_server.drop(url)


# --- any order of events -------------------------------------------------------------------------------------------

SOURCES = [f"https://ann.example/{name}" for name in "abc"]
PATHS = ["https://example.com/one", "https://example.com/two", "https://example.com/three"]


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_happens_in_whatever_order_the_books_balance(db, site, seed):
    """Jobs, moderators, visitors and learned aliases in any order, some of them failing half-way."""
    chance = random.Random(seed)
    for step in range(90):
        try:
            async with db.write() as c:
                await _something(c, site, chance, step)
                _fail_sometimes(chance)
        except (Conflict, ZeroDivisionError):
            continue
        async with db.read() as c:
            await _audit(c)


def _fail_sometimes(chance: random.Random) -> None:
    if chance.random() < 0.15:
        raise ZeroDivisionError


async def _something(c, site, chance: random.Random, step: int) -> None:
    now = NOW + step * MINUTE
    known = [entry for entry in await entries.of_site(c, site.id, states=list(EntryState)) if entry.id]
    what = chance.choice(["job", "job", "job", "lost link", "gone", "moderate", "moderate", "like", "alias"])
    if what == "job":
        page = await pages.ensure(c, site.id, chance.choice(PATHS), now=now)
        said = reply(chance.choice(["one", "two"]), url=Url(f"https://ann.example/u{chance.randrange(3)}"))
        target = page.url + chance.choice(["", "#f"])
        await respond(c, page, chance.choice(SOURCES), said, now=now, target=target, mf2={"step": step})
    elif what == "alias":
        page = await pages.ensure(c, site.id, chance.choice(PATHS), now=now)
        await pages.learn(c, page.id, aliases=[f"{page.url}?v={step}", *chance.sample(PATHS, chance.choice([0, 0, 1]))],
                          checked_at=now)  # fmt: skip
    elif known:
        entry = await entries.get(c, chance.choice(known).id)
        if what == "lost link" and entry.targets:
            await entries.withdraw(c, entry.id, target=chance.choice(entry.targets), now=now)
        elif what == "gone":
            await entries.withdraw(c, entry.id, now=now)
        elif what == "moderate":
            await entries.set_state(c, entry.id, chance.choice(list(EntryState)), now=now)
        elif what == "like" and entry.state is EntryState.SHOWN:
            await likes.add(c, entry.id, bytes([chance.randrange(4)]), now=now)
        await changes.append(
            c, site_id=site.id, page_id=entry.page_id, entry_id=entry.id, change=Change.UPDATED, now=now
        )


def _names_of(row, entry) -> set[tuple[str, bytes]]:
    """By what an entry is found; of the dead only the source of what somebody here has removed, to keep it away."""
    if entry.state is not EntryState.DELETED:
        return rows.url_keys(entry.source, entry.reaction)
    if row.deleted_by == "source" or row.merged_into is not None:
        return set()
    return {(rows.REMOVED, key) for key in rows.keys_of([entry.source])}


async def _audit(c) -> None:
    stored = (await c.execute(tables.entries.select())).all()
    live = [row for row in stored if row.merged_into is None]
    assert len({(row.source_key, row.page_id) for row in live}) == len(live), "one entry for a source on a page"
    for row in stored:
        entry = rows.entry(row)
        numbers = [revision.number for revision in await entries.revisions(c, row.id)]
        assert numbers == list(range(1, row.revision + 1)), "every change has its revision"
        liked = await c.execute(text("SELECT count(*) FROM likes WHERE entry_id = :id"), {"id": row.id})
        known = await c.execute(text("SELECT role, key_hash FROM entry_urls WHERE entry_id = :id"), {"id": row.id})
        found = {(one.role, bytes(one.key_hash)) for one in known}
        is_dead = entry.state is EntryState.DELETED
        assert (entry.deleted_at is not None) == is_dead == (row.deleted_by is not None)
        assert bool(entry.targets) != is_dead
        assert found == _names_of(row, entry)
        assert liked.scalar_one() == entry.likes
        assert (await entries.mf2(c, row.id) is None) == is_dead
        if is_dead:
            assert entry.reaction.content is None
            assert entry.reaction.author.name is None
        else:
            assert await entries.by_source(c, urls.source_key(entry.source), entry.page_id) == entry
            assert entry.target in entry.targets
        if row.merged_into is not None:
            assert is_dead
            assert (await entries.get(c, row.id)).id == row.merged_into
    spelled = {url: await pages.by_key(c, urls.page_key(url)) for url in PATHS}
    assert {row.page_id for row in live} <= {page.id for page in spelled.values() if page is not None}
