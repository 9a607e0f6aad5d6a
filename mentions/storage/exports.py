"""A whole site, read in pieces, for whoever takes it away."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions.model import EntryState
from mentions.storage import tables as t
from mentions.storage.comments import Comment


async def parents_on(c: AsyncConnection, page_id: int, states: Iterable[EntryState]) -> dict[int, int | None]:
    """What each entry of a page answers, by id: all of a thread that has to be known at once to lay it out."""
    e = t.entries.c
    query = select(e.id, e.parent_id).where(e.page_id == page_id, e.state.in_([state.value for state in states]))
    return {row.id: row.parent_id for row in await c.execute(query.where(e.merged_into.is_(None)).order_by(e.id))}


async def typed_parts(c: AsyncConnection, entry_ids: Iterable[int]) -> dict[int, Comment]:
    """The parts of comments that are not shown, by entry."""
    ids = list(entry_ids)
    columns = t.comments.c
    query = select(columns.entry_id, columns.markdown, columns.email).where(columns.entry_id.in_(ids))
    found = await c.execute(query) if ids else ()
    return {row.entry_id: Comment(row.entry_id, row.markdown, row.email, None, None, None) for row in found}
