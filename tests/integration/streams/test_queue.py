"""The queue on a real Redis: one job for equal claims, none lost, none run beside its twin."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import redis.asyncio
from structlog.testing import capture_logs

from mentions.errors import QueueFull
from mentions.model import Status
from mentions.streams.messages import CLAIMS, Depth
from mentions.streams.queue import DELIVERY_LIMIT, Queue
from tests.integration.streams.conftest import NOW

LATER = NOW + timedelta(hours=1)


async def take_one(queue: Queue, worker: str = "w1"):
    jobs = await queue.take(worker, count=10, block_ms=0)
    assert len(jobs) == 1
    return jobs[0]


async def start_one(queue: Queue, worker: str = "w1"):
    job = await take_one(queue, worker)
    assert await queue.start(job, worker)
    return job


async def die(queue: Queue, *workers: str) -> None:
    """What the queue sees of a worker that died: its presence is gone, and what it held is still in its name."""
    for worker in workers:
        await queue._client.delete(f"{{ymateb}}:worker:{worker}")


# --- one job for equal claims ------------------------------------------------------------------------------------


async def test_a_claim_comes_to_a_worker_as_it_was_added(queue, claim):
    added = claim()
    answer = await queue.add(added)
    job = await take_one(queue)
    assert (answer.id, answer.coalesced) == (added.id, False)
    assert (job.claim, job.deliveries, job.exhausted) == (added, 1, False)


async def test_equal_claims_that_wait_are_one_job(queue, claim):
    first = claim("a")
    answers = [await queue.add(one) for one in (first, claim("a"), claim("a"))]
    assert [(one.id, one.coalesced) for one in answers] == [(first.id, False), (first.id, True), (first.id, True)]
    await take_one(queue)
    assert await queue.depth() == Depth(waiting=0, delayed=0, in_flight=1, buried=0)


async def test_equal_claims_of_one_moment_are_one_job(queue, claim):
    claims = [claim("a") for _ in range(50)]
    answers = await asyncio.gather(*(queue.add(one) for one in claims))
    assert len({one.id for one in answers}) == 1
    assert sum(not one.coalesced for one in answers) == 1
    await take_one(queue)


async def test_equal_claims_of_two_services_are_one_job(queue, link, claim):
    other = Queue(link.client, bound=1000)
    answers = await asyncio.gather(*(one.add(claim("a")) for one in [queue, other] * 20))
    assert len({one.id for one in answers}) == 1
    await take_one(queue)


async def test_another_target_of_the_same_source_is_another_job(queue, claim):
    await queue.add(claim("a"))
    await queue.add(claim("a", target="https://site.example/other"))
    assert len(await queue.take("w1", count=10, block_ms=0)) == 2


async def test_a_claim_that_was_taken_but_not_started_still_absorbs_its_equals(queue, claim):
    first = claim("a")
    await queue.add(first)
    await take_one(queue)
    assert (await queue.add(claim("a"))).id == first.id


async def test_a_claim_sent_again_after_a_lost_answer_is_the_same(queue, claim):
    again = claim("a")
    assert not (await queue.add(again)).coalesced
    assert (await queue.add(again)).coalesced is False
    await start_one(queue)
    assert (await queue.add(again)).id == again.id
    assert await queue.take("w1", count=10, block_ms=0) == []


# --- a claim that comes while its job runs -----------------------------------------------------------------------


async def test_a_claim_that_comes_while_its_job_runs_makes_it_run_once_more_afterwards(queue, claim):
    first, second = claim("a"), claim("a")
    await queue.add(first)
    job = await start_one(queue)
    assert (await queue.add(second)).id == second.id
    assert (await queue.add(claim("a"))).id == second.id
    assert await queue.take("w2", count=10, block_ms=0) == []
    assert (await queue.state(second.id)).status == Status.QUEUED

    await queue.finish(job)
    followup = await start_one(queue, "w2")
    assert followup.claim == second
    await queue.finish(followup)
    assert await queue.depth() == Depth(0, 0, 0, 0)
    assert await queue.state(first.id) is None
    assert await queue.state(second.id) is None


async def test_a_claim_behind_a_job_that_is_delayed_runs_at_once(queue, claim):
    first, second = claim("a"), claim("a")
    await queue.add(first)
    job = await start_one(queue)
    await queue.add(second)
    await queue.delay(job, LATER)
    assert (await take_one(queue)).claim == second
    assert (await queue.state(first.id)).status == Status.RETRYING


async def test_a_claim_behind_a_job_that_is_buried_runs_at_once(queue, claim):
    await queue.add(claim("a"))
    job = await start_one(queue)
    second = claim("a")
    await queue.add(second)
    await queue.bury(job, "a defect")
    assert (await take_one(queue)).claim == second


async def test_a_due_claim_whose_pair_is_running_waits_for_its_end(queue, claim):
    """The older one was delayed, the newer one runs; then the older one is due."""
    older, newer = claim("a"), claim("a")
    await queue.add(older)
    job = await start_one(queue)
    await queue.add(newer)
    await queue.delay(job, LATER)
    running = await start_one(queue)
    assert await queue.promote_due(LATER) == 1
    assert await queue.take("w2", count=10, block_ms=0) == []
    assert (await queue.depth()).waiting == 1

    await queue.finish(running)
    assert (await start_one(queue, "w2")).claim.id == older.id


async def test_two_ready_claims_of_one_pair_never_run_beside_each_other(queue, claim):
    older, newer = claim("a"), claim("a")
    await queue.add(older)
    await queue.delay(await start_one(queue), LATER)
    assert await queue.promote_due(LATER) == 1
    older_job = await start_one(queue)
    await queue.add(newer)
    await queue.delay(older_job, LATER)
    await queue.promote_due(LATER)  # now both are on the stream
    both = await queue.take("w1", count=10, block_ms=0)
    assert {job.claim.id for job in both} == {older.id, newer.id}

    assert await queue.start(both[0], "w1") is True
    assert await queue.start(both[1], "w2") is False  # not even in another worker's name
    assert await queue.start(both[1], "w1") is False
    await queue.finish(both[0])
    parked = await start_one(queue, "w2")
    assert parked.claim.id == both[1].claim.id


# --- later -------------------------------------------------------------------------------------------------------


async def test_a_delayed_claim_comes_when_it_is_due_and_knows_how_often_it_was_tried(queue, claim):
    added = claim()
    await queue.add(added)
    await queue.delay(await start_one(queue), LATER, outcome_note="connection refused", now=NOW)
    waiting = await queue.state(added.id)
    assert (waiting.status, waiting.next_try_at, waiting.note) == (Status.RETRYING, LATER, "connection refused")

    assert await queue.promote_due(LATER - timedelta(milliseconds=1)) == 0
    assert await queue.promote_due(LATER) == 1
    assert await queue.promote_due(LATER) == 0
    waiting = await queue.state(added.id)
    assert (waiting.status, waiting.next_try_at) == (Status.QUEUED, None)
    job = await start_one(queue)
    assert (job.claim.attempts, job.claim.first_tried_at) == (1, NOW)

    await queue.delay(job, LATER, now=LATER)
    await queue.promote_due(LATER)
    job = await start_one(queue)
    assert (job.claim.attempts, job.claim.first_tried_at) == (2, NOW)


async def test_politeness_is_no_attempt(queue, claim):
    added = claim()
    await queue.add(added)
    await queue.delay(await take_one(queue), LATER, counts=False)
    waiting = await queue.state(added.id)
    assert (waiting.status, waiting.next_try_at) == (Status.QUEUED, LATER)
    await queue.promote_due(LATER)
    assert (await start_one(queue)).claim == added


async def test_a_waiting_claim_is_tried_at_once_when_an_equal_one_comes(queue, claim):
    added = claim("a")
    await queue.add(added)
    await queue.delay(await start_one(queue), LATER)
    answer = await queue.add(claim("a"))
    assert (answer.id, answer.coalesced) == (added.id, True)
    assert (await queue.state(added.id)).status == Status.QUEUED
    assert (await start_one(queue)).claim.id == added.id
    assert await queue.promote_due(LATER) == 0


async def test_many_due_claims_come_in_batches_and_all_of_them(queue, claim):
    added = [claim() for _ in range(450)]
    await asyncio.gather(*(queue.add(one) for one in added))
    jobs = await queue.take("w1", count=450, block_ms=0)
    await asyncio.gather(*(queue.delay(job, LATER, counts=False) for job in jobs))
    assert await queue.depth() == Depth(waiting=0, delayed=450, in_flight=0, buried=0)
    assert await queue.promote_due(LATER) == 450
    assert await queue.depth() == Depth(waiting=450, delayed=0, in_flight=0, buried=0)


async def test_a_job_that_is_put_back_goes_to_another_worker_and_counts_as_new(queue, claim):
    added = claim()
    await queue.add(added)
    assert await queue.put_back(await start_one(queue))
    again = await take_one(queue, "w2")
    assert (again.claim, again.deliveries) == (added, 1)


async def test_a_job_that_is_put_back_leaves_nobody_parked_behind_nothing(queue, claim):
    first, second = claim("a"), claim("a")
    await queue.add(first)
    job = await start_one(queue)
    await queue.add(second)
    await queue.put_back(job)
    assert {job.claim for job in await queue.take("w2", count=10, block_ms=0)} == {first, second}


# --- workers that die --------------------------------------------------------------------------------------------


async def test_what_a_dead_worker_held_is_taken_over_at_once(queue, claim):
    added = [claim() for _ in range(30)]
    await asyncio.gather(*(queue.add(one) for one in added))
    jobs = await queue.take("dead", count=30, block_ms=0)
    await asyncio.gather(*(queue.start(job, "dead") for job in jobs[:20]))
    assert await queue.take_over_stalled("w1") == []

    await die(queue, "dead")
    taken = await queue.take_over_stalled("w1")
    assert {job.claim for job in taken} == set(added)
    assert {job.deliveries for job in taken} == {2}
    for job in taken:
        assert await queue.start(job, "w1")
        assert await queue.finish(job)
    assert await queue.depth() == Depth(0, 0, 0, 0)


async def test_no_more_is_taken_over_than_there_is_room_for(queue, claim):
    await asyncio.gather(*(queue.add(claim()) for _ in range(10)))
    await queue.take("dead", count=10, block_ms=0)
    await die(queue, "dead")
    assert [len(await queue.take_over_stalled("w1", count=4)) for _ in range(4)] == [4, 4, 2, 0]


async def test_a_worker_that_was_thought_dead_changes_nothing_when_it_comes_back(queue, claim):
    added = claim("a")
    await queue.add(added)
    frozen = await start_one(queue, "frozen")
    await die(queue, "frozen")
    [job] = await queue.take_over_stalled("w1")
    assert await queue.start(job, "w1")

    assert await queue.beat("frozen", [frozen]) == [frozen]
    assert await queue.finish(frozen) is False
    assert await queue.delay(frozen, LATER) is False
    assert await queue.bury(frozen, "late") is False
    assert await queue.put_back(frozen) is False
    assert await queue.start(frozen, "frozen") is False
    assert (await queue.state(added.id)).status == Status.PENDING
    assert await queue.depth() == Depth(0, 0, 1, 0)
    assert await queue.finish(job) is True
    assert await queue.finish(frozen) is False


async def test_a_worker_that_gets_its_own_lost_job_back_is_held_to_the_new_delivery(queue, claim):
    await queue.add(claim())
    first = await start_one(queue, "w1")
    await die(queue, "w1")
    [_] = await queue.take_over_stalled("w2")
    await die(queue, "w2")
    [again] = await queue.take_over_stalled("w1")
    assert await queue.start(again, "w1")
    assert await queue.finish(first) is False
    assert await queue.finish(again) is True


async def test_a_claim_behind_a_job_whose_worker_died_runs_after_the_job_was_run_again(queue, claim):
    first, second = claim("a"), claim("a")
    await queue.add(first)
    await start_one(queue, "dead")
    await queue.add(second)
    await die(queue, "dead")
    [again] = await queue.take_over_stalled("w1")
    assert await queue.start(again, "w1")
    await queue.finish(again)
    assert (await start_one(queue)).claim == second


async def test_a_pair_is_not_held_up_by_a_dead_worker(queue, claim):
    """Even if what the dead one held were never handed out again, later claims of the pair are worked on."""
    first, second = claim("a"), claim("a")
    await queue.add(first)
    await start_one(queue, "dead")
    await die(queue, "dead")
    await queue.add(second)
    running = await start_one(queue, "w1")
    assert running.claim == second
    [again] = await queue.take_over_stalled("w2")
    assert again.claim.id == first.id
    assert await queue.start(again, "w2") is False
    await queue.finish(running)
    assert (await start_one(queue, "w2")).claim.id == first.id


async def test_a_delivery_that_never_arrived_is_handed_out_again(link, claim):
    """The answer to the read was lost: the entry is in a living worker's name, and it does not know of it."""
    queue = Queue(link.client, bound=10, stalled_s=0.2)
    added = claim()
    await queue.add(added)
    await take_one(queue)
    held = claim()
    await queue.add(held)
    in_hand = await take_one(queue)
    while not (taken := await queue.take_over_stalled("w1")):
        await queue.beat("w1", [in_hand])
        await asyncio.sleep(0.02)
    assert [job.claim for job in taken] == [added]
    assert await queue.finish(in_hand)


