"""A token that changes whenever anything shown of some pages does, so that a made answer can be handed out again.

It costs a look at the pages' own rows, however many entries they have."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions.storage import tables as t

Version = tuple[object, ...]
"""Compared for equality only, and only within one process."""


async def version(c: AsyncConnection, page_ids: Iterable[int]) -> Version:
    """The version of these pages together: their own rows, their changes, and every write to their entries.

    Each write to an entry leaves a mark, and what is done about the marks counts up the version of the thread
    (`storage/layout`)."""
    ids = sorted(page_ids)
    p, th, u = t.pages.c, t.threads.c, t.unsettled.c
    cursor = select(func.max(t.changes.c.cursor)).where(t.changes.c.page_id.in_(ids)).scalar_subquery()
    marked = select(func.count(), func.max(u.id)).where(u.page_id.in_(ids)).subquery()
    query = select(cursor, *marked.c, p.id, p.url, p.title, p.closed, th.version).where(p.id.in_(ids))
    query = query.select_from(t.pages).outerjoin(t.threads).join(marked, true())
    return tuple(tuple(row) for row in await c.execute(query.order_by(p.id)))
