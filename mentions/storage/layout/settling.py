"""Puts what was written since a page was laid out in its place.

An entry that nobody answers and that is nobody's copy moves nothing but itself; all that changes with it is counted
upwards from its parent.  Anything else has the page laid out anew (`whole`)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from sqlalchemy import delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions.model import EntryState
from mentions.storage import tables as t
from mentions.storage.engine import Database
from mentions.storage.entries import rows
from mentions.storage.layout import keeping
from mentions.storage.layout.facts import Facts, Kept, Permalinks, batches, facts_of
from mentions.storage.layout.whole import lay_out_anew
from mentions.threads import Part, Place

MOST_ONE_BY_ONE: Final = 100
"""Entries that are put in their places one by one; above that it is quicker to lay out the page."""
FURTHEST_UP: Final = 64
"""Levels that are walked up one by one when an entry comes into the tree with its parents, or leaves it."""
LOCK: Final = 0x796D_6C00_0000_0000
"""Key of the advisory lock of page 0."""
SHOWN: Final = EntryState.SHOWN
_e, _u, _p = t.entries.c, t.entry_urls.c, t.places.c


async def bring_up_to_date(db: Database, page_id: int, permalink_base: str) -> None:
    """Puts what was written on a page in its place, before its thread is read.

    `permalink_base` is what an entry's id is added to, to get its permalink: entries may name each other by it."""
    async with db.read() as c:
        if await news_of(c, page_id, permalink_base) is None:
            return
    async with db.write() as c:
        await settle(c, page_id, permalink_base)


async def bring_long_ones_up_to_date(db: Database, permalink_base: str) -> int:
    """The same for every page on which so much was written that its next reader would have to wait; how many."""
    u = t.unsettled.c
    async with db.read() as c:
        much = select(u.page_id).group_by(u.page_id).having(func.count() > MOST_ONE_BY_ONE)
        page_ids = list((await c.execute(much)).scalars())
    for page_id in page_ids:
        await bring_up_to_date(db, page_id, permalink_base)
    return len(page_ids)


@dataclass(frozen=True, slots=True)
class News:
    """What has to be done about a page before its layout is what its entries say."""

    has_layout: bool
    """Whether there is one already, of whatever age."""
    is_much: bool
    """Whether all of the page is laid out anew because so much was written."""


async def news_of(c: AsyncConnection, page_id: int, permalink_base: str) -> News | None:
    """What has to be done about a page; None: nothing."""
    some = select(t.unsettled.c.id).where(t.unsettled.c.page_id == page_id).limit(MOST_ONE_BY_ONE + 1).subquery()
    marks = select(func.count()).select_from(some).scalar_subquery()
    rules = select(t.threads.c.rules).where(t.threads.c.page_id == page_id).scalar_subquery()
    found = (await c.execute(select(rules.label("rules"), marks.label("marks")))).one()
    if found.rules == keeping.rules_of(permalink_base) and not found.marks:
        return None
    return News(has_layout=found.rules is not None, is_much=found.marks > MOST_ONE_BY_ONE)


async def lock(c: AsyncConnection, page_id: int) -> None:
    """Makes others who settle the page wait until this transaction ends."""
    if c.dialect.name == "postgresql":
        await c.execute(select(func.pg_advisory_xact_lock(LOCK + page_id)))


async def settle(c: AsyncConnection, page_id: int, permalink_base: str) -> None:
    """Brings the places of a page in line with its entries.  Doing it again changes nothing.

    Several may do it at once: one does it, the others find it done.  Of a page that is gone (it became one with
    another) only marks are left, if anything."""
    await lock(c, page_id)
    if (await c.execute(select(t.pages.c.id).where(t.pages.c.id == page_id))).one_or_none() is None:
        await c.execute(delete(t.unsettled).where(t.unsettled.c.page_id == page_id))
        return
    query = select(t.unsettled.c.id, t.unsettled.c.entry_id).where(t.unsettled.c.page_id == page_id)
    marks = (await c.execute(query)).all()
    written = {row.entry_id for row in marks}
    permalinks, thread = Permalinks(permalink_base), await keeping.thread_row(c, page_id)
    is_laid_out = thread is not None and thread.rules == keeping.rules_of(permalink_base)
    if is_laid_out and not marks:
        return
    draft = _Draft(c, page_id, permalinks)
    if thread is not None and is_laid_out and len(written) <= MOST_ONE_BY_ONE and await draft.take(written):
        before, after = await draft.keep()
        counted = keeping.difference(keeping.read_count(thread.counts), before, after)
        await keeping.keep_count(c, page_id, thread.rules, thread.version + 1, counted)
    else:
        await lay_out_anew(c, page_id, permalinks, written if is_laid_out else None)
    for ids in batches(row.id for row in marks):
        await c.execute(delete(t.unsettled).where(t.unsettled.c.id.in_(ids)))


