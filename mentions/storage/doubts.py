"""Why a response waits for its owner, or is taken for spam: the rules' reasons, in words."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions.storage import tables as t
from mentions.storage.inserting import upsert


async def keep(c: AsyncConnection, entry_id: int, reasons: Sequence[str]) -> None:
    """Keeps what speaks against an entry; nothing takes away what was kept before."""
    if reasons:
        await c.execute(upsert(c.dialect.name, t.doubts), {"entry_id": entry_id, "reasons": list(reasons)})
    else:
        await c.execute(delete(t.doubts).where(t.doubts.c.entry_id == entry_id))


async def of(c: AsyncConnection, entry_ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """The reasons by entry; entries that nothing speaks against are left out."""
    rows = await c.execute(select(t.doubts).where(t.doubts.c.entry_id.in_(entry_ids)))
    return {row.entry_id: tuple(row.reasons) for row in rows}
