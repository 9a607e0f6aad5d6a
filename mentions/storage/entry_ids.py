"""Ids for entries that are written many at a time, those that readers know already among them.

An id that another system gave is kept when it is free and not so large that the ids to come would leave the range
that JavaScript can count in.  New entries get ids above all that were kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions.storage import tables as t

MAX_KEPT: Final = 10**12
HEADROOM: Final = 1_000
"""Ids that are passed over with each step of PostgreSQL's sequence, so that a writer who draws one at that moment is
not overtaken."""

_LAST_OF_SQLITE: Final = text(
    "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'entries'), 0),"
    " coalesce((SELECT max(id) FROM entries), 0))"
)
_SEQUENCE: Final = "pg_get_serial_sequence('entries', 'id')::regclass"
_STEP_OVER: Final = text(
    f"SELECT setval({_SEQUENCE}, :last) WHERE coalesce(pg_sequence_last_value({_SEQUENCE}), 0) < :highest"
)
_DRAW: Final = text(f"SELECT nextval({_SEQUENCE}) FROM generate_series(1, :number)")  # noqa: S608  our own constant


async def reserve(c: AsyncConnection, wanted: Sequence[int | None]) -> list[int]:
    """An id for each new entry: the wanted one if it is free, else a new one.  The caller inserts them."""
    asked = {number for number in wanted if number is not None and 0 < number <= MAX_KEPT}
    free = asked - set((await c.execute(select(t.entries.c.id).where(t.entries.c.id.in_(asked)))).scalars())
    highest = max(free, default=0)
    kept: list[int | None] = []
    for number in wanted:
        kept.append(number if number in free else None)
        free.discard(number or 0)
    fresh = iter(await _draw(c, kept.count(None), above=highest))
    return [next(fresh) if number is None else number for number in kept]


async def _draw(c: AsyncConnection, number: int, *, above: int) -> list[int]:
    if c.dialect.name == "postgresql":
        if above:
            await c.execute(_STEP_OVER, {"highest": above, "last": above + HEADROOM})
        return list((await c.execute(_DRAW, {"number": number})).scalars()) if number else []
    last = max((await c.execute(_LAST_OF_SQLITE)).scalar_one(), above)  # SQLite's writer is alone, and counts along
    return list(range(last + 1, last + 1 + number))
