"""Is the database away, or does it take nothing now?  What passes by itself, told from what is a defect.

SQLAlchemy tells these apart for SQLite; of what PostgreSQL refuses, asyncpg's dialect makes one error for everything,
so there the SQLSTATE decides (PostgreSQL, appendix A)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions.errors import Unavailable
from mentions.storage.engine import Database

T = TypeVar("T")

PATIENCE_S: Final = 1.0
"""How long a reader waits for what would only be nice to have written."""
_ALWAYS: Final = (OperationalError, InterfaceError, PoolTimeout, TimeoutError, OSError, Unavailable)
"""What SQLAlchemy and its drivers raise while the database is away, is locked or full, or has no connection for us; and
what `writer.py` says to those who shared a transaction with one that met this."""
_CLASSES: Final = frozenset({"08", "53", "57", "58"})
"""The connection; resources, as a full disk; an operator stepped in, or a statement took too long; the system."""
_STATES: Final = frozenset({"25006", "25P03", "40001", "40P01", "55P03"})
"""Read-only; idle for too long; lost against another transaction (twice), or against its lock."""

log = structlog.get_logger(__name__)


def is_outage(error: BaseException) -> bool:
    """Whether doing the same again later can help."""
    if isinstance(error, _ALWAYS):
        return True
    state = getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None
    return isinstance(state, str) and (state[:2] in _CLASSES or state in _STATES)


async def write_if_possible(db: Database, work: Callable[[AsyncConnection], Awaitable[T]]) -> T | None:
    """What `work` gives, as a transaction of its own; None where the database takes no writes now.

    For notes that reading leaves (when a token was used): nobody is to wait for them, or to go without an answer."""
    try:
        async with asyncio.timeout(PATIENCE_S), db.write() as c:
            return await work(c)
    except Exception as error:
        if not is_outage(error):
            raise
        log.warning("note.missed", error=type(error).__name__, why=str(error)[:200])
        return None
