"""A worker that only does errands, in this process: the real runner with real parts, over the stores of a service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from config.settings import Settings
from mentions.streams.errands import Errands
from mentions.streams.events import Events
from mentions.streams.limits import Limits
from mentions.streams.queue import Queue
from mentions.streams.traces import Traces
from workers.app import open_database
from workers.jobs.errands import ErrandRunner
from workers.kit import Kit
from workers.outfit import make_fetcher, make_mailer, make_pool, open_link


@asynccontextmanager
async def running_errands(settings: Settings) -> AsyncIterator[None]:
    """Errands are done until the block is left.  The settings are the service's own."""
    async with AsyncExitStack() as stack:
        link = await stack.enter_async_context(open_link(settings))
        kit = Kit(
            db=await stack.enter_async_context(open_database(settings)),
            queue=Queue(link.client, bound=settings.queue_bound),
            events=Events(link.client),
            fetcher=await stack.enter_async_context(make_fetcher(settings, Limits(link.client))),
            pool=await stack.enter_async_context(make_pool(settings, size=1)),
            traces=Traces(link.client),
            public_url=settings.public_url,
            mailer=make_mailer(settings),
        )
        runner = asyncio.create_task(ErrandRunner(kit, Errands(link.client)).run())
        try:
            yield
        finally:
            runner.cancel()
            await asyncio.gather(runner, return_exceptions=True)
