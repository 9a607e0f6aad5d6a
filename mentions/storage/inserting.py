"""INSERT … ON CONFLICT, which both databases have and SQLAlchemy names twice.

A statement that is built once and executed with its values beside it is compiled once; one built around its values
costs a third of a millisecond each time.  So what every job writes is built in functions with `@cache`, by the
dialect's name."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import cast

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


def insert_into(dialect: str, table: Table) -> postgresql.Insert:
    """An INSERT that takes `on_conflict_do_nothing` and `on_conflict_do_update`."""
    if dialect == "postgresql":
        return postgresql.insert(table)
    return cast("postgresql.Insert", sqlite.insert(table))  # same methods, same arguments


def insert_or(c: AsyncConnection, table: Table) -> postgresql.Insert:
    """`insert_into` for the database of `c`."""
    return insert_into(c.dialect.name, table)


@cache
def upsert(dialect: str, table: Table, *, keep: Iterable[str] = ()) -> postgresql.Insert:
    """An INSERT of a whole row that overwrites the row of the same primary key, except for its columns `keep`."""
    insertion = insert_into(dialect, table)
    key = [column.name for column in table.primary_key]
    newer = {name: column for name, column in insertion.excluded.items() if name not in {*key, *keep}}
    return insertion.on_conflict_do_update(index_elements=key, set_=newer)


def is_writing(c: AsyncConnection) -> bool:
    """Whether the transaction of `c` may change things (`Database.write`)."""
    return bool(c.sync_connection is not None and c.sync_connection.get_execution_options().get("is_writing"))
