"""Who is the same visitor as before, without keeping who it was: a keyed hash whose key is thrown away.

The key lives in Redis for `KEY_LIVES_S` and is the same for all processes.  When it has gone nobody can tell any more
whose address made a hash, not even we; a visitor may then like once more."""

from __future__ import annotations

import hmac
import secrets
import time
from typing import Final

from mentions.streams.messages import PREFIX
from mentions.streams.scripts import Client, reaching_redis

KEY_LIVES_S: Final = 30 * 24 * 3600
_KEPT_S: Final = 60.0
"""How long a process believes that the key is still the one that it has read."""
_KEY: Final = PREFIX + "visitor-key"


class Visitors:
    """Hashes visitors.  Raises `Unavailable` when Redis is away."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._kept: tuple[float, bytes] | None = None

    async def hash(self, address: str) -> bytes:
        """16 bytes that stand for an address (or its /64) as long as the key lives."""
        return hmac.digest(await self._key(), address.encode(), "sha256")[:16]

    async def _key(self) -> bytes:
        if self._kept is not None and time.monotonic() - self._kept[0] < _KEPT_S:
            return self._kept[1]
        fresh = secrets.token_hex(32)
        async with reaching_redis():
            await self._client.set(_KEY, fresh, nx=True, ex=KEY_LIVES_S)
            found = await self._client.get(_KEY) or fresh
        key = found if isinstance(found, bytes) else str(found).encode()
        self._kept = (time.monotonic(), key)
        return key
