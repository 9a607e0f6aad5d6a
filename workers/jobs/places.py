"""Where does a claim belong: to which site, and to which entry, where its target is one of our permalinks?

What the database says of sites and blocks is kept for a second: every claim asks.  What it costs is a fetch that was
not needed; `storing.py` asks for the blocks again before anything is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import urls
from mentions.comment_urls import named_comment, permalink_id
from mentions.model import Entry, Site
from mentions.sites import SiteBook
from mentions.storage import blocks, entries, pages, sites
from mentions.storage.blocks import Block
from workers.jobs.once import Once
from workers.kit import Kit

KEEP_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a claim belongs, as far as is known before anything was fetched."""

    site: Site
    blocks: Sequence[Block]
    answered: Entry | None = None
    """The entry that the target names: by its permalink, or on the page of its post."""


class Places:
    """Finds the places of targets."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._books: Once[None, SiteBook] = Once(keep_s=_keep_s, size=1)
        self._blocks: Once[int, Sequence[Block]] = Once(keep_s=_keep_s, size=10_000)

    async def find(self, target: str) -> Place | None:
        """The place of a target; None when it belongs to no site (any more)."""
        answered = await self._answered(target)
        site = self._site_of(await self._book(), target, answered)
        if site is None:  # perhaps it was added this instant
            site = self._site_of(await self._read_book(), target, answered)
        if site is None:
            return None
        site_id = site.id
        return Place(site, await self._blocks.get(site_id, lambda: self._read_blocks(site_id)), answered)

    async def _book(self) -> SiteBook:
        return await self._books.get(None, self._read_book)

    @staticmethod
    def _site_of(book: SiteBook, target: str, answered: Entry | None) -> Site | None:
        if answered is None:
            return book.site_for(target)
        return next((site for site in book.sites if site.id == answered.site_id), None)

    async def _answered(self, target: str) -> Entry | None:
        """The entry that the target names: by its permalink, or on the page of its post."""
        entry_id = permalink_id(target, self._kit.public_url)
        async with self._kit.db.read() as c:
            entry = await on_its_page(c, target) if entry_id is None else await entries.get(c, entry_id)
        return entry if entry is not None and entry.deleted_at is None else None

    async def _read_book(self) -> SiteBook:
        async with self._kit.db.read() as c:
            return SiteBook(await sites.all(c))

    async def _read_blocks(self, site_id: int) -> Sequence[Block]:
        async with self._kit.db.read() as c:
            return await blocks.for_site(c, site_id)


async def on_its_page(c: AsyncConnection, url: str) -> Entry | None:
    """The entry that a URL of its post's page names, tombstones too; None when that page has no such entry."""
    if (named := named_comment(url)) is None:
        return None
    page = await pages.by_key(c, urls.page_key(named[0]))
    entry = await entries.get(c, named[1]) if page is not None else None
    return entry if entry is not None and page is not None and entry.page_id == page.id else None


def _keep_s(_: object) -> float:
    return KEEP_S
