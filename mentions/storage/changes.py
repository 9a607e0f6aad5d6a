"""What happened to entries, in the order of the commits: a cursor that readers resume from without a gap.

On PostgreSQL a cursor is drawn under a lock that is held until the commit, so that no smaller cursor can appear after
a larger one; SQLite has one writer anyway.  The lock makes writers wait, so `append` comes last in a transaction; one
that appends and then goes on changing rows calls `lock` first, lest two of them wait for each other.  Decision 0042."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, delete, exists, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions.model import Change
from mentions.storage import tables as t
from mentions.storage.engine import Database
from mentions.storage.inserting import insert_or

KEPT: Final = timedelta(days=30)
"""How long every change is kept.  The last one of each entry stays: no cursor is ever too old to resume from."""
AT_ONCE: Final = 5_000
"""Changes that are dropped in one transaction."""
LOCK: Final = 0x796D_6174_6562
"""Key of the advisory lock: "ymateb"."""
_KNOWN: Final = [change.value for change in Change]
_LOCKING: Final = select(func.pg_advisory_xact_lock(LOCK))
_APPENDING: Final = insert(t.changes).returning(t.changes.c.cursor)


@dataclass(frozen=True, slots=True)
class Changed:
    """One change of one entry."""

    cursor: int
    site_id: int
    page_id: int
    entry_id: int
    change: Change
    at: datetime


async def lock(c: AsyncConnection) -> None:
    """Makes other appenders wait until this transaction ends."""
    if c.dialect.name == "postgresql":
        await c.execute(_LOCKING)


async def append(
    c: AsyncConnection, *, site_id: int, page_id: int, entry_id: int, change: Change, now: datetime
) -> int:
    """Tells of a change, to be seen when the transaction commits; returns its cursor."""
    await lock(c)
    values = {"site_id": site_id, "page_id": page_id, "entry_id": entry_id, "change": change.value, "at": now}
    cursor: int = (await c.execute(_APPENDING, values)).scalar_one()
    return cursor


async def append_many(c: AsyncConnection, changed: Iterable[tuple[int, int, int, Change]], *, now: datetime) -> None:
    """Tells of several changes at once: (site_id, page_id, entry_id, change), in order."""
    rows = [
        {"site_id": site_id, "page_id": page_id, "entry_id": entry_id, "change": change.value, "at": now}
        for site_id, page_id, entry_id, change in changed
    ]
    if rows:
        await lock(c)
        await c.execute(insert(t.changes), rows)


async def since(
    c: AsyncConnection, cursor: int, limit: int = 1000, *, site_id: int | None = None, page_id: int | None = None
) -> list[Changed]:
    """The changes after `cursor`, oldest first; of one site or one page when named.

    One that a newer version has told of, in a word that we do not know, is passed over."""
    query = select(t.changes).where(t.changes.c.cursor > cursor, t.changes.c.change.in_(_KNOWN))
    if site_id is not None:
        query = query.where(t.changes.c.site_id == site_id)
    if page_id is not None:
        query = query.where(t.changes.c.page_id == page_id)
    return [_changed(row) for row in await c.execute(query.order_by(t.changes.c.cursor).limit(limit))]


async def latest(c: AsyncConnection, *, page_id: int | None = None) -> int:
    """The cursor of the newest change (of a page when named); 0 when there is none yet."""
    query = select(func.max(t.changes.c.cursor))
    if page_id is not None:
        query = query.where(t.changes.c.page_id == page_id)
    return (await c.execute(query)).scalar_one() or 0


async def before_unsettled(c: AsyncConnection, page_id: int) -> int | None:
    """A cursor from which all is still told that the layout of a page does not show yet; None when it shows all."""
    marked = select(t.unsettled.c.entry_id).where(t.unsettled.c.page_id == page_id)
    first = select(func.min(t.changes.c.cursor)).where(t.changes.c.entry_id.in_(marked))
    found: int | None = (await c.execute(first)).scalar_one()
    return None if found is None else found - 1


async def superseded(c: AsyncConnection, before: datetime, *, limit: int = AT_ONCE) -> list[int]:
    """The first cursors of changes older than `before` that a later change of the same entry makes superfluous."""
    later = t.changes.alias()
    is_superseded = exists().where(later.c.entry_id == t.changes.c.entry_id, later.c.cursor > t.changes.c.cursor)
    old = select(t.changes.c.cursor).where(t.changes.c.at < before, is_superseded).limit(limit)
    return list((await c.execute(old)).scalars())


async def drop(c: AsyncConnection, cursors: Iterable[int]) -> int:
    """Forgets changes; returns how many."""
    return (await c.execute(delete(t.changes).where(t.changes.c.cursor.in_(list(cursors))))).rowcount


async def compact(db: Database, before: datetime) -> int:
    """Drops the changes older than `before` that a later one of the same entry makes superfluous; returns how many.

    Whoever resumes from an old cursor still meets every entry once, in its last state.  Looking for them takes long and
    holds up no writer; what is superseded once stays so."""
    number = 0
    while True:
        async with db.read() as c:
            found = await superseded(c, before)
        if not found:
            return number
        async with db.write() as c:
            number += await drop(c, found)


async def position(c: AsyncConnection, follower: str) -> int:
    """How far a follower has read; 0 when it never did."""
    query = select(t.positions.c.cursor).where(t.positions.c.follower == follower)
    return (await c.execute(query)).scalar_one_or_none() or 0


async def advance(c: AsyncConnection, follower: str, cursor: int, *, now: datetime) -> None:
    """Remembers that a follower has dealt with everything up to `cursor`; never goes back."""
    insertion = insert_or(c, t.positions).values(follower=follower, cursor=cursor, at=now)
    await c.execute(
        insertion.on_conflict_do_update(
            index_elements=["follower"],
            set_={"cursor": insertion.excluded.cursor, "at": insertion.excluded.at},
            where=t.positions.c.cursor < insertion.excluded.cursor,
        )
    )


def _changed(row: Row[Any]) -> Changed:
    return Changed(row.cursor, row.site_id, row.page_id, row.entry_id, Change(row.change), row.at)
