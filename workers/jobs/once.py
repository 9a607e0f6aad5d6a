"""One question at a time: whoever asks while the same is being asked waits for that answer."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Once(Generic[K, V]):
    """Answers by key, at most `size` of them kept; each is looked for once however many ask."""

    def __init__(self, *, keep_s: Callable[[V], float], size: int) -> None:
        """`keep_s`: seconds for which an answer is good; 0 for those who ask at the same time only."""
        self._keep_s = keep_s
        self._size = size
        self._kept: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._asking: dict[K, asyncio.Task[V]] = {}

    async def get(self, key: K, find: Callable[[], Awaitable[V]]) -> V:
        """The answer for `key`: kept, being found, or found now by `find`.  What `find` raises, all who wait get."""
        loop = asyncio.get_running_loop()
        kept = self._kept.get(key)
        if kept is not None and kept[0] > loop.time():
            return kept[1]
        task = self._asking.get(key)
        if task is None:
            task = loop.create_task(self._find(key, find), name=f"once {key!s:.60}")
            self._asking[key] = task
            task.add_done_callback(lambda _: self._asking.pop(key, None))
        return await asyncio.shield(task)

    async def _find(self, key: K, find: Callable[[], Awaitable[V]]) -> V:
        answer = await find()
        keep_s = self._keep_s(answer)
        if keep_s > 0:
            self._kept[key] = (asyncio.get_running_loop().time() + keep_s, answer)
            self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return answer
