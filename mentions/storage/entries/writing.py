"""Entries come, change, and go.  Each change leaves a revision row; doing the same again changes nothing.

A withdrawn entry stays as a tombstone: id, source and target, but no content, author or raw source, in the revisions
neither.  Nothing is published from here: the caller appends to `changes` in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from secrets import token_hex
from types import SimpleNamespace
from typing import Any, Final

from sqlalchemy import Row, delete, select, tuple_
from sqlalchemy import insert as insert_row
from sqlalchemy import update as update_rows
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningInsert

from mentions import urls
from mentions.errors import Conflict, NotFound
from mentions.model import Entry, EntryState, Kind, Protocol, Reaction
from mentions.storage import audit, marks
from mentions.storage import tables as t
from mentions.storage.entries import rows
from mentions.storage.inserting import insert_into, upsert


class Keep(Enum):
    """The value of an argument that leaves a column as it is, where None would mean "nothing"."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP
SPLIT: Final = "split"
"""The act by which an owner takes copies apart."""
_UNSEEN: Final = {"checked_at", "etag", "last_modified", "policy_version"}
"""Columns of which nobody who reads a page sees anything."""
_NOTING: Final = insert_row(t.revisions)
_ADDING_URLS: Final = insert_row(t.entry_urls)


@dataclass(frozen=True, slots=True)
class Revision:
    """One change of an entry: what was done, by whom, and what stood there before."""

    entry_id: int
    number: int
    """The revision of the entry that the change made."""
    at: datetime
    act: str
    """`created`, `updated`, `shown`, `held`, `hidden`, `spam`, `withdrawn`, `merged`, `split`."""
    actor: str
    """`source`, `owner`, `author`, `rules`, or what the caller named."""
    state_before: EntryState | None
    state_after: EntryState
    reaction: Reaction | None
    """What the entry said before; None where it said the same, and after it was withdrawn."""


async def insert(  # an entry has many facts; each is named by its caller
    c: AsyncConnection,
    *,
    site_id: int,
    page_id: int,
    source: str | Callable[[int], str],
    target: str,
    protocol: Protocol,
    reaction: Reaction,
    state: EntryState,
    now: datetime,
    received_at: datetime | None = None,
    targets: Sequence[str] = (),
    fragment: str | Keep | None = KEEP,
    private: bool = False,
    parent_id: int | None = None,
    cluster_id: int | None = None,
    avatar: str | None = None,
    etag: str | None = None,
    last_modified: str | None = None,
    policy_version: int = 0,
    mf2: Mapping[str, Any] | None = None,
    actor: str = "source",
) -> Entry:
    """Keeps a new entry; when its source already has one on the page (a tombstone too), that one is updated instead.

    `source` may be a function of the new id, for comments whose source is their own permalink.  `targets` defaults to
    the target, `fragment` to the target's, `received_at` to now."""
    known_source = source if isinstance(source, str) else f"https://{token_hex(16)}.invalid/"
    all_targets = tuple(dict.fromkeys((target, *targets)))
    values: dict[str, Any] = {
        "site_id": site_id,
        "page_id": page_id,
        **rows.source_columns(known_source),
        "target": target,
        "targets": list(all_targets),
        "fragment": urls.fragment(target) if fragment is KEEP else fragment,
        "protocol": protocol.value,
        "state": state.value,
        "received_at": (received_at or now).astimezone(UTC),
        "updated_at": now.astimezone(UTC),
        "checked_at": now,
        "private": private,
        "likes": 0,
        "parent_id": parent_id,
        "cluster_id": cluster_id,
        "avatar": avatar,
        "etag": etag,
        "last_modified": last_modified,
        "revision": 1,
        "policy_version": policy_version,
        **rows.reaction_columns(reaction),
    }
    entry_id = (await c.execute(_inserting(c.dialect.name), values)).scalar_one_or_none()
    if entry_id is None:
        known = await _row(c, t.entries.c.source_key == values["source_key"], t.entries.c.page_id == page_id)
        lives_again = known.state == EntryState.DELETED  # what the owner decided of a live one stands
        return await update(
            c, known.id, now=now, reaction=reaction, target=target, state=state if lives_again else None,
            parent_id=parent_id if lives_again else KEEP, cluster_id=cluster_id if lives_again else KEEP,
            avatar=avatar or KEEP, etag=etag, last_modified=last_modified,
            policy_version=policy_version, mf2=mf2, actor=actor,
        )  # fmt: skip
    if not isinstance(source, str):
        final = rows.source_columns(source(entry_id))
        await _set(c, entry_id, final)
        values |= final
    marks.mark(c, page_id, entry_id)
    row = SimpleNamespace(**values, id=entry_id, deleted_at=None)
    await _add_urls(c, entry_id, rows.url_keys(row.source, reaction))
    await note(c, row, "created", actor, before=None, now=now)
    if mf2 is not None:
        await _keep_mf2(c, entry_id, mf2, now)
    return rows.entry(row)


