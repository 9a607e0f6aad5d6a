"""Pages that have a thread but were never looked at: what is their title, and what is their canonical URL?

A webmention or pingback has its target looked at on the way; a comment or a like typed below a post has not, nor have
entries that were imported or that came while the site was down.  A page that cannot be read is tried once a day."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from mentions.model import Page
from mentions.storage import changes, pages
from mentions.streams.limits import Limits
from workers.jobs.places import Places
from workers.jobs.targets import Targets, learn
from workers.kit import Kit

TRY_AGAIN_AFTER: Final = timedelta(days=1)
AT_A_TIME: Final = 20


class UnseenPages:
    """Looks at pages that nobody has looked at yet, some at a time."""

    def __init__(self, kit: Kit, limits: Limits, *, at_a_time: int = AT_A_TIME) -> None:
        self._kit = kit
        self._limits = limits
        self._at_a_time = at_a_time
        self._places = Places(kit)
        self._targets = Targets(kit)
        self._after = 0

    async def look(self) -> int:
        """Looks at the next ones whose turn it is; how many it learned about.  After the last it begins anew."""
        async with self._kit.db.read() as c:
            unseen = await pages.never_looked_at(c, after=self._after, limit=self._at_a_time)
        self._after = unseen[-1].id if len(unseen) == self._at_a_time else 0
        learned = 0
        for page in unseen:
            if await self._is_due(page):
                learned += await self._look_at(page)
        return learned

    async def _is_due(self, page: Page) -> bool:
        """Whether the page was not tried within a day, by whichever worker."""
        rate = 1 / TRY_AGAIN_AFTER.total_seconds()
        return await self._limits.allow(f"unseen:{page.id}", rate=rate, burst=1, now=self._kit.now()) == 0

    async def _look_at(self, page: Page) -> bool:
        place = await self._places.find(page.url)
        if place is None:
            return False
        look = await self._targets.look(place, page.url, self._kit.now())
        if look.facts is None:
            return False
        async with self._kit.db.write() as c:
            await changes.lock(c)  # before any row: pages that turn out to be one are merged under it
            if await pages.by_id(c, page.id) is None:
                return False
            await learn(c, page.id, page.url, look, now=self._kit.now())
        return True
