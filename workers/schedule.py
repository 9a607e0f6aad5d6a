"""What has to be done from time to time, by one worker of all: forgetting what is old, looking again at old mentions.

A lease in Redis says who leads; when its holder is gone, another worker takes it within a minute.  A periodic job that
fails, by an outage or by a defect of ours, is told and tried again at its next time: it ends neither the others nor the
worker, which has claims to verify."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from mentions import jf2
from mentions.errors import YmatebError
from mentions.storage import changes, claims, deliveries, layout, people, sessions
from mentions.storage.avatars import Avatars
from mentions.streams.limits import Limits
from workers.jobs.portraits import Portraits
from workers.jobs.recheck import Rechecker
from workers.jobs.reread import Rereader
from workers.jobs.unseen import UnseenPages
from workers.kit import Kit

LEASE_S: Final = 60.0
TICK_S: Final = 15.0
PEOPLE_KEPT: Final = timedelta(days=1)
"""Somebody who signed in, has written nothing and has no session is forgotten so long after."""
LEADER: Final = "schedule"

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Periodic:
    """One thing to do, and when next (loop time)."""

    name: str
    every_s: float
    act: Callable[[], Awaitable[int]]
    """Says how many it dealt with."""
    due_at: float = 0.0


class Scheduler:
    """Runs the periodic jobs while this worker leads."""

    def __init__(self, kit: Kit, limits: Limits, *, status_days: int, avatars: Avatars) -> None:
        self._kit = kit
        self._limits = limits
        self._status_kept = timedelta(days=status_days)
        self._token: str | None = None
        portraits = Portraits(kit, limits, avatars)
        self._jobs: Sequence[_Periodic] = (
            _Periodic("claims.pruned", 3600, self._prune_claims),
            _Periodic("changes.compacted", 3600, self._compact_changes),
            _Periodic("deliveries.pruned", 3600, self._prune_deliveries),
            _Periodic("sessions.pruned", 3600, self._prune_sessions),
            _Periodic("entries.rechecked", 60, Rechecker(kit, limits).look_again),
            _Periodic("entries.reread", 60, Rereader(kit).read_again),
            _Periodic("pages.seen", 60, UnseenPages(kit, limits).look),
            _Periodic("threads.laid_out", 300, self._lay_out),
            _Periodic("portraits.fetched", 15, portraits.look),
            _Periodic("portraits.pruned", 3600, portraits.prune),
        )

    async def run(self) -> None:
        """For ever."""
        while True:
            try:
                if await self.lead():
                    await self._do_what_is_due()
            except YmatebError as error:
                log.info("schedule.waits", error=str(error))
            await asyncio.sleep(TICK_S)

    async def lead(self) -> bool:
        """Whether this worker is the leader, for another minute."""
        self._token = await self._limits.acquire(LEADER, 1, LEASE_S, token=self._token)
        return self._token is not None

    async def _do_what_is_due(self) -> None:
        now = asyncio.get_running_loop().time()
        for job in self._jobs:
            if job.due_at > now:
                continue
            job.due_at = now + job.every_s
            try:
                count = await job.act()
            except (SQLAlchemyError, YmatebError, OSError) as error:
                log.warning("schedule.failed", job=job.name, error=f"{type(error).__name__}: {error}"[:300])
            except Exception:
                log.exception("schedule.broke", job=job.name)
            else:
                log.debug(job.name, count=count)

    async def _prune_claims(self) -> int:
        async with self._kit.db.write() as c:
            return await claims.prune(c, self._kit.now() - self._status_kept)

    async def _compact_changes(self) -> int:
        return await changes.compact(self._kit.db, self._kit.now() - changes.KEPT)

    async def _lay_out(self) -> int:
        """Also what nobody reads: so there are never many marks, and its first reader does not wait."""
        return await layout.bring_long_ones_up_to_date(self._kit.db, jf2.permalink_base(self._kit.public_url))

    async def _prune_deliveries(self) -> int:
        async with self._kit.db.write() as c:
            return await deliveries.prune(c, self._kit.now() - deliveries.KEPT)

    async def _prune_sessions(self) -> int:
        async with self._kit.db.write() as c:
            ended = await sessions.prune(c, self._kit.now())
            return ended + await people.prune(c, self._kit.now() - PEOPLE_KEPT)
