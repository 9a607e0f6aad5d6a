"""Puts the copies of one response together, and takes them apart again when they are none any more.

The rule is `mentions/clusters.py`; an owner's word against it (`entries.split`) holds for good."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import clusters
from mentions.model import Entry, EntryState
from mentions.storage import entries

LIVE = frozenset({EntryState.SHOWN, EntryState.HELD})
"""What the owner has hidden stands for nothing, and nothing stands for it."""


async def cluster(c: AsyncConnection, entry: Entry, *, now: datetime) -> list[Entry]:
    """Says of the entry and its copies which one stands for the others; the entries of which that is news."""
    members = await _group(c, entry)
    copies = [each for each in members if clusters.are_copies(entry, each)] if entry.state in LIVE else []
    if copies and await entries.is_split(c, [entry.id, *(each.id for each in copies)]):
        copies = [each for each in copies if not await entries.is_split(c, [entry.id, each.id])]
    wanted: dict[int, int | None] = {entry.id: None}
    if copies:
        first = clusters.first_of([entry, *copies])
        wanted |= {each.id: None if each.id == first.id else first.id for each in (entry, *copies)}
    for each in members:
        if each.cluster_id == entry.id and each.id not in wanted:  # it was a copy of this one, and is none any more
            wanted[each.id] = None
    moved = [each.id for each in (entry, *members) if each.id in wanted and each.cluster_id != wanted[each.id]]
    return [await entries.update(c, id_, now=now, cluster_id=wanted[id_], actor="rules") for id_ in moved]


async def _group(c: AsyncConnection, entry: Entry) -> list[Entry]:
    """Every other live entry of the page that shares a URL with this one, or stands with it now."""
    found = {each.id: each for each in await entries.find_by_any_url(c, entry.page_id, clusters.names_of(entry))}
    for each in await entries.copies_of(c, entry.cluster_id or entry.id):
        found.setdefault(each.id, each)
    found.pop(entry.id, None)
    return [each for each in found.values() if each.state in LIVE]
