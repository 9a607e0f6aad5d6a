"""All of a page is laid out anew: for one that never was, and after a change that may move other entries.

Reads little of each entry where only some were written: what was worked out of the words of the others is taken from
their places.  Costs some milliseconds for a thousand entries."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import threads
from mentions.model import EntryState
from mentions.storage import sound
from mentions.storage import tables as t
from mentions.storage.entries import rows
from mentions.storage.layout import keeping
from mentions.storage.layout.facts import LASTING, STANDS_FOR_IT, Kept, Permalinks, facts_of
from mentions.threads import Place, Standing

_e, _u = t.entries.c, t.entry_urls.c
LARGE = 2_000
"""Entries of a page above which the rules are applied in a thread, so that the others in this process go on."""


async def lay_out_anew(
    c: AsyncConnection, page_id: int, permalinks: Permalinks, written: Collection[int] | None
) -> None:
    """Puts every entry of the page in its place.  `written`: those that are not what they were when it was done last;
    None: nothing that is kept can be relied on (it was never done, or by other rules).

    The caller holds the page's lock."""
    were = await sound.rows(c, select(t.places).where(t.places.c.page_id == page_id), t.places.c.id)
    old = {row.id: row for row in were}
    is_lasting = (_e.page_id == page_id) & _e.state.in_(LASTING) & _e.private.is_(False)
    query = select(_e.id, _e.state, _e.parent_id, STANDS_FOR_IT).where(is_lasting)
    light = {row.id: row for row in await sound.rows(c, query, _e.id)}
    stale = light.keys() if written is None else {each for each in light if each in written or each not in old}
    fresh = await facts_of(c, page_id, stale)
    kept: dict[int, Kept] = {}
    standings: list[Standing] = []
    for entry_id, row in light.items():
        if (facts := fresh.get(entry_id)) is None:
            if entry_id in stale:  # it cannot be read
                continue
            standing = _as_before(row, old[entry_id])
            kept[entry_id] = keeping.kept(old[entry_id])
        elif facts.is_lasting:
            standing = facts.standing()
            kept[entry_id] = facts.kept(standing)
        else:  # it was hidden while we were looking
            continue
        standings.append(standing)
    answered = await _answered(c, page_id, _named_by(permalinks, kept))
    standings = [replace(each, answers=frozenset(answered.get(each.id, ()))) for each in standings]
    if len(standings) > LARGE:
        new = await asyncio.to_thread(threads.lay_out, standings)
    else:
        new = threads.lay_out(standings)
    await _keep(c, page_id, old, new, kept)
    thread = await keeping.thread_row(c, page_id)
    version = thread.version + 1 if thread is not None else 1
    await keeping.keep_count(c, page_id, keeping.rules_of(permalinks.base), version, threads.count(new.values()))


async def _keep(
    c: AsyncConnection, page_id: int, old: dict[int, Row[Any]], new: dict[int, Place], kept: dict[int, Kept]
) -> None:
    """Writes what differs."""
    await keeping.drop(c, old.keys() - new.keys())
    await keeping.add(c, page_id, [each for each in new.values() if each.id not in old], kept)
    stayed = [each for each in new.values() if each.id in old]
    moved = [
        each for each in stayed if keeping.place(old[each.id]) != each or keeping.kept(old[each.id]) != kept[each.id]
    ]
    await keeping.change(c, moved, kept)


def _as_before(row: Row[Any], was: Row[Any]) -> Standing:
    """What decides where an entry stands whose words are what they were."""
    return Standing(
        id=row.id,
        state=EntryState(row.state),
        kind=was.kind,
        at=was.at,
        is_readable=was.is_readable,
        parent_id=row.parent_id,
        cluster_id=row.cluster_id,
        names=frozenset({row.id}),
    )


def _named_by(permalinks: Permalinks, kept: Mapping[int, Kept]) -> dict[bytes, set[int]]:
    """The entries that are called by other names than those in `entry_urls`: permalinks, and sources of tombstones."""
    named = {key: {entry_id} for key, entry_id in permalinks.keys(kept).items()}
    for entry_id, each in kept.items():
        if each.grave is not None:
            named.setdefault(each.grave, set()).add(entry_id)
    return named


async def _answered(c: AsyncConnection, page_id: int, named_by: Mapping[bytes, set[int]]) -> dict[int, set[int]]:
    """Entry -> the entries of the page that it names as what it replies to."""
    other, named = t.entries.alias(), t.entry_urls.alias()
    on_page = (_e.id == _u.entry_id) & (_e.page_id == page_id)
    answering = (
        select(_u.entry_id, named.c.entry_id)
        .join(t.entries, on_page)
        .join(named, (named.c.key_hash == _u.key_hash) & (named.c.role == rows.OWN))
        .join(other, (other.c.id == named.c.entry_id) & (other.c.page_id == page_id))
        .where(_u.role == rows.ANSWERS)
    )
    answered: dict[int, set[int]] = {}
    for entry_id, named_id in await c.execute(answering):
        answered.setdefault(entry_id, set()).add(named_id)
    keys = select(_u.key_hash).join(t.entries, on_page).where(_u.role == rows.ANSWERS).distinct()
    for key in [key for key in (await c.execute(keys)).scalars() if key in named_by]:
        by_key = select(_u.entry_id).where(_u.key_hash == key, _u.role == rows.ANSWERS)
        for entry_id in (await c.execute(by_key)).scalars():
            answered.setdefault(entry_id, set()).update(named_by[key])
    return answered
