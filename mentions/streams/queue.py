"""The queue of claims: add, take, start, finish, delay, bury, take over.

Equal claims (one source, one target) that wait are one job.  A claim that comes while its job runs waits behind it and
runs afterwards, so that no update is lost; a living worker never runs two claims of one pair at a time.  What is
accepted is on disk and comes to its end: every step is one script (lua/), what a dead worker held is handed to another,
and a claim that was handed out too often is buried, to be looked at and revived.

Any job may run twice.  A worker that was thought dead and comes back changes nothing: each step asks first whether the
delivery is still the worker's own.  What a claim means is the workers' business (workers/loop.py)."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from redis.exceptions import ResponseError

from mentions.errors import QueueFull
from mentions.model import Claim, Status
from mentions.streams.messages import (
    BURIED,
    CLAIMS,
    DELAYED,
    GROUP,
    PARKED,
    Added,
    Buried,
    Depth,
    Job,
    Waiting,
    claim_fields,
    claim_key,
    pair_digest,
    pair_key,
    read_buried,
    read_claim,
    read_waiting,
)
from mentions.streams.scripts import DEADLINE_S, Client, Scripts, as_fields, as_text, reaching_redis

PRESENCE_S: Final = 5.0
"""A worker that has not been heard of for so long is taken for dead; `beat` more often than that."""
STALLED_S: Final = 30.0
"""A delivery that no living worker knows of (its answer was lost) is handed out again after this time."""
DELIVERY_LIMIT: Final = 5
"""A claim over which so many workers died is buried instead of being handed out once more."""
SUSPECT_FROM: Final = 3
"""From this delivery on a claim is handed out only to a worker that holds no other such claim."""
BURIED_KEPT: Final = 10_000
"""Buried claims beyond that number are forgotten, the oldest first; their outcomes are in the database."""
_BLOCK_MS: Final = 1_000
"""One blocking read; well below the deadline, so that a dead connection is told from an empty queue."""
_BATCH: Final = 200
_SHARED: Final = (CLAIMS, DELAYED, PARKED, BURIED)

log = structlog.get_logger(__name__)


class Queue:
    """One process's view of the queue.  `bound` is how many claims may wait before `add` refuses.

    Every method raises `Unavailable` when Redis does not answer within two seconds."""

    def __init__(
        self,
        client: Client,
        *,
        bound: int,
        presence_s: float = PRESENCE_S,
        stalled_s: float = STALLED_S,
        buried_kept: int = BURIED_KEPT,
    ) -> None:
        self._client = client
        self._bound = bound
        self._presence_ms = int(presence_s * 1000)
        self._stalled_ms = int(stalled_s * 1000)
        self._buried_kept = buried_kept
        self._scripts = Scripts(client, common=True)
        self._seen_at: dict[str, float] = {}
        self._let_go: set[str] = set()

    # --- intake --------------------------------------------------------------------------------------------------

    async def add(self, claim: Claim) -> Added:
        """Accepts a claim; when this returns, it is as durable as the server's settings make it.

        Raises `QueueFull`, or `Unavailable`: then it may have
        been accepted all the same, and adding it again is harmless."""
        fields = claim_fields(claim)
        args: list[str | int] = [claim.id, self._bound, *_flat(fields)]
        id_, is_coalesced = await self._scripts.run("add", _keys(claim.id, fields["pair"]), args)
        if not id_:
            raise QueueFull("too many claims wait; try again later")
        return Added(id=id_, coalesced=bool(is_coalesced))

    # --- a worker's work -----------------------------------------------------------------------------------------

    async def take(self, worker: str, *, count: int, block_ms: int) -> list[Job]:
        """Up to `count` claims that nobody has had yet; waits up to `block_ms` for the first.

        The worker's name must be its own and new with each start of it."""
        await self._be_seen_soon_enough(worker)
        deadline = time.monotonic() + block_ms / 1000
        while True:
            left_ms = int((deadline - time.monotonic()) * 1000)
            entries = await self._read(worker, count, min(left_ms, _BLOCK_MS))
            if entries or left_ms <= _BLOCK_MS:
                return await self._load(worker, [(entry_id, claim_id, 1, False) for entry_id, claim_id in entries])

    async def start(self, job: Job, worker: str) -> bool:
        """The claim is being looked at from now on; an equal claim that comes later is a job of its own.

        False: leave it alone.  Either another claim of its pair is being worked on, and this one comes again by itself
        when that is done; or it was taken over by another worker."""
        return bool(await self._own("start", job, worker=worker) == 1)

    async def finish(self, job: Job) -> bool:
        """The claim has its outcome, and that is stored.  False: it had been taken over, nothing was changed."""
        return await self._end("finish", job)

    async def delay(
        self, job: Job, at: datetime, *, counts: bool = True, outcome_note: str = "", now: datetime | None = None
    ) -> bool:
        """The claim is tried again at `at`, or at once when an equal one comes.  False: it had been taken over.

        `counts`: the source was looked at and a passing fault came back; else it was not its turn (politeness)."""
        claim = job.claim
        first_tried_at = claim.first_tried_at
        if counts:
            first_tried_at = first_tried_at or now or datetime.now(UTC)
        fields = {
            "status": (Status.RETRYING if claim.attempts + counts else Status.QUEUED).value,
            "next_try_at": repr(at.timestamp()),
            "attempts": str(claim.attempts + counts),
            **({"first_tried_at": first_tried_at.isoformat()} if first_tried_at else {}),
            **({"note": outcome_note} if outcome_note else {}),
        }
        return await self._end("delay", job, repr(at.timestamp()), *_flat(fields))

    async def put_back(self, job: Job) -> bool:
        """The worker will not do it after all (it stops): another may, at once.  False: it had been taken over."""
        return await self._end("put_back", job)

    async def bury(self, job: Job, reason: str) -> bool:
        """Gives the claim up until somebody revives it.  False: it had been taken over, or is buried already."""
        return await self._end("bury", job, reason, repr(time.time()), self._buried_kept)

    async def _end(self, script: str, job: Job, *more: str | int) -> bool:
        """The job leaves this process's hands: a beat that is under way must not take it for lost."""
        self._let_go.add(job.entry_id)
        return bool(await self._own(script, job, *more))

    async def _own(self, script: str, job: Job, *more: str | int, worker: str | None = None) -> Any:
        keys = _keys(job.claim.id, pair_digest(job.claim))
        return await self._scripts.run(
            script, keys, (job.claim.id, job.entry_id, worker or job.worker, job.deliveries, *more)
        )

    # --- keeping it going ----------------------------------------------------------------------------------------

    async def promote_due(self, now: datetime) -> int:
        """Makes every delayed claim ready whose time has come; how many."""
        promoted = 0
        while True:
            count = int(await self._scripts.run("promote", _SHARED, (repr(now.timestamp()), _BATCH)))
            promoted += count
            if count < _BATCH:
                return promoted

    async def take_over_stalled(self, worker: str, *, count: int = 100) -> list[Job]:
        """Up to `count` jobs of workers that are gone, and those that were handed out and never arrived.

        One that was handed out too often is buried and comes with `exhausted` set: only its outcome is to be told."""
        await self._be_seen_soon_enough(worker)
        args = (worker, count, self._stalled_ms, SUSPECT_FROM, DELIVERY_LIMIT, repr(time.time()), self._buried_kept)
        taken = await self._scripts.run("take_over", _SHARED, args)
        return await self._load(worker, [(entry, claim, times, bool(over)) for entry, claim, times, over in taken])

    async def beat(self, worker: str, jobs: Sequence[Job]) -> list[Job]:
        """The worker is alive and has these jobs in hand; to be said every second or two.

        Answers with those that are not the worker's any more: somebody thought it dead.  They may be dropped."""
        lost = await self._be_seen(worker, jobs) - self._let_go
        self._let_go &= {job.entry_id for job in jobs}
        return [job for job in jobs if job.entry_id in lost]

    async def _be_seen(self, worker: str, jobs: Sequence[Job] = ()) -> set[str]:
        held = [part for job in jobs for part in (job.entry_id, job.deliveries)]
        args = (worker, self._presence_ms, self._stalled_ms // 3, *held)
        lost = await self._scripts.run("beat", _SHARED, args)
        self._seen_at[worker] = time.monotonic()
        return set(lost)

    async def _be_seen_soon_enough(self, worker: str) -> None:
        """A worker that takes before its first beat must not look dead."""
        if time.monotonic() - self._seen_at.get(worker, -math.inf) > self._presence_ms / 3000:
            await self._be_seen(worker)

    async def leave(self, worker: str) -> None:
        """The worker goes; what it still holds may be taken over at once."""
        self._seen_at.pop(worker, None)
        await self._scripts.run("leave", _SHARED, (worker,))

    # --- looking at it -------------------------------------------------------------------------------------------

    async def state(self, claim_id: str) -> Waiting | None:
        """How an accepted claim stands; None when it was never accepted or has its outcome."""
        return read_waiting(claim_id, await self._fields(claim_id))

    async def depth(self) -> Depth:
        """How many claims wait, are delayed, in hand and buried."""
        waiting, delayed, in_flight, buried = await self._scripts.run("depth", _SHARED, ())
        return Depth(waiting=waiting, delayed=delayed, in_flight=in_flight, buried=buried)

    async def buried(self, limit: int = 100) -> list[Buried]:
        """The claims that were given up last, newest first."""
        async with reaching_redis():
            ids = as_text(await self._client.zrevrange(BURIED, 0, limit - 1))
        found = await self._all_fields(ids)
        return [one for id_, fields in zip(ids, found, strict=True) if (one := read_buried(id_, fields))]

    async def requeue(self, claim_id: str) -> bool:
        """Revives a buried claim as if it had just come; False when it is not buried."""
        fields = await self._fields(claim_id)
        keys = _keys(claim_id, fields.get("pair", ""))
        return bool(await self._scripts.run("requeue", keys, (claim_id,)))

    # --- reading -------------------------------------------------------------------------------------------------

    async def _read(self, worker: str, count: int, block_ms: int) -> list[tuple[str, str]]:
        """Entries that nobody has had, as (entry id, claim id)."""
        block: list[str | int] = ["BLOCK", block_ms] if block_ms > 0 else []
        command: list[str | int] = [
            "XREADGROUP",
            "GROUP",
            GROUP,
            worker,
            "COUNT",
            count,
            *block,
            "STREAMS",
            CLAIMS,
            ">",
        ]
        async with reaching_redis(DEADLINE_S + max(block_ms, 0) / 1000):
            try:
                reply = await self._client.execute_command(*command)
            except ResponseError as error:
                if not str(error).startswith("NOGROUP"):
                    raise
                await self._make_group()
                return await self._read(worker, count, block_ms)
        return list(_entries(reply))

    async def _make_group(self) -> None:
        try:
            await self._client.xgroup_create(CLAIMS, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):  # another worker was faster
                raise

    async def _load(self, worker: str, taken: Sequence[tuple[str, str, int, bool]]) -> list[Job]:
        jobs = []
        found = await self._all_fields([claim_id for _, claim_id, _, _ in taken])
        for (entry_id, claim_id, deliveries, exhausted), fields in zip(taken, found, strict=True):
            claim = read_claim(claim_id, fields)
            if claim is not None:
                jobs.append(Job(entry_id, claim, deliveries, worker, exhausted))
            else:
                log.error("claim.was_missing", claim=claim_id, help="does Redis evict keys? It must be noeviction")
                await self._forget(entry_id)
        return jobs

    async def _forget(self, entry_id: str) -> None:
        async with reaching_redis():
            await self._client.xack(CLAIMS, GROUP, entry_id)
            await self._client.xdel(CLAIMS, entry_id)

    async def _fields(self, claim_id: str) -> dict[str, str]:
        return (await self._all_fields([claim_id]))[0]

    async def _all_fields(self, claim_ids: Sequence[str]) -> list[dict[str, str]]:
        if not claim_ids:
            return []
        async with reaching_redis():
            pipeline = self._client.pipeline(transaction=False)
            for claim_id in claim_ids:
                pipeline.hgetall(claim_key(claim_id))
            return [as_fields(reply) for reply in await pipeline.execute()]


def _keys(claim_id: str, digest: str) -> tuple[str, ...]:
    return (*_SHARED, pair_key(digest), claim_key(claim_id))


def _flat(fields: Mapping[str, str]) -> list[str]:
    return [part for field in fields.items() for part in field]


def _entries(reply: Any) -> Iterator[tuple[str, str]]:
    streams = reply.values() if isinstance(reply, Mapping) else [entries for _name, entries in reply or ()]
    for entries in streams:  # RESP3 wraps each stream's entries once more
        for entry_id, fields in entries[0] if isinstance(reply, Mapping) else entries:
            yield as_text(entry_id), as_fields(fields)["id"]
