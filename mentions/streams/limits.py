"""Limits that hold over all processes: how fast something may come in, and how many may do something at a time."""

from __future__ import annotations

import math
import secrets
from datetime import datetime
from typing import Final

from mentions.streams.messages import PREFIX
from mentions.streams.scripts import Client, Scripts

_LEASES: Final = PREFIX + "lease:"
_BUCKETS: Final = PREFIX + "bucket:"


class Limits:
    """Token buckets and leases.  Every method raises `Unavailable` when Redis does not answer within two seconds."""

    def __init__(self, client: Client) -> None:
        self._scripts = Scripts(client)

    async def allow(self, key: str, *, rate: float, burst: int, now: datetime | float) -> int:
        """Takes a token from the bucket `key`, which holds `burst` and gets `rate` per second.

        0 when there was one, else the whole seconds until there is (at least 1).  `now` may be seconds since the
        epoch; clocks that differ a little only shift the limit by as much."""
        now_ms = (now.timestamp() if isinstance(now, datetime) else now) * 1000
        wait_ms = await self._scripts.run("allow", [_BUCKETS + key], [repr(1000 / rate), burst, repr(now_ms)])
        return math.ceil(int(wait_ms) / 1000)

    async def acquire(self, authority: str, limit: int, lease_s: float, *, token: str | None = None) -> str | None:
        """One of `limit` leases on `authority`; None while all are out.  It ends by itself after `lease_s`.

        With the token of a lease that is held, that one is renewed."""
        token = token or secrets.token_urlsafe(9)
        is_ours = await self._scripts.run("lease", [_LEASES + authority], [limit, int(lease_s * 1000), token])
        return token if is_ours else None

    async def release(self, authority: str, token: str) -> None:
        """Gives a lease back; harmless when it has ended."""
        await self._scripts.run("release", [_LEASES + authority], [token])