async def update(
    c: AsyncConnection,
    entry_id: int,
    *,
    now: datetime,
    reaction: Reaction | None = None,
    target: str | None = None,
    state: EntryState | None = None,
    parent_id: int | Keep | None = KEEP,
    cluster_id: int | Keep | None = KEEP,
    avatar: str | Keep | None = KEEP,
    etag: str | Keep | None = KEEP,
    last_modified: str | Keep | None = KEEP,
    private: bool | None = None,
    protocol: Protocol | None = None,
    policy_version: int | None = None,
    mf2: Mapping[str, Any] | None = None,
    actor: str = "source",
) -> Entry:
    """Brings an entry up to date; what is not given stays.  `revision` counts up exactly when something that is shown
    (reaction, state, targets) changed.  `target` is added to the targets; a tombstone with a new state lives again,
    but what others deleted, its source does not bring back: that tombstone is returned as it is.

    Raises NotFound for an unknown id."""
    old = await _row(c, t.entries.c.id == entry_id)
    if old.state == EntryState.DELETED and (state is None or (actor == "source" and old.deleted_by != "source")):
        return rows.entry(old)
    changed: dict[str, Any] = {}
    if reaction is not None:
        changed |= _differing(old, rows.reaction_columns(reaction))
        if avatar is KEEP and rows.entry(old).reaction.author.photo != reaction.author.photo:
            avatar = None  # it shows another picture than the author has now
    if target is not None and not any(urls.same_resource(target, known) for known in old.targets):
        targets = [*old.targets, target]
        changed |= {"targets": targets} if old.targets else {"targets": targets, **_first_target(targets)}
    if state is not None and state.value != old.state:
        changed |= {"state": state.value, "deleted_at": None, "deleted_by": None}
    quiet: dict[str, Any] = {
        "parent_id": parent_id, "cluster_id": cluster_id, "avatar": avatar, "etag": etag,
        "last_modified": last_modified,
        "private": KEEP if private is None else private,
        "protocol": KEEP if protocol is None else protocol.value,
        "policy_version": KEEP if policy_version is None else policy_version,
    }  # fmt: skip
    quiet = {"checked_at": now, **_differing(old, {name: value for name, value in quiet.items() if value is not KEEP})}
    if changed:
        quiet |= {"updated_at": now, "revision": old.revision + 1}
    new = await _set(c, entry_id, changed | quiet)
    if reaction is not None and changed:
        await keep_urls(c, entry_id, rows.url_keys(old.source, reaction))
    if changed:
        act = "updated" if new.state == old.state else new.state
        await note(c, new, act, actor, before=old, now=now, reaction=old.reaction if "reaction" in changed else None)
    if mf2 is not None:
        await _keep_mf2(c, entry_id, mf2, now)
    return rows.entry(new)


