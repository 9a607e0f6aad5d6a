"""What `Database.read` and `Database.write` promise, on both databases."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import signal
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from mentions.errors import ConfigurationError
from mentions.storage import Database
from mentions.storage.engine import database_url

ADD = text("INSERT INTO positions (follower, cursor, at) VALUES (:follower, :cursor, '2026-11-22 08:00:00')")


async def add(db: Database, follower: str, cursor: int = 1) -> None:
    async with db.write() as c:
        await c.execute(ADD, {"follower": follower, "cursor": cursor})


async def followers(db: Database) -> set[str]:
    """Whom `add` has put in: a fresh database has the follower that deliveries need."""
    async with db.read() as c:
        found = await c.execute(text("SELECT follower FROM positions WHERE follower <> 'deliveries'"))
        return set(found.scalars())


async def test_what_was_written_is_seen_by_the_next_reader(db):
    await add(db, "a")
    assert await followers(db) == {"a"}


async def test_a_write_that_raises_leaves_nothing(db):
    async def fail() -> None:
        async with db.write() as c:
            await c.execute(ADD, {"follower": "a", "cursor": 1})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await followers(db) == set()
    await add(db, "b")
    assert await followers(db) == {"b"}


async def test_a_reader_cannot_write(db):
    with pytest.raises(DBAPIError):
        async with db.read() as c:
            await c.execute(ADD, {"follower": "a", "cursor": 1})
    assert await followers(db) == set()


async def test_a_reader_sees_one_state_from_start_to_end(db):
    async with db.read() as c:
        before = (await c.execute(text("SELECT count(*) FROM positions"))).scalar_one()
        await add(db, "a")
        assert (await c.execute(text("SELECT count(*) FROM positions"))).scalar_one() == before
    assert await followers(db) == {"a"}


async def test_many_coroutines_write_at_once_without_losing_a_row(db):
    names = {f"f{number}" for number in range(300)}
    await asyncio.gather(*(add(db, name) for name in names))
    assert await followers(db) == names


async def test_one_failing_write_among_many_undoes_only_itself(db):
    await add(db, "taken")

    async def twice() -> None:
        async with db.write() as c:
            await c.execute(ADD, {"follower": "undone", "cursor": 1})
            await c.execute(ADD, {"follower": "taken", "cursor": 1})

    good = [add(db, f"f{number}") for number in range(40)]
    results = await asyncio.gather(*good[:20], twice(), *good[20:], twice(), return_exceptions=True)
    assert [type(r) for r in results if r is not None] == [IntegrityError, IntegrityError]
    assert await followers(db) == {"taken", *(f"f{number}" for number in range(40))}


async def test_ping_answers(db):
    await db.ping()


async def test_closing_waits_for_what_is_being_committed(migrated_url):
    db = await Database.open(migrated_url)
    await asyncio.gather(*(add(db, f"f{number}") for number in range(20)))
    await db.close()
    again = await Database.open(migrated_url)
    assert len(await followers(again)) == 20
    await again.close()


# --- SQLite: one writer at a time ---------------------------------------------------------------------------------


@pytest.fixture
async def sqlite_db(sqlite_template, tmp_path):
    path = tmp_path / "one.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())
    db = await Database.open(f"sqlite:///{path}")
    yield db
    await db.close()


async def test_concurrent_writes_share_commits(sqlite_db):
    async with sqlite_db.write() as first:
        others = [asyncio.create_task(add(sqlite_db, f"f{number}")) for number in range(30)]
        await asyncio.sleep(0)
        await first.execute(ADD, {"follower": "first", "cursor": 1})
    frames = _wal_commits(sqlite_db)
    await asyncio.gather(*others)
    assert len(await followers(sqlite_db)) == 31
    assert _wal_commits(sqlite_db) - frames <= 3, "thirty writes took (nearly) as many commits"


def _wal_commits(db: Database) -> int:
    """Commit frames in the write-ahead log: those that carry the size of the database (SQLite file format, 4.1)."""
    data = Path(f"{db.url.database}-wal").read_bytes()
    page_size = int.from_bytes(data[8:12], "big")
    frames = range(32, len(data) - page_size, 24 + page_size)
    return sum(int.from_bytes(data[at + 4 : at + 8], "big") > 0 for at in frames)


async def test_a_write_returns_only_when_another_process_could_read_it(sqlite_db):
    def rows() -> int:
        with sqlite3.connect(str(sqlite_db.url.database)) as other:
            return int(other.execute("SELECT count(*) FROM positions WHERE follower LIKE 'f%'").fetchone()[0])

    async def add_and_look(number: int) -> bool:
        await add(sqlite_db, f"f{number}")
        with sqlite3.connect(str(sqlite_db.url.database)) as other:
            return bool(other.execute("SELECT 1 FROM positions WHERE follower = ?", [f"f{number}"]).fetchone())

    assert all(await asyncio.gather(*(add_and_look(number) for number in range(100))))
    assert rows() == 100


async def test_a_write_inside_a_write_is_refused_instead_of_waiting_for_ever(sqlite_db):
    async with sqlite_db.write():
        with pytest.raises(RuntimeError, match="writing already"):
            async with sqlite_db.write():
                pass
    await add(sqlite_db, "later")
    assert await followers(sqlite_db) == {"later"}


async def test_a_waiting_write_that_is_cancelled_holds_up_nobody(sqlite_db):
    async with sqlite_db.write() as c:
        waiting = [asyncio.create_task(add(sqlite_db, f"f{number}")) for number in range(10)]
        await asyncio.sleep(0)
        for task in waiting[::2]:
            task.cancel()
        await c.execute(ADD, {"follower": "first", "cursor": 1})
    await asyncio.gather(*waiting, return_exceptions=True)
    assert await followers(sqlite_db) == {"first", "f1", "f3", "f5", "f7", "f9"}


async def test_a_write_cancelled_just_as_its_turn_comes_passes_the_turn_on(sqlite_db):
    """The turn is given by setting a future's result; a cancel may arrive before the task runs again."""
    entered, leave = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        async with sqlite_db.write() as c:
            await c.execute(ADD, {"follower": "first", "cursor": 1})
            entered.set()
            await leave.wait()

    running = asyncio.create_task(first())
    await entered.wait()
    second, third = (asyncio.create_task(add(sqlite_db, name)) for name in ("second", "third"))
    await asyncio.sleep(0)
    leave.set()  # wakes the first one, which hands over at once
    asyncio.get_running_loop().call_soon(second.cancel)  # in the same turn of the loop
    async with asyncio.timeout(60):
        await asyncio.gather(running, second, third, return_exceptions=True)
    assert second.cancelled()
    assert await followers(sqlite_db) == {"first", "third"}


