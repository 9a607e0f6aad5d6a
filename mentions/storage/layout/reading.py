"""The pages of a thread: places of what is shown, each by a few looks at an index, however long the thread is.

A page is a stretch of the responses at the top (or right below one response), in the order of `Place.key`, with what
hangs below them.  Of a branch that is too large for one page its first levels are given, nearest first; what is left
out shows in `Place.replies`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions.storage import tables as t
from mentions.storage.columns import UtcTime
from mentions.storage.layout import keeping
from mentions.storage.layout.facts import batches
from mentions.threads import Count, Part, Place, SortKey

DEEPEST: Final = 64
"""Levels that are followed below a response that is not at the top."""
_p = t.places.c


@dataclass(frozen=True, slots=True)
class Window:
    """Which page of a thread."""

    below: int | None = None
    """The response whose answers are asked for; None: those of the post."""
    after: SortKey | None = None
    """Where the page before it ended."""
    newest_first: bool = False
    limit: int = 200
    """Responses right below the post, or below `below`."""
    most: int = 800
    """Responses of all levels together; one page holds a little more when a single branch is larger."""
    most_of_one: int = 200
    """Responses of one branch."""


async def counts(c: AsyncConnection, page_id: int) -> Count:
    """What the thread holds."""
    thread = await keeping.thread_row(c, page_id)
    return keeping.read_count(thread.counts) if thread is not None else Count(0, {}, {})


async def place_of(c: AsyncConnection, entry_id: int) -> Place | None:
    """Where an entry stands; None for one that is not shown and holds nothing."""
    return next(iter(await _read(c, select(t.places).where(_p.id == entry_id))), None)


async def lead_in(c: AsyncConnection, page_id: int, place: Place, lead: int) -> SortKey | None:
    """The key after which a page begins that shows `lead` responses before this one, and it; None: the first page does.

    Neighbours are those that hang below the same response, or those at the top."""
    beside = _p.depth == 0 if place.depth == 0 else _p.parent_id == place.parent_id
    before = (_p.page_id == page_id) & (_p.part == Part.TREE.value) & beside & _is_after(place.key, newest_first=True)
    query = select(t.places).where(before).order_by(_p.at.desc(), _p.id.desc()).offset(lead).limit(1)
    found = await _read(c, query)
    return found[0].key if found else None


async def faces(c: AsyncConnection, page_id: int, kinds: Iterable[str], limit: int) -> list[Place]:
    """The newest reactions of each kind, the oldest of them first."""
    found: list[Place] = []
    for kind in kinds:
        mine = (_p.page_id == page_id) & (_p.part == Part.FACES.value) & (_p.kind == kind)
        query = select(t.places).where(mine).order_by(_p.at.desc(), _p.id.desc()).limit(limit)
        found += await _read(c, query)
    return sorted(found, key=lambda place: place.key)


async def copies(c: AsyncConnection, entry_ids: Iterable[int]) -> dict[int, int]:
    """Shown copies of these entries, and which one each is a copy of."""
    found: dict[int, int] = {}
    for ids in batches(entry_ids):
        query = select(_p.id, _p.copy_of).where(_p.copy_of.in_(ids), _p.is_shown.is_(True))
        found |= {row.id: row.copy_of for row in await c.execute(query)}
    return found


async def window(c: AsyncConnection, page_id: int, asked: Window) -> tuple[list[Place], SortKey | None]:
    """The places of one page, parents before what hangs below them and the earlier before the later; and the key after
    which the next page begins (None: there is none)."""
    first = await _read(c, _top(page_id, asked))
    if asked.below is not None:
        shown = first[: asked.limit]
        return shown + await _levels_below(c, shown, asked.most), shown[-1].key if len(first) > asked.limit else None
    shown = _as_many_as_fit(first[: asked.limit], asked)
    following = shown[-1].key if len(first) > len(shown) else None
    return shown + await _whole_branches(c, shown, asked.most_of_one), following


def _top(page_id: int, asked: Window) -> Select[Any]:
    mine = (
        (_p.page_id == page_id) & (_p.part == Part.TREE.value) & (_p.depth == 0)
        if asked.below is None
        else (_p.parent_id == asked.below) & (_p.part == Part.TREE.value) & (_p.page_id == page_id)
    )
    query = select(t.places).where(mine).limit(asked.limit + 1)
    if asked.after is not None:
        query = query.where(_is_after(asked.after, newest_first=asked.newest_first))
    return query.order_by(_p.at.desc(), _p.id.desc()) if asked.newest_first else query.order_by(_p.at, _p.id)


def _is_after(key: SortKey, *, newest_first: bool) -> ColumnElement[bool]:
    own, other = tuple_(_p.at, _p.id), tuple_(literal(key[0], UtcTime), literal(key[1]))
    return own < other if newest_first else own > other


def _as_many_as_fit(first: Sequence[Place], asked: Window) -> list[Place]:
    shown: list[Place] = []
    total = 0
    for place in first:
        total += min(place.size, asked.most_of_one)
        if shown and total > asked.most:
            break
        shown.append(place)
    return shown


async def _whole_branches(c: AsyncConnection, roots: Sequence[Place], most_of_one: int) -> list[Place]:
    """What hangs below responses at the top, all of it or the nearest part."""
    below = (_p.part == Part.TREE.value) & (_p.depth > 0)
    in_order = (_p.depth, _p.at, _p.id)
    found: list[Place] = []
    for ids in batches(root.id for root in roots if 1 < root.size <= most_of_one):
        found += await _read(c, select(t.places).where(_p.root_id.in_(ids), below).order_by(*in_order))
    for root in roots:
        if root.size > most_of_one:
            mine = select(t.places).where(_p.root_id == root.id, below).order_by(*in_order)
            found += await _read(c, mine.limit(most_of_one - 1))
    return found


async def _levels_below(c: AsyncConnection, level: Sequence[Place], most: int) -> list[Place]:
    found: list[Place] = []
    for _ in range(DEEPEST):
        ids, left = [place.id for place in level if place.replies], most - len(found)
        if not ids or left <= 0:
            break
        named = or_(*(_p.parent_id.in_(some) for some in batches(ids)))
        query = select(t.places).where(named, _p.part == Part.TREE.value).order_by(_p.at, _p.id).limit(left)
        level = await _read(c, query)
        found += level
    return found


async def _read(c: AsyncConnection, query: Select[Any]) -> list[Place]:
    return [keeping.place(row) for row in await c.execute(query)]
