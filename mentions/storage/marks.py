"""Which entries a transaction has written: their pages are laid out again before they are read (`layout`).

Marks are rows of their own and never meet those of another transaction, so nobody waits for anybody here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions.storage import tables as t

_KEY: Final = "ymateb.marks"
_MARKING: Final = insert(t.unsettled)


def begin(c: AsyncConnection) -> None:
    """A transaction begins: nothing has been written in it."""
    c.info[_KEY] = set()


def mark(c: AsyncConnection, page_id: int, entry_id: int) -> None:
    """The entry has been written, and what is shown of the page may be another thing now."""
    mark_all(c, [(page_id, entry_id)])


def mark_all(c: AsyncConnection, written: Iterable[tuple[int, int]]) -> None:
    """The same for several: (page_id, entry_id)."""
    c.info[_KEY].update(written)


async def write_marks(c: AsyncConnection) -> None:
    """Keeps what was marked since `begin`; part of the transaction."""
    if marks := c.info.pop(_KEY, None):
        await c.execute(_MARKING, [{"page_id": page_id, "entry_id": entry_id} for page_id, entry_id in sorted(marks)])
