"""How other people's hosts have been answering: what the back-off is reckoned from (`mentions/retry.py`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions.storage import tables as t
from mentions.storage.inserting import insert_or


@dataclass(frozen=True, slots=True)
class Host:
    """A host that has been failing.  One that answers is not kept."""

    authority: str
    failures: int
    """In a row."""
    first_failed_at: datetime
    failed_at: datetime
    next_try_at: datetime | None
    retry_after_s: int | None
    """What it asked for itself (429, 503)."""
    reason: str


async def get(c: AsyncConnection, authority: str) -> Host | None:
    """What is held against the host; None: nothing."""
    row = (await c.execute(select(t.hosts).where(t.hosts.c.authority == authority))).one_or_none()
    return _host(row) if row else None


async def note_failure(
    c: AsyncConnection,
    authority: str,
    *,
    now: datetime,
    next_try_at: datetime | None = None,
    retry_after_s: int | None = None,
    reason: str = "",
) -> Host:
    """One more failure in a row."""
    news = {"failed_at": now, "next_try_at": next_try_at, "retry_after_s": retry_after_s, "reason": reason}
    row = await c.execute(
        insert_or(c, t.hosts)
        .values(authority=authority, failures=1, first_failed_at=now, **news)
        .on_conflict_do_update(index_elements=["authority"], set_={"failures": t.hosts.c.failures + 1, **news})
        .returning(*t.hosts.c)
    )
    return _host(row.one())


async def note_success(c: AsyncConnection, authority: str) -> None:
    """It answered: nothing is held against it any more."""
    await c.execute(delete(t.hosts).where(t.hosts.c.authority == authority))


async def failing(c: AsyncConnection, limit: int = 100) -> list[Host]:
    """Hosts that fail, the latest first."""
    rows = await c.execute(select(t.hosts).order_by(t.hosts.c.failed_at.desc()).limit(limit))
    return [_host(row) for row in rows]


async def prune(c: AsyncConnection, before: datetime) -> int:
    """Forgets hosts that were last heard of before that moment; returns how many."""
    return (await c.execute(delete(t.hosts).where(t.hosts.c.failed_at < before))).rowcount


def _host(row: Row[Any]) -> Host:
    return Host(**row._mapping)  # noqa: SLF001  the public name of a row's mapping
