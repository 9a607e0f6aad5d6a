"""What people decided, and whoever holds a token for them: the trail that an owner reads back.

What sources and rules do by themselves is not told here; every entry's own history is in `revisions`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions.model import EntryState
from mentions.storage import tables as t

UNTOLD: Final = frozenset({"source", "rules", "author"})
"""Actors whose doings are no decisions of the owner's side."""
_NOTING: Final = insert(t.audit)


@dataclass(frozen=True, slots=True)
class Decision:
    """Something that somebody decided."""

    id: int
    """Grows with time: what a reader resumes from."""
    at: datetime
    actor: str
    """`token:<id>`, `owner` (the command line), or what the caller named."""
    act: str
    """Of an entry the act of its revision; `blocked`, `unblocked`; `closed`, `opened`; `set_option`; `token_created`,
    `token_revoked`; `hook_added`, `hook_removed`, `hook_enabled`, `secret_rotated`; `imported`, `pages_mapped`;
    `provider_added`, `provider_removed`."""
    what: str
    """The block as `kind value`, the option likewise, the URL of the page, or what else it was; empty for an entry."""
    entry_id: int | None
    block_id: int | None


async def note(
    c: AsyncConnection,
    site_id: int,
    actor: str,
    act: str,
    *,
    now: datetime,
    what: str = "",
    entry_id: int | None = None,
    block_id: int | None = None,
) -> None:
    """Writes a decision down, in the transaction that carries it out."""
    values = {"site_id": site_id, "at": now, "actor": actor, "act": act, "what": what}
    await c.execute(_NOTING, {**values, "entry_id": entry_id, "block_id": block_id})


async def note_blocks(
    c: AsyncConnection, site_id: int, actor: str, made: Sequence[tuple[int, str]], *, now: datetime
) -> None:
    """Writes down many blocks at once: the id of each, and what it refuses."""
    values = {"site_id": site_id, "at": now, "actor": actor, "act": "blocked", "entry_id": None}
    if made:
        await c.execute(_NOTING, [{**values, "what": what, "block_id": block_id} for block_id, what in made])


async def for_site(c: AsyncConnection, site_id: int, *, before: int | None = None, limit: int = 100) -> list[Decision]:
    """The decisions about a site, the newest first; those before `before` when given."""
    query = select(t.audit).where(t.audit.c.site_id == site_id)
    if before is not None:
        query = query.where(t.audit.c.id < before)
    return [_decision(row) for row in await c.execute(query.order_by(t.audit.c.id.desc()).limit(limit))]


async def hidden_by(c: AsyncConnection, site_id: int, block_id: int, *, limit: int) -> list[int]:
    """The entries that a block has hidden, and that nobody has decided on since."""
    a, later = t.audit.c, t.audit.alias()
    again = select(later.c.id).where(later.c.entry_id == a.entry_id, later.c.id > a.id).exists()
    hidden = EntryState.HIDDEN.value
    query = (
        select(a.entry_id)
        .join(t.entries, t.entries.c.id == a.entry_id)
        .where(a.block_id == block_id, a.site_id == site_id, a.act == hidden, t.entries.c.state == hidden, ~again)
        .order_by(a.entry_id)
        .limit(limit)
    )
    return list((await c.execute(query)).scalars())


def _decision(row: Row[Any]) -> Decision:
    return Decision(row.id, row.at, row.actor, row.act, row.what, row.entry_id, row.block_id)
