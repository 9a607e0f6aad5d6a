"""The cursor of changes: every reader meets every change once, in order, whoever writes meanwhile."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

import pytest

from mentions.model import Change
from mentions.storage import Database, changes, pages
from tests.integration.storage.making import MINUTE, NOW, respond

WRITERS, READERS, EACH = 10, 3, 40


async def tell(c, page, entry_id: int, change: Change = Change.CREATED, now=NOW) -> int:
    return await changes.append(c, site_id=page.site_id, page_id=page.id, entry_id=entry_id, change=change, now=now)


async def test_changes_come_back_in_order_and_from_any_cursor(db, page):
    async with db.write() as c:
        assert await changes.latest(c) == 0
        cursors = [await tell(c, page, entry_id, change) for entry_id, change in enumerate(Change)]
        assert cursors == sorted(cursors)
        found = await changes.since(c, 0)
        assert [(one.cursor, one.entry_id, one.change, one.at) for one in found] == [
            (cursor, entry_id, change, NOW)
            for entry_id, (cursor, change) in enumerate(zip(cursors, Change, strict=True))
        ]
        assert await changes.since(c, cursors[2]) == found[3:]
        assert await changes.since(c, 0, 2) == found[:2]
        assert await changes.since(c, cursors[-1]) == []
        assert await changes.latest(c) == cursors[-1]


async def test_changes_of_one_page_or_site_can_be_followed(db, page):
    async with db.write() as c:
        other = await pages.ensure(c, page.site_id, "https://example.com/other", now=NOW)
        here, there = await tell(c, page, 1), await tell(c, other, 2)
        assert [one.cursor for one in await changes.since(c, 0, page_id=page.id)] == [here]
        assert [one.cursor for one in await changes.since(c, 0, site_id=page.site_id)] == [here, there]
        assert await changes.since(c, 0, site_id=page.site_id + 1) == []
        assert await changes.latest(c, page_id=page.id) == here
        assert await changes.latest(c, page_id=999) == 0


async def test_a_change_is_not_told_when_its_transaction_fails(db, page):
    async def fail() -> None:
        async with db.write() as c:
            await tell(c, page, 1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with db.write() as c:
        await tell(c, page, 2)
        assert [one.entry_id for one in await changes.since(c, 0)] == [2]


async def test_many_changes_are_told_at_once_in_order(db, page):
    told = [(page.site_id, page.id, entry_id, Change.UPDATED) for entry_id in range(200)]
    async with db.write() as c:
        await changes.append_many(c, told, now=NOW)
        await changes.append_many(c, [], now=NOW)
        assert [one.entry_id for one in await changes.since(c, 0)] == list(range(200))


async def test_no_reader_misses_a_change_however_writers_overlap(migrated_url, page):
    """Each writer dawdles between drawing its cursor and committing; without the lock on PostgreSQL a larger cursor
    would be committed before a smaller one, and readers would pass over it."""
    writers, readers = await Database.open(migrated_url, pool_size=WRITERS), await Database.open(migrated_url)
    expected = {writer * 1000 + number for writer in range(WRITERS) for number in range(EACH)}

    async def write(writer: int) -> None:
        chance = random.Random(writer)
        for number in range(EACH):
            async with writers.write() as c:
                await asyncio.sleep(chance.uniform(0, 0.002))
                await tell(c, page, writer * 1000 + number)
                await asyncio.sleep(chance.uniform(0, 0.002))

    async def read() -> list[int]:
        cursor, seen = 0, []
        while len(seen) < len(expected):
            async with readers.read() as c:
                news = await changes.since(c, cursor, 7)
            seen += [one.entry_id for one in news]
            cursor = news[-1].cursor if news else cursor
            if not news:
                await asyncio.sleep(0.001)
        return seen

    async with asyncio.timeout(60):
        seen, *_ = await asyncio.gather(
            asyncio.gather(*(read() for _ in range(READERS))), *(write(writer) for writer in range(WRITERS))
        )
    assert [set(one) for one in seen] == [expected] * READERS
    assert all(len(one) == len(expected) for one in seen), "nothing is seen twice"
    assert seen[0] == seen[1] == seen[2]
    await writers.close()
    await readers.close()


async def test_compaction_leaves_the_last_change_of_every_entry(db, page):
    old, recent = NOW - timedelta(days=40), NOW
    async with db.write() as c:
        for entry_id, change, at in (
            (1, Change.CREATED, old),
            (2, Change.CREATED, old),
            (1, Change.UPDATED, old + MINUTE),
            (3, Change.CREATED, old),
            (3, Change.DELETED, recent),
            (4, Change.CREATED, recent),
            (4, Change.UPDATED, recent),
        ):
            last = await tell(c, page, entry_id, change, at)
    assert await changes.compact(db, NOW - changes.KEPT) == 2
    assert await changes.compact(db, NOW - changes.KEPT) == 0
    async with db.read() as c:
        left = [(one.entry_id, one.change) for one in await changes.since(c, 0)]
        assert await changes.latest(c) == last
    assert left == [
        (2, Change.CREATED),
        (1, Change.UPDATED),
        (3, Change.DELETED),
        (4, Change.CREATED),
        (4, Change.UPDATED),
    ]


async def test_a_follower_finds_its_place_again_and_never_goes_back(db):
    async with db.write() as c:
        assert await changes.position(c, "webhooks") == 0
        for cursor in (5, 9, 7):
            await changes.advance(c, "webhooks", cursor, now=NOW)
        await changes.advance(c, "feeds", 3, now=NOW)
        assert await changes.position(c, "webhooks") == 9
        assert await changes.position(c, "feeds") == 3


async def test_an_entry_and_its_change_become_visible_together(db, page):
    async with db.write() as c:
        entry = await respond(c, page, "https://ann.example/1")
        await tell(c, page, entry.id)
        async with db.read() as reader:
            assert await changes.since(reader, 0) == []
    async with db.read() as c:
        assert [one.entry_id for one in await changes.since(c, 0)] == [entry.id]