async def test_what_a_full_disk_undoes_was_told_to_nobody_as_done(sqlite_db):
    """SQLite then undoes all of the transaction by itself, with the writes of others that share it."""
    async with sqlite_db.write() as c:
        pages = (await c.execute(text("PRAGMA page_count"))).scalar_one()
        await c.execute(text(f"PRAGMA max_page_count={pages + 1}"))
    entered, leave = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        async with sqlite_db.write() as c:
            entered.set()
            await leave.wait()
            await c.execute(ADD, {"follower": "first", "cursor": 1})

    running = asyncio.create_task(first())
    await entered.wait()
    large, third = (asyncio.create_task(add(sqlite_db, name)) for name in ("l" * 1_000_000, "third"))
    await asyncio.sleep(0)
    leave.set()
    results = await asyncio.gather(running, large, third, return_exceptions=True)
    assert isinstance(results[1], DBAPIError)
    told = {name for name, result in zip(("first", "", "third"), results, strict=True) if result is None}
    assert await followers(sqlite_db) == told
    await add(sqlite_db, "fourth")
    assert await followers(sqlite_db) == {*told, "fourth"}


ORPHAN = text("INSERT INTO tokens (site_id, hash, scopes, label, created_at) VALUES (99, x'00', '', '', '2026-11-22')")
LONG = """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000)
          INSERT INTO positions (follower, cursor, at) SELECT 'cut off ' || i, i, '2026-11-22 08:00:00' FROM n
          WHERE i % 1000 = 0 RETURNING follower"""


async def test_a_write_cancelled_in_the_middle_of_a_statement_undoes_only_itself(sqlite_db):
    started = asyncio.Event()

    async def long() -> None:
        async with sqlite_db.write() as c:
            started.set()
            await c.execute(text(LONG))

    early = asyncio.create_task(add(sqlite_db, "early"))
    slow = asyncio.create_task(long())
    late = asyncio.create_task(add(sqlite_db, "late"))
    await started.wait()
    await asyncio.sleep(0.01)  # let the thread begin with it
    slow.cancel()
    async with asyncio.timeout(60):
        results = await asyncio.gather(early, slow, late, return_exceptions=True)
    assert [type(result) for result in results] == [type(None), asyncio.CancelledError, type(None)]
    assert await followers(sqlite_db) == {"early", "late"}


async def test_writes_cancelled_at_any_moment_leave_a_writer_that_works(sqlite_db):
    chance = random.Random(7)

    async def cut_off(number: int) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(chance.uniform(0, 0.03)):
                await add(sqlite_db, f"cut{number}")

    async def whole(number: int) -> None:
        await asyncio.sleep(chance.uniform(0, 0.2))
        await add(sqlite_db, f"f{number}")

    async with asyncio.timeout(60):
        await asyncio.gather(*(cut_off(number) for number in range(200)), *(whole(number) for number in range(200)))
    assert {name for name in await followers(sqlite_db) if name.startswith("f")} == {f"f{n}" for n in range(200)}


