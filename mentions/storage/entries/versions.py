"""A token that changes whenever anything shown of some pages does, so that a made answer can be handed out again.

It costs one look at the pages' rows instead of reading, decoding and laying out every entry."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Text, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions.storage import tables as t

Version = tuple[object, ...]
"""Compared for equality only, and only within one process."""


async def version(c: AsyncConnection, page_ids: Iterable[int]) -> Version:
    """The version of these pages together: their own rows, their changes, and every write to their entries.

    Each write to an entry sets `updated_at` or `checked_at`, but for likes, which are summed."""
    ids = sorted(page_ids)
    e, p = t.entries.c, t.pages.c
    cursor = select(func.max(t.changes.c.cursor)).where(t.changes.c.page_id.in_(ids)).scalar_subquery()
    moments = [cast(func.max(moment), Text) for moment in (e.updated_at, e.checked_at)]  # also what is no date
    written = (func.count(), func.max(e.id), *moments, func.sum(e.likes))
    entries = select(cursor, *written).where(e.page_id.in_(ids))
    pages = select(p.id, p.url, p.title, p.closed).where(p.id.in_(ids)).order_by(p.id)
    parts = [(await c.execute(query)).all() for query in (entries, pages)]
    return tuple(tuple(row) for rows in parts for row in rows)
