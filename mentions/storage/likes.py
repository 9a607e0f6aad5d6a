"""Likes that visitors give to entries, one each.  A visitor is a hash that the caller makes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions.errors import NotFound
from mentions.model import EntryState
from mentions.storage import marks
from mentions.storage import tables as t
from mentions.storage.inserting import insert_or


async def add(c: AsyncConnection, entry_id: int, visitor: bytes, *, now: datetime) -> int:
    """The visitor likes it; once is as good as twice.  Returns the number of likes.

    Raises NotFound for what is not shown."""
    await _lock_shown(c, entry_id)
    await c.execute(insert_or(c, t.likes).values(entry_id=entry_id, visitor=visitor, at=now).on_conflict_do_nothing())
    return await recount(c, entry_id)


async def remove(c: AsyncConnection, entry_id: int, visitor: bytes) -> int:
    """The visitor does not like it any more.  Returns the number of likes.

    Raises NotFound for what is not shown."""
    await _lock_shown(c, entry_id)
    await c.execute(delete(t.likes).where(t.likes.c.entry_id == entry_id, t.likes.c.visitor == visitor))
    return await recount(c, entry_id)


async def is_liked_by(c: AsyncConnection, entry_id: int, visitor: bytes) -> bool:
    """Whether the visitor likes it."""
    mine = select(t.likes.c.entry_id).where(t.likes.c.entry_id == entry_id, t.likes.c.visitor == visitor)
    return (await c.execute(mine)).one_or_none() is not None


async def recount(c: AsyncConnection, entry_id: int) -> int:
    """Brings the number beside the entry in line with the likes; returns it."""
    number = select(func.count()).where(t.likes.c.entry_id == entry_id).scalar_subquery()
    counted = update(t.entries).where(t.entries.c.id == entry_id).values(likes=number)
    row = (await c.execute(counted.returning(t.entries.c.page_id, t.entries.c.likes))).one()
    marks.mark(c, row.page_id, entry_id)
    return int(row.likes)


async def _lock_shown(c: AsyncConnection, entry_id: int) -> None:
    """Makes others who like the same entry wait, so that each of them counts the other's like too."""
    is_shown = (t.entries.c.id == entry_id) & (t.entries.c.state == EntryState.SHOWN.value)
    if (await c.execute(select(t.entries.c.id).where(is_shown).with_for_update())).one_or_none() is None:
        raise NotFound(f"no entry {entry_id} is shown")
