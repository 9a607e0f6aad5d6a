"""Fetches the rows that can be read: one damaged row hides itself, and no other (contract §6).

What does not fit the type of its column (JSON cut short, a date that is none, bytes that are no UTF-8) breaks the
fetch of everything beside it, inside the drivers.  Then the rows are fetched again in ever smaller parts, until the
odd ones are alone and can be left out.  Rows that can be fetched but make no sense are their reader's business."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import structlog
from sqlalchemy import Column, Row, Select
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

log = structlog.get_logger(__name__)

_NO_TEXT: Final = "Could not decode to UTF-8"
"""What SQLite's driver says of such bytes."""


async def rows(c: AsyncConnection, query: Select[Any], key: Column[int]) -> list[Row[Any]]:
    """The rows of `query` in its order, without those that cannot be read; `key` is the id of its table."""
    try:
        return list((await c.execute(query)).all())
    except (ValueError, OverflowError, OperationalError) as problem:
        _raise_outage(problem)
    ids = list((await c.execute(query.with_only_columns(key))).scalars())
    return await _among(c, query.limit(None).offset(None), key, ids)


async def _among(c: AsyncConnection, query: Select[Any], key: Column[int], ids: Sequence[int]) -> list[Row[Any]]:
    """The readable rows of those ids, by halves."""
    try:
        return list((await c.execute(query.where(key.in_(ids)))).all())
    except (ValueError, OverflowError, OperationalError) as problem:
        _raise_outage(problem)
        if len(ids) == 1:
            log.warning("row.unreadable", table=key.table.name, id=ids[0], problem=str(problem)[:200])
            return []
    middle = len(ids) // 2
    return [*await _among(c, query, key, ids[:middle]), *await _among(c, query, key, ids[middle:])]


def _raise_outage(problem: Exception) -> None:
    if isinstance(problem, OperationalError) and _NO_TEXT not in str(problem):
        raise problem
