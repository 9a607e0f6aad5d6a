"""How claims stood after each look: what their status URLs answer once Redis has let go of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, delete, or_, select
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import urls
from mentions.codec import CodecError, from_json, to_json
from mentions.model import WAITING, Claim, Outcome, Protocol, Status, Trace
from mentions.storage import tables as t
from mentions.storage.columns import key_of
from mentions.storage.inserting import insert_into


async def save(c: AsyncConnection, outcome: Outcome) -> None:
    """Keeps an outcome.  One that is final stays as it is when the same claim is worked on twice to the same end, and
    is never followed by one that waits."""
    await c.execute(_saving(c.dialect.name), _columns(outcome))


@cache
def _saving(dialect: str) -> Insert:
    insertion = insert_into(dialect, t.claims)
    old, new = t.claims.c, insertion.excluded
    may_follow = or_(old.is_final.is_(False), new.is_final.is_(True) & (new.status != old.status))
    newer = {name: column for name, column in new.items() if name != "id"}
    return insertion.on_conflict_do_update(index_elements=["id"], set_=newer, where=may_follow)


async def get(c: AsyncConnection, claim_id: str) -> Outcome | None:
    """The last outcome of a claim."""
    row = (await c.execute(select(t.claims).where(t.claims.c.id == claim_id))).one_or_none()
    return _outcome(row) if row else None


async def history(c: AsyncConnection, source: str, target: str, limit: int = 50) -> list[Outcome]:
    """The claims of one pair, newest first."""
    query = select(t.claims).where(t.claims.c.pair_key == _pair_key(source, target))
    return await _read(c, query.order_by(t.claims.c.received_at.desc(), t.claims.c.id).limit(limit))


async def recent(
    c: AsyncConnection,
    site_id: int,
    *,
    limit: int = 50,
    before: Outcome | None = None,
    statuses: Iterable[Status] = (),
) -> list[Outcome]:
    """The outcomes of a site's claims, newest first; `before` is the last one of the list to be continued."""
    names = select(t.site_authorities.c.authority).where(t.site_authorities.c.site_id == site_id)
    query = select(t.claims).where(t.claims.c.target_authority.in_(names))
    if before is not None:
        same = (t.claims.c.at == before.at) & (t.claims.c.id > before.claim.id)
        query = query.where(or_(t.claims.c.at < before.at, same))
    if wanted := [status.value for status in statuses]:
        query = query.where(t.claims.c.status.in_(wanted))
    return await _read(c, query.order_by(t.claims.c.at.desc(), t.claims.c.id).limit(limit))


async def of_entry(c: AsyncConnection, entry_id: int, limit: int = 50) -> list[Outcome]:
    """The claims that made an entry what it is, newest first."""
    query = select(t.claims).where(t.claims.c.entry_id == entry_id)
    return await _read(c, query.order_by(t.claims.c.at.desc(), t.claims.c.id).limit(limit))


async def prune(c: AsyncConnection, before: datetime, *, limit: int = 20_000) -> int:
    """Forgets outcomes older than that, the oldest first; returns how many."""
    oldest = select(t.claims.c.id).where(t.claims.c.at < before).order_by(t.claims.c.at).limit(limit)
    return (await c.execute(delete(t.claims).where(t.claims.c.id.in_(oldest)))).rowcount


async def _read(c: AsyncConnection, query: Select[Any]) -> list[Outcome]:
    return [_outcome(row) for row in await c.execute(query)]


def _pair_key(source: str, target: str) -> bytes:
    return key_of(f"{urls.parse(source) or source}\n{urls.parse(target) or target}")


def _columns(outcome: Outcome) -> dict[str, Any]:
    claim = outcome.claim
    return {
        "id": claim.id,
        "source": claim.source,
        "target": claim.target,
        "pair_key": _pair_key(claim.source, claim.target),
        "target_authority": urls.site_authority(claim.target),
        "via": claim.via.value,
        "received_at": claim.received_at,
        "attempts": claim.attempts,
        "first_tried_at": claim.first_tried_at,
        "status": outcome.status.value,
        "is_final": outcome.status not in WAITING,
        "summary": outcome.summary,
        "at": outcome.at,
        "trace": to_json(outcome.trace),
        "entry_id": outcome.entry_id,
        "held": outcome.held,
        "next_try_at": outcome.next_try_at,
        "changed": outcome.changed,
    }


def _outcome(row: Row[Any]) -> Outcome:
    claim = Claim(
        id=row.id,
        source=row.source,
        target=row.target,
        via=Protocol(row.via),
        received_at=row.received_at,
        attempts=row.attempts,
        first_tried_at=row.first_tried_at,
    )
    return Outcome(
        claim=claim,
        status=Status(row.status),
        summary=row.summary,
        at=row.at,
        trace=_trace(row.trace),
        entry_id=row.entry_id,
        held=row.held,
        next_try_at=row.next_try_at,
        changed=row.changed,
    )


def _trace(data: Any) -> Trace:
    try:
        return from_json(Trace, data)
    except CodecError as problem:  # written by a version that meant something else by it
        return Trace(notes=(f"the trace cannot be read any more: {problem}",))
