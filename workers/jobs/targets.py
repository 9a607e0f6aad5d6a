"""What is at the target: a page of the site, an entry of ours, or nothing?

A page is looked at once, and again after a day.  404 and 410, and a redirect to somebody else's page, mean that there
is no such target; any other fault is no reason to refuse, and the page is filed without a title.  Our own permalinks
(`/entries/{id}`) are known without asking: their page is that of the entry, and the entry is what is answered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import urls
from mentions.decide import PageSeen
from mentions.errors import ParserError
from mentions.media import is_read_type
from mentions.model import Document, Entry, Fetched, Gone, Hop, Page, Site, TargetFacts, Url
from mentions.sites import SiteBook
from mentions.storage import blocks as block_store
from mentions.storage import entries, pages, sites
from mentions.storage.blocks import Block
from workers.jobs.once import Once
from workers.kit import Kit

LOOK_AGAIN_AFTER: Final = timedelta(days=1)
LOOK_BUDGET_S: Final = 10.0
KEEP_UNKNOWN_S: Final = 30.0
"""How long a site that does not answer is left alone."""
KEEP_PRESENT_S: Final = 5.0
"""For the claims that came together; after that the page is stored, with the time of the look."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a claim belongs, as far as is known before anything was fetched."""

    site: Site
    page: Page | None
    """None: nothing has been filed under it yet."""
    blocks: Sequence[Block]
    answered: Entry | None = None
    """The entry whose permalink is the target."""


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


async def find_place(kit: Kit, target: str) -> Place | None:
    """The site and page of a target; None when it belongs to no site (any more)."""
    async with kit.db.read() as c:
        answered = await _answered(c, target, kit.public_url)
        if answered is not None:
            site = await sites.by_id(c, answered.site_id)
            page = await pages.by_id(c, answered.page_id)
        else:
            site = SiteBook(await sites.all(c)).site_for(target)
            page = await pages.by_key(c, urls.page_key(target))
        if site is None:
            return None
        return Place(site, page, await block_store.for_site(c, site.id), answered)


async def _answered(c: AsyncConnection, target: str, public_url: str) -> Entry | None:
    """The entry whose permalink the target is."""
    entry_id = permalink_id(target, public_url)
    entry = await entries.get(c, entry_id) if entry_id is not None else None
    return entry if entry is not None and entry.deleted_at is None else None


def permalink_id(url: str, public_url: str) -> int | None:
    """The `wm-id` in one of our permalinks, http or https; None for any other URL."""
    key, base = urls.page_key(url), urls.page_key(f"{public_url}/entries/")
    found = re.fullmatch(r"([0-9]{1,18})", key.removeprefix(base)) if key.startswith(base) else None
    return int(found[1]) if found else None


class Targets:
    """Looks at target pages, each once however many claims ask."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._looks: Once[str, Look] = Once(keep_s=_keep_s, size=1000)

    async def look(self, place: Place, target: str, now: datetime) -> Look:
        """What is at `target`, asked over the network only when that is due."""
        if place.answered is not None:
            return UNASKED
        checked_at = place.page.checked_at if place.page is not None else None
        if checked_at is not None and now - checked_at < LOOK_AGAIN_AFTER:
            return UNASKED
        url = urls.without_fragment(target)
        return await self._looks.get(url, lambda: self._look(url, place.site))

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


def _is_of_site(url: str, site: Site) -> bool:
    return SiteBook([site]).site_for(url) is not None


def _keep_s(look: Look) -> float:
    return {PageSeen.PRESENT: KEEP_PRESENT_S, PageSeen.MISSING: 0.0, PageSeen.UNKNOWN: KEEP_UNKNOWN_S}[look.seen]
