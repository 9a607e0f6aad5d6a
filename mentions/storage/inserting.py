"""INSERT … ON CONFLICT, which both databases have and SQLAlchemy names twice."""

from __future__ import annotations

from typing import cast

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


def insert_or(c: AsyncConnection, table: Table) -> postgresql.Insert:
    """An INSERT that takes `on_conflict_do_nothing` and `on_conflict_do_update`, for the database of `c`."""
    if c.dialect.name == "postgresql":
        return postgresql.insert(table)
    return cast("postgresql.Insert", sqlite.insert(table))  # same methods, same arguments


def is_writing(c: AsyncConnection) -> bool:
    """Whether the transaction of `c` may change things (`Database.write`)."""
    return bool(c.sync_connection is not None and c.sync_connection.get_execution_options().get("is_writing"))