async def test_a_claim_over_which_workers_die_is_buried_and_can_be_revived(queue, claim):
    added = claim("a")
    await queue.add(added)
    await start_one(queue, "w1")
    for number in range(1, DELIVERY_LIMIT):
        await die(queue, f"w{number}")
        [job] = await queue.take_over_stalled(f"w{number + 1}")
        assert (job.deliveries, job.exhausted) == (number + 1, False)
        assert await queue.start(job, f"w{number + 1}")
    behind = claim("a")
    await queue.add(behind)

    await die(queue, f"w{DELIVERY_LIMIT}")
    [job] = await queue.take_over_stalled("last")
    assert (job.claim.id, job.exhausted) == (added.id, True)
    assert await queue.start(job, "last") is False
    [buried] = await queue.buried()
    assert (buried.claim.id, buried.deliveries) == (added.id, DELIVERY_LIMIT)
    assert "5 times" in buried.reason
    assert (await take_one(queue, "last")).claim == behind

    assert await queue.requeue(added.id) is True
    assert await queue.requeue(added.id) is False
    assert await queue.buried() == []
    revived = await take_one(queue, "last")
    assert (revived.claim, revived.deliveries) == (added, 1)


async def test_the_innocent_beside_a_deadly_claim_are_not_buried_with_it(queue, claim):
    """Ten claims are in the hands of each worker that one of them kills, until the deadly one is found out."""
    deadly, innocent = claim("deadly"), [claim() for _ in range(9)]
    await asyncio.gather(*(queue.add(one) for one in (*innocent[:5], deadly, *innocent[5:])))
    finished = set()
    for life in range(40):
        worker = f"w{life}"
        jobs = await queue.take_over_stalled(worker) + await queue.take(worker, count=10, block_ms=0)
        while jobs and deadly.id not in {job.claim.id for job in jobs if not job.exhausted}:
            for job in jobs:
                if await queue.start(job, worker):
                    await queue.finish(job)
                    finished.add(job.claim.id)
            jobs = await queue.take_over_stalled(worker)
        await die(queue, worker)
        if not jobs:
            break
    assert finished == {one.id for one in innocent}
    assert [one.claim.id for one in await queue.buried()] == [deadly.id]


