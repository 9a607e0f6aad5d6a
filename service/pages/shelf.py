"""Fragments that were rendered already: a thread that has not changed is not read and not laid out again.

Bounded by bytes; what was not asked for the longest goes first.  A fragment is kept for half a minute at most, for what
changes without a change of the thread (numbers of likes, our own version).  One per process, in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

KEPT_S: Final = 30.0
MOST_BYTES: Final = 32 << 20


@dataclass(frozen=True, slots=True)
class Shown:
    """A thread as it was rendered, and what a page around it wants to know."""

    url: str
    name: str
    count: int
    html: str


class Shelf:
    """Fragments by what they depend on.  `now` is monotonic seconds."""

    def __init__(self, *, most_bytes: int = MOST_BYTES, kept_s: float = KEPT_S) -> None:
        self._most_bytes, self._kept_s = most_bytes, kept_s
        self._kept: OrderedDict[Hashable, tuple[float, Shown]] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable, *, now: float) -> Shown | None:
        """The fragment for `key`, unless it is not there or too old."""
        found = self._kept.get(key)
        if found is None or now - found[0] > self._kept_s:
            return None
        self._kept.move_to_end(key)
        return found[1]

    def put(self, key: Hashable, shown: Shown, *, now: float) -> None:
        """Keeps a fragment; others go when there is no room."""
        self._drop(key)
        self._kept[key] = (now, shown)
        self._bytes += len(shown.html)
        while self._bytes > self._most_bytes:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Hashable) -> None:
        gone = self._kept.pop(key, None)
        if gone is not None:
            self._bytes -= len(gone[1].html)
