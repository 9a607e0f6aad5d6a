"""Where a target belongs: the registered sites, what their owners block, and which pages are closed.

Intake asks this for every request, so what the database says is kept for a second.  That is only a courtesy to the
caller: the worker asks the database again before anything is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Generic, TypeVar

from mentions import urls
from mentions.comment_urls import named_comment, permalink_id
from mentions.errors import InvalidTarget
from mentions.model import Entry, EntryState, Page, Site
from mentions.sites import SiteBook
from mentions.storage import blocks, entries, pages, sites
from mentions.storage.blocks import Block
from mentions.storage.engine import Database

K = TypeVar("K")
V = TypeVar("V")

KEEP_S = 1.0
"""How long an answer of the database is believed."""
_MOST_KEPT = 4096


class Memo(Generic[K, V]):
    """Answers of the database by key, kept for `keep_s`; asked for once however many wait."""

    def __init__(self, load: Callable[[K], Awaitable[V]], *, keep_s: float = KEEP_S) -> None:
        self._load = load
        self._keep_s = keep_s
        self._kept: dict[K, tuple[float, V]] = {}
        self._asking: dict[K, asyncio.Lock] = {}

    async def get(self, key: K, *, not_older_than: float | None = None) -> V:
        """The answer for `key`, loaded at `not_older_than` (monotonic seconds) or later."""
        oldest = monotonic() - self._keep_s if not_older_than is None else not_older_than
        if (kept := self._kept.get(key)) is not None and kept[0] >= oldest:
            return kept[1]
        lock = self._asking.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                if (kept := self._kept.get(key)) is not None and kept[0] >= oldest:
                    return kept[1]
                asked_at = monotonic()
                value = await self._load(key)
                self._keep(key, asked_at, value)
                return value
        finally:
            if not lock.locked():
                self._asking.pop(key, None)

    @property
    def size(self) -> int:
        """How many answers are kept."""
        return len(self._kept)

    def forget(self) -> None:
        """Asks again from now on: something was changed in this process."""
        self._kept.clear()

    def _keep(self, key: K, asked_at: float, value: V) -> None:
        if len(self._kept) >= _MOST_KEPT:
            self._kept = {k: v for k, v in self._kept.items() if v[0] >= asked_at - self._keep_s}
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
        self._kept[key] = (asked_at, value)


class SiteCache:
    """What intake needs to know of sites, pages and blocks."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._books: Memo[None, SiteBook] = Memo(self._load_book)
        self._blocks: Memo[int, Sequence[Block]] = Memo(self._load_blocks)
        self._closed: Memo[str, bool] = Memo(self._load_closed)

    async def book(self) -> SiteBook:
        """All registered sites."""
        return await self._books.get(None)

    async def place(self, target: str, *, within: str | None = None) -> Site:
        """The site that `target` belongs to; raises InvalidTarget.  A site that was added this instant is found."""
        asked_at = monotonic()
        try:
            return (await self.book()).place(target, within)
        except InvalidTarget:
            return (await self._books.get(None, not_older_than=asked_at)).place(target, within)

    async def blocks(self, site_id: int) -> Sequence[Block]:
        """What the owner of the site has blocked."""
        return await self._blocks.get(site_id)

    async def answered(self, target: str, public_url: str) -> tuple[Entry, Page] | None:
        """The entry, with its page, whose permalink at our public URL the target is."""
        if (entry_id := permalink_id(target, public_url)) is None:
            return None
        async with self._db.read() as c:
            entry = await entries.get(c, entry_id)
            page = await pages.by_id(c, entry.page_id) if entry is not None else None
        return (entry, page) if entry is not None and page is not None and entry.state is EntryState.SHOWN else None

    async def is_closed(self, target: str) -> bool:
        """Whether the target's page takes no responses, whatever response on it the target names."""
        named = named_comment(target)
        if named is not None and await self._closed.get(urls.page_key(named[0])):
            return True
        return await self._closed.get(urls.page_key(target))

    def forget(self) -> None:
        """Asks the database again: sites, blocks or pages were changed here."""
        for memo in (self._books, self._blocks, self._closed):
            memo.forget()

    async def _load_book(self, _key: None) -> SiteBook:
        async with self._db.read() as c:
            return SiteBook(await sites.all(c))

    async def _load_blocks(self, site_id: int) -> Sequence[Block]:
        async with self._db.read() as c:
            return await blocks.for_site(c, site_id)

    async def _load_closed(self, key: str) -> bool:
        async with self._db.read() as c:
            page = await pages.by_key(c, key)
        return page is not None and page.closed