async def set_state(
    c: AsyncConnection,
    entry_id: int,
    state: EntryState,
    *,
    now: datetime,
    actor: str = "owner",
    block_id: int | None = None,
) -> Entry:
    """Shows, holds, hides an entry or calls it spam; DELETED withdraws it.  `block_id`: the block that asks for it.

    Raises NotFound for an unknown id, Conflict for a tombstone: only its source can say again what it said."""
    if state is EntryState.DELETED:
        return await withdraw(c, entry_id, now=now, actor=actor)
    old = await _row(c, t.entries.c.id == entry_id)
    if old.state == state.value:
        return rows.entry(old)
    if old.state == EntryState.DELETED:
        raise Conflict("the entry was deleted, and its content with it; have its source verified again")
    new = await _set(c, entry_id, {"state": state.value, "updated_at": now, "revision": old.revision + 1})
    await note(c, new, state.value, actor, before=old, now=now, block_id=block_id)
    return rows.entry(new)


async def lock(c: AsyncConnection, ids: Iterable[int]) -> None:
    """Makes others who change these entries wait for this transaction; in order, so that nobody waits in a ring."""
    mine = select(t.entries.c.id).where(t.entries.c.id.in_(sorted(ids))).order_by(t.entries.c.id)
    await c.execute(mine.with_for_update())


async def split(c: AsyncConnection, entry_id: int, *, now: datetime, actor: str = "owner") -> list[int]:
    """The owner says that the entry is nobody's copy, and nobody its: they are shown apart from now on, for good.

    Returns the ids of the entries of which that is news.  Raises NotFound for an unknown id."""
    old = await _row(c, t.entries.c.id == entry_id)
    apart = update_rows(t.entries).where((t.entries.c.id == entry_id) | (t.entries.c.cluster_id == entry_id))
    apart = apart.where(t.entries.c.cluster_id.is_not(None)).values(cluster_id=None, updated_at=now)
    moved = [row.id for row in await c.execute(apart.returning(t.entries.c.id))]
    marks.mark_all(c, ((old.page_id, moved_id) for moved_id in moved))
    new = await _set(c, entry_id, {"revision": old.revision + 1, "updated_at": now})
    await note(c, new, SPLIT, actor, before=old, now=now)
    return moved


async def withdraw(
    c: AsyncConnection, entry_id: int, *, now: datetime, target: str | None = None, actor: str = "source"
) -> Entry:
    """Takes one `target` from an entry, or everything: without a target, or when none is left, a tombstone remains.

    Raises NotFound for an unknown id."""
    old = await _row(c, t.entries.c.id == entry_id)
    if old.state == EntryState.DELETED:
        return rows.entry(old)
    left = [] if target is None else [kept for kept in old.targets if not urls.same_resource(kept, target)]
    if left == old.targets:
        return rows.entry(old)
    if left:
        changed = {"targets": left, **({} if old.target in left else _first_target(left))}
        new = await _set(c, entry_id, {**changed, "updated_at": now, "revision": old.revision + 1})
        await note(c, new, "updated", actor, before=old, now=now)
        return rows.entry(new)
    return await bury(c, old, now=now, actor=actor)


async def bury(
    c: AsyncConnection, old: Row[Any], *, now: datetime, actor: str, merged_into: int | None = None
) -> Entry:
    """Makes a tombstone of the entry in row `old`: what it said is erased, wherever it was kept."""
    silent = rows.reaction_columns(Reaction(kind=Kind(old.kind)))
    changed: dict[str, Any] = {
        **silent,
        "state": EntryState.DELETED.value,
        "targets": [],
        "deleted_at": now,
        "deleted_by": actor,
        "updated_at": now,
        "revision": old.revision + 1,
        "merged_into": merged_into,
        "likes": 0,
        "avatar": None,
        "etag": None,
        "last_modified": None,
    }
    new = await _set(c, old.id, changed)
    for table in (t.entry_sources, t.entry_urls, t.comments, t.likes, t.doubts):
        await c.execute(delete(table).where(table.c.entry_id == old.id))
    if actor != "source" and merged_into is None:
        await _add_urls(c, old.id, {(rows.REMOVED, key) for key in rows.keys_of([old.source])})
    await c.execute(update_rows(t.revisions).where(t.revisions.c.entry_id == old.id).values(reaction=None))
    apart = update_rows(t.entries).where(t.entries.c.cluster_id == old.id).values(cluster_id=None)
    left = await c.execute(apart.returning(t.entries.c.page_id, t.entries.c.id))
    marks.mark_all(c, ((row.page_id, row.id) for row in left))
    await note(c, new, "withdrawn" if merged_into is None else "merged", actor, before=old, now=now)
    return rows.entry(new)


