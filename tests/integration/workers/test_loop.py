"""A worker's life on a real queue: taking, putting back, outages, defects, stopping, taking over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from mentions.errors import Unavailable
from mentions.model import Claim, Outcome, Status
from mentions.storage import claims
from mentions.streams.link import RedisLink
from mentions.streams.messages import Buried
from mentions.streams.queue import Queue
from mentions.streams.tallies import Tallies
from tests.integration.workers.conftest import Clock, Journeys
from tests.peers import Blog
from tests.support.redis_server import RedisServer
from tests.support.waiting import eventually
from workers.fetch.pace import HostBusy
from workers.jobs.storing import store_failure
from workers.kit import Kit, utc_now
from workers.loop import Worker

Work = Callable[[Claim], Awaitable[Outcome]]


@asynccontextmanager
async def working(
    kit: Kit, link: RedisLink, work: Work, *, name: str = "one", concurrency: int = 10, grace_s: float = 5.0
) -> AsyncIterator[asyncio.Task[None]]:
    """A worker that runs for as long as the block does."""

    async def fail(claim: Claim, status: Status, summary: str) -> Outcome:
        return await store_failure(kit, claim, status, summary)

    stop = asyncio.Event()
    worker = Worker(
        kit, Tallies(link.client), name=name, work=work, fail=fail, concurrency=concurrency, grace_s=grace_s
    )
    task = asyncio.create_task(worker.run(stop))
    try:
        yield task
    finally:
        stop.set()
        await asyncio.wait_for(task, 60)


@pytest.fixture
def real_kit(kit: Kit) -> Kit:
    """With the real clock: the queue's delays are measured by it."""
    return replace(kit, now=utc_now)


def succeed(claim: Claim) -> Outcome:
    return Outcome(claim, Status.SUCCESS, "fine", utc_now())


async def test_claims_are_worked_on_and_leave_the_queue(
    real_kit: Kit, link: RedisLink, receive: Journeys, blog: Blog, mine: Blog
):
    post = mine.page()
    sources = [blog.post(links_to=post) for _ in range(5)]
    queued = [receive.claim(source, post) for source in sources]
    async with working(real_kit, link, Journeys(real_kit).receiver.receive):
        for claim in queued:
            await real_kit.queue.add(claim)
        for claim in queued:
            assert await real_kit.events.wait_finished(claim.id, 15)
            async with real_kit.db.read() as c:
                outcome = await claims.get(c, claim.id)
            assert outcome is not None
            assert outcome.status is Status.SUCCESS
        await eventually(lambda: is_empty(real_kit.queue))


async def is_empty(queue: Queue) -> bool:
    depth = await queue.depth()
    return not (depth.waiting or depth.delayed or depth.in_flight)


async def test_a_passing_fault_waits_in_the_queue_and_is_told(
    real_kit: Kit, link: RedisLink, receive: Journeys, blog: Blog, mine: Blog
):
    source = blog.serve("/down", status=503)
    claim = receive.claim(source, mine.page())
    async with working(real_kit, link, Journeys(real_kit).receiver.receive):
        await real_kit.queue.add(claim)
        assert await real_kit.events.wait_finished(claim.id, 10)
        waiting = await eventually(lambda: real_kit.queue.state(claim.id))
    assert waiting.status is Status.RETRYING
    assert waiting.claim.attempts == 1
    assert waiting.next_try_at is not None


async def test_a_repaired_source_is_verified_when_it_is_due(
    real_kit: Kit, link: RedisLink, receive: Journeys, blog: Blog, mine: Blog, clock: Clock
):
    post, moving = mine.page(), replace(real_kit, now=clock)
    source = blog.serve("/down", status=503)
    claim = receive.claim(source, post)
    async with working(moving, link, Journeys(moving).receiver.receive):
        await moving.queue.add(claim)
        assert await moving.events.wait_finished(claim.id, 10)
        await eventually(lambda: is_delayed(moving.queue))
        blog.edit(source, links_to=post)
        clock.move_on(minutes=2)
        await eventually(lambda: is_empty(moving.queue))
    async with moving.db.read() as c:
        outcome = await claims.get(c, claim.id)
    assert outcome is not None
    assert (outcome.status, outcome.claim.attempts) == (Status.SUCCESS, 1)


async def is_delayed(queue: Queue) -> bool:
    return (await queue.depth()).delayed == 1


async def test_a_busy_host_does_not_count_as_a_try(real_kit: Kit, link: RedisLink, receive: Journeys):
    tries = 0

    async def work(claim: Claim) -> Outcome:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise HostBusy("ann.example", 0.05)
        return succeed(claim)

    claim = receive.claim("http://ann.example/", "http://mine.example/")
    async with working(real_kit, link, work):
        await real_kit.queue.add(claim)
        await eventually(lambda: is_empty(real_kit.queue))
    assert tries == 3


async def test_a_defect_is_tried_three_times_and_then_buried_with_an_outcome(
    real_kit: Kit, link: RedisLink, receive: Journeys, clock: Clock
):
    kit = replace(real_kit, now=clock)
    tries = 0

    async def work(claim: Claim) -> Outcome:
        nonlocal tries
        tries += 1
        raise ZeroDivisionError

    async def a_minute_later() -> list[Buried]:
        clock.move_on(minutes=1)
        return await kit.queue.buried()

    claim = receive.claim("http://ann.example/", "http://mine.example/")
    async with working(kit, link, work):
        await kit.queue.add(claim)
        [buried] = await eventually(a_minute_later, every_s=0.1)
        await eventually(lambda: kit.events.wait_finished(claim.id, 1))
    assert (tries, buried.claim.id) == (3, claim.id)
    async with kit.db.read() as c:
        outcome = await claims.get(c, claim.id)
    assert outcome is not None
    assert outcome.status is Status.INVALID_CONTENT


