"""What decides where an entry stands, as it is in the database: rows -> `threads.Standing`.

Entries name each other by hashes of URLs here (`entry_urls`), and by their permalinks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import threads, urls
from mentions.model import EntryState
from mentions.storage import sound
from mentions.storage import tables as t
from mentions.storage.columns import key_of
from mentions.storage.entries import rows
from mentions.threads import Standing

AT_ONCE: Final = 500
_DIGEST_BYTES: Final = 12
_ID: Final = re.compile(r"[1-9][0-9]{0,17}")
_e = t.entries.c
LASTING: Final = tuple(state.value for state in threads.LASTING)
STANDS_FOR_IT: Final = func.coalesce(_e.merged_into, _e.cluster_id).label("cluster_id")
"""The entry that stands for one: what it is a copy of, or has become one with, so that it is known by its names too."""
_COLUMNS: Final = (
    _e.id, _e.page_id, _e.source, _e.state, _e.kind, _e.reaction, _e.published_at, _e.received_at,
    _e.parent_id, STANDS_FOR_IT, _e.private,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Permalinks:
    """How other entries name one by its permalink.  `base` and an id make a permalink."""

    base: str

    @property
    def _start(self) -> str:
        return urls.response_key(f"{self.base}0")[:-1]

    def key(self, entry_id: int) -> bytes:
        """What the permalink of an entry is looked up by."""
        return key_of(f"{self._start}{entry_id}")

    def ids_in(self, named: Iterable[str]) -> set[int]:
        """The entries that these URLs name."""
        start = self._start
        rests = [key.removeprefix(start) for url in named if (key := rows.thread_key(url)).startswith(start)]
        return {int(rest) for rest in rests if _ID.fullmatch(rest)}

    def keys(self, entry_ids: Iterable[int]) -> dict[bytes, int]:
        """Which entry each of these permalinks names."""
        start = self._start
        return {key_of(f"{start}{entry_id}"): entry_id for entry_id in entry_ids}


class Kept(NamedTuple):
    """What is kept beside a place."""

    facts: bytes
    """A digest of all that matters: while it is the same, the entry stands where it stood."""
    grave: bytes | None
    """What a tombstone is still called: by its source."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides where one entry stands, and what it is called."""

    row: Row[Any]
    names: frozenset[bytes]
    answers: frozenset[bytes]

    @property
    def is_lasting(self) -> bool:
        """Whether it has a place at all."""
        return self.row.state in LASTING and not self.row.private

    def standing(self, answered_ids: Iterable[int] = ()) -> Standing:
        """The same for the rules, where an entry is called by its id; `answered_ids` are those that it names."""
        row = self.row
        reaction = rows.reaction(row.reaction, entry_id=row.id, kind=row.kind)
        return Standing(
            id=row.id,
            state=EntryState(row.state),
            kind=threads.kind_name(reaction.kind.value, reaction.rsvp),
            at=threads.appeared_at(row.published_at, row.received_at),
            is_readable=threads.is_readable(reaction),
            parent_id=row.parent_id,
            cluster_id=row.cluster_id,
            names=frozenset({row.id}),
            answers=frozenset(answered_ids),
        )

    def kept(self, standing: Standing) -> Kept:
        """What is kept of them."""
        told = (
            standing.state.value, standing.kind, standing.at.isoformat(), standing.is_readable,
            standing.parent_id, standing.cluster_id, sorted(self.names), sorted(self.answers),
        )  # fmt: skip
        is_grave = standing.state is EntryState.DELETED
        digest = blake2b(repr(told).encode(), digest_size=_DIGEST_BYTES).digest()
        return Kept(digest, next(iter(self.names), None) if is_grave else None)


async def facts_of(c: AsyncConnection, page_id: int, entry_ids: Iterable[int]) -> dict[int, Facts]:
    """The facts of those entries that are on the page and can be read."""
    found: dict[int, Facts] = {}
    for ids in batches(entry_ids):
        query = select(*_COLUMNS).where(_e.id.in_(ids), _e.page_id == page_id)
        entry_rows = {row.id: row for row in await sound.rows(c, query, _e.id)}
        names: dict[int, set[bytes]] = {entry_id: set() for entry_id in entry_rows}
        answers: dict[int, set[bytes]] = {entry_id: set() for entry_id in entry_rows}
        u = t.entry_urls.c
        known_by = select(u.entry_id, u.role, u.key_hash).where(
            u.entry_id.in_(ids), u.role.in_((rows.OWN, rows.ANSWERS))
        )
        for entry_id, role, key in await c.execute(known_by):
            if entry_id in entry_rows:
                (names if role == rows.OWN else answers)[entry_id].add(key)
        for entry_id, row in entry_rows.items():
            if row.state == EntryState.DELETED:
                names[entry_id] = rows.keys_of([row.source])
            found[entry_id] = Facts(row, frozenset(names[entry_id]), frozenset(answers[entry_id]))
    return found


def batches(ids: Iterable[int], size: int = AT_ONCE) -> Iterator[Sequence[int]]:
    """Lists of ids that one query can name."""
    left = iter(ids)
    while batch := list(islice(left, size)):
        yield batch
