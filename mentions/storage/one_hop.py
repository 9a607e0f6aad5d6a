"""An aiosqlite connection that runs a statement, fetches its rows and closes the cursor in one visit to its thread.

aiosqlite goes there and back for each of these, and a trip costs more than most of our statements.  Running all of it
at once also leaves no half-read cursor behind when the caller is cancelled meanwhile."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Self

import aiosqlite

Done = tuple[Any, list[Any], int, int | None]
"""What is left of a cursor: description, rows, rowcount, lastrowid."""


class OneHopConnection(aiosqlite.Connection):
    """A connection for SQLAlchemy's aiosqlite dialect (`async_creator_fn`)."""

    def __init__(self, database: str, **options: Any) -> None:
        super().__init__(lambda: sqlite3.connect(database, **options), iter_chunk_size=64)
        self._thread.daemon = True  # as the dialect does: a forgotten connection must not keep the process alive

    def cursor(self) -> OneHopCursor:  # type: ignore[override]  # made without asking the thread
        """A cursor that is used for one statement."""
        return OneHopCursor(self)

    async def run(self, sql: str, parameters: Sequence[Any]) -> Done:
        """Runs one statement to its end."""
        done: Done = await self._execute(_run, self._conn, sql, parameters)  # type: ignore[no-untyped-call]
        return done

    async def run_many(self, sql: str, parameters: Iterable[Sequence[Any]]) -> Done:
        """Runs one statement for each set of parameters."""
        done: Done = await self._execute(_run_many, self._conn, sql, parameters)  # type: ignore[no-untyped-call]
        return done


class OneHopCursor:
    """The part of a cursor that SQLAlchemy uses."""

    def __init__(self, connection: OneHopConnection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Self:
        """Runs the statement and fetches all rows."""
        self.description, self._rows, self.rowcount, self.lastrowid = await self._connection.run(sql, parameters)
        return self

    async def executemany(self, sql: str, parameters: Iterable[Sequence[Any]]) -> Self:
        """Runs the statement for each set of parameters."""
        self.description, self._rows, self.rowcount, self.lastrowid = await self._connection.run_many(sql, parameters)
        return self

    async def fetchall(self) -> list[Any]:
        """The rows, fetched already."""
        return self._rows

    async def close(self) -> None:
        """Nothing is left to close."""


def _run(connection: sqlite3.Connection, sql: str, parameters: Sequence[Any]) -> Done:
    cursor = connection.execute(sql, parameters)
    try:
        rows = cursor.fetchall() if cursor.description else []
        return cursor.description, rows, cursor.rowcount, cursor.lastrowid
    finally:
        cursor.close()


def _run_many(connection: sqlite3.Connection, sql: str, parameters: Iterable[Sequence[Any]]) -> Done:
    cursor = connection.executemany(sql, parameters)
    try:
        return None, [], cursor.rowcount, cursor.lastrowid
    finally:
        cursor.close()
