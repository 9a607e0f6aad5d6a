"""Are old mentions still what they were?

From time to time the source of each mention is asked again, with a conditional request.  Unchanged, unreachable or
refused: nothing happens until the next time.  Anything else goes the way of every claim, through the queue, so that
there is one place that decides and one that stores.  Nobody asked for this look, so a 404 has to be seen three times
before it counts (410 says it on purpose and counts at once)."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Final

from mentions import urls
from mentions.model import Claim, Entry, Fetched, Gone, Protocol, Sighting, Status, Url
from mentions.storage import entries
from mentions.streams.limits import Limits
from workers.jobs.sources import fetch_source
from workers.kit import Kit

LOOK_AGAIN_AFTER: Final = timedelta(days=30)
AT_A_TIME: Final = 20
STRIKES: Final = 3
STRIKES_FORGOTTEN_PER_S: Final = 1 / (120 * 86_400)
"""A page that is found again is good as new after some months."""


class Rechecker:
    """Looks again at the mentions that were looked at longest ago."""

    def __init__(self, kit: Kit, limits: Limits, *, look_again_after: timedelta = LOOK_AGAIN_AFTER) -> None:
        self._kit = kit
        self._limits = limits
        self._look_again_after = look_again_after

    async def look_again(self) -> int:
        """Looks at some that are due; how many."""
        before = self._kit.now() - self._look_again_after
        async with self._kit.db.read() as c:
            due = await entries.due_for_recheck(c, before, AT_A_TIME)
        for entry in due:
            await self._look_at(entry)
        return len(due)

    async def _look_at(self, entry: Entry) -> None:
        source = Url(urls.source_key(entry.source))
        sighting = await fetch_source(
            self._kit.fetcher, source, etag=entry.etag, last_modified=entry.last_modified, waits=True
        )
        async with self._kit.db.write() as c:
            await entries.update(c, entry.id, now=self._kit.now())
        if await self._is_news(entry, sighting):
            for target in entry.targets:
                await self._kit.queue.add(self._claim(entry, target))

    async def _is_news(self, entry: Entry, sighting: Sighting) -> bool:
        """Whether the journey of a claim has to look at it."""
        if isinstance(sighting, Gone) and sighting.status is Status.NOT_FOUND:
            key, now = f"missing:{entry.id}", self._kit.now()
            return await self._limits.allow(key, rate=STRIKES_FORGOTTEN_PER_S, burst=STRIKES - 1, now=now) > 0
        return isinstance(sighting, Gone | Fetched)

    def _claim(self, entry: Entry, target: str) -> Claim:
        """As if the source had sent its mention again."""
        via = entry.protocol if entry.protocol is not Protocol.COMMENT else Protocol.WEBMENTION
        return Claim(secrets.token_urlsafe(15), entry.source, target, via, self._kit.now())
