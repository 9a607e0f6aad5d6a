"""News between processes: a claim has its outcome, a page has changed.

Published on Redis channels and heard through one connection per process, however many listen.  News may be missed while
that connection is away, so whoever listens is told to look for itself as soon as it listens, again after each
reconnection: nothing is missed for good.  The change log itself, with its cursors, is in the database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

from mentions.errors import Unavailable
from mentions.streams.hub import Hub
from mentions.streams.messages import PREFIX, claim_key
from mentions.streams.scripts import Client, Scripts, reaching_redis

_CURSOR_KEPT_MS: Final = 60 * 60 * 1000
"""How long a page's last cursor is kept for those whose connection is away."""


def _claim_channel(claim_id: str) -> str:
    return f"{PREFIX}told:{claim_id}"


def _page_channel(page_id: int) -> str:
    return f"{PREFIX}page:{page_id}"


class Events:
    """Publishes and hears news.  Nothing has to be closed: the connection lives while somebody listens."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._scripts = Scripts(client)
        self._hub = Hub(client)

    async def publish_finished(self, claim_id: str) -> None:
        """There is news of a claim: its outcome, or that it will be tried again.  Call it before `Queue.finish`."""
        await self._scripts.run("tell", [claim_key(claim_id)], [_claim_channel(claim_id)])

    async def wait_finished(self, claim_id: str, timeout_s: float) -> bool:
        """True as soon as there is news of the claim (or was, before this call); False when none came in time.

        "News" is an outcome, or that a first look brought a passing fault; the caller asks the stores which."""
        try:
            async with asyncio.timeout(timeout_s), self._hub.listen(_claim_channel(claim_id)) as ear:
                while True:
                    await ear.news()
                    if ear.latest is not None or await self._is_told(claim_id):
                        return True
        except TimeoutError:
            return False

    async def _is_told(self, claim_id: str) -> bool:
        """Whether the claim has ended (its hash is gone) or `publish_finished` has left its mark there."""
        try:
            async with reaching_redis():
                source, told = await self._client.hmget(claim_key(claim_id), ["source", "told"])
        except Unavailable:
            return False  # the connection is lost then, and its return asks again
        return source is None or told is not None

    async def publish_change(self, page_id: int, cursor: int) -> None:
        """The page's change log has come to `cursor`."""
        channel = _page_channel(page_id)
        await self._scripts.run("change", [f"{channel}:cursor"], [channel, cursor, _CURSOR_KEPT_MS])

    async def follow(self, page_id: int) -> AsyncGenerator[int, None]:
        """Cursors of the page's changes, as they come; several quick ones may come as the last of them.

        The first comes at once if the page has changed within the last hour: read the change log then, and nothing
        is missed between reading and following.  Outages are waited for."""
        channel, last = _page_channel(page_id), 0
        async with self._hub.listen(channel) as ear:
            while True:
                await ear.news()
                heard = ear.latest if ear.latest is not None else await self._last_cursor(channel)
                if heard > last:
                    last = heard
                    yield heard

    async def _last_cursor(self, channel: str) -> int:
        try:
            async with reaching_redis():
                return int(await self._client.get(f"{channel}:cursor") or 0)
        except Unavailable:
            return 0
