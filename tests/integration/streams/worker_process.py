"""A worker as a process, to be killed: `worker_process.py URL NAME MODE`.  Tells what it does, line by line.

MODE: `hold` starts jobs and never ends them; `finish` ends each; `die` finishes all but claims of the page `deadly`,
over which it kills itself with SIGKILL."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress

from mentions.errors import Unavailable
from mentions.streams.link import client_for
from mentions.streams.messages import Job
from mentions.streams.queue import Queue

PRESENCE_S = 2.0


async def work(url: str, name: str, mode: str) -> None:
    queue = Queue(client_for(url), bound=1000, presence_s=PRESENCE_S)
    in_hand: list[Job] = []
    print("ready", flush=True)
    while True:
        with suppress(Unavailable):  # after a sleep all deadlines have passed; the product goes on, too
            await turn(queue, name, mode, in_hand)


async def turn(queue: Queue, name: str, mode: str, in_hand: list[Job]) -> None:
    await queue.beat(name, in_hand)
    jobs = await queue.take_over_stalled(name)
    jobs += await queue.take(name, count=10, block_ms=0 if jobs else 50)
    for job in sorted(jobs, key=lambda job: job.claim.source.endswith("deadly")):
        if job.exhausted:
            print("buried", job.claim.id, flush=True)
        elif await queue.start(job, name):
            print("started", job.claim.id, job.deliveries, flush=True)
            await end(queue, job, mode, in_hand)


async def end(queue: Queue, job: Job, mode: str, in_hand: list[Job]) -> None:
    if mode == "hold":
        in_hand.append(job)
        return
    if mode == "die" and job.claim.source.endswith("deadly"):
        os.kill(os.getpid(), signal.SIGKILL)
    await queue.finish(job)
    print("finished", job.claim.id, flush=True)


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))
