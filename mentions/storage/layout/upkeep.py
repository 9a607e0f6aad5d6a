"""When pages are laid out for the readers of one process: none twice at once, and none longer than readers can wait.

A page with a layout can be read as it was laid out last.  That is what readers get while the database takes no writes,
and while so much comes in (an import) that laying it out for each of them would be all that is done; decision 0185."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from mentions.storage import outages
from mentions.storage.engine import Database
from mentions.storage.layout.settling import News, bring_up_to_date, news_of

PATIENCE_S: Final = 4.0
"""How long a reader waits who can be shown an earlier layout: longer than 10,000 responses take."""
RESTS: Final = 4
"""While much comes in, a page rests so many times as long as it took to lay it out."""
LEAST_REST_S: Final = 1.0
"""The same at least; also how long nobody tries again where it failed."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Work:
    """A page that is being laid out."""

    task: asyncio.Task[None]
    number: int
    begun_at: float


@dataclass(frozen=True, slots=True)
class _Rest:
    """A page that is left as it is for a while."""

    until: float
    is_failure: bool

    def holds(self, news: News, now: float) -> bool:
        """Whether these news have to wait; a few are always put in their places at once."""
        return now < self.until and (self.is_failure or news.is_much)


class Upkeep:
    """Brings pages up to date before they are read.  `close` it before the database."""

    def __init__(
        self,
        db: Database,
        permalink_base: str,
        *,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._db = db
        self._permalink_base = permalink_base
        self._patience_s = patience_s
        self._clock = clock
        self._begun = 0
        self._under_way: dict[int, _Work] = {}
        self._resting: dict[int, _Rest] = {}

    async def bring_up_to_date(self, page_id: int) -> bool:
        """Puts what was written on a page in its place.  False: not now, and there is an earlier layout to be read.

        Raises what the database raises where there is none."""
        asked_at, begun_before = self._clock(), self._begun
        while (news := await self._look(page_id)) is not None:
            rest = self._resting.get(page_id)
            if news.has_layout and rest is not None and rest.holds(news, self._clock()):
                return False
            work = self._under_way.get(page_id) or self._begin(page_id)
            given_up_at = min(asked_at, work.begun_at) + self._patience_s
            patience = max(0.0, given_up_at - self._clock()) if news.has_layout else None
            await asyncio.wait({work.task}, timeout=patience)
            if not work.task.done():
                return False
            if (error := work.task.exception()) is not None:
                if news.has_layout and outages.is_outage(error):
                    return False
                raise error
            if work.number > begun_before:
                break  # else what we came for may have been written after it had looked
        return True

    async def close(self) -> None:
        """Ends what is under way; the next reader does it."""
        tasks = [work.task for work in self._under_way.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self, page_id: int) -> News | None:
        async with self._db.read() as c:
            return await news_of(c, page_id, self._permalink_base)

    def _begin(self, page_id: int) -> _Work:
        laying_out = bring_up_to_date(self._db, page_id, self._permalink_base)
        task = asyncio.create_task(laying_out, name=f"layout of page {page_id}")
        self._begun += 1
        work = _Work(task, self._begun, self._clock())
        self._under_way[page_id] = work
        task.add_done_callback(lambda _task: self._end(page_id, work))
        return work

    def _end(self, page_id: int, work: _Work) -> None:
        del self._under_way[page_id]
        if work.task.cancelled():
            return
        now = self._clock()
        self._resting = {each: rest for each, rest in self._resting.items() if now < rest.until}
        if (error := work.task.exception()) is not None:
            log.warning("layout.missed", page_id=page_id, error=f"{type(error).__name__}: {error}"[:300])
            self._resting[page_id] = _Rest(now + LEAST_REST_S, is_failure=True)
        else:
            self._resting[page_id] = _Rest(now + max(LEAST_REST_S, RESTS * (now - work.begun_at)), is_failure=False)