async def test_a_worker_that_leaves_hands_over_what_it_held(queue, link, claim):
    await queue.add(claim())
    await take_one(queue, "w1")
    await queue.leave("w1")
    [job] = await queue.take_over_stalled("w2")
    await queue.finish(job)
    await queue.leave("w2")
    await queue.take_over_stalled("w3")
    names = {one["name"] for one in await link.client.xinfo_consumers(CLAIMS, "workers")}
    assert names.isdisjoint({"w1", "w2"})


async def test_a_worker_is_alive_as_long_as_it_takes_or_beats(link, claim):
    queue = Queue(link.client, bound=10, presence_s=1.5)
    await queue.add(claim())
    job = await take_one(queue)
    for _ in range(10):
        assert await queue.beat("w1", [job]) == []
        await asyncio.sleep(0.2)
        assert await queue.take_over_stalled("w2") == []
    assert await queue.finish(job)


async def test_a_job_that_ends_while_the_worker_beats_is_not_taken_for_lost(queue, claim):
    await asyncio.gather(*(queue.add(claim()) for _ in range(40)))
    jobs = await queue.take("w1", count=40, block_ms=0)
    for job in jobs:
        assert await queue.start(job, "w1")
    ends = [queue.finish, queue.put_back, lambda job: queue.delay(job, LATER), lambda job: queue.bury(job, "a defect")]
    for number, job in enumerate(jobs):
        held = jobs[number:]
        done, lost = await asyncio.gather(ends[number % 4](job), queue.beat("w1", held))
        assert (done, lost) == (True, [])


