"""Answers that were made before, kept as bytes as long as what they were made from has not changed.

Whoever asks names the version of what the answer shows (`entries.version`), so nothing stale is handed out: the
database is asked each time, but only whether there is news."""

from __future__ import annotations

import asyncio
import gzip
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from functools import cached_property
from hashlib import blake2b
from typing import Final

MOST_BYTES: Final = 64 << 20
"""All answers that one process keeps, as they were made; their compressed twins add about a tenth."""
_LARGEST_SHARE: Final = 4
"""An answer that would fill more than this part of the shelf is not kept."""
_LEVEL: Final = 6
_LARGE: Final = 256 << 10
"""To compress more than this takes longer than others should wait."""


class Body:
    """The bytes of an answer; what follows from them is worked out once."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    @cached_property
    def digest(self) -> str:
        """What its ETag is made of."""
        return urlsafe_b64encode(blake2b(self.raw, digest_size=15).digest()).decode()

    async def zip_aside(self) -> None:
        """Compresses a large one where it holds nobody up."""
        if len(self.raw) > _LARGE:
            await asyncio.to_thread(getattr, self, "zipped")

    @cached_property
    def zipped(self) -> bytes:
        """The same, compressed."""
        return gzip.compress(self.raw, _LEVEL, mtime=0)


class Shelf:
    """Bodies by key, the least recently wanted making room for new ones."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[Hashable, tuple[object, Body]] = OrderedDict()
        self._making: dict[Hashable, asyncio.Lock] = {}

    @property
    def size_bytes(self) -> int:
        """How much is kept."""
        return self._bytes

    async def get(self, key: Hashable, version: object, make: Callable[[], Awaitable[bytes]]) -> Body:
        """The body that was made for `key` at `version`, else the one that `make` makes; once, however many wait."""
        if (body := self._find(key, version)) is not None:
            return body
        lock = self._making.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                if (body := self._find(key, version)) is None:
                    body = Body(await make())
                    self._keep(key, version, body)
                return body
        finally:
            if not lock.locked():
                self._making.pop(key, None)

    def _find(self, key: Hashable, version: object) -> Body | None:
        kept = self._kept.get(key)
        if kept is None or kept[0] != version:
            return None
        self._kept.move_to_end(key)
        return kept[1]

    def _keep(self, key: Hashable, version: object, body: Body) -> None:
        if (old := self._kept.pop(key, None)) is not None:
            self._bytes -= len(old[1].raw)
        if len(body.raw) > self._most_bytes // _LARGEST_SHARE:
            return
        self._kept[key] = (version, body)
        self._bytes += len(body.raw)
        while self._bytes > self._most_bytes:
            _key, (_version, dropped) = self._kept.popitem(last=False)
            self._bytes -= len(dropped.raw)
