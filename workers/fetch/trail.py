"""The way to a page so far: each request with its status and time, and what is left of the budget."""

from __future__ import annotations

import asyncio

from mentions.model import Hop, Url


class Trail:
    """Hops of one fetch, and the deadline that they share.  The budget runs from the first request that starts."""

    def __init__(self, budget_s: float) -> None:
        self._now = asyncio.get_running_loop().time
        self._budget_s = budget_s
        self._deadline: float | None = None
        self._ended: list[Hop] = []
        self._url: str = ""
        self._status: int | None = None
        self._began = 0.0

    @property
    def hops(self) -> tuple[Hop, ...]:
        """The requests that have ended."""
        return tuple(self._ended)

    @property
    def deadline(self) -> float:
        """Loop time at which the budget is used up."""
        if self._deadline is None:
            self._deadline = self._now() + self._budget_s
        return self._deadline

    @property
    def left_s(self) -> float:
        """Seconds of the budget that are left."""
        return max(0.0, self.deadline - self._now())

    def begin(self, url: Url) -> None:
        """A request starts, or has got its turn."""
        self._url, self._status, self._began = url, None, self._now()

    def answered(self, status: int) -> None:
        """The status line and headers have come."""
        self._status = status

    def end(self, error: str | None = None) -> tuple[Hop, ...]:
        """The request is over.  All hops up to here."""
        duration_ms = int((self._now() - self._began) * 1000)
        self._ended.append(Hop(self._url, self._status, duration_ms, error))
        return self.hops