# --- giving up ---------------------------------------------------------------------------------------------------


async def test_a_buried_claim_says_why_and_the_newest_comes_first(queue, claim):
    for number in range(3):
        await queue.add(claim(str(number)))
        assert await queue.bury(await start_one(queue), f"reason {number}")
    buried = await queue.buried(2)
    assert [one.reason for one in buried] == ["reason 2", "reason 1"]
    assert await queue.depth() == Depth(0, 0, 0, 3)
    assert (await queue.state(buried[0].claim.id)).status == Status.QUEUED


async def test_of_buried_claims_the_oldest_are_forgotten_beyond_a_bound(link, claim):
    queue = Queue(link.client, bound=10, buried_kept=2)
    added = [claim() for _ in range(3)]
    for one in added:
        await queue.add(one)
        await queue.bury(await start_one(queue), "a defect")
    assert [one.claim for one in await queue.buried()] == [added[2], added[1]]
    assert await queue.state(added[0].id) is None
    assert await queue.requeue(added[0].id) is False


async def test_a_buried_claim_does_not_absorb_its_equals(queue, claim):
    await queue.add(claim("a"))
    await queue.bury(await start_one(queue), "a defect")
    newer = claim("a")
    assert (await queue.add(newer)).id == newer.id
    running = await start_one(queue)
    [buried] = await queue.buried()
    assert await queue.requeue(buried.claim.id)
    assert await queue.take("w2", count=10, block_ms=0) == []
    await queue.finish(running)
    assert (await take_one(queue)).claim.id == buried.claim.id


