"""How Alembic reaches the database: with the connection that `mentions/storage/schema.py` hands it, in its transaction.

On the command line (`alembic -c migrations/alembic.ini revision --autogenerate -m "…"`), to write a new migration, it
opens the database that YMATEB_DATABASE_URL names."""

from __future__ import annotations

import asyncio
import os
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, TypeDecorator
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from mentions.storage.engine import database_url
from mentions.storage.schema import VERSION_TABLE
from mentions.storage.tables import metadata


def plain_type(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Writes our column types as what they are to the database, so that no migration hangs on today's code."""
    return f"sa.{item.impl!r}" if kind == "type" and isinstance(item, TypeDecorator) else False


def run(connection: Connection) -> None:
    """Runs what the command asks for, without ending the transaction of `connection`."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table=VERSION_TABLE,
        transactional_ddl=True,
        compare_type=True,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=plain_type,
    )
    context.run_migrations()


async def run_on_command_line() -> None:
    """Opens the database by itself."""
    engine = create_async_engine(database_url(os.environ["YMATEB_DATABASE_URL"]), poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(run)
    await engine.dispose()


if (given := context.config.attributes.get("connection")) is not None:
    run(given)
else:
    asyncio.run(run_on_command_line())
