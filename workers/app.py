"""Composition root of the workers: Settings -> stores, fetcher, reading processes, loop; and the life of one process.

Everything that is opened is closed in the reverse order, whatever happens on the way."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from config.settings import Settings
from mentions.errors import ConfigurationError
from mentions.model import Claim, Outcome, Status
from mentions.storage import Database, schema
from mentions.storage.avatars import Avatars
from mentions.streams.errands import Errands
from mentions.streams.events import Events
from mentions.streams.limits import Limits
from mentions.streams.link import RedisLink
from mentions.streams.queue import Queue
from mentions.streams.tallies import Tallies
from mentions.streams.traces import Traces
from workers.jobs.deliver import Deliverer
from workers.jobs.demo import send_demo
from workers.jobs.errands import ErrandRunner
from workers.jobs.receive import Receiver
from workers.jobs.storing import store_failure
from workers.kit import Kit
from workers.loop import Worker
from workers.outfit import make_fetcher, make_mailer, make_pool, open_link
from workers.schedule import Scheduler


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """The database, at the schema that this code needs.  Raises ConfigurationError."""
    db = await Database.open(settings.effective_database_url, pool_size=settings.database_pool)
    try:
        try:
            await schema.require_current(db, migrate_embedded=settings.database_is_embedded)
        except (SQLAlchemyError, OSError) as error:
            raise ConfigurationError(f"the database cannot be reached: {error}") from error
        yield db
    finally:
        await db.close()


async def run_worker(settings: Settings) -> None:
    """One worker process, until SIGTERM, SIGINT or SIGHUP.  Raises ConfigurationError when it cannot start."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        link = await stack.enter_async_context(open_link(settings))
        db = await stack.enter_async_context(open_database(settings))
        limits = Limits(link.client)
        kit = Kit(
            db=db,
            queue=Queue(link.client, bound=settings.queue_bound),
            events=Events(link.client),
            fetcher=await stack.enter_async_context(make_fetcher(settings, limits)),
            pool=await stack.enter_async_context(make_pool(settings)),
            traces=Traces(link.client),
            public_url=settings.public_url,
            mailer=make_mailer(settings),
        )
        await make_worker(kit, link, limits, settings).run(stop)


def make_worker(kit: Kit, link: RedisLink, limits: Limits, settings: Settings) -> Worker:
    """The loop of this process, with its jobs and what runs beside them."""

    async def fail(claim: Claim, status: Status, summary: str) -> Outcome:
        return await store_failure(kit, claim, status, summary)

    async def demo() -> None:
        if settings.demo_is_on:
            await send_demo(kit)

    scheduler = Scheduler(kit, limits, status_days=settings.status_days, avatars=Avatars(settings.data_dir))
    return Worker(
        kit,
        Tallies(link.client),
        name=_new_name(),
        work=Receiver(kit).receive,
        fail=fail,
        concurrency=settings.worker_concurrency,
        grace_s=settings.shutdown_grace_s,
        side_tasks=(scheduler.run, Deliverer(kit, limits).run, ErrandRunner(kit, Errands(link.client)).run, demo),
    )


def _new_name() -> str:
    """A name of its own for each start of a worker."""
    started_at = datetime.now(UTC)
    return f"{socket.gethostname()}-{os.getpid()}-{started_at:%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"
