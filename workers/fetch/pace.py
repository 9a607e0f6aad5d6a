"""May a request to this authority start now?

At most `per_authority` requests at a time go to one host and port, over all workers: leases in Redis count them, and a
gate in this process keeps the polling of those leases down.  A job that would have to wait long is told so
(`HostBusy`) and put back into the queue, so that one busy or slow host never takes the places of the others."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, Protocol

LEASE_S: Final = 45.0
"""How long a lease lives when its worker dies: longer than any one request may take."""
WAITERS_PER_PLACE: Final = 2
"""Jobs of this process that may wait for each place at an authority; the rest goes back into the queue."""
POLL_S: Final = 0.05
"""How often a lease that other workers hold is asked for again, at first; then less and less often."""
LONGEST_PUT_BACK_S: Final = 30.0
FORGET_AFTER: Final = 2_000
"""Authorities whose state is remembered; idle ones are dropped beyond that."""


class Leases(Protocol):
    """What `mentions.streams.Limits` offers of this."""

    async def acquire(self, authority: str, limit: int, lease_s: float) -> str | None:
        """A token, or None when all places are taken."""

    async def release(self, authority: str, token: str) -> None:
        """Gives the place back."""


class HostBusy(Exception):
    """All places at the authority are taken; try again in `retry_in_s` seconds."""

    def __init__(self, authority: str, retry_in_s: float) -> None:
        super().__init__(f"{authority} is busy")
        self.authority, self.retry_in_s = authority, retry_in_s


@dataclass(slots=True)
class _Gate:
    """One authority as this process sees it."""

    places: asyncio.Semaphore
    waiting: int = 0
    in_use: int = 0
    service_s: float = 0.2
    """Running mean of how long a request takes."""
    free_at: float = field(default=0.0)
    """Loop time at which the jobs that were put back will have had their turn."""

    @property
    def is_idle(self) -> bool:
        return not self.waiting and not self.in_use


class Pace:
    """The gates of this process, over the leases of all."""

    def __init__(self, leases: Leases | None, *, per_authority: int, rng: random.Random | None = None) -> None:
        """Without `leases` (command line) only this process is counted."""
        self._leases = leases
        self._per_authority = per_authority
        self._gates: dict[str, _Gate] = {}
        self._rng = rng or random.Random()  # noqa: S311 -- jitter, no secret

    @asynccontextmanager
    async def place(self, authority: str, *, patience_s: float, is_first: bool = True) -> AsyncIterator[None]:
        """Holds one of the places at `authority`.

        Raises HostBusy when none becomes free within `patience_s`; at once for a first hop when many wait already."""
        gate = self._gate(authority)
        if is_first and gate.waiting >= WAITERS_PER_PLACE * self._per_authority:
            raise HostBusy(authority, self._put_back_for(gate))
        loop = asyncio.get_running_loop()
        patient_until = loop.time() + patience_s
        gate.waiting += 1
        try:
            async with asyncio.timeout_at(patient_until):
                await gate.places.acquire()
        except TimeoutError:
            raise HostBusy(authority, self._put_back_for(gate)) from None
        finally:
            gate.waiting -= 1
        gate.in_use += 1
        try:
            token = await self._lease(authority, patient_until, gate)
            started = loop.time()
            try:
                yield
            finally:
                gate.service_s += (loop.time() - started - gate.service_s) / 8
                if token is not None and self._leases is not None:
                    await asyncio.shield(self._leases.release(authority, token))
        finally:
            gate.in_use -= 1
            gate.places.release()

    async def _lease(self, authority: str, patient_until: float, gate: _Gate) -> str | None:
        """A place among all workers; None when there are no others."""
        if self._leases is None:
            return None
        pause_s = POLL_S
        while True:
            token = await self._leases.acquire(authority, self._per_authority, LEASE_S)
            if token is not None:
                return token
            if asyncio.get_running_loop().time() + pause_s > patient_until:
                raise HostBusy(authority, self._put_back_for(gate))
            await asyncio.sleep(pause_s * (0.5 + self._rng.random()))
            pause_s = min(pause_s * 1.5, 1.0)

    def _put_back_for(self, gate: _Gate) -> float:
        """Seconds until the jobs before this one will have had their turn: each put-back job moves the time on."""
        now = asyncio.get_running_loop().time()
        gate.free_at = min(max(gate.free_at, now) + gate.service_s / self._per_authority, now + LONGEST_PUT_BACK_S)
        return gate.free_at - now + 0.05 * (1 + self._rng.random())

    @property
    def remembered(self) -> int:
        """How many authorities there is a state of."""
        return len(self._gates)

    def _gate(self, authority: str) -> _Gate:
        gate = self._gates.get(authority)
        if gate is None:
            if len(self._gates) >= FORGET_AFTER:
                self._gates = {name: gate for name, gate in self._gates.items() if not gate.is_idle}
            gate = self._gates[authority] = _Gate(asyncio.Semaphore(self._per_authority))
        return gate
