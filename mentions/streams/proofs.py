"""Which proofs of work were used, and how often a visitor was asked for one: for as long as it matters, no longer."""

from __future__ import annotations

from typing import Final

from mentions.proof_of_work import GOOD_FOR
from mentions.streams.messages import PREFIX
from mentions.streams.scripts import Client, reaching_redis

ASKED_WITHIN_S: Final = 3600
_SPENT: Final = PREFIX + "proof-spent:"
_ASKED: Final = PREFIX + "proof-asked:"


class Proofs:
    """Raises `Unavailable` when Redis is away."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def spend(self, salt: str) -> bool:
        """Whether this is the first time that the proof of this challenge is used."""
        async with reaching_redis():
            return bool(await self._client.set(_SPENT + salt, "1", nx=True, ex=int(GOOD_FOR.total_seconds()) + 60))

    async def ask(self, visitor: str) -> int:
        """Counts that a visitor (`Visitors.hash`) is asked; how many times that makes within an hour."""
        pipeline = self._client.pipeline(transaction=False)
        pipeline.incr(_ASKED + visitor)
        pipeline.expire(_ASKED + visitor, ASKED_WITHIN_S)
        async with reaching_redis():
            times, _ = await pipeline.execute()
        return int(times)
