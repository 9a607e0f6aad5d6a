"""What all workers have counted, added up in one hash: field = sample, value = sum (see `mentions/metrics.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mentions.streams.messages import PREFIX
from mentions.streams.scripts import Client, as_fields, reaching_redis

TALLIES: Final = PREFIX + "tallies"


class Tallies:
    """Sums over every worker that ever ran on this Redis."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def add(self, counted: Mapping[str, float]) -> None:
        """Adds what was counted since the last time.  Raises Unavailable."""
        if not counted:
            return
        async with reaching_redis():
            pipeline = self._client.pipeline(transaction=False)
            for field, value in counted.items():
                pipeline.hincrbyfloat(TALLIES, field, value)
            await pipeline.execute()

    async def read(self) -> dict[str, float]:
        """The sums.  Raises Unavailable."""
        async with reaching_redis():
            fields = as_fields(await self._client.hgetall(TALLIES))
        return {field: float(value) for field, value in fields.items()}
