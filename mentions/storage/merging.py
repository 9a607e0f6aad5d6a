"""Two pages turn out to be one: their threads become one, and no entry is lost.

The older page stays.  Where a source has an entry on both, the older entry stays (readers know its id), lists the
targets of both and says what was verified last; the younger one becomes a tombstone that leads to it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions.errors import NotFound
from mentions.model import Change, EntryState
from mentions.storage import changes, likes, marks
from mentions.storage import tables as t
from mentions.storage.entries import rows, writing
from mentions.storage.inserting import insert_or
from mentions.storage.layout import settling

_SAID = ("kind", "wm_property", "rsvp", "rsvp_rank", "author_key", "published_at", "reaction", "policy_version")
"""What an entry says, as columns."""
_SEEN = ("checked_at", "etag", "last_modified", "avatar", "protocol", "private")
"""What was noted when it was looked at."""


async def merge(c: AsyncConnection, page_ids: Iterable[int], *, now: datetime) -> int:
    """Makes one page of several of one site; returns the id of the one that stays."""
    survivor, *others = sorted(page_ids)
    if not others:
        return survivor
    await changes.lock(c)  # before the rows: who appends to the changes has its rows already
    for page_id in (survivor, *others):
        await settling.lock(c, page_id)  # a reader may be about to keep places on a page that goes
    pages = select(t.pages).where(t.pages.c.id.in_([survivor, *others])).order_by(t.pages.c.id).with_for_update()
    found = (await c.execute(pages)).all()
    if not found:
        raise NotFound(f"no page {survivor}")
    for page in found[1:]:
        await _move_entries(c, page.id, found[0].id, now)
        await c.execute(update(t.page_urls).where(t.page_urls.c.page_id == page.id).values(page_id=found[0].id))
        await c.execute(update(t.changes).where(t.changes.c.page_id == page.id).values(page_id=found[0].id))
        await c.execute(delete(t.unsettled).where(t.unsettled.c.page_id == page.id))
        await c.execute(delete(t.pages).where(t.pages.c.id == page.id))
    known = {
        "closed": any(page.closed for page in found),
        "title": next((page.title for page in found if page.title is not None), None),
    }
    await c.execute(update(t.pages).where(t.pages.c.id == found[0].id).values(**known))
    return int(found[0].id)


async def _move_entries(c: AsyncConnection, page_id: int, survivor: int, now: datetime) -> None:
    """Moves the entries of a page to another one, and tells their readers."""
    twins = await _twins(c, page_id, survivor)
    for first, second in twins:
        await _unite(c, *sorted((first, second), key=lambda row: row.id), page_id=survivor, now=now)
    moved = (
        update(t.entries)
        .where(t.entries.c.page_id == page_id)
        .values(page_id=survivor)
        .returning(t.entries.c.id, t.entries.c.site_id, t.entries.c.state, t.entries.c.merged_into)
    )
    rows_moved = (await c.execute(moved)).all()
    marks.mark_all(c, ((survivor, row.id) for row in rows_moved))
    shown = [row for row in rows_moved if row.state == EntryState.SHOWN and row.merged_into is None]
    told = [(row.site_id, survivor, row.id, Change.UPDATED) for row in sorted(shown, key=lambda row: row.id)]
    await changes.append_many(c, told, now=now)


async def _twins(c: AsyncConnection, page_id: int, survivor: int) -> list[tuple[Row[Any], Row[Any]]]:
    """The entries whose source is on both pages, in pairs."""
    on_both = t.entries.alias()
    is_twin = (on_both.c.source_key == t.entries.c.source_key) & on_both.c.merged_into.is_(None)
    here = select(t.entries).join(on_both, is_twin & (on_both.c.page_id == survivor))
    there = select(t.entries).join(on_both, is_twin & (on_both.c.page_id == page_id))
    live = t.entries.c.merged_into.is_(None)
    leaving = (await c.execute(here.where(t.entries.c.page_id == page_id, live))).all()
    staying = (await c.execute(there.where(t.entries.c.page_id == survivor, live))).all()
    by_source = {row.source_key: row for row in staying}
    return [(row, by_source[row.source_key]) for row in leaving]


async def _unite(c: AsyncConnection, older: Row[Any], younger: Row[Any], *, page_id: int, now: datetime) -> None:
    """Two entries of one source become the older one."""
    stays_dead = older.state == EntryState.DELETED and (
        younger.state == EntryState.DELETED or older.deleted_by != "source"
    )
    if stays_dead:
        united: dict[str, Any] = {}
    else:
        united = _united(older, younger) | {"updated_at": now, "revision": older.revision + 1}
    await _hang_over(c, older.id, younger.id)
    if not stays_dead:
        await _take_over(c, older.id, younger.id, with_source="reaction" in united)
    await writing.bury(c, younger, now=now, actor="rules", merged_into=older.id)
    changing = update(t.entries).where(t.entries.c.id == older.id).values(**united, page_id=page_id)
    new = (await c.execute(changing.returning(*t.entries.c))).one()
    marks.mark(c, page_id, older.id)
    if not stays_dead:
        await writing.keep_urls(c, older.id, rows.url_keys(new.source, rows.entry(new).reaction))
        await likes.recount(c, older.id)
        said = older.reaction if new.reaction != older.reaction and older.state != EntryState.DELETED else None
        await writing.note(c, new, "merged", "rules", before=older, now=now, reaction=said)
    told = [(new.site_id, page_id, younger.id, Change.DELETED)] if younger.state == EntryState.SHOWN else []
    if EntryState.SHOWN in (older.state, new.state):
        told.append((new.site_id, page_id, new.id, Change.UPDATED))
    await changes.append_many(c, told, now=now)


def _united(older: Row[Any], younger: Row[Any]) -> dict[str, Any]:
    """What the older entry becomes."""
    targets = list(dict.fromkeys([*older.targets, *younger.targets]))
    united: dict[str, Any] = {"targets": targets}
    if not older.targets:
        united |= {"target": younger.target, "fragment": younger.fragment}
    if _is_fresher(younger, older):
        united |= {name: getattr(younger, name) for name in (*_SAID, *_SEEN)}
    if older.state == EntryState.DELETED:
        united |= {"state": younger.state, "deleted_at": None, "deleted_by": None}
    return united


def _is_fresher(one: Row[Any], other: Row[Any]) -> bool:
    """Whether what `one` says is to be believed rather than what `other` says."""
    if (one.state == EntryState.DELETED) != (other.state == EntryState.DELETED):
        return bool(other.state == EntryState.DELETED)
    return bool(one.checked_at > other.checked_at)


async def _hang_over(c: AsyncConnection, older: int, younger: int) -> None:
    """What refers to the younger entry refers to the older one."""
    e = t.entries.c
    for column in (e.parent_id, e.cluster_id):
        for is_it, value in ((e.id != older, older), (e.id == older, None)):
            hanging = update(t.entries).where(column == younger, is_it).values({column.name: value})
            marks.mark_all(c, [(row.page_id, row.id) for row in await c.execute(hanging.returning(e.page_id, e.id))])
    await c.execute(update(t.entries).where(e.merged_into == younger).values(merged_into=older))
    await c.execute(update(t.claims).where(t.claims.c.entry_id == younger).values(entry_id=older))


async def _take_over(c: AsyncConnection, older: int, younger: int, *, with_source: bool) -> None:
    """Gives the older entry the likes of the younger one, and what it was read from."""
    given = select(t.likes.c.visitor, t.likes.c.at).where(t.likes.c.entry_id == younger)
    for like in (await c.execute(given)).all():
        liking = insert_or(c, t.likes).values(entry_id=older, visitor=like.visitor, at=like.at)
        await c.execute(liking.on_conflict_do_nothing())
    if with_source:
        await c.execute(delete(t.entry_sources).where(t.entry_sources.c.entry_id == older))
        await c.execute(update(t.entry_sources).where(t.entry_sources.c.entry_id == younger).values(entry_id=older))
