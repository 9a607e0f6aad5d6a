"""Periodic jobs: one worker leads, the others wait, and what is old is forgotten."""

from __future__ import annotations

import asyncio
from pathlib import Path

from mentions import identity
from mentions.model import Author, EntryState, Kind, Outcome, Protocol, Reaction, Status, Url
from mentions.storage import claims, entries, pages, people, sessions, sites
from mentions.storage.avatars import Avatars
from mentions.storage.layout import settling
from mentions.streams.limits import Limits
from tests.integration.storage.making import respond
from tests.integration.workers.conftest import Clock, Journeys
from tests.integration.workers.test_reread import HARMFUL, keep_old, now_of, outdated
from tests.peers import Blog
from tests.support.waiting import eventually
from workers.jobs.portraits import UNNAMED_KEPT
from workers.kit import Kit
from workers.schedule import LEADER, LEASE_S, Scheduler


async def test_outcomes_are_forgotten_when_they_are_old(
    kit: Kit, limits: Limits, receive: Journeys, clock: Clock, tmp_path: Path
):
    old, new = (
        receive.claim("http://a.example/1", "http://b.example/"),
        receive.claim("http://a.example/2", "http://b.example/"),
    )
    async with kit.db.write() as c:
        await claims.save(c, Outcome(old, Status.GONE, "gone", kit.now()))
    clock.move_on(days=91)
    async with kit.db.write() as c:
        await claims.save(c, Outcome(new, Status.GONE, "gone", kit.now()))
    running = asyncio.create_task(Scheduler(kit, limits, status_days=90, avatars=Avatars(tmp_path)).run())

    async def is_forgotten() -> bool:
        async with kit.db.read() as c:
            return await claims.get(c, old.id) is None

    await eventually(is_forgotten)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    async with kit.db.read() as c:
        assert await claims.get(c, new.id) is not None


async def test_only_one_worker_leads(kit: Kit, limits: Limits, receive: Journeys, clock: Clock, tmp_path: Path):
    held = await limits.acquire(LEADER, 1, LEASE_S)
    assert held is not None
    old = receive.claim("http://a.example/1", "http://b.example/")
    async with kit.db.write() as c:
        await claims.save(c, Outcome(old, Status.GONE, "gone", kit.now()))
    clock.move_on(days=91)
    second = Scheduler(kit, limits, status_days=90, avatars=Avatars(tmp_path))
    assert not await second.lead()
    await limits.release(LEADER, held)
    assert await second.lead()
    assert await second.lead(), "its own lease is renewed"
    async with kit.db.read() as c:
        assert await claims.get(c, old.id) is not None


async def test_the_leader_reads_old_entries_again_and_looks_at_pages_that_nobody_has_seen(
    kit: Kit, limits: Limits, receive: Journeys, mine: Blog, tmp_path: Path
):
    post = mine.page(title="Seen at last")
    old = await keep_old(kit, mine, HARMFUL)
    running = asyncio.create_task(Scheduler(kit, limits, status_days=90, avatars=Avatars(tmp_path)).run())

    async def is_done() -> bool:
        page = await receive.page_of(post)
        return await outdated(kit) == [] and page is not None and page.title == "Seen at last"

    await eventually(is_done)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert (await now_of(kit, old)).revision == old.revision + 1


async def test_sessions_that_are_over_are_forgotten_and_whoever_left_nothing_behind(
    kit: Kit, limits: Limits, clock: Clock, tmp_path: Path
):
    async with kit.db.write() as c:
        site = await sites.add(c, "mine.example", (), now=kit.now())
        person = await people.welcome(c, site.id, identity.of_email("ann@mail.example"), now=kit.now())
        await sessions.begin(c, person.id, now=kit.now())
    clock.move_on(days=sessions.LASTS.days + 2)
    running = asyncio.create_task(Scheduler(kit, limits, status_days=90, avatars=Avatars(tmp_path)).run())

    async def is_forgotten() -> bool:
        async with kit.db.read() as c:
            return await people.by_id(c, person.id) is None

    await eventually(is_forgotten)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_what_nobody_reads_is_laid_out_before_its_marks_grow(kit: Kit, limits: Limits, tmp_path: Path):
    async with kit.db.write() as c:
        site = await sites.add(c, "unread.example", (), now=kit.now())
        page = await pages.ensure(c, site.id, "https://unread.example/", now=kit.now())
        for number in range(settling.MOST_ONE_BY_ONE + 1):
            await respond(c, page, f"https://ann.example/{number}")
    running = asyncio.create_task(Scheduler(kit, limits, status_days=90, avatars=Avatars(tmp_path)).run())

    async def is_done() -> bool:
        async with kit.db.read() as c:
            return await settling.news_of(c, page.id, f"{kit.public_url}/entries/") is None

    await eventually(is_done)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_job_that_breaks_over_an_odd_row_ends_neither_the_others_nor_the_worker(
    kit: Kit, limits: Limits, tmp_path: Path
):
    async with kit.db.write() as c:
        site = await sites.add(c, "mine.example", (), now=kit.now())
        page = await pages.ensure(c, site.id, "https://mine.example/post", now=kit.now())
        await entries.insert(
            c,
            site_id=site.id,
            page_id=page.id,
            source="https://ann.example/1",
            target=page.url,
            protocol=Protocol.WEBMENTION,
            reaction=Reaction(Kind.LIKE, author=Author(photo=Url("http://ann.example:99999/no-port"))),
            state=EntryState.SHOWN,
            now=kit.now(),
        )
    avatars = Avatars(tmp_path)
    forgotten = avatars.keep(b"shown by nobody", now=kit.now() - UNNAMED_KEPT - UNNAMED_KEPT)
    running = asyncio.create_task(Scheduler(kit, limits, status_days=90, avatars=avatars).run())
    await eventually(lambda: avatars.seen_at(forgotten) is None or running.done())
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert avatars.seen_at(forgotten) is None