async def test_an_outage_of_a_store_puts_the_claim_back_without_blame(
    real_kit: Kit, link: RedisLink, receive: Journeys, clock: Clock
):
    kit = replace(real_kit, now=clock)
    is_away = True

    async def work(claim: Claim) -> Outcome:
        if is_away:
            raise Unavailable("the database is away")
        return succeed(claim)

    claim = receive.claim("http://ann.example/", "http://mine.example/")
    async with working(kit, link, work):
        await kit.queue.add(claim)
        await eventually(lambda: is_delayed(kit.queue))
        waiting = await kit.queue.state(claim.id)
        assert waiting is not None
        assert (waiting.status, waiting.claim.attempts) == (Status.QUEUED, 0)
        is_away = False
        clock.move_on(minutes=1)
        await eventually(lambda: is_empty(kit.queue))


async def test_no_more_jobs_run_than_there_is_room_for(real_kit: Kit, link: RedisLink, receive: Journeys):
    running, most = 0, 0
    gate = asyncio.Event()

    async def work(claim: Claim) -> Outcome:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await gate.wait()
        running -= 1
        return succeed(claim)

    async with working(real_kit, link, work, concurrency=3):
        for number in range(10):
            await real_kit.queue.add(receive.claim(f"http://ann.example/{number}", "http://mine.example/"))
        await eventually(lambda: running == 3)
        gate.set()
        await eventually(lambda: is_empty(real_kit.queue))
    assert most == 3


async def test_what_runs_at_the_stop_is_brought_to_its_end(real_kit: Kit, link: RedisLink, receive: Journeys):
    begun, done = asyncio.Event(), asyncio.Event()

    async def work(claim: Claim) -> Outcome:
        begun.set()
        await asyncio.sleep(0.3)
        done.set()
        return succeed(claim)

    async with working(real_kit, link, work):
        await real_kit.queue.add(receive.claim("http://ann.example/", "http://mine.example/"))
        await asyncio.wait_for(begun.wait(), 60)
    assert done.is_set()
    assert await is_empty(real_kit.queue)


async def test_what_takes_too_long_at_the_stop_is_handed_to_another_at_once(
    real_kit: Kit, link: RedisLink, receive: Journeys
):
    begun = asyncio.Event()

    async def hang(claim: Claim) -> Outcome:
        begun.set()
        await asyncio.Event().wait()
        return succeed(claim)

    async def work(claim: Claim) -> Outcome:
        return succeed(claim)

    claim = receive.claim("http://ann.example/", "http://mine.example/")
    async with working(real_kit, link, hang, grace_s=0.1):
        await real_kit.queue.add(claim)
        await asyncio.wait_for(begun.wait(), 60)
    waiting = await real_kit.queue.state(claim.id)
    assert waiting is not None
    assert waiting.status is Status.QUEUED
    async with working(real_kit, link, work, name="two"):
        await eventually(lambda: is_empty(real_kit.queue))


async def test_a_worker_that_crashes_is_replaced_by_another(real_kit: Kit, link: RedisLink, receive: Journeys):
    begun = asyncio.Event()

    async def hang(claim: Claim) -> Outcome:
        begun.set()
        await asyncio.Event().wait()
        return succeed(claim)

    async def work(claim: Claim) -> Outcome:
        return succeed(claim)

    async def break_down() -> None:
        await begun.wait()
        raise ZeroDivisionError

    stop = asyncio.Event()
    worker = Worker(
        real_kit, Tallies(link.client), name="one", work=hang, fail=lambda c, s, w: store_failure(real_kit, c, s, w),
        concurrency=5, grace_s=1, side_tasks=(break_down,),
    )  # fmt: skip
    await real_kit.queue.add(receive.claim("http://ann.example/", "http://mine.example/"))
    with pytest.raises(ExceptionGroup) as crash:
        await asyncio.wait_for(worker.run(stop), 60)
    assert crash.value.subgroup(ZeroDivisionError)
    async with working(real_kit, link, work, name="two"):
        await eventually(lambda: is_empty(real_kit.queue))


async def test_a_worker_waits_for_redis_and_goes_on(kit: Kit, receive: Journeys, tmp_path: Path, short_folder: Path):
    server = RedisServer(short_folder / "own").start()
    opened = await RedisLink.open(server.url, tmp_path)
    own = replace(kit, now=utc_now, queue=Queue(opened.client, bound=100))
    worked: list[str] = []

    async def work(claim: Claim) -> Outcome:
        worked.append(claim.id)
        return succeed(claim)

    try:
        async with working(own, opened, work):
            first = receive.claim("http://ann.example/1", "http://mine.example/")
            await own.queue.add(first)
            await eventually(lambda: worked == [first.id])
            server.stop()
            with pytest.raises(Unavailable):
                await own.queue.depth()
            server.start()
            second = receive.claim("http://ann.example/2", "http://mine.example/")
            await eventually(lambda: own.queue.add(second))
            await eventually(lambda: second.id in worked)
    finally:
        await opened.close()
        server.stop()


async def test_what_was_counted_is_added_to_the_sums_of_all_workers(real_kit: Kit, link: RedisLink, receive: Journeys):
    async def work(claim: Claim) -> Outcome:
        return succeed(claim)

    tallies = Tallies(link.client)
    async with working(real_kit, link, work):
        await real_kit.queue.add(receive.claim("http://ann.example/", "http://mine.example/"))
        await eventually(lambda: is_empty(real_kit.queue))
    sums = await tallies.read()
    assert any(key.startswith('["ymateb_claims_total"') and value >= 1 for key, value in sums.items())
