"""What goes out: messages to hooks, webmentions from our permalinks; what waits, and what came of the others.

A row is made with the position of the follower in one transaction, under an id that the change gives it, so that no
restart loses or doubles it.  Whoever sends takes it for a while (`take_due`); when that one dies, it is due again."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import webhooks
from mentions.model import EntryState
from mentions.storage import tables as t
from mentions.storage.changes import Changed
from mentions.storage.columns import key_of
from mentions.storage.inserting import insert_or

FOLLOWER: Final = "deliveries"
"""Whose position among the changes says what has become deliveries."""
KEPT: Final = timedelta(days=30)
"""How long the log is kept; where a comment was sent to, as long as the comment."""
TAKEN_FOR: Final = timedelta(minutes=2)
"""Longer than any sending takes."""
WEBMENTION: Final = "webmention"
MOST_ERROR_TEXT: Final = 500


class DeliveryStatus(StrEnum):
    """How a delivery stands."""

    WAITING = "waiting"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"
    """Turned down for good."""
    GIVEN_UP = "given_up"
    """Tried as often as we try."""
    SKIPPED = "skipped"
    """Nothing to tell any more by the time it was to be sent."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to a hook, or one webmention to `target`."""

    id: int
    site_id: int
    hook_id: int | None
    message_id: str
    event: str
    """A model.Change, `held`, `test`, `rebuild` or `webmention`."""
    entry_id: int | None
    target: str | None
    cursor: int | None
    happened_at: datetime
    status: DeliveryStatus
    attempts: int
    next_try_at: datetime | None
    tried_at: datetime | None
    answer_status: int | None
    answer_ms: int | None
    error: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """A message to a hook that is to be made a delivery."""

    hook_id: int
    site_id: int
    message_id: str
    event: str
    happened_at: datetime
    entry_id: int | None = None
    cursor: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said."""

    status: int | None = None
    took_ms: int | None = None
    error: str | None = None


def message_of(hook_id: int, changed: Changed) -> Message:
    """What a hook is told of a change, under an id that is always the same."""
    return Message(
        hook_id,
        changed.site_id,
        webhooks.message_id(hook_id, changed.cursor),
        changed.change.value,
        changed.at,
        changed.entry_id,
        changed.cursor,
    )


# --- making ------------------------------------------------------------------------------------------------------


async def add(
    c: AsyncConnection,
    messages: Iterable[Message],
    *,
    now: datetime,
    due_at: datetime | None = None,
    again: bool = False,
) -> int:
    """Makes deliveries, due at once unless `due_at` is later; how many.  One that is there already stays as it is, or
    (`again`) is sent once more under its id."""
    due_at = now if due_at is None else due_at
    rows = [_row(message, now, due_at) for message in messages]
    if not rows:
        return 0
    insertion = insert_or(c, t.deliveries)
    key = ["hook_id", "message_id"]
    if again:
        fresh = {"status": DeliveryStatus.WAITING.value, "attempts": 0, "next_try_at": due_at, "error": None}
        statement = insertion.on_conflict_do_update(
            index_elements=key, set_=fresh, where=t.deliveries.c.status != DeliveryStatus.SENDING.value
        )
    else:
        statement = insertion.on_conflict_do_nothing(index_elements=key)
    await c.execute(statement, rows)
    return len(rows)


def _row(message: Message, now: datetime, due_at: datetime) -> dict[str, Any]:
    return {
        "site_id": message.site_id,
        "hook_id": message.hook_id,
        "message_id": message.message_id,
        "event": message.event,
        "entry_id": message.entry_id,
        "cursor": message.cursor,
        "happened_at": message.happened_at,
        "status": DeliveryStatus.WAITING.value,
        "attempts": 0,
        "next_try_at": due_at,
        "created_at": now,
    }


async def put_off(c: AsyncConnection, delivery: Delivery, due_at: datetime, *, cursor: int) -> None:
    """Lets one that waits stand for a later change too."""
    values = {"next_try_at": due_at, "cursor": cursor}
    await c.execute(update(t.deliveries).where(t.deliveries.c.id == delivery.id).values(**values))


async def waiting_for(c: AsyncConnection, hook_id: int, event: str) -> Delivery | None:
    """The newest delivery of that event that waits for a hook."""
    d = t.deliveries.c
    is_it = (d.hook_id == hook_id, d.event == event, d.status == DeliveryStatus.WAITING.value)
    row = (await c.execute(select(t.deliveries).where(*is_it).order_by(d.id.desc()).limit(1))).one_or_none()
    return None if row is None else _delivery(row)


async def last_tried_at(c: AsyncConnection, hook_id: int) -> datetime | None:
    """When a hook was last sent anything."""
    d = t.deliveries.c
    found: datetime | None = (await c.execute(select(func.max(d.tried_at)).where(d.hook_id == hook_id))).scalar_one()
    return found


async def mention(
    c: AsyncConnection, *, site_id: int, entry_id: int, target: str, cursor: int, now: datetime, due_at: datetime
) -> None:
    """A webmention of an entry's permalink is to go to `target`; one row for both, used again for each change."""
    fresh = {
        "cursor": cursor,
        "happened_at": now,
        "status": DeliveryStatus.WAITING.value,
        "attempts": 0,
        "next_try_at": due_at,
    }
    key = key_of(target)
    values = {
        "site_id": site_id,
        "entry_id": entry_id,
        "target": target,
        "target_key": key,
        "message_id": f"wm_{entry_id}_{key.hex()}",
        "event": WEBMENTION,
        "created_at": now,
    }
    statement = insert_or(c, t.deliveries).values(**values, **fresh)
    await c.execute(statement.on_conflict_do_update(index_elements=["entry_id", "target_key"], set_=fresh))


