"""One change cursor (issue 5 §2): ten writers and three readers at once, while services and workers come and go.

Everything goes through the product's own doors.  What the database holds in the end is the measure: each reader must
have met every change of it exactly once (a webhook at least once, under one id), in order.  A change is not told when a
later one of the same entry has made it void (decision 0064); then that later one must be seen.  That something was
brought in by an import is no news for a webhook (decision 0124); everything after it is."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass

import asyncpg
import pytest

from tests.acceptance.cursor_world import WRITERS, Listener, Poller, Receiver, World
from tests.peers import Blog, Peer
from tests.support.processes import stop
from tests.support.product import Product
from tests.support.waiting import eventually

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

ALL_CHANGES = (
    "SELECT c.cursor, p.url, c.entry_id, c.change, e.state, r.actor = 'import' AND c.change = 'created' FROM changes c"
    " JOIN entries e ON e.id = c.entry_id JOIN pages p ON p.id = c.page_id"
    " JOIN revisions r ON r.entry_id = c.entry_id AND r.number = 1 ORDER BY c.cursor"
)
GOING = ("hidden", "deleted")


@dataclass(frozen=True, slots=True)
class Row:
    """A change as the database has it."""

    cursor: int
    page: str
    entry_id: int
    change: str
    state: str
    """Of the entry, in the end."""
    is_moved_in: bool
    """An import has brought it."""


async def all_changes(world: World, database_url: str | None) -> list[Row]:
    """The changes as the database has them, read beside the product."""
    if database_url is None:
        with closing(sqlite3.connect(f"file:{world.product.data}/ymateb.sqlite3?mode=ro", uri=True)) as file:
            return [Row(*row) for row in file.execute(ALL_CHANGES)]
    connection = await asyncpg.connect(database_url)
    try:
        return [Row(*row) for row in await connection.fetch(ALL_CHANGES)]
    finally:
        await connection.close()


def public(rows: Iterable[Row]) -> list[Row]:
    """What must be told to whoever sees only what is shown: all that went, all of entries that were never taken away,
    and the last of those that were and are shown again."""
    rows = list(rows)
    touched = {row.entry_id for row in rows if row.change in GOING or row.state != "shown"}
    last = {row.entry_id: row for row in rows}
    return [
        row
        for row in rows
        if row.change in GOING or row.entry_id not in touched or (row.state == "shown" and last[row.entry_id] is row)
    ]


def news(rows: Iterable[Row]) -> list[Row]:
    """What webhooks are told of."""
    return [row for row in rows if not row.is_moved_in]


def check(reader: str, seen: list[int], wanted: list[Row], there: list[Row]) -> None:
    """What must be seen was seen, what was seen was there, each once and in order."""
    assert seen == sorted(set(seen)), f"{reader}: out of order, or twice"
    missed = [row for row in wanted if row.cursor not in set(seen)]
    assert not missed, f"{reader} missed {len(missed)} of {len(wanted)}: {missed[:5]}"
    assert set(seen) <= {row.cursor for row in there}, f"{reader} saw what is not there"


async def disturb(world: World, is_over: asyncio.Event) -> int:
    """Services and workers go, by both signals, and come back, until it is over; how often all of them went."""
    product, rounds = world.product, 0
    while not is_over.is_set():
        rounds += 1
        await product.stop_service(signal.SIGKILL)
        await product.start_service()
        await asyncio.to_thread(stop, world.other, by=signal.SIGTERM)
        world.start_other()
        for by in (signal.SIGKILL, signal.SIGTERM):
            product.start_worker()
            await product.stop_worker(0, by=by)
    return rounds


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_ten_writers_and_three_readers_meet_every_change_once(
    request: pytest.FixtureRequest, blog: Blog, kind: str
):
    database_url = request.getfixturevalue("postgres_url") if kind == "postgresql" else None
    settings = {"YMATEB_DATABASE_URL": database_url} if database_url else {}
    assert len(WRITERS) == 10
    async with (
        Peer() as consumer,
        Product(sites=[blog.authority], workers=3, settings=settings, migrate=bool(database_url)) as product,
        World(product, blog) as world,
    ):
        receiver = Receiver()
        url = consumer.handle("/hook", receiver.take)
        await product.command("service", "hook", "add", url, "--site", blog.authority)
        poller, listener, is_over = Poller(world), Listener(world), asyncio.Event()
        async with asyncio.TaskGroup() as others:
            reading = [others.create_task(reader.run()) for reader in (poller, listener)]
            trouble = others.create_task(disturb(world, is_over))
            async with asyncio.TaskGroup() as writers:
                for number, write in enumerate(WRITERS):
                    writers.create_task(write(world, number))
            is_over.set()
            assert await trouble >= 1
            rows = await all_is_told(world, database_url, poller, listener)
            for task in reading:
                task.cancel()
        log = await world.deliveries()
    hot = [row for row in rows if row.page == world.hot]
    moderators = [row for row in rows if row.change in GOING or row.state != "deleted"]
    assert {row.change for row in rows} == {"created", "updated", "approved", "hidden", "deleted"}
    assert listener.streams > 2, "the stream was cut and taken up again"
    check("/api/changes", [told["cursor"] for told in poller.seen], moderators, rows)
    check("/api/events", [told["cursor"] for told in listener.seen], public(hot), hot)
    by_id = {message: body["data"]["cursor"] for message, body in receiver.seen}
    check("the webhook", sorted(by_id.values()), news(public(rows)), news(rows))
    assert {each["message"] for each in log} == {f"msg_1_{row.cursor}" for row in news(rows)}, "one for each change"
    assert any(row.is_moved_in for row in rows)
    assert {each["message"] for each in log if each["status"] == "delivered"} <= set(by_id)
    assert len(rows) > 120


async def all_is_told(world: World, database_url: str | None, poller: Poller, listener: Listener) -> list[Row]:
    """Waits until everything is quiet and every reader has caught up; all changes."""

    async def quiet() -> list[Row]:
        rows = await all_changes(world, database_url)
        seen = {told["cursor"] for told in listener.seen}
        late = [row for row in public(rows) if row.page == world.hot and row.cursor not in seen]
        assert not late, f"the stream has yet to tell of {len(late)}"
        assert poller.cursor == rows[-1].cursor, f"the poller is at {poller.cursor} of {rows[-1].cursor}"
        log = await world.deliveries()
        waiting = [each for each in log if each["status"] not in ("delivered", "skipped")]
        assert (len(log), waiting) == (len(news(rows)), [])
        return rows

    return await eventually(quiet, within_s=120, every_s=0.5)
