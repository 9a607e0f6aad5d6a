"""What a site's owner has blocked; whether something is hit says `mentions/policy.py`."""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import urls
from mentions.errors import InvalidRequest
from mentions.storage import tables as t
from mentions.storage.columns import key_of
from mentions.storage.inserting import insert_or

KINDS: Final = ("authority", "url_prefix", "author")


@dataclass(frozen=True, slots=True)
class Block:
    """One thing that a site refuses."""

    id: int
    site_id: int
    kind: str
    """`authority`, `url_prefix` or `author`."""
    value: str
    note: str
    created_at: datetime


async def add(c: AsyncConnection, site_id: int, kind: str, value: str, *, note: str = "", now: datetime) -> Block:
    """Blocks an authority, everything below a URL, or an author's URL; what is blocked already keeps its row.

    Raises InvalidRequest for an unknown kind and for a value that could never be hit."""
    value = _checked(kind, value)
    columns = {"site_id": site_id, "kind": kind, "value_key": key_of(value)}
    await c.execute(
        insert_or(c, t.blocks)
        .values(**columns, value=value, note=note, created_at=now)
        .on_conflict_do_nothing(index_elements=["site_id", "kind", "value_key"])
    )
    is_it = [t.blocks.c[name] == wanted for name, wanted in columns.items()]
    return _block((await c.execute(select(t.blocks).where(*is_it))).one())


async def for_site(c: AsyncConnection, site_id: int) -> builtins.list[Block]:
    """What the site blocks, oldest first."""
    rows = await c.execute(select(t.blocks).where(t.blocks.c.site_id == site_id).order_by(t.blocks.c.id))
    return [_block(row) for row in rows]


async def remove(c: AsyncConnection, site_id: int, kind: str, value: str) -> bool:
    """Lifts a block.  False: there was none."""
    key = key_of(_checked(kind, value))
    is_it = (t.blocks.c.site_id == site_id, t.blocks.c.kind == kind, t.blocks.c.value_key == key)
    return (await c.execute(delete(t.blocks).where(*is_it))).rowcount > 0


def _checked(kind: str, value: str) -> str:
    """The value as it is compared."""
    if kind not in KINDS:
        raise InvalidRequest(f"{kind!r} cannot be blocked; {', '.join(KINDS)} can")
    text = value.strip()
    if kind == "authority":
        text = urls.site_authority(text)
    elif kind == "url_prefix":
        text = urls.parse(text) or ""
    if not text:
        raise InvalidRequest(f"{value!r} is no {kind.replace('_', ' ')}")
    return text


def _block(row: Row[Any]) -> Block:
    return Block(row.id, row.site_id, row.kind, row.value, row.note, row.created_at)


list = for_site  # noqa: A001  read as `blocks.list(c, …)`
