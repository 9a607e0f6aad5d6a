"""What those whom a comment's permalink answers were last told of the responses below it.  (indieweb.org/Salmention)"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions.protocol.salmention import Told
from mentions.storage import tables as t
from mentions.storage.inserting import insert_or


async def told(c: AsyncConnection, entry_id: int) -> Told | None:
    """What they were told; None: nothing but the comment itself."""
    u = t.upstream.c
    row = (await c.execute(select(u.fingerprint, u.told_at).where(u.entry_id == entry_id))).one_or_none()
    return None if row is None else Told(row.fingerprint, tuple(datetime.fromisoformat(at) for at in row.told_at))


async def keep(c: AsyncConnection, entry_id: int, now_told: Told) -> None:
    """They are told this now, or will be."""
    values = {"fingerprint": now_told.fingerprint, "told_at": [at.isoformat() for at in now_told.at]}
    statement = insert_or(c, t.upstream).values(entry_id=entry_id, **values)
    await c.execute(statement.on_conflict_do_update(index_elements=["entry_id"], set_=values))