async def test_when_a_commit_fails_every_write_in_it_is_told_and_undone(sqlite_db):
    """A foreign key that is checked at the commit fails there, after all of them have finished."""

    async def orphan() -> None:
        async with sqlite_db.write() as c:
            await c.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            await c.execute(ORPHAN)

    async def first() -> None:
        async with sqlite_db.write() as c:
            await asyncio.sleep(0)
            await c.execute(ADD, {"follower": "first", "cursor": 1})

    names = ["first", "a", "orphan", "b"]
    results = await asyncio.gather(first(), add(sqlite_db, "a"), orphan(), add(sqlite_db, "b"), return_exceptions=True)
    told = {name for name, result in zip(names, results, strict=True) if result is None}
    assert isinstance(results[2], IntegrityError)
    assert await followers(sqlite_db) == told
    await add(sqlite_db, "later")
    assert await followers(sqlite_db) == {*told, "later"}


async def test_the_file_syncs_on_commit_and_checks_foreign_keys(sqlite_db):
    async with sqlite_db.write() as c:
        pragmas = {name: (await c.exec_driver_sql(f"PRAGMA {name}")).scalar_one() for name in
                   ("journal_mode", "synchronous", "foreign_keys")}  # fmt: skip
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def _write_many(path: str, name: str, count: int) -> None:
    async def run() -> None:
        db = await Database.open(f"sqlite:///{path}")
        gate = asyncio.Semaphore(8)

        async def one(number: int) -> None:
            async with gate:
                await add(db, f"{name}{number}", number)

        await asyncio.gather(*(one(number) for number in range(count)))
        await db.close()

    asyncio.run(run())


async def test_three_processes_write_into_one_file(sqlite_db):
    spawn = multiprocessing.get_context("spawn")
    path = str(sqlite_db.url.database)
    children = [spawn.Process(target=_write_many, args=(path, name, 200)) for name in "abc"]
    for child in children:
        child.start()
    while any(child.is_alive() for child in children):
        await followers(sqlite_db)  # readers are not held up by writers
        await asyncio.sleep(0.02)
    assert [child.exitcode for child in children] == [0, 0, 0]
    assert await followers(sqlite_db) == {f"{name}{number}" for name in "abc" for number in range(200)}


# --- URLs ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("sqlite:////data/y.sqlite3", "sqlite+aiosqlite:////data/y.sqlite3"),
        ("sqlite+aiosqlite:///y.sqlite3", "sqlite+aiosqlite:///y.sqlite3"),
        ("postgres://u:p@db/y", "postgresql+asyncpg://u:p@db/y"),
        ("postgresql://u@db:5433/y", "postgresql+asyncpg://u@db:5433/y"),
        ("postgresql+asyncpg://u@db/y", "postgresql+asyncpg://u@db/y"),
        ("postgresql://u@db/y?sslmode=require", "postgresql+asyncpg://u@db/y?ssl=require"),
    ],
)
def test_every_usual_way_to_write_a_database_url_is_taken(given, used):
    assert database_url(given).render_as_string(hide_password=False) == used


@pytest.mark.parametrize("given", ["", "mysql://u@db/y", "sqlite://", "sqlite:///:memory:", "not a url"])
def test_a_database_url_that_cannot_be_used_is_refused_in_one_line(given):
    with pytest.raises(ConfigurationError) as refusal:
        database_url(given)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("is_new", [True, False], ids=["between looks", "during one"])
async def test_a_database_that_says_nothing_is_not_waited_for_for_ever(postgres_url: str, is_new):
    db = await Database.open(postgres_url, silence_s=2)
    async with db.read() as c:
        backend = (await c.execute(text("SELECT pg_backend_pid()"))).scalar_one()
    started = time.monotonic()
    try:
        with pytest.raises(TimeoutError):
            await look(db, backend, stops_first=is_new)
    finally:
        os.kill(backend, signal.SIGCONT)
    assert time.monotonic() - started < 20
    async with db.read() as c:
        assert (await c.execute(text("SELECT 1"))).scalar_one() == 1
    await db.close()


async def look(db: Database, backend: int, *, stops_first: bool) -> None:
    """A look at a database whose process stands still before it, or while it lasts."""
    if stops_first:
        os.kill(backend, signal.SIGSTOP)
    async with db.read() as c:
        os.kill(backend, signal.SIGSTOP)
        await c.execute(text("SELECT 1"))