@cache
def _inserting(dialect: str) -> ReturningInsert[int]:
    insertion = insert_into(dialect, t.entries)
    on_page = insertion.on_conflict_do_nothing(index_elements=["source_key", "page_id"], index_where=t.LIVE)
    return on_page.returning(t.entries.c.id)


def _first_target(targets: Sequence[str]) -> dict[str, Any]:
    return {"target": targets[0], "fragment": urls.fragment(targets[0])}


def _differing(old: Row[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if getattr(old, name) != value}


async def _row(c: AsyncConnection, *where: Any) -> Row[Any]:
    query = select(t.entries).where(*where, t.entries.c.merged_into.is_(None)).with_for_update()
    row = (await c.execute(query)).one_or_none()
    if row is None:
        raise NotFound("no such entry")
    return row


async def _set(c: AsyncConnection, entry_id: int, values: Mapping[str, Any]) -> Row[Any]:
    change = update_rows(t.entries).where(t.entries.c.id == entry_id).values(**values)
    row = (await c.execute(change.returning(*t.entries.c))).one()
    if values.keys() - _UNSEEN:
        marks.mark(c, row.page_id, row.id)
    return row


async def note(
    c: AsyncConnection,
    new: Any,
    act: str,
    actor: str,
    *,
    before: Any,
    now: datetime,
    reaction: Any = None,
    block_id: int | None = None,
) -> None:
    """Writes the revision that made the entry what it is in row `new`; `reaction` is what it said before, if else.

    What the owner's side decides is told in the audit trail too."""
    values = {
        "entry_id": new.id,
        "number": new.revision,
        "at": now,
        "act": act,
        "actor": actor,
        "state_before": before.state if before else None,
        "state_after": new.state,
        "reaction": reaction,
    }
    await c.execute(_NOTING, values)
    if actor not in audit.UNTOLD:
        await audit.note(c, new.site_id, actor, act, now=now, entry_id=new.id, block_id=block_id)


async def keep_urls(c: AsyncConnection, entry_id: int, wanted: set[tuple[str, bytes]]) -> None:
    """Makes these the URLs that the entry is found by."""
    mine = t.entry_urls.c.entry_id == entry_id
    query = select(t.entry_urls.c.role, t.entry_urls.c.key_hash).where(mine)
    known = {(row.role, row.key_hash) for row in await c.execute(query)}
    if stale := known - wanted:
        pair = tuple_(t.entry_urls.c.role, t.entry_urls.c.key_hash)
        await c.execute(delete(t.entry_urls).where(mine, pair.in_(stale)))
    await _add_urls(c, entry_id, wanted - known)


async def _add_urls(c: AsyncConnection, entry_id: int, missing: set[tuple[str, bytes]]) -> None:
    if missing:
        rows_to_add = [{"entry_id": entry_id, "role": role, "key_hash": key} for role, key in missing]
        await c.execute(_ADDING_URLS, rows_to_add)


async def _keep_mf2(c: AsyncConnection, entry_id: int, mf2: Mapping[str, Any], now: datetime) -> None:
    await c.execute(upsert(c.dialect.name, t.entry_sources), {"entry_id": entry_id, "mf2": dict(mf2), "at": now})
