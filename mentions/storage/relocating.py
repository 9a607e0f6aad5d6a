"""Pages that have new addresses: the old one stays a spelling of the page, so what comes for it is filed there, too.

Where both addresses have a thread already, the two become one (`merging.py`).  Doing it again changes nothing; a batch
that another transaction was in the way of is done again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from enum import Enum
from functools import partial
from itertools import islice
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import urls
from mentions.model import Site, Url
from mentions.moving.url_map import UrlMap
from mentions.sites import SiteBook
from mentions.storage import collisions, pages
from mentions.storage.engine import Database

AT_ONCE: Final = 100
Row = tuple[str, Url]
"""`urls.page_key` of the old address, and the new address."""


class Relocation(Enum):
    """What became of one row of the map."""

    ADDED = "prepared, nobody has responded yet"
    RENAMED = "moved"
    JOINED = "joined with the thread of the new address"
    KNOWN = "moved already"
    FOREIGN_OLD = "skipped: the old address does not belong to the site"
    FOREIGN_NEW = "skipped: the new address does not belong to the site"


async def relocate(
    db: Database, site: Site, moved_pages: UrlMap, *, clock: Callable[[], datetime], dry_run: bool = False
) -> AsyncIterator[tuple[Row, Relocation]]:
    """Gives the pages of a site their new addresses; each row of the map with what became of it.

    A row that moves everything below a prefix becomes a row for every page that is known below it."""
    rows = iter(dict.fromkeys([*moved_pages.pages, *await _below_prefixes(db, site, moved_pages)]))
    while batch := list(islice(rows, AT_ONCE)):
        for each in await collisions.retried(partial(_relocate_some, db, site, batch, now=clock(), dry_run=dry_run)):
            yield each


async def _relocate_some(
    db: Database, site: Site, batch: Sequence[Row], *, now: datetime, dry_run: bool
) -> list[tuple[Row, Relocation]]:
    async with db.read() if dry_run else db.write() as c:
        return [(row, await relocate_page(c, site, row, now=now, dry_run=dry_run)) for row in batch]


async def relocate_page(
    c: AsyncConnection, site: Site, row: Row, *, now: datetime, dry_run: bool = False
) -> Relocation:
    """Gives one page its new address."""
    old_key, new = row
    book, new_key = SiteBook([site]), urls.page_key(new)
    if book.site_for(f"https://{old_key}") is None:
        return Relocation.FOREIGN_OLD
    if book.site_for(new) is None:
        return Relocation.FOREIGN_NEW
    known = await pages.by_keys(c, [old_key, new_key])
    old, there = known.get(old_key), known.get(new_key)
    outcome = Relocation.RENAMED if old else Relocation.ADDED
    if old and there:
        is_one = old.id == there.id
        outcome = Relocation.JOINED if not is_one else Relocation.KNOWN if there.url == new else Relocation.RENAMED
    if dry_run or outcome is Relocation.KNOWN:
        return outcome
    page = there or old or await pages.ensure(c, site.id, new, now=now)
    page_id = await pages.answer_to(c, page.id, new_key, now=now)
    page_id = await pages.answer_to(c, page_id, old_key, now=now)
    await pages.rename(c, page_id, new)
    return outcome


async def _below_prefixes(db: Database, site: Site, moved_pages: UrlMap) -> list[Row]:
    if not moved_pages.has_prefixes:
        return []
    rows: list[Row] = []
    after = 0
    while True:
        async with db.read() as c:
            found = await pages.of_site(c, site.id, after=after)
        there = ((page, moved_pages.new_for(page.url)) for page in found)
        rows += ((urls.page_key(page.url), new) for page, new in there if new is not None)
        if not found:
            return rows
        after = found[-1].id
