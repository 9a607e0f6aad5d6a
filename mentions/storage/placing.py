"""Where a record of another system belongs, and whether it is here already: records -> pages and entries.

Looks, and makes the pages; entries are made by `moving.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import policy, urls
from mentions.model import EntryState, Site, Url
from mentions.moving import Moved, Skipped
from mentions.moving.records import name_of
from mentions.moving.url_map import UrlMap
from mentions.sites import SiteBook
from mentions.storage import blocks, entries, imports, pages
from mentions.storage import tables as t
from mentions.storage.columns import key_of
from mentions.storage.imports import Result

DELETED_HERE: Final = "it was deleted here"
NO_MAP: Final = UrlMap([])
_IS_DEAD: Final = EntryState.DELETED.value


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides whether a record is taken, and where it belongs."""

    site: Site
    book: SiteBook
    blocks: Sequence[blocks.Block] = ()
    moved_pages: UrlMap = NO_MAP


Identity = tuple[bytes, int]
"""What entries are told apart by: key of the source, and the page."""


@dataclass(frozen=True, slots=True)
class Known:
    """An entry that is here already."""

    id: int
    is_dead: bool


@dataclass(frozen=True, slots=True)
class Placed:
    """A record that belongs to a page of the site."""

    number: int
    record: Moved
    page: Url
    page_key: str
    """What its page is found by."""
    source_key: bytes

    def identity(self, page_ids: Mapping[str, int]) -> Identity:
        """What it is told apart by; `page_ids`: the page of each key."""
        return self.source_key, page_ids[self.page_key]


def place(record: Moved | Skipped, rules: Rules, number: int) -> Placed | Result:
    """Where a record belongs, or that it is skipped and why."""
    if isinstance(record, Skipped):
        return Result(number, record.ref, "skipped", record.reason)
    page = rules.moved_pages.new_for(record.target) or record.page or urls.parse(record.target)
    if page is None or rules.book.site_for(page) is None:
        return Result(number, record.ref, "skipped", f"its page does not belong to the site: {page or record.target}")
    if urls.has_userinfo(record.source):
        return Result(number, record.ref, "skipped", "its source has a user name or password in it")
    if policy.is_blocked(rules.blocks, record.source, record.reaction.author) is not None:
        return Result(number, record.ref, "skipped", f"it is blocked here: {record.source}")
    return Placed(number, record, page, urls.page_key(page), key_of(urls.source_key(record.source)))


def result(one: Placed, known: Known | None, *, is_new: bool) -> Result:
    """What becomes of it; `known` is the entry that it is, or will be."""
    entry_id = known.id if known else None
    record = one.record
    if not is_new and known is not None and known.is_dead and record.state is not EntryState.DELETED:
        return Result(one.number, record.ref, "skipped", DELETED_HERE, entry_id)
    outcome: Literal["moved", "present"] = "moved" if is_new else "present"
    return Result(one.number, record.ref, outcome, "", entry_id, record.parent_ref, record.copy_of_ref)


async def page_ids_of(c: AsyncConnection, rules: Rules, placed: Sequence[Placed], now: datetime) -> dict[str, int]:
    """The page of every record, by key, made where it is not known; it answers to the target of the record, too."""
    wanted: dict[str, tuple[str, str | None]] = {}
    aliases: dict[str, str] = {}
    for one in placed:
        url, title = wanted.get(one.page_key, (one.page, None))
        wanted[one.page_key] = (url, title or name_of(one.record.page_title))
        target_key = urls.page_key(one.record.target)
        if target_key != one.page_key and rules.book.site_for(one.record.target) is not None:
            aliases[target_key] = one.page_key
    page_ids = await pages.ensure_many(c, rules.site.id, wanted, now=now)
    if aliases:
        for key, page_key in aliases.items():
            page = await pages.by_id(c, await pages.answer_to(c, page_ids[page_key], key, now=now))
            if page is not None and urls.page_key(page.url) != page_key:
                await pages.rename(c, page.id, wanted[page_key][0])
        page_ids = await pages.ensure_many(c, rules.site.id, wanted, now=now)  # two of them may be one now
    return page_ids


async def known_of(c: AsyncConnection, placed: Sequence[Placed], page_ids: Mapping[str, int]) -> dict[Identity, Known]:
    """What is here of the records: by their source, else what was removed here and came by another spelling of it."""
    e = t.entries.c
    on_known = [one for one in placed if one.page_key in page_ids]
    if not on_known:
        return {}
    query = select(e.id, e.source_key, e.page_id, e.state).where(
        e.source_key.in_({one.source_key for one in placed}),
        e.page_id.in_({page_ids[one.page_key] for one in on_known}),
        e.merged_into.is_(None),
    )
    known = {(row.source_key, row.page_id): Known(row.id, row.state == _IS_DEAD) for row in await c.execute(query)}
    rest = {
        (one.record.source, page_ids[one.page_key]): identity
        for one in on_known
        if (identity := one.identity(page_ids)) not in known
    }
    removed = await entries.all_removed_alike(c, rest)
    as_brought = await imports.brought_in(c, {entry.id for entry in removed.values() if entry.revision == 1})
    for pair, entry in removed.items():
        if entry.id not in as_brought:  # of those nobody here has decided anything
            known[rest[pair]] = Known(entry.id, entry.state is EntryState.DELETED)
    return known
