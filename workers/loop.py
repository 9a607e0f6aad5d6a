"""A worker's life: take claims, work on each in a task of its own, put away what came of it, take over, stop in order.

Side tasks say that the worker is alive, make delayed claims ready and take over from workers that died; when one of
them crashes, the whole worker ends loudly instead of limping on.  What a job raises is caught in one place (`_work`):
a busy host and an outage put the claim back, a defect is tried a few times and then buried.  Redis or the database
being away is waited for.  On stop nothing new is taken, what runs gets a grace, and the rest is handed back at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from mentions import metrics
from mentions.errors import Unavailable
from mentions.model import Claim, Outcome, Status
from mentions.streams.messages import Job
from mentions.streams.tallies import Tallies
from workers.fetch.pace import HostBusy
from workers.kit import Kit

BEAT_S: Final = 1.0
PROMOTE_S: Final = 0.25
TAKE_OVER_S: Final = 2.0
TALLY_S: Final = 2.0
BLOCK_MS: Final = 1_000
TAKE_AT_MOST: Final = 25
"""Claims taken at once: other workers want some too."""
OUTAGE_PAUSE_S: Final = (0.2, 5.0)
PUT_BACK_AFTER_OUTAGE_S: Final = (5.0, 15.0)
PUT_BACK_AFTER_FAILURE_S: Final = 20.0
FAILURES_UNTIL_BURIED: Final = 3

DATABASE_AWAY: Final = (OperationalError, InterfaceError, PoolTimeout, ConnectionError, TimeoutError)

log = structlog.get_logger(__name__)

Work = Callable[[Claim], Awaitable[Outcome]]
Fail = Callable[[Claim, Status, str], Awaitable[Outcome]]


@dataclass(slots=True)
class _Hand:
    """The jobs that this worker holds."""

    tasks: dict[asyncio.Task[None], Job] = field(default_factory=dict)
    has_room: asyncio.Event = field(default_factory=asyncio.Event)


class Worker:
    """One worker process's loop.  `run` it once."""

    def __init__(
        self,
        kit: Kit,
        tallies: Tallies,
        *,
        name: str,
        work: Work,
        fail: Fail,
        concurrency: int,
        grace_s: float,
        side_tasks: tuple[Callable[[], Awaitable[None]], ...] = (),
    ) -> None:
        """`work` makes an outcome of a claim, `fail` keeps one for a claim that broke us; `side_tasks` run beside."""
        self._kit = kit
        self._tallies = tallies
        self._name = name
        self._work_on = work
        self._fail = fail
        self._concurrency = concurrency
        self._grace_s = grace_s
        self._side_tasks = side_tasks
        self._hand = _Hand()
        self._failures: dict[str, int] = {}
        self._counted: dict[str, float] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop` is set, then hands back.  Raises what a side task raised."""
        log.info("worker.started", worker=self._name, concurrency=self._concurrency)
        try:
            async with asyncio.TaskGroup() as side:
                beside = [
                    side.create_task(self._every(BEAT_S, self._beat), name="worker.beat"),
                    side.create_task(self._every(PROMOTE_S, self._promote), name="worker.promote"),
                    side.create_task(self._every(TAKE_OVER_S, self._take_over), name="worker.take_over"),
                    side.create_task(self._every(TALLY_S, self._tally), name="worker.tally"),
                    *(side.create_task(_run(task), name="worker.side") for task in self._side_tasks),
                ]
                taking = side.create_task(self._take_on(), name="worker.take")
                await stop.wait()
                log.info("worker.stopping", worker=self._name, jobs=len(self._hand.tasks), grace_s=self._grace_s)
                await _cancel([taking])
                await self._drain()
                await _cancel(beside)
        finally:
            await _cancel(list(self._hand.tasks))
            with suppress(Unavailable):
                await self._kit.queue.leave(self._name)
            with suppress(Unavailable):
                await self._tally()
        log.info("worker.stopped", worker=self._name)

    # --- taking ---------------------------------------------------------------------------------------------------

    async def _take_on(self) -> None:
        """Takes as many claims as there is room for, for ever."""
        pause_s = OUTAGE_PAUSE_S[0]
        while True:
            room = await self._room()
            try:
                jobs = await self._kit.queue.take(self._name, count=min(room, TAKE_AT_MOST), block_ms=BLOCK_MS)
            except Unavailable as error:
                log.warning("queue.away", error=str(error), again_in_s=pause_s)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, OUTAGE_PAUSE_S[1])
                continue
            pause_s = OUTAGE_PAUSE_S[0]
            for job in jobs:
                self._begin(job)

    async def _room(self) -> int:
        """How many more jobs fit; waits until one does."""
        while (room := self._concurrency - len(self._hand.tasks)) <= 0:
            self._hand.has_room.clear()
            await self._hand.has_room.wait()
        return room

    def _begin(self, job: Job) -> None:
        task = asyncio.get_running_loop().create_task(self._work(job), name=f"claim {job.claim.id}")
        self._hand.tasks[task] = job
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._hand.tasks.pop(task, None)
        self._hand.has_room.set()

    # --- one job --------------------------------------------------------------------------------------------------

    async def _work(self, job: Job) -> None:
        """Works on one job; the one place where what it raises is caught."""
        started = time.perf_counter()
        try:
            if job.exhausted:
                await self._give_up(job, "Workers died over this source.")
            elif await self._kit.queue.start(job, self._name):
                await self._put_away(job, await self._work_on(job.claim), time.perf_counter() - started)
        except HostBusy as busy:
            metrics.PUT_BACK.labels(reason="busy").inc()
            await self._put_back(job, timedelta(seconds=busy.retry_in_s))
        except (Unavailable, *DATABASE_AWAY) as error:
            metrics.PUT_BACK.labels(reason="outage").inc()
            log.warning("claim.put_back", claim=job.claim.id, error=f"{type(error).__name__}: {error}"[:300])
            await self._put_back(job, timedelta(seconds=self._kit.rng.uniform(*PUT_BACK_AFTER_OUTAGE_S)))
        except Exception:
            log.exception("claim.failed", claim=job.claim.id, source=job.claim.source, target=job.claim.target)
            await self._after_defect(job)

    async def _put_away(self, job: Job, outcome: Outcome, took_s: float) -> None:
        """The outcome is stored: tell whoever waits for it, then let go of the claim, or have it tried again."""
        claim, queue = job.claim, self._kit.queue
        if outcome.next_try_at is not None:
            await queue.delay(job, outcome.next_try_at, outcome_note=outcome.summary, now=outcome.at)
            await self._kit.events.publish_finished(claim.id)
        else:
            await self._kit.events.publish_finished(claim.id)
            await queue.finish(job)
        self._failures.pop(claim.id, None)
        self._measure(job, outcome, took_s)
        log.info(
            "claim.done",
            claim=claim.id,
            status=outcome.status.value,
            source=claim.source,
            target=claim.target,
            via=claim.via.value,
            attempts=claim.attempts + 1,
            entry=outcome.entry_id,
            changed=outcome.changed,
            duration_ms=round(took_s * 1000),
        )

    def _measure(self, job: Job, outcome: Outcome, took_s: float) -> None:
        metrics.CLAIMS.labels(status=outcome.status.value, protocol=job.claim.via.value).inc()
        metrics.CLAIM_SECONDS.observe(took_s)
        if job.claim.attempts == 0:
            waited = (outcome.at - job.claim.received_at).total_seconds() - took_s
            metrics.WAIT_SECONDS.observe(max(0.0, waited))

    async def _put_back(self, job: Job, wait: timedelta) -> None:
        """The claim comes again by itself.  While Redis is away nothing can be said: it is handed out again later."""
        with suppress(Unavailable):
            await self._kit.queue.delay(job, self._kit.now() + wait, counts=False)

    async def _after_defect(self, job: Job) -> None:
        """A defect of ours: perhaps it passes; the third time it is for people to look at."""
        metrics.PUT_BACK.labels(reason="failed").inc()
        failures = self._failures[job.claim.id] = self._failures.get(job.claim.id, 0) + 1
        if failures < FAILURES_UNTIL_BURIED:
            await self._put_back(job, timedelta(seconds=PUT_BACK_AFTER_FAILURE_S * failures))
            return
        self._failures.pop(job.claim.id, None)
        with suppress(Unavailable, DBAPIError):
            await self._kit.queue.bury(job, "it failed three times; the log says how")
            await self._give_up(job, "Something went wrong here; it has been written down.")

    async def _give_up(self, job: Job, summary: str) -> None:
        """The claim is buried: its outcome says that its source could not be read."""
        await self._fail(job.claim, Status.INVALID_CONTENT, summary)
        await self._kit.events.publish_finished(job.claim.id)
        log.error("claim.was_buried", claim=job.claim.id, source=job.claim.source, deliveries=job.deliveries)

    # --- beside ---------------------------------------------------------------------------------------------------

    async def _every(self, pause_s: float, act: Callable[[], Awaitable[None]]) -> None:
        """Does `act` again and again; an outage of Redis is waited for."""
        while True:
            with suppress(Unavailable):
                await act()
            await asyncio.sleep(pause_s)

    async def _beat(self) -> None:
        """Says that this worker lives, and drops the jobs that others have taken over meanwhile."""
        held = {job.entry_id: task for task, job in self._hand.tasks.items()}
        for job in await self._kit.queue.beat(self._name, list(self._hand.tasks.values())):
            log.warning("claim.was_taken_over", claim=job.claim.id)
            held[job.entry_id].cancel()

    async def _promote(self) -> None:
        await self._kit.queue.promote_due(self._kit.now())

    async def _take_over(self) -> None:
        room = self._concurrency - len(self._hand.tasks)
        if room > 0:
            for job in await self._kit.queue.take_over_stalled(self._name, count=min(room, TAKE_AT_MOST)):
                log.info("claim.taken_over", claim=job.claim.id, deliveries=job.deliveries)
                self._begin(job)

    async def _tally(self) -> None:
        """Adds what was counted since the last time to the sums of all workers."""
        counted = metrics.snapshot()
        news = {key: value - self._counted.get(key, 0.0) for key, value in counted.items()}
        await self._tallies.add({key: value for key, value in news.items() if value})
        self._counted = counted

    # --- stopping -------------------------------------------------------------------------------------------------

    async def _drain(self) -> None:
        """Lets what runs come to its end, within the grace; the rest is handed back, for others to take at once."""
        if self._hand.tasks:
            await asyncio.wait(list(self._hand.tasks), timeout=self._grace_s)
        left = dict(self._hand.tasks)
        await _cancel(list(left))
        for task, job in left.items():
            if task.cancelled():
                with suppress(Unavailable):
                    await self._kit.queue.put_back(job)


async def _run(task: Callable[[], Awaitable[None]]) -> None:
    await task()


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    """Cancels, and waits until it has happened."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