async def test_a_revived_claim_has_its_whole_day_of_retries_before_it_again(queue, claim):
    added = claim()
    await queue.add(added)
    await queue.delay(await start_one(queue), LATER, outcome_note="timeout")
    await queue.promote_due(LATER)
    await queue.bury(await start_one(queue), "a defect")
    [buried] = await queue.buried()
    assert buried.claim.attempts == 1
    assert await queue.requeue(added.id)
    waiting = await queue.state(added.id)
    assert (waiting.claim, waiting.status, waiting.note) == (added, Status.QUEUED, "")
    assert (await start_one(queue)).claim == added


async def test_what_was_never_buried_cannot_be_revived(queue, claim):
    added = claim()
    await queue.add(added)
    assert await queue.requeue(added.id) is False
    assert await queue.requeue("unknown") is False
    assert await queue.depth() == Depth(1, 0, 0, 0)


# --- the bound ---------------------------------------------------------------------------------------------------


async def test_beyond_its_bound_the_queue_refuses_but_still_coalesces(link, claim):
    queue = Queue(link.client, bound=3)
    first = claim("a")
    for one in (first, claim(), claim()):
        await queue.add(one)
    refused = claim()
    with pytest.raises(QueueFull) as raised:
        await queue.add(refused)
    assert raised.value.retry_after_s > 0
    assert await queue.state(refused.id) is None
    assert (await queue.add(claim("a"))).id == first.id
    await queue.take("w1", count=1, block_ms=0)
    await queue.add(refused)  # what a worker has in hand does not wait


