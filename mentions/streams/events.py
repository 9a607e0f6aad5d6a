"""News between processes: a claim has its outcome, a page has changed.

Published on Redis channels and heard through one connection per process, however many listen.  News may be missed while
that connection is away, so whoever listens is told to look for itself as soon as it listens, again after each
reconnection: nothing is missed for good.  The change log itself, with its cursors, is in the database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog

from mentions.errors import Unavailable
from mentions.streams.messages import PREFIX, claim_key
from mentions.streams.scripts import DEADLINE_S, Client, Scripts, as_text, reaching_redis

_CURSOR_KEPT_MS: Final = 60 * 60 * 1000
"""How long a page's last cursor is kept for those whose connection is away."""
_RECONNECT_S: Final = (0.05, 2.0)

log = structlog.get_logger(__name__)


def _claim_channel(claim_id: str) -> str:
    return f"{PREFIX}told:{claim_id}"


def _page_channel(page_id: int) -> str:
    return f"{PREFIX}page:{page_id}"


class Events:
    """Publishes and hears news.  Nothing has to be closed: the connection lives while somebody listens."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._scripts = Scripts(client)
        self._hub = _Hub(client)

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
            with reaching_redis():
                async with asyncio.timeout(DEADLINE_S):
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
            with reaching_redis():
                async with asyncio.timeout(DEADLINE_S):
                    return int(await self._client.get(f"{channel}:cursor") or 0)
        except Unavailable:
            return 0


class _Ear:
    """One listener.  `latest` is the number that was heard; None: look for yourself."""

    def __init__(self) -> None:
        self.latest: int | None = None
        self._heard: int | None = None
        self._has_news = asyncio.Event()

    def tell(self, number: int | None) -> None:
        if number is not None:
            self._heard = max(number, self._heard or number)
        self._has_news.set()

    async def news(self) -> None:
        await self._has_news.wait()
        self._has_news.clear()
        self.latest, self._heard = self._heard, None


class _Hub:
    """One subscription connection, shared by every listener of the process; open while there is one."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._ears: dict[str, set[_Ear]] = {}
        self._live: set[str] = set()
        """Channels that Redis has confirmed; a further listener need not wait for that."""
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def listen(self, channel: str) -> AsyncIterator[_Ear]:
        """An ear that is told to look for itself as soon as it misses nothing more, and after each reconnection."""
        ear = _Ear()
        self._ears.setdefault(channel, set()).add(ear)
        if channel in self._live:
            ear.tell(None)
        self._changed.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="events.listen")
        try:
            yield ear
        finally:
            self._ears[channel].discard(ear)
            if not self._ears[channel]:
                del self._ears[channel]
                self._changed.set()
            if not self._ears and self._task is not None:
                self._task.cancel()
                self._task = None

    async def _run(self) -> None:
        pause_s = _RECONNECT_S[0]
        while True:
            self._live = set()
            try:
                async with self._client.pubsub() as pubsub:
                    subscribed = await self._subscribe(pubsub, set())
                    pause_s = _RECONNECT_S[0]
                    async with asyncio.TaskGroup() as tasks:
                        tasks.create_task(self._read(pubsub), name="events.read")
                        tasks.create_task(self._keep_subscribed(pubsub, subscribed), name="events.subscribe")
            except* Exception as errors:  # noqa: BLE001 - redis-py also trips over itself when it reconnects
                log.warning("events.were_lost", error=repr(errors.exceptions[0]), again_in_s=pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _RECONNECT_S[1])

    async def _keep_subscribed(self, pubsub: Any, subscribed: set[str]) -> None:
        while True:
            await self._changed.wait()
            subscribed = await self._subscribe(pubsub, subscribed)

    async def _subscribe(self, pubsub: Any, subscribed: set[str]) -> set[str]:
        """Brings the connection from `subscribed` to what is wanted; never to nothing, which would end the reading."""
        self._changed.clear()
        wanted = set(self._ears)
        async with asyncio.timeout(DEADLINE_S):
            if new := wanted - subscribed:
                await pubsub.subscribe(*new)
            if old := subscribed - wanted:
                self._live -= old
                await pubsub.unsubscribe(*old)
        return wanted

    async def _read(self, pubsub: Any) -> None:
        async for message in pubsub.listen():
            kind, channel = message["type"], as_text(message["channel"])
            if kind in ("subscribe", "message"):
                if kind == "subscribe":
                    self._live.add(channel)
                for ear in self._ears.get(channel, ()):
                    ear.tell(int(message["data"]) if kind == "message" else None)
