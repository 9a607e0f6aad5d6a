"""One subscription connection per process, through which everybody hears of the channels that they listen to.

Channels forget, so an ear is told to look for itself as soon as it listens, and again after each reconnection: what is
said stands somewhere else, and nothing is missed (decision 0034).  What the channels mean is their users' business."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog

from mentions.streams.scripts import DEADLINE_S, Client, as_text

_RECONNECT_S: Final = (0.05, 2.0)

log = structlog.get_logger(__name__)


class Ear:
    """One listener.  `latest` is the number that was heard; None: look for yourself."""

    def __init__(self) -> None:
        self.latest: int | None = None
        self._heard: int | None = None
        self._has_news = asyncio.Event()

    def tell(self, number: int | None) -> None:
        """There is news: this number, or somebody has to look."""
        if number is not None:
            self._heard = max(number, self._heard or number)
        self._has_news.set()

    async def news(self) -> None:
        """Returns as soon as there is news that was not asked for yet."""
        await self._has_news.wait()
        self._has_news.clear()
        self.latest, self._heard = self._heard, None


class Hub:
    """One subscription connection, shared by every listener of the process; open while there is one."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._ears: dict[str, set[Ear]] = {}
        self._live: set[str] = set()
        """Channels that Redis has confirmed; a further listener need not wait for that."""
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def listen(self, channel: str) -> AsyncIterator[Ear]:
        """An ear that is told to look for itself as soon as it misses nothing more, and after each reconnection."""
        ear = Ear()
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
