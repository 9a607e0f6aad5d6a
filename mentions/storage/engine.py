"""Opens a database and gives out transactions.  SQLite in WAL mode, or PostgreSQL through asyncpg.

`read()` is one consistent look, `write()` one atomic change that is on disk when the block has been left.  On SQLite
the writes of a process share commits (`writer.py`); on PostgreSQL each has its own.  Checks nothing of the schema
(`schema.py`)."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, event, make_url, text
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from mentions.errors import ConfigurationError
from mentions.storage import marks
from mentions.storage.one_hop import OneHopConnection
from mentions.storage.writer import Writer

BUSY_TIMEOUT_MS: Final = 10_000
"""How long SQLite itself waits for a lock before it gives up."""
TURN_TIMEOUT_MS: Final = 20
"""The same for the writing connection, whose patience is in `writer.py`, where it holds nobody up."""
STATEMENT_TIMEOUT_MS: Final = 30_000
IDLE_TRANSACTION_TIMEOUT_MS: Final = 60_000
SILENCE_S: Final = 35.0
"""How long an answer of PostgreSQL is waited for: longer than it works on a statement itself.  One that says nothing at
all (a network that has come apart, a machine that stands still) would else be waited for as long as TCP is patient."""
PING_TIMEOUT_S: Final = 5.0
READERS: Final = 4
"""SQLite connections (each is a thread) that read beside the writer."""


class Database:
    """A pool of connections to one database.  Make it with `open`; close it before the loop ends."""

    def __init__(self, url: URL, reader: AsyncEngine, writer: AsyncEngine) -> None:
        self.url = url
        self.dialect: str = url.get_backend_name()
        self._reader = reader
        self._writer_engine = writer
        self._writer = Writer(writer) if self.dialect == "sqlite" else None

    @classmethod
    async def open(
        cls, url: str, *, pool_size: int = 10, max_overflow: int = 10, silence_s: float = SILENCE_S
    ) -> Database:
        """Opens the database that `url` names; connects lazily.  Raises ConfigurationError for a URL we cannot use.

        `pool_size` and `max_overflow` bound the PostgreSQL connections of this process; one that is silent for
        `silence_s` raises TimeoutError."""
        parsed = database_url(url)
        if parsed.get_backend_name() == "sqlite":
            await asyncio.to_thread(prepare_file, parsed)
            return cls(parsed, *_sqlite_engines(parsed))
        engine = _postgresql_engine(parsed, pool_size, max_overflow, silence_s)
        reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        return cls(parsed, reader, engine.execution_options(is_writing=True))

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that may change things: on disk when the block was left without an exception, else undone.

        Which entries it has written is kept with it (`marks.py`)."""
        async with self._writer.write() if self._writer else self._writer_engine.begin() as connection:
            marks.begin(connection)
            yield connection
            await marks.write_marks(connection)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that sees one state of the database, and cannot change it."""
        async with self._reader.connect() as connection:
            yield connection

    async def ping(self) -> None:
        """Returns when the database answers; raises what went wrong, or TimeoutError after five seconds."""
        async with asyncio.timeout(PING_TIMEOUT_S), self._reader.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Ends the connections, after the commits under way."""
        if self._writer:
            await self._writer.close()
        await self._writer_engine.dispose()
        await self._reader.dispose()


def database_url(text_url: str) -> URL:
    """The URL with the driver that we use.  Takes `sqlite:`, `postgresql:` and `postgres:`, and libpq's `sslmode`."""
    try:
        url = make_url(re.sub("^postgres:", "postgresql:", text_url))
    except ArgumentError:
        raise ConfigurationError("the database URL cannot be read; it looks like postgresql://user@host/name") from None
    backend = url.get_backend_name()
    if backend == "postgresql":
        query = dict(url.query)
        if "sslmode" in query:
            query["ssl"] = query.pop("sslmode")
        return url.set(drivername="postgresql+asyncpg", query=query)
    if backend != "sqlite":
        raise ConfigurationError(f"the database URL names {backend}; SQLite and PostgreSQL are supported")
    if not url.database or url.database == ":memory:":
        raise ConfigurationError("the database URL names no file; several processes cannot share an SQLite in memory")
    return url.set(drivername="sqlite+aiosqlite")


def prepare_file(url: URL) -> None:
    """Makes the folder and the file of an SQLite database, in WAL mode.  Safe when several processes do it at once."""
    path = Path(url.database or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_MS / 1000)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:  # changing the mode does not wait for locks by itself
            if "locked" not in str(error):
                raise ConfigurationError(f"the SQLite file {path} cannot be opened: {error}") from error
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _sqlite_engines(url: URL) -> tuple[AsyncEngine, AsyncEngine]:
    by_us = {"async_creator_fn": OneHopConnection}
    reader = create_async_engine(
        url, pool_size=READERS, max_overflow=0, pool_timeout=BUSY_TIMEOUT_MS / 1000, connect_args=by_us
    )
    as_writer = {"is_writing": True}
    writer = create_async_engine(
        url, pool_size=1, max_overflow=0, pool_reset_on_return=None, execution_options=as_writer, connect_args=by_us
    )
    on_connect(reader, BUSY_TIMEOUT_MS, "PRAGMA query_only=ON")
    on_connect(writer, TURN_TIMEOUT_MS, "PRAGMA synchronous=FULL", "PRAGMA foreign_keys=ON")

    @event.listens_for(reader.sync_engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN")

    return reader, writer


def on_connect(engine: AsyncEngine, busy_timeout_ms: int, *pragmas: str) -> None:
    """Sets up every SQLite connection of an engine: how long it waits for locks; that it begins nothing."""

    @event.listens_for(engine.sync_engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (f"PRAGMA busy_timeout={busy_timeout_ms}", *pragmas):
            cursor.execute(pragma)
        cursor.close()


def _postgresql_engine(url: URL, pool_size: int, max_overflow: int, silence_s: float) -> AsyncEngine:
    settings = {
        "application_name": "ymateb",
        "timezone": "UTC",
        "jit": "off",  # our queries are short: compiling them costs more than running them
        "statement_timeout": str(STATEMENT_TIMEOUT_MS),
        "idle_in_transaction_session_timeout": str(IDLE_TRANSACTION_TIMEOUT_MS),
    }
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_timeout=10,
        pool_pre_ping=True,
        pool_recycle=1800,
        connect_args={"server_settings": settings, "timeout": 10, "command_timeout": silence_s},
    )
