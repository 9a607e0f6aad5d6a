"""What is at the target: a page of the site, an entry of ours, or nothing?

A page is looked at once, and again after a day.  404 and 410, and a redirect to somebody else's page, mean that there
is no such target; any other fault is no reason to refuse, and the page is filed without a title.  Our own permalinks
(`/entries/{id}`) are known without asking: their page is that of the entry, and the entry is what is answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import urls
from mentions.decide import PageSeen
from mentions.errors import ParserError
from mentions.media import is_read_type
from mentions.model import Document, Fetched, Gone, Hop, Page, Site, TargetFacts, Url
from mentions.sites import SiteBook
from mentions.storage import pages
from workers.jobs.once import Once
from workers.jobs.places import Place
from workers.kit import Kit

LOOK_AGAIN_AFTER: Final = timedelta(days=1)
LOOK_BUDGET_S: Final = 10.0
KEEP_UNKNOWN_S: Final = 30.0
"""How long a site that does not answer is left alone."""
KEEP_PRESENT_S: Final = 5.0
"""For the claims that came together; after that the page is stored, with the time of the look."""
KEEP_CHECKED_S: Final = 60.0
"""How long the database is not asked again when a page was looked at last."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at the target's page brought."""

    seen: PageSeen
    hops: tuple[Hop, ...] = ()
    facts: TargetFacts | None = None
    final_url: Url | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Every URL that led to the page."""
        known = [hop.url for hop in self.hops]
        return tuple(dict.fromkeys([*known, self.final_url] if self.final_url else known))


UNKNOWN: Final = Look(PageSeen.UNKNOWN)
UNASKED: Final = Look(PageSeen.PRESENT)
"""For pages that were looked at lately, and our own permalinks."""


class Targets:
    """Looks at target pages, each once however many claims ask."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._looks: Once[str, Look] = Once(keep_s=_keep_s, size=1_000)
        self._checked: Once[str, datetime | None] = Once(keep_s=_keep_checked_s, size=10_000)

    async def look(self, place: Place, target: str, now: datetime) -> Look:
        """What is at `target`, asked over the network only when that is due."""
        if place.answered is not None:
            return UNASKED
        key = urls.page_key(target)
        checked_at = await self._checked.get(key, lambda: self._checked_at(key))
        if checked_at is not None and now - checked_at < LOOK_AGAIN_AFTER:
            return UNASKED
        url = urls.without_fragment(target)
        return await self._looks.get(url, lambda: self._look(url, place.site))

    async def _checked_at(self, key: str) -> datetime | None:
        """When the page of that spelling was looked at last; None: never."""
        async with self._kit.db.read() as c:
            page = await pages.by_key(c, key)
        return page.checked_at if page is not None else None

    async def _look(self, url: Url, site: Site) -> Look:
        sighting = await self._kit.fetcher.get(
            url, budget_s=LOOK_BUDGET_S, is_readable=is_read_type, is_lenient=True, waits=True
        )
        hops = sighting.hops
        if isinstance(sighting, Gone) or (hops and not _is_of_site(hops[-1].url, site)):
            return Look(PageSeen.MISSING, hops)
        if isinstance(sighting, Fetched):
            document = sighting.document
            return Look(PageSeen.PRESENT, hops, await self._facts(document), document.url)
        return Look(PageSeen.UNKNOWN, hops)

    async def _facts(self, document: Document) -> TargetFacts | None:
        try:
            return await self._kit.pool.target(document)
        except ParserError:
            return None


async def learn(c: AsyncConnection, page_id: int, target: str, look: Look, *, now: datetime) -> Page:
    """Keeps what a look at `target` told of its page.  Returns the page that stays; NotFound where there is none."""
    facts = look.facts
    return await pages.learn(
        c,
        page_id,
        canonical=(facts.canonical if facts is not None else None) or look.final_url,
        aliases=(target, *look.names),
        title=facts.title if facts is not None else None,
        checked_at=now,
    )


def _is_of_site(url: str, site: Site) -> bool:
    return SiteBook([site]).site_for(url) is not None


def _keep_s(look: Look) -> float:
    return {PageSeen.PRESENT: KEEP_PRESENT_S, PageSeen.MISSING: 0.0, PageSeen.UNKNOWN: KEEP_UNKNOWN_S}[look.seen]


def _keep_checked_s(checked_at: datetime | None) -> float:
    return KEEP_CHECKED_S if checked_at is not None else 0.0