async def mentioned_by(c: AsyncConnection, entry_id: int) -> builtins.list[Delivery]:
    """The webmentions that an entry's permalink has sent, or is to send."""
    rows = await c.execute(
        select(t.deliveries).where(t.deliveries.c.entry_id == entry_id, t.deliveries.c.target.is_not(None))
    )
    return [_delivery(row) for row in rows]


# --- sending -----------------------------------------------------------------------------------------------------


async def take_due(
    c: AsyncConnection, *, now: datetime, of_each: int, room: int, busy: Collection[tuple[int | None, int]] = ()
) -> builtins.list[Delivery]:
    """Takes what is due for TAKEN_FOR: `room` at most, and `of_each` for one hook (`busy`: what each has under way).

    The hooks with the fewest under way come first, so that those that hang leave room to the others.  Webmentions count
    as those of one hook, which is None.  Taking counts as a try."""
    d, under_way = t.deliveries.c, dict(busy)
    is_due = (d.next_try_at.is_not(None), d.next_try_at <= now)
    lanes = (await c.execute(select(d.hook_id).where(*is_due).group_by(d.hook_id))).scalars().all()
    taken: builtins.list[Delivery] = []
    for lane in sorted(lanes, key=lambda lane: under_way.get(lane, 0)):
        places = min(of_each - under_way.get(lane, 0), room - len(taken))
        if places <= 0:
            break
        first = select(d.id).where(_in_lane(lane), *is_due).order_by(d.next_try_at, d.id).limit(places)
        values = {
            "status": DeliveryStatus.SENDING.value,
            "attempts": d.attempts + 1,
            "next_try_at": now + TAKEN_FOR,
            "tried_at": now,
        }
        taking = update(t.deliveries).where(d.id.in_(first), *is_due).values(**values).returning(*t.deliveries.c)
        taken += [_delivery(row) for row in await c.execute(taking)]
    return taken


async def let_go(c: AsyncConnection, *, now: datetime) -> int:
    """Makes due what another had taken who is not there any more; how many."""
    d = t.deliveries.c
    taken = update(t.deliveries).where(d.status == DeliveryStatus.SENDING.value)
    return (await c.execute(taken.values(next_try_at=now))).rowcount


async def has_due(c: AsyncConnection, now: datetime) -> bool:
    """Whether `take_due` would find anything."""
    d = t.deliveries.c
    query = select(d.id).where(d.next_try_at.is_not(None), d.next_try_at <= now).limit(1)
    return (await c.execute(query)).one_or_none() is not None


