"""Two transactions that get into each other's way: the one that lost is done again, on the new state.

PostgreSQL ends one of two that wait for each other.  Writers take rows first and the change cursor's lock last, which
keeps that rare; merging pages has to do it the other way round."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Final, TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError

T = TypeVar("T")

TRIES: Final = 5
PAUSE_S: Final = (0.01, 0.1)
_LOST: Final = frozenset({"40001", "40P01"})
"""A serialisation failure, a deadlock."""
_CHANCE: Final = Random()  # noqa: S311  spreads transactions, guards nothing


async def retried(work: Callable[[], Awaitable[T]], *, rng: Random = _CHANCE) -> T:
    """What `work`, one whole transaction, gives; done again when it lost against another one."""
    for _ in range(TRIES - 1):
        try:
            return await work()
        except DBAPIError as error:
            if not is_collision(error):
                raise
            await asyncio.sleep(rng.uniform(*PAUSE_S))
    return await work()


def is_collision(error: DBAPIError) -> bool:
    """Whether another transaction was in the way: a row that both made, a deadlock, a serialisation failure."""
    return isinstance(error, IntegrityError) or getattr(error.orig, "sqlstate", None) in _LOST
