"""Readers of a thread wait for its layout as long as they have to, and get an earlier one where there is one."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from mentions.errors import NotFound, Unavailable
from mentions.storage import Database, changes, layout, outages
from mentions.storage import tables as t
from mentions.storage.layout import Upkeep, settling
from mentions.storage.layout.upkeep import LEAST_REST_S
from tests.integration.storage.making import respond

BASE = "https://ymateb.example/entries/"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def upkeep(db: Database, clock: Clock):
    it = Upkeep(db, BASE, patience_s=60, clock=clock)
    yield it
    await it.close()


@pytest.fixture
async def impatient(db: Database, clock: Clock):
    it = Upkeep(db, BASE, patience_s=0.3, clock=clock)
    yield it
    await it.close()


@pytest.fixture
async def other(migrated_url: str):
    """The same database, as another process has it."""
    database = await Database.open(migrated_url)
    yield database
    await database.close()


async def write(db: Database, page, *numbers: int) -> None:
    async with db.write() as c:
        for number in numbers:
            await respond(c, page, f"https://ann.example/{number}")


async def shown(db: Database, page) -> int:
    async with db.read() as c:
        return (await layout.counts(c, page.id)).readable


async def test_while_another_writes_for_long_readers_get_the_earlier_layout(db, page, upkeep, impatient, other):
    await write(db, page, 1)
    assert await upkeep.bring_up_to_date(page.id)
    await write(db, page, 2)
    async with other.write() as c:
        await settling.lock(c, page.id)
        assert not await impatient.bring_up_to_date(page.id)
        assert await shown(db, page) == 1
    assert await upkeep.bring_up_to_date(page.id)
    assert await shown(db, page) == 2


async def test_what_was_never_laid_out_is_waited_for(db, page, impatient, other):
    await write(db, page, 1)
    async with other.write() as c:
        await settling.lock(c, page.id)
        reading = asyncio.create_task(impatient.bring_up_to_date(page.id))
        done, _ = await asyncio.wait({reading}, timeout=0.6)
        assert not done
    assert await reading
    assert await shown(db, page) == 1


async def test_while_much_comes_in_a_page_is_not_laid_out_for_every_reader(db, page, upkeep, clock):
    await write(db, page, 0)
    assert await upkeep.bring_up_to_date(page.id)
    await write(db, page, *range(1, 200))
    assert not await upkeep.bring_up_to_date(page.id)
    assert await shown(db, page) == 1
    clock.now += LEAST_REST_S
    assert await upkeep.bring_up_to_date(page.id)
    assert await shown(db, page) == 200


async def test_a_few_responses_are_shown_at_once(db, page, upkeep):
    for number in range(5):
        await write(db, page, number)
        assert await upkeep.bring_up_to_date(page.id)
        assert await shown(db, page) == number + 1


async def test_readers_at_once_share_the_work_and_each_sees_what_it_came_for(db, page, upkeep):
    async def write_and_read(number: int) -> None:
        await write(db, page, number)
        assert await upkeep.bring_up_to_date(page.id)
        async with db.read() as c:
            place = select(t.places.c.id).join(t.entries, t.entries.c.id == t.places.c.id)
            mine = place.where(t.entries.c.source == f"https://ann.example/{number}")
            assert (await c.execute(mine)).one_or_none() is not None

    await asyncio.gather(*(write_and_read(number) for number in range(12)))
    assert await shown(db, page) == 12


async def test_what_fails_for_another_reason_is_told(db, page, upkeep):
    await write(db, page, 1)
    assert await upkeep.bring_up_to_date(page.id)
    await write(db, page, 2)
    async with db.write() as c:
        await c.execute(t.unsettled.update().values(entry_id=1))
        await c.execute(t.places.update().values(part="unheard"))
    with pytest.raises(ValueError, match="unheard") as caught:
        await upkeep.bring_up_to_date(page.id)
    assert not outages.is_outage(caught.value)


def test_a_shared_transaction_that_another_spoilt_passes_by_itself():
    """`writer.py` says so to all who wrote in it: whoever only wanted to read goes without."""
    assert outages.is_outage(Unavailable("the transaction was cut off; try again", retry_after_s=1))
    assert not outages.is_outage(NotFound("There is no such hook any more."))


async def test_a_cursor_from_before_what_has_no_place_yet(db, page):
    async def tell(number: int) -> int:
        async with db.write() as c:
            entry = await respond(c, page, f"https://ann.example/{number}")
            at = {"site_id": page.site_id, "page_id": page.id, "entry_id": entry.id}
            return await changes.append(c, **at, change=changes.Change.CREATED, now=entry.received_at)

    await tell(1)
    await layout.bring_up_to_date(db, page.id, BASE)
    async with db.read() as c:
        assert await changes.before_unsettled(c, page.id) is None
    second = await tell(2)
    await tell(3)
    async with db.read() as c:
        before = await changes.before_unsettled(c, page.id)
        assert before == second - 1