@dataclass
class _Draft:
    """Places that are being changed, and what they were."""

    c: AsyncConnection
    page_id: int
    permalinks: Permalinks
    was: dict[int, Place | None] = field(default_factory=dict)
    now: dict[int, Place | None] = field(default_factory=dict)
    kept: dict[int, Kept] = field(default_factory=dict)

    async def take(self, written: set[int]) -> bool:
        """Puts these entries in their places.  False: some of them may move others, and nothing here counts."""
        found = await facts_of(self.c, self.page_id, written)
        await self._load(written)
        for entry_id in sorted(written):
            if not await self._take(entry_id, found.get(entry_id)):
                return False
        return True

    async def keep(self) -> tuple[list[Place], list[Place]]:
        """Writes what differs; what the places were that changed, and what they are."""
        changed = [entry_id for entry_id, place in self.now.items() if place != self.was[entry_id]]
        before = [place for entry_id in changed if (place := self.was[entry_id]) is not None]
        after = [place for entry_id in changed if (place := self.now[entry_id]) is not None]
        stayed = {place.id for place in before} & {place.id for place in after}
        await keeping.drop(self.c, {place.id for place in before} - stayed)
        await keeping.add(self.c, self.page_id, [place for place in after if place.id not in stayed], self.kept)
        await keeping.change(self.c, [place for place in after if place.id in stayed], self.kept)
        return before, after

    async def _take(self, entry_id: int, facts: Facts | None) -> bool:
        """Puts one entry in its place.  False: others may have to move with it."""
        old = self.now[entry_id]
        standing = facts.standing() if facts is not None and facts.is_lasting else None
        if facts is None or standing is None:
            if old is None:
                return True
            self.now[entry_id] = None
            return not await self._moves_others(old, facts) and await self._left(old)
        kept = facts.kept(standing)
        if old is not None and self.kept[entry_id] == kept:
            return True
        place = Place(entry_id, standing.kind, standing.at, standing.state is SHOWN, standing.is_readable)
        if standing.cluster_id is not None or await self._moves_others(old or place, facts):
            return False
        if old is not None and not await self._left(old):
            return False
        place.root_id = entry_id
        if (above := await self._above(entry_id, facts)) is not None:
            place.parent_id, place.root_id, place.depth = above.id, above.root_id, above.depth + 1
        self.now[entry_id], self.kept[entry_id] = place, kept
        place.part = _aside(place)
        return await self._came(place) if place.is_shown and place.is_readable else True

    async def _moves_others(self, place: Place, facts: Facts | None) -> bool:
        """Whether another entry hangs below it or did so, by any of its names, is its copy, or became one with it."""
        if place.is_named:
            return True
        entry_id = place.id
        names = {self.permalinks.key(entry_id), *(facts.names if facts is not None else ())}
        naming = (
            select(_u.entry_id)
            .join(t.entries, (_e.id == _u.entry_id) & (_e.page_id == self.page_id))
            .where(_u.key_hash.in_(names), _u.role == rows.ANSWERS, _u.entry_id != entry_id)
        )
        hanging = select(_e.id).where(_e.parent_id == entry_id)
        standing_behind = select(_e.id).where(_e.cluster_id == entry_id)
        having_become_it = select(_e.id).where(_e.merged_into == entry_id)
        is_so = select(or_(*(query.exists() for query in (naming, hanging, standing_behind, having_become_it))))
        return bool((await self.c.execute(is_so)).scalar_one())

    async def _above(self, entry_id: int, facts: Facts) -> Place | None:
        """What the entry hangs below: its stored parent, or the deepest of those that it names."""
        found: set[int] = set()
        if facts.row.parent_id is not None:
            await self._load({facts.row.parent_id})
            if self.now[facts.row.parent_id] is not None:
                found = {facts.row.parent_id}
        if not found and facts.answers:
            found = await self._named(facts)
        await self._load(found)
        first = [place for each in found if (place := self.now[each]) is not None]
        await self._load({place.copy_of for place in first if place.copy_of is not None})
        own = {place.copy_of if place.copy_of is not None else place.id for place in first} - {entry_id}
        candidates = [place for each in own if (place := self.now[each]) is not None]
        for place in candidates:
            place.is_named = True
        return max(candidates, key=lambda place: (place.depth, -place.id), default=None)

    async def _named(self, facts: Facts) -> set[int]:
        query = (
            select(_u.entry_id)
            .join(t.places, (_p.id == _u.entry_id) & (_p.page_id == self.page_id))
            .where(_u.key_hash.in_(facts.answers), _u.role == rows.OWN)
        )
        graves = select(_p.id).where(_p.grave.in_(facts.answers), _p.page_id == self.page_id)
        found = set((await self.c.execute(query.union(graves))).scalars())
        reaction = rows.reaction(facts.row.reaction, entry_id=facts.row.id, kind=facts.row.kind)
        return found | self.permalinks.ids_in(reaction.in_reply_to)

    async def _came(self, place: Place) -> bool:
        """The place is in the tree from now on, and so is everything above it.  False: too far up to be walked."""
        for _ in range(FURTHEST_UP):
            place.part = Part.TREE
            (await self._get(place.root_id)).size += 1
            if place.parent_id is None:
                return True
            place = await self._get(place.parent_id)
            place.replies += 1
            if place.part is Part.TREE:
                return True
        return False

    async def _left(self, place: Place) -> bool:
        """The place is in the tree no more, nor is what was there for its sake.  False: too far up to be walked."""
        if place.part is not Part.TREE:
            return True
        for _ in range(FURTHEST_UP):
            (await self._get(place.root_id) if place.root_id != place.id else place).size -= 1
            place.part = _aside(place)
            if place.parent_id is None:
                return True
            place = await self._get(place.parent_id)
            place.replies -= 1
            if place.replies or (place.is_shown and place.is_readable):
                return True
        return False

    async def _get(self, entry_id: int) -> Place:
        await self._load({entry_id})
        place = self.now[entry_id]
        assert place is not None, "what something hangs below has a place"
        return place

    async def _load(self, entry_ids: set[int]) -> None:
        missing = entry_ids - self.now.keys()
        self.was |= dict.fromkeys(missing)
        self.now |= dict.fromkeys(missing)
        for ids in batches(missing):
            query = select(t.places).where(_p.id.in_(ids), _p.page_id == self.page_id)
            for row in await self.c.execute(query):
                place = keeping.place(row)
                self.was[row.id], self.now[row.id], self.kept[row.id] = replace(place), place, keeping.kept(row)


def _aside(place: Place) -> Part:
    """Where a place is that is not in the tree."""
    return Part.FACES if place.is_shown else Part.NOWHERE