async def settle(
    c: AsyncConnection,
    delivery: Delivery,
    status: DeliveryStatus,
    answer: Answer,
    *,
    next_try_at: datetime | None = None,
) -> bool:
    """Keeps what came of a try.  False: it has been put anew meanwhile, or another has taken it, and it stays so."""
    d = t.deliveries.c
    is_ours = (
        d.id == delivery.id,
        d.status == DeliveryStatus.SENDING.value,
        d.attempts == delivery.attempts,
        d.tried_at == delivery.tried_at,
    )
    values = {
        "status": status.value,
        "next_try_at": next_try_at,
        "answer_status": answer.status,
        "answer_ms": answer.took_ms,
        "error": answer.error[:MOST_ERROR_TEXT] if answer.error else None,
    }
    return (await c.execute(update(t.deliveries).where(*is_ours).values(**values))).rowcount > 0


async def put_back(c: AsyncConnection, delivery: Delivery, answer: Answer, *, due_at: datetime) -> None:
    """Gives a delivery back that could not even be tried, without counting it as a try."""
    if await settle(c, delivery, DeliveryStatus.WAITING, answer, next_try_at=due_at):
        d = t.deliveries.c
        await c.execute(update(t.deliveries).where(d.id == delivery.id).values(attempts=d.attempts - 1))


async def give_up(c: AsyncConnection, hook_id: int, status: DeliveryStatus, why: str) -> None:
    """Nothing of that status is sent to the hook any more, and what comes of it meanwhile counts for nothing."""
    values = {"status": DeliveryStatus.GIVEN_UP.value, "next_try_at": None, "error": why}
    is_meant = (t.deliveries.c.hook_id == hook_id, t.deliveries.c.status == status.value)
    await c.execute(update(t.deliveries).where(*is_meant).values(**values))


async def withdraw(c: AsyncConnection, delivery: Delivery) -> None:
    """Forgets a webmention that was never tried: nobody has to hear of it."""
    d = t.deliveries.c
    await c.execute(delete(t.deliveries).where(d.id == delivery.id, d.tried_at.is_(None)))


async def send_again(c: AsyncConnection, delivery_id: int, *, now: datetime) -> None:
    """Makes a delivery due at once, with all its tries before it; one that is being sent stays as it is."""
    d = t.deliveries.c
    values = {"status": DeliveryStatus.WAITING.value, "attempts": 0, "next_try_at": now, "error": None}
    is_idle = (d.id == delivery_id, d.status != DeliveryStatus.SENDING.value)
    await c.execute(update(t.deliveries).where(*is_idle).values(**values))


# --- the log -----------------------------------------------------------------------------------------------------


async def get(c: AsyncConnection, delivery_id: int) -> Delivery | None:
    """The delivery of that id."""
    row = (await c.execute(select(t.deliveries).where(t.deliveries.c.id == delivery_id))).one_or_none()
    return None if row is None else _delivery(row)


async def list(  # noqa: A001  read as `deliveries.list(c, …)`
    c: AsyncConnection, site_id: int, *, hook_id: int | None = None, before: int | None = None, limit: int = 50
) -> builtins.list[Delivery]:
    """A site's deliveries (of one hook when named), newest first, older than the one of id `before`."""
    d = t.deliveries.c
    query = select(t.deliveries).where(d.site_id == site_id)
    if hook_id is not None:
        query = query.where(d.hook_id == hook_id)
    if before is not None:
        query = query.where(d.id < before)
    return [_delivery(row) for row in await c.execute(query.order_by(d.id.desc()).limit(limit))]


async def prune(c: AsyncConnection, before: datetime) -> int:
    """Forgets what was dealt with before then; how many.  Where a comment was sent to is needed when it goes."""
    d, e = t.deliveries.c, t.entries.c
    living = select(e.id).where(e.id == d.entry_id, e.state != EntryState.DELETED.value).exists()
    is_over: ColumnElement[bool] = or_(d.target.is_(None), ~living)
    return (
        await c.execute(delete(t.deliveries).where(d.created_at < before, d.next_try_at.is_(None), is_over))
    ).rowcount


def _in_lane(hook_id: int | None) -> ColumnElement[bool]:
    return t.deliveries.c.hook_id.is_(None) if hook_id is None else t.deliveries.c.hook_id == hook_id


def _delivery(row: Row[Any]) -> Delivery:
    facts = row._asdict()
    del facts["target_key"]
    return Delivery(**{**facts, "status": DeliveryStatus(row.status)})
