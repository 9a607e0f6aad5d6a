"""Brings a database to the current schema, and refuses to work on another one.

The steps are Alembic's, in `migrations/` beside the package.  Several processes may migrate at once: one does it, under
an advisory lock (PostgreSQL) or an immediate transaction (SQLite), the others find it done."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from mentions.errors import ConfigurationError, SchemaOutdated
from mentions.storage.engine import BUSY_TIMEOUT_MS, Database, database_url, on_connect, prepare_file

MIGRATIONS: Final = Path(__file__).resolve().parents[2] / "migrations"
LOCK: Final = 0x796D_6174_6563
"""Key of the advisory lock that one migrating process holds."""
REMEDY: Final = "run: python -m service migrate"
VERSION_TABLE: Final = "schema_version"


def migrate(url: str) -> None:
    """Brings the database that `url` names to the current schema; nothing happens when it is there already.

    For callers without a running loop; others use `migrate_async`.  Raises ConfigurationError for a newer one."""
    asyncio.run(migrate_async(url))


async def migrate_async(url: str) -> None:
    """`migrate`, inside a running loop."""
    parsed = database_url(url)
    if parsed.get_backend_name() == "sqlite":
        await asyncio.to_thread(prepare_file, parsed)
        await _migrate_sqlite(parsed)
    else:
        await _migrate_postgresql(parsed)


async def require_current(db: Database, *, migrate_embedded: bool) -> None:
    """Returns when the database has the schema that this code needs.

    With `migrate_embedded` an SQLite file is brought there.  Raises SchemaOutdated, which says what to run, for an
    older database and ConfigurationError for a newer one."""
    found = await _version(db)
    if found == head():
        return
    if migrate_embedded and db.dialect == "sqlite":
        await migrate_async(db.url.render_as_string(hide_password=False))
        return
    _refuse_newer(found)
    state = "is empty" if found is None else f"has the older schema {found}"
    raise SchemaOutdated(f"the database {state}, this version needs {head()}; {REMEDY}")


def head() -> str:
    """The schema that this code needs."""
    revision = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    if revision is None:
        raise ConfigurationError(f"no migrations in {MIGRATIONS}")
    return revision


async def _version(db: Database) -> str | None:
    async with db.read() as c:
        return await c.run_sync(_read_version)


def _read_version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608  our own constant
    return found.scalar_one_or_none()


def _refuse_newer(found: str | None) -> None:
    known = {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    if found is not None and found not in known:
        raise ConfigurationError(f"the database has the schema {found} of a newer version; update this program")


async def _migrate_sqlite(url: URL) -> None:
    engine = create_async_engine(url, poolclass=NullPool)
    # another process may be in the middle of the same; and a table that is rebuilt must not take its children along
    on_connect(engine, 6 * BUSY_TIMEOUT_MS, "PRAGMA synchronous=FULL", "PRAGMA foreign_keys=OFF")
    try:
        async with engine.connect() as connection:
            await connection.exec_driver_sql("BEGIN IMMEDIATE")
            await _upgrade(connection)
            if (await connection.exec_driver_sql("PRAGMA foreign_key_check")).first() is not None:
                raise ConfigurationError("the database refers to rows that do not exist; it was left as it is")
            await connection.commit()
    finally:
        await engine.dispose()


async def _migrate_postgresql(url: URL) -> None:
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
            await _upgrade(connection)
    finally:
        await engine.dispose()


async def _upgrade(connection: AsyncConnection) -> None:
    _refuse_newer(await connection.run_sync(_read_version))
    await connection.run_sync(_run_alembic)


def _run_alembic(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
