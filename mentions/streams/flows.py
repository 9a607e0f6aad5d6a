"""What is under way for a few minutes while somebody signs in, known by a secret that only one of them has.

    {ymateb}:flow:<kind>:<digest>         what is known of it, as JSON; the digest is the secret's SHA-256
    {ymateb}:flow:<kind>:<digest>:tries   how often something was guessed at

Whoever reads Redis learns no secret.  Everything ends by itself.  What a flow means is `service/signing`'s business."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any, Final

import orjson

from mentions.streams.messages import PREFIX
from mentions.streams.scripts import Client, reaching_redis

_FLOWS: Final = PREFIX + "flow:"


class Flows:
    """Flows of all kinds.  Every method raises `Unavailable` when Redis does not answer within two seconds."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def begin(self, kind: str, facts: Mapping[str, Any], *, lasts_s: int) -> str:
        """Keeps the facts for so long; the secret by which they are found."""
        secret = secrets.token_urlsafe(32)
        await self.put(kind, secret, facts, lasts_s=lasts_s)
        return secret

    async def put(self, kind: str, secret: str, facts: Mapping[str, Any], *, lasts_s: int) -> None:
        """Keeps facts under a secret that is known already."""
        async with reaching_redis():
            await self._client.set(_key(kind, secret), orjson.dumps(dict(facts)), ex=lasts_s)

    async def look(self, kind: str, secret: str) -> dict[str, Any] | None:
        """The facts, which stay; None when there are none, or their time is over."""
        async with reaching_redis():
            found = await self._client.get(_key(kind, secret))
        return None if found is None else dict(orjson.loads(found))

    async def take(self, kind: str, secret: str) -> dict[str, Any] | None:
        """The facts, for this caller alone: nobody finds them again."""
        async with reaching_redis():
            found = await self._client.getdel(_key(kind, secret))
        return None if found is None else dict(orjson.loads(found))

    async def count(self, kind: str, secret: str, *, lasts_s: int) -> int:
        """Counts a guess; how many there were with this one."""
        key = f"{_key(kind, secret)}:tries"
        async with reaching_redis():
            number = int(await self._client.incr(key))
            await self._client.expire(key, lasts_s)
        return number


def _key(kind: str, secret: str) -> str:
    return f"{_FLOWS}{kind}:{hashlib.sha256(secret.encode('utf-8', 'surrogatepass')).hexdigest()}"