async def test_delayed_claims_count_towards_the_bound(link, claim):
    queue = Queue(link.client, bound=1)
    await queue.add(claim())
    await queue.delay(await start_one(queue), LATER)
    with pytest.raises(QueueFull):
        await queue.add(claim())


async def test_of_claims_added_together_each_gets_its_own_answer(link, claim):
    queue = Queue(link.client, bound=5)
    answers = await asyncio.gather(*(queue.add(claim()) for _ in range(8)), return_exceptions=True)
    assert [type(one).__name__ for one in answers] == ["Added"] * 5 + ["QueueFull"] * 3


# --- taking ------------------------------------------------------------------------------------------------------


async def test_taking_waits_for_the_first_claim(queue, claim):
    taking = asyncio.create_task(queue.take("w1", count=10, block_ms=10_000))
    await asyncio.sleep(0)
    added = claim()
    await queue.add(added)
    assert [job.claim for job in await asyncio.wait_for(taking, 60)] == [added]


async def test_taking_from_an_empty_queue_ends_in_time(queue):
    started = asyncio.get_running_loop().time()
    assert await queue.take("w1", count=10, block_ms=1300) == []
    assert 1.2 < asyncio.get_running_loop().time() - started < 10


async def test_a_take_that_is_cancelled_at_any_moment_ends_and_loses_nothing(queue, claim):
    """redis-py's own timeouts swallow a cancellation now and then on Python 3.11; a worker would not stop."""

    async def take_for_ever(worker: str) -> None:
        while True:
            await queue.take(worker, count=1, block_ms=1000)

    for number in range(150):
        taking = asyncio.create_task(take_for_ever(f"w{number}"))
        for _ in range(number % 30):
            await asyncio.sleep(0)
        adding = asyncio.create_task(queue.add(claim()))
        for _ in range(number % 7):
            await asyncio.sleep(0)
        taking.cancel()
        done, _ = await asyncio.wait([taking], timeout=60)
        assert done, "the cancellation was swallowed"
        await adding
        await queue.leave(f"w{number}")
    jobs = await queue.take("last", count=1000, block_ms=0)
    while taken := await queue.take_over_stalled("last"):
        jobs += taken
    assert len({job.claim.id for job in jobs}) == 150


async def test_an_entry_whose_claim_is_gone_is_dropped_and_told(queue, link, claim):
    """A Redis that evicts keys may forget a claim; the operator is told, and the worker goes on."""
    lost, kept = claim(), claim()
    await queue.add(lost)
    await queue.add(kept)
    await link.client.delete(f"{{ymateb}}:claim:{lost.id}")
    with capture_logs() as logs:
        jobs = await queue.take("w1", count=10, block_ms=0)
    assert [job.claim for job in jobs] == [kept]
    assert [(one["event"], one["claim"]) for one in logs] == [("claim.was_missing", lost.id)]
    await queue.finish(jobs[0])
    assert await queue.depth() == Depth(0, 0, 0, 0)


async def test_each_claim_goes_to_one_worker(queue, claim):
    await asyncio.gather(*(queue.add(claim()) for _ in range(100)))
    taken = await asyncio.gather(*(queue.take(f"w{n}", count=7, block_ms=0) for n in range(15)))
    ids = [job.claim.id for jobs in taken for job in jobs]
    assert len(ids) == len(set(ids)) == 100


@pytest.mark.parametrize("options", [{}, {"decode_responses": True}, {"protocol": 3}, {"protocol": 2}])
async def test_the_queue_works_through_any_redis_client(redis_url, claim, options):
    async with redis.asyncio.Redis.from_url(redis_url, **options) as client:
        queue = Queue(client, bound=10)
        added = claim()
        await queue.add(added)
        job = await start_one(queue)
        assert job.claim == added
        assert await queue.finish(job)


async def test_redis_forgetting_its_scripts_is_not_noticed(queue, link, claim):
    await queue.add(claim())
    await link.client.script_flush()
    answers = await asyncio.gather(*(queue.add(claim()) for _ in range(5)))
    assert len({one.id for one in answers}) == 5
    await link.client.script_flush()
    assert (await queue.depth()).waiting == 6
