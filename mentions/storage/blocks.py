"""What a site's owner has blocked, and what a rule would hide; whether something is hit says `mentions/policy.py`."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Text, delete, or_, select, true, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import policy, urls
from mentions.errors import InvalidRequest
from mentions.model import Entry, EntryState
from mentions.storage import audit
from mentions.storage import tables as t
from mentions.storage.columns import key_of
from mentions.storage.entries.finding import read
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


@dataclass(frozen=True, slots=True)
class Rule:
    """What a block would refuse, before it is one; `policy.is_blocked` takes either."""

    kind: str
    value: str


async def add(
    c: AsyncConnection, site_id: int, kind: str, value: str, *, note: str = "", now: datetime, actor: str = "owner"
) -> Block:
    """Blocks an authority, everything below a URL, or an author (by URL, name or e-mail); one that is there stays.

    Raises InvalidRequest for an unknown kind and for a value that could never be hit."""
    rule = checked(kind, value)
    columns = {"site_id": site_id, "kind": kind, "value_key": key_of(rule.value)}
    made = await c.execute(
        insert_or(c, t.blocks)
        .values(**columns, value=rule.value, note=note, created_at=now)
        .on_conflict_do_nothing(index_elements=["site_id", "kind", "value_key"])
        .returning(t.blocks.c.id)
    )
    is_new = made.first() is not None
    block = _block((await c.execute(select(t.blocks).where(*_is_it(site_id, rule)))).one())
    if is_new:
        await audit.note(c, site_id, actor, "blocked", now=now, what=f"{kind} {block.value}", block_id=block.id)
    return block


async def add_many(
    c: AsyncConnection, site_id: int, rules: Sequence[tuple[Rule, str]], *, now: datetime, actor: str = "owner"
) -> int:
    """Adds rules (`checked`), each with its note, at once; how many are new."""
    wanted: dict[tuple[str, str], str] = {}
    for rule, note in rules:
        wanted.setdefault((rule.kind, rule.value), note)
    rows = [
        {"site_id": site_id, "kind": kind, "value_key": key_of(value), "value": value, "note": note, "created_at": now}
        for (kind, value), note in wanted.items()
    ]
    if not rows:
        return 0
    inserting = insert_or(c, t.blocks).on_conflict_do_nothing(index_elements=["site_id", "kind", "value_key"])
    made = [_block(row) for row in await c.execute(inserting.returning(*t.blocks.c), rows)]
    noted = [(block.id, f"{block.kind} {block.value}") for block in sorted(made, key=lambda block: block.id)]
    await audit.note_blocks(c, site_id, actor, noted, now=now)
    return len(made)


async def find(c: AsyncConnection, site_id: int, kind: str, value: str) -> Block | None:
    """The block of exactly this; raises InvalidRequest as `add` does."""
    row = (await c.execute(select(t.blocks).where(*_is_it(site_id, checked(kind, value))))).one_or_none()
    return _block(row) if row else None


async def for_site(c: AsyncConnection, site_id: int) -> builtins.list[Block]:
    """What the site blocks, oldest first."""
    rows = await c.execute(select(t.blocks).where(t.blocks.c.site_id == site_id).order_by(t.blocks.c.id))
    return [_block(row) for row in rows]


async def remove(
    c: AsyncConnection, site_id: int, kind: str, value: str, *, now: datetime, actor: str = "owner"
) -> bool:
    """Lifts a block.  False: there was none."""
    block = await find(c, site_id, kind, value)
    if block is None:
        return False
    await c.execute(delete(t.blocks).where(t.blocks.c.id == block.id))
    await audit.note(c, site_id, actor, "unblocked", now=now, what=f"{kind} {block.value}", block_id=block.id)
    return True


async def shown_hits(
    c: AsyncConnection, site_id: int, rule: Rule | Block, *, after: int = 0, limit: int = 500
) -> tuple[builtins.list[Entry], int | None]:
    """Entries that the site shows and the rule would refuse, by id, out of the next `limit` that it may concern.

    With them the id to go on after; None when all have been looked at."""
    e = t.entries.c
    is_shown = (e.site_id == site_id, e.state == EntryState.SHOWN.value, e.id > after, _may_concern(rule))
    found = await read(c, select(t.entries).where(*is_shown).order_by(e.id).limit(limit))
    emails = await _emails(c, found) if rule.kind == "author" and "@" in rule.value else {}
    hits = [
        entry for entry in found if policy.is_blocked([rule], entry.source, entry.reaction.author, emails.get(entry.id))
    ]
    return hits, (found[-1].id if found else None)  # fewer than asked for: one of them cannot be read


async def _emails(c: AsyncConnection, found: builtins.list[Entry]) -> dict[int, str | None]:
    """The addresses that came with comments among them."""
    typed_here = t.comments.c.entry_id.in_([entry.id for entry in found])
    rows = await c.execute(select(t.comments.c.entry_id, t.comments.c.email).where(typed_here))
    return {row.entry_id: row.email for row in rows}


def checked(kind: str, value: str) -> Rule:
    """The rule with its value as it is compared; raises InvalidRequest for what could never be hit."""
    if kind not in KINDS:
        raise InvalidRequest(f"{kind!r} cannot be blocked; {', '.join(KINDS)} can")
    text = value.strip()
    if kind == "authority":
        text = urls.site_authority(text.removeprefix("*."))  # what stands below it is meant anyway
        text = "" if "*" in text else text
    elif kind == "url_prefix":
        text = urls.parse(text) or ""
    if not text:
        raise InvalidRequest(f"{value!r} is no {kind.replace('_', ' ')}")
    return Rule(kind, text)


def _may_concern(rule: Rule | Block) -> ColumnElement[bool]:
    """A condition that every hit fulfils, for the database to look at first: the host of the rule stands in the row."""
    host = rule.value if rule.kind == "authority" else urls.site_authority(rule.value)
    if not host or (rule.kind == "author" and not urls.parse(rule.value)):
        return true()  # an author's name
    name = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
    said = type_coerce(t.entries.c.reaction, Text)
    return or_(t.entries.c.source.contains(name, autoescape=True), said.contains(name, autoescape=True))


def _is_it(site_id: int, rule: Rule) -> tuple[ColumnElement[bool], ...]:
    b = t.blocks.c
    return b.site_id == site_id, b.kind == rule.kind, b.value_key == key_of(rule.value)


def _block(row: Row[Any]) -> Block:
    return Block(row.id, row.site_id, row.kind, row.value, row.note, row.created_at)


list = for_site  # noqa: A001  read as `blocks.list(c, …)`
