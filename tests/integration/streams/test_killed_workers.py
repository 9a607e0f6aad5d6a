"""Worker processes that die by SIGKILL, stop by SIGSTOP, and kill themselves over a claim: nothing is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from mentions.model import Status
from mentions.streams.link import client_for
from mentions.streams.messages import Depth
from mentions.streams.queue import DELIVERY_LIMIT, Queue
from tests.integration.streams import worker_process
from tests.support.processes import dies_with_its_parent
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[3]


class Worker:
    """A worker process and the lines that it has said."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []
        self.reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            self.lines.append(line.decode().strip())

    def has_said(self, word: str) -> list[str]:
        """The claims of which it said so."""
        return [line.split(" ")[1] for line in self.lines if line.startswith(f"{word} ")]

    def send(self, signal_number: int) -> None:
        self.process.send_signal(signal_number)

    async def end(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await self.reading


@pytest.fixture
async def worker(redis_url: str) -> AsyncIterator[Callable[..., Worker]]:
    """`await worker("name", "hold")` starts a process; all of them are killed in the end."""
    workers: list[Worker] = []

    async def start(name: str, mode: str) -> Worker:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, worker_process.__file__, redis_url, name, mode),
            stdout=asyncio.subprocess.PIPE,
            preexec_fn=dies_with_its_parent(),
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        one = Worker(process)
        workers.append(one)
        await eventually(lambda: one.lines)
        return one

    yield start
    for one in workers:
        await one.end()


@pytest.fixture
async def queue(redis_url: str) -> AsyncIterator[Queue]:
    client = client_for(redis_url)
    yield Queue(client, bound=1000)
    await client.aclose()


async def is_empty(queue: Queue) -> bool:
    return await queue.depth() == Depth(0, 0, 0, 0)


async def test_what_a_killed_worker_held_is_done_by_another_within_seconds(queue, worker, claim):
    added = [claim() for _ in range(50)]
    holder = await worker("holder", "hold")
    await asyncio.gather(*(queue.add(one) for one in added))
    await eventually(lambda: len(holder.has_said("started")) == 50)
    other = await worker("other", "finish")
    followup = claim(added[0].source.rsplit("/", 1)[1])
    await queue.add(followup)
    await asyncio.sleep(1.5 * worker_process.PRESENCE_S)  # it beats, so nobody may take anything from it
    assert other.has_said("started") == []

    holder.send(signal.SIGKILL)
    await eventually(lambda: is_empty(queue), within_s=worker_process.PRESENCE_S + 30)
    await eventually(lambda: sorted(other.has_said("finished")) == sorted(one.id for one in (*added, followup)))
    finished = other.has_said("finished")
    assert finished.index(followup.id) > finished.index(added[0].id)


async def test_workers_killed_one_after_the_other_lose_nothing(queue, worker, claim):
    added = [claim() for _ in range(30)]
    await asyncio.gather(*(queue.add(one) for one in added))
    for life in range(3):
        victim = await worker(f"victim-{life}", "hold")
        await eventually(lambda victim=victim: victim.has_said("started"))
        await victim.end()
    await worker("last", "finish")
    await eventually(lambda: is_empty(queue))


async def test_after_everybody_was_killed_the_next_start_finds_everything(queue, worker, claim):
    holders = await asyncio.gather(*(worker(f"holder-{n}", "hold") for n in range(2)))
    added = [claim() for _ in range(20)]
    await asyncio.gather(*(queue.add(one) for one in added))
    await eventually(lambda: sum(len(one.has_said("started")) for one in holders) == 20)
    for one in holders:
        await one.end()
    assert (await queue.state(added[0].id)).status == Status.PENDING
    last = await worker("last", "finish")
    await eventually(lambda: is_empty(queue))
    await eventually(lambda: sorted(last.has_said("finished")) == sorted(one.id for one in added))


async def test_a_worker_that_was_frozen_and_wakes_up_disturbs_nobody(queue, worker, claim):
    frozen = await worker("frozen", "hold")
    added = claim("a")
    await queue.add(added)
    await eventually(lambda: frozen.has_said("started"))
    frozen.send(signal.SIGSTOP)
    holder = await worker("holder", "hold")
    await eventually(lambda: holder.has_said("started") == [added.id])
    frozen.send(signal.SIGCONT)
    behind = claim("a")
    await queue.add(behind)
    await eventually(lambda: is_worker_alive(queue, "frozen"))
    assert (await queue.state(added.id)).status == Status.PENDING
    assert (await queue.state(behind.id)).status == Status.QUEUED
    assert frozen.has_said("started") == [added.id]

    holder.send(signal.SIGKILL)
    await eventually(lambda: frozen.has_said("started") == [added.id, added.id])


async def is_worker_alive(queue: Queue, name: str) -> bool:
    return bool(await queue._client.exists(f"{{ymateb}}:worker:{name}"))


@pytest.mark.slow
async def test_a_claim_that_kills_each_worker_is_buried_alone_and_can_be_revived(queue, worker, claim):
    deadly, innocent = claim("deadly"), [claim() for _ in range(30)]
    await asyncio.gather(*(queue.add(one) for one in (*innocent[:15], deadly, *innocent[15:])))
    deaths, lives = 0, []
    while not await is_buried(queue, deadly.id):
        lives.append(await worker(f"life-{deaths}", "die"))
        await eventually(lambda: lives[-1].process.returncode is not None or lives[-1].has_said("buried"))
        deaths += lives[-1].process.returncode is not None
    assert deaths == DELIVERY_LIMIT
    await eventually(lambda: depth_is(queue, Depth(0, 0, 0, 1)))
    told = {one.id for one in innocent}
    await eventually(lambda: {id_ for one in lives for id_ in one.has_said("finished")} == told)

    [buried] = await queue.buried()
    assert buried.deliveries == DELIVERY_LIMIT
    assert await queue.requeue(deadly.id)
    await eventually(lambda: lives[-1].process.returncode == -signal.SIGKILL)
    mended = await worker("mended", "finish")
    await eventually(lambda: is_empty(queue))
    await eventually(lambda: mended.has_said("finished") == [deadly.id])


async def is_buried(queue: Queue, claim_id: str) -> bool:
    return claim_id in [one.claim.id for one in await queue.buried()]


async def depth_is(queue: Queue, depth: Depth) -> bool:
    return await queue.depth() == depth
