"""A Hypothesis machine walks the queue on a real Redis beside a model of what it promises.

Promises: a claim that was accepted is never lost and comes to its end; living workers never run two claims of one pair
at a time; a waiting claim absorbs its equals; a worker that was thought dead changes nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import pytest
import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from mentions.errors import QueueFull
from mentions.model import Claim, Protocol, Status
from mentions.streams.link import client_for
from mentions.streams.messages import PREFIX, Depth, Job
from mentions.streams.queue import Queue
from tests.integration.streams.conftest import NOW

BOUND = 6
WORKERS = st.sampled_from(["w1", "w2", "w3"])
PAIRS = st.sampled_from(["a", "b", "c"])


@dataclass
class Hold:
    """A delivery in a worker's hand."""

    job: Job
    worker: str
    is_running: bool = False
    is_ours: bool = True
    """False once somebody else has got the claim."""


class QueueMachine(RuleBasedStateMachine):
    url = ""

    def __init__(self) -> None:
        super().__init__()
        with redis.Redis.from_url(self.url) as client:
            client.flushall()
        self.runner = asyncio.Runner()
        self.queue = self.runner.run(self._open())
        self.open: dict[str, str] = {}  # claim id -> pair, of every claim that was accepted and has not ended
        self.delayed: set[str] = set()
        self.started: set[str] = set()  # a worker, dead or alive, has looked at it: it absorbs nothing that comes later
        self.buried: dict[str, str] = {}
        self.holds: list[Hold] = []
        self.dead: set[str] = set()
        self.lives = 0
        self.names = {"w1": "w1", "w2": "w2", "w3": "w3"}
        self.number = 0

    async def _open(self) -> Queue:
        return Queue(client_for(self.url), bound=BOUND, presence_s=3600, stalled_s=3600)

    # --- what happens --------------------------------------------------------------------------------------------

    @rule(pair=PAIRS)
    def add(self, pair):
        self.number += 1
        source = f"https://source.example/{pair}"
        claim = Claim(f"c{self.number}", source, "https://site.example/", Protocol.WEBMENTION, NOW)
        waiting = {id_ for id_, of in self.open.items() if of == pair and id_ not in self.started}
        in_hand = {hold.job.claim.id for hold in self.holds if hold.is_ours}
        try:
            added = self.runner.run(self.queue.add(claim))
        except QueueFull:
            assert not waiting
            assert len(self.open) - len(in_hand) >= BOUND
            return
        if waiting:
            assert added.coalesced
            assert added.id in waiting
            self.delayed.discard(added.id)
        else:
            assert (added.id, added.coalesced) == (claim.id, False)
            assert len(self.open) - len(in_hand) < BOUND
            self.open[claim.id] = pair

    @rule(slot=WORKERS, count=st.integers(1, 3))
    def take(self, slot, count):
        self._get(self.names[slot], self.runner.run(self.queue.take(self.names[slot], count=count, block_ms=0)))

    @rule(slot=WORKERS, count=st.integers(1, 3))
    def take_over(self, slot, count):
        name = self.names[slot]
        self._get(name, self.runner.run(self.queue.take_over_stalled(name, count=count)))

    def _get(self, worker, jobs):
        for job in jobs:
            assert job.claim.id in self.open
            assert job.claim.id not in self.delayed
            for hold in self.holds:
                if hold.job.claim.id == job.claim.id and hold.is_ours:
                    assert hold.worker in self.dead, "taken from a living worker"
                    hold.is_ours = hold.is_running = False
            if job.exhausted:
                self.buried[job.claim.id] = self.open.pop(job.claim.id)
                self.started.discard(job.claim.id)
            else:
                self.holds.append(Hold(job, worker))

    @precondition(lambda self: self.holds)
    @rule(data=st.data())
    def start(self, data):
        hold = data.draw(st.sampled_from(self.holds))
        pair = self.open.get(hold.job.claim.id)
        twins = {id_ for id_, of in self.open.items() if of == pair} & self.running() - {hold.job.claim.id}
        started = self.runner.run(self.queue.start(hold.job, hold.worker))
        assert started == (hold.is_ours and not twins)
        hold.is_running = started
        if started:
            self.started.add(hold.job.claim.id)
        else:
            self.holds.remove(hold)
            self.started -= {hold.job.claim.id} if hold.is_ours else set()

    @precondition(lambda self: self.holds)
    @rule(data=st.data(), end=st.sampled_from(["finish", "delay", "postpone", "bury", "put_back"]))
    def end(self, data, end):
        hold = data.draw(st.sampled_from(self.holds))
        self.holds.remove(hold)
        id_ = hold.job.claim.id
        match end:
            case "finish":
                done = self.queue.finish(hold.job)
            case "delay":
                done = self.queue.delay(hold.job, NOW + timedelta(hours=1))
            case "postpone":
                done = self.queue.delay(hold.job, NOW + timedelta(hours=1), counts=False)
            case "bury":
                done = self.queue.bury(hold.job, "a defect")
            case _:
                done = self.queue.put_back(hold.job)
        assert self.runner.run(done) is hold.is_ours
        self.started -= {id_} if hold.is_ours else set()
        if hold.is_ours and end == "finish":
            del self.open[id_]
        if hold.is_ours and end == "bury":
            self.buried[id_] = self.open.pop(id_)
        if hold.is_ours and end in ("delay", "postpone"):
            self.delayed.add(id_)

    @rule(slot=WORKERS)
    def kill(self, slot):
        """The process is gone as far as anybody can tell; its coroutines may still come back later (SIGSTOP)."""
        name = self.names[slot]
        self.runner.run(self.queue._client.delete(f"{PREFIX}worker:{name}"))
        self.dead.add(name)
        for hold in self.holds:
            if hold.worker == name:
                hold.is_running = False  # as far as the pair's next claim is concerned
        self.lives += 1
        self.names[slot] = f"{slot}-{self.lives}"

    @rule()
    def promote(self):
        assert self.runner.run(self.queue.promote_due(NOW + timedelta(hours=1))) == len(self.delayed)
        self.delayed.clear()

    @precondition(lambda self: self.buried)
    @rule(data=st.data())
    def requeue(self, data):
        id_ = data.draw(st.sampled_from(sorted(self.buried)))
        assert self.runner.run(self.queue.requeue(id_))
        self.open[id_] = self.buried.pop(id_)

    @rule(slot=WORKERS)
    def beat(self, slot):
        jobs = [hold.job for hold in self.holds if hold.worker == self.names[slot]]
        assert self.runner.run(self.queue.beat(self.names[slot], jobs)) == []

    # --- what always holds ---------------------------------------------------------------------------------------

    def running(self) -> set[str]:
        """Ids of claims that living workers run."""
        return {hold.job.claim.id for hold in self.holds if hold.is_running and hold.worker not in self.dead}

    @invariant()
    def no_pair_runs_twice(self):
        pairs = [self.open[id_] for id_ in self.running()]
        assert len(pairs) == len(set(pairs))

    @invariant()
    def every_accepted_claim_has_a_state(self):
        running = self.running()
        for id_ in (*self.open, *self.buried):
            waiting = self.runner.run(self.queue.state(id_))
            assert waiting is not None, f"{id_} is lost"
            assert (waiting.status == Status.PENDING) >= (id_ in running)
            assert (waiting.next_try_at is not None) == (id_ in self.delayed)

    @invariant()
    def the_depth_is_what_is_there(self):
        depth = self.runner.run(self.queue.depth())
        assert depth.waiting + depth.delayed + depth.in_flight == len(self.open)
        assert (depth.delayed, depth.buried) == (len(self.delayed), len(self.buried))

    def teardown(self) -> None:
        """Everybody dies; one new worker brings every claim to its end."""
        try:
            self.runner.run(self._drain())
        finally:
            self.runner.run(self.queue._client.aclose())
            self.runner.close()

    async def _drain(self) -> None:
        names = {*self.names.values(), *(hold.worker for hold in self.holds)}
        await self.queue._client.delete(*(f"{PREFIX}worker:{name}" for name in names))
        ended: set[str] = set()
        for _ in range(200):
            await self.queue.promote_due(NOW + timedelta(days=1))
            jobs = await self.queue.take("last", count=5, block_ms=0) + await self.queue.take_over_stalled("last")
            for job in jobs:
                if job.exhausted:
                    assert await self.queue.requeue(job.claim.id)
                elif await self.queue.start(job, "last"):
                    assert await self.queue.finish(job)
                    ended.add(job.claim.id)
            if await self.queue.depth() == Depth(0, 0, 0, len(self.buried)):
                break
        assert ended == set(self.open)
        left = await self.queue._client.keys("{ymateb}:pair:*")
        assert left == []


@pytest.fixture
def machine(redis_url: str) -> type[QueueMachine]:
    return type("OnThisRedis", (QueueMachine,), {"url": redis_url})


def test_no_claim_is_lost_and_no_pair_runs_twice(machine):
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=80,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
        ),
    )
