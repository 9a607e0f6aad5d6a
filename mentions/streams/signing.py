"""Keys that all processes sign with: a new one each day, in Redis, forgotten after two more.

Whoever signs for a purpose derives a key of its own from one of these.  When Redis has lost them, what was signed is
foreign, and nothing worse."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mentions.errors import Unavailable
from mentions.streams.messages import PREFIX
from mentions.streams.scripts import RETRY_AFTER_S, Client, as_text, reaching_redis

_DAY_S: Final = 24 * 3600
_LIVES_S: Final = 3 * _DAY_S
_KEY: Final = PREFIX + "signing-key:"
KEPT_S: Final = 60.0
"""How long a process believes that a key is still the one that it has read."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key and the name by which it is found again."""

    name: str
    secret: bytes


class Signing:
    """Today's key, and those that may have signed what comes back.  Raises `Unavailable` when Redis is away.

    A key that was read stays in use while Redis is away; without one, that is said for a while without asking again,
    so that readers' pages, which can do without, do not wait for it."""

    def __init__(self, client: Client, *, kept_s: float = KEPT_S) -> None:
        self._client, self._kept_s = client, kept_s
        self._kept: dict[str, tuple[float, bytes]] = {}
        self._away_until = 0.0

    async def current(self, now: datetime) -> SigningKey:
        """The key of the day."""
        name = _name(now.timestamp())
        if (kept := self._still_good(name)) is not None:
            return SigningKey(name, kept)
        fresh = secrets.token_hex(32)
        if time.monotonic() < self._away_until:
            raise Unavailable("Redis could not be reached a moment ago.", retry_after_s=RETRY_AFTER_S)
        try:
            async with reaching_redis():
                await self._client.set(_KEY + name, fresh, nx=True, ex=_LIVES_S)
            return SigningKey(name, await self._find(name) or fresh.encode())
        except Unavailable:
            if name in self._kept:
                self._kept[name] = (time.monotonic(), self._kept[name][1])
                return SigningKey(name, self._kept[name][1])
            self._away_until = time.monotonic() + RETRY_AFTER_S
            raise

    async def recent(self, now: datetime) -> dict[str, bytes]:
        """Today's and yesterday's keys by name, as far as there are any."""
        names = [_name(now.timestamp() - days * _DAY_S) for days in (0, 1)]
        found = {name: self._still_good(name) or await self._find(name) for name in names}
        self._kept = {name: kept for name, kept in self._kept.items() if name in names}
        return {name: key for name, key in found.items() if key is not None}

    def _still_good(self, name: str) -> bytes | None:
        read_at, key = self._kept.get(name, (0.0, b""))
        return key if key and time.monotonic() - read_at < self._kept_s else None

    async def _find(self, name: str) -> bytes | None:
        async with reaching_redis():
            found = await self._client.get(_KEY + name)
        if not found:
            return None
        key = str(as_text(found)).encode()
        self._kept[name] = (time.monotonic(), key)
        return key


def _name(seconds: float) -> str:
    return str(int(seconds // _DAY_S))
