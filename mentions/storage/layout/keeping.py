"""`threads.Place` <-> rows of `places`, and what the places of a page add up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from itertools import islice
from typing import Any, Final

from sqlalchemy import Insert, Row, Update, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import threads
from mentions.storage import tables as t
from mentions.storage.inserting import upsert
from mentions.storage.layout.facts import Kept, batches
from mentions.threads import Count, Part, Place

LAYOUT: Final = 2
"""Counts up when the rules of `mentions/threads.py` give another layout: all threads are laid out again then."""
AT_ONCE: Final = 250
"""Places that are written in one go: `engine.SILENCE_S` is for all of them together."""
_p = t.places.c
_FIELDS: Final = (
    "kind", "at", "is_shown", "is_readable", "copy_of", "parent_id", "root_id", "depth", "part", "is_named",
    "replies", "size",
)  # fmt: skip
_ADDING: Final = insert(t.places)
_CHANGING: Final = (
    update(t.places)
    .where(_p.id == bindparam("of"))
    .values({name: bindparam(f"new_{name}") for name in (*_FIELDS, *Kept._fields)})
)


def rules_of(permalink_base: str) -> bytes:
    """A digest of what a layout depends on beside the entries: our rules, and what our permalinks look like."""
    return blake2b(f"{LAYOUT} {permalink_base}".encode(), digest_size=8).digest()


def place(row: Row[Any]) -> Place:
    """The place of a row of the table, or of something with the same attributes."""
    return Place(row.id, **{name: getattr(row, name) for name in _FIELDS} | {"part": Part(row.part)})


async def add(c: AsyncConnection, page_id: int, places: Iterable[Place], kept: Mapping[int, Kept]) -> None:
    """Keeps new places."""
    await _write(c, _ADDING, ({"id": each.id, "page_id": page_id, **_values(each, kept)} for each in places))


async def change(c: AsyncConnection, places: Iterable[Place], kept: Mapping[int, Kept]) -> None:
    """Keeps what has become of places that were there."""
    changed = (
        {"of": each.id, **{f"new_{name}": value for name, value in _values(each, kept).items()}} for each in places
    )
    await _write(c, _CHANGING, changed)


async def drop(c: AsyncConnection, entry_ids: Iterable[int]) -> None:
    """Forgets places."""
    for ids in batches(entry_ids):
        await c.execute(delete(t.places).where(_p.id.in_(ids)))


async def keep_count(c: AsyncConnection, page_id: int, rules: bytes, version: int, counted: Count) -> None:
    """Keeps what the places add up to, and that the thread is another one now."""
    counts = {"readable": counted.readable, "shown": _positive(counted.shown), "faces": _positive(counted.faces)}
    values = {"page_id": page_id, "rules": rules, "version": version, "counts": counts}
    await c.execute(upsert(c.dialect.name, t.threads), values)


def read_count(counts: Any) -> Count:
    """The inverse."""
    return Count(int(counts["readable"]), dict(counts["shown"]), dict(counts["faces"]))


def difference(counted: Count, before: Iterable[Place], after: Iterable[Place]) -> Count:
    """What the count becomes when some places change."""
    less, more = threads.count(before), threads.count(after)
    return Count(
        counted.readable + more.readable - less.readable,
        _moved(counted.shown, less.shown, more.shown),
        _moved(counted.faces, less.faces, more.faces),
    )


async def thread_row(c: AsyncConnection, page_id: int) -> Row[Any] | None:
    """What is kept of a page as a whole; None for one that was never laid out."""
    return (await c.execute(select(t.threads).where(t.threads.c.page_id == page_id))).one_or_none()


def kept(row: Row[Any]) -> Kept:
    """What is kept beside the place of a row of the table."""
    return Kept(row.facts, row.grave)


async def _write(c: AsyncConnection, statement: Insert | Update, values: Iterable[dict[str, Any]]) -> None:
    left = iter(values)
    while batch := list(islice(left, AT_ONCE)):
        await c.execute(statement, batch)


def _values(each: Place, kept: Mapping[int, Kept]) -> dict[str, Any]:
    return {name: getattr(each, name) for name in _FIELDS} | {"part": each.part.value} | kept[each.id]._asdict()


def _moved(was: Mapping[str, int], less: Mapping[str, int], more: Mapping[str, int]) -> Mapping[str, int]:
    total = Counter(was)
    total.update(more)
    total.subtract(less)
    return total


def _positive(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: number for name, number in sorted(counts.items()) if number}
