"""Errands: what the service asks a worker for, because only workers go out into the network.

    {ymateb}:errands               sorted set: id -> when its asker stops waiting (ms, by the server's clock)
    {ymateb}:errand:<id>           what it is about, until it is taken or that time has come
    {ymateb}:errand:<id>:answer    what came of it, until it is read or that time has come
    channel {ymateb}:errand:<id>   says that there is an answer (hub.py)

The most urgent errand is taken first, by one worker, at most once: one whose worker died is not done again, and one
whose asker has given up is never seen.  What an errand means is others' business (workers/jobs/errands.py).
Decision 0120."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from mentions.errors import Unavailable
from mentions.streams.hub import Ear, Hub
from mentions.streams.messages import PREFIX
from mentions.streams.scripts import DEADLINE_S, Client, Scripts, as_text, reaching_redis

BOUND: Final = 200
"""Errands that may wait for a worker; people wait for each of them, so a longer queue helps nobody."""
_BLOCK_S: Final = 1.0
"""One blocking read; well below the deadline, so that a dead connection is told from an empty queue."""
_ERRANDS: Final = PREFIX + "errands"


@dataclass(frozen=True, slots=True)
class Errand:
    """What a worker has taken: do it and answer before `deadline` (by `time.monotonic`), or let it be."""

    id: str
    name: str
    facts: Mapping[str, Any]
    deadline: float

    @property
    def left_s(self) -> float:
        """Seconds for which its asker still waits."""
        return max(0.0, self.deadline - time.monotonic())


class Errands:
    """One process's view of the errands.  Nothing has to be closed."""

    def __init__(self, client: Client, *, bound: int = BOUND) -> None:
        self._client = client
        self._bound = bound
        self._scripts = Scripts(client)
        self._hub = Hub(client)

    # --- whoever asks ---------------------------------------------------------------------------------------------

    async def ask(
        self, name: str, facts: Mapping[str, Any], *, timeout_s: float, taken_within_s: float | None = None
    ) -> dict[str, Any]:
        """What a worker answers: JSON, both ways, and any text in it.  Never longer than `timeout_s` and a moment.

        An errand that nobody has taken `taken_within_s` is given up then: so one learns early that no worker runs.

        A handler that failed answers `{"error": "failed", "summary": …}`.  Raises `Unavailable` when Redis is away,
        too many wait, no worker takes the errand, or its worker brings no answer in time."""
        errand_id = secrets.token_urlsafe(16)
        async with self._hub.listen(_channel(errand_id)) as ear:
            content = json.dumps({"name": name, "facts": dict(facts)})
            args = (errand_id, content, int(timeout_s * 1000), self._bound)
            if not await self._scripts.run("errand_ask", [_ERRANDS, _key(errand_id)], args):
                raise Unavailable("too many wait for the workers already; try again soon", retry_after_s=10)
            try:
                async with asyncio.timeout(timeout_s):
                    return await self._hear(ear, errand_id, name, taken_within_s)
            except TimeoutError:
                raise await self._given_up(errand_id, name) from None

    async def _hear(self, ear: Ear, errand_id: str, name: str, taken_within_s: float | None) -> dict[str, Any]:
        while True:
            try:
                async with asyncio.timeout(taken_within_s):
                    await ear.news()
            except TimeoutError:
                if await self._take_back(errand_id):
                    raise _untaken(name) from None
                taken_within_s = None  # somebody is at it
            if (answer := await self._answer(errand_id)) is not None:
                return answer

    async def _answer(self, errand_id: str) -> dict[str, Any] | None:
        """The answer if there is one; it is gone from Redis then."""
        try:
            found = await self._scripts.run("errand_read", [_answer_key(errand_id)], ())
        except Unavailable:
            return None  # the hub's connection is lost then as well, and its return asks again
        return None if found is None else dict(json.loads(found))

    async def _given_up(self, errand_id: str, name: str) -> Unavailable:
        """The errand is taken back; why there was no answer, in words for an operator."""
        if await self._take_back(errand_id):
            return _untaken(name)
        return Unavailable(f"the worker that took {name} brought no answer in time: was it stopped?")

    async def _take_back(self, errand_id: str) -> bool:
        """Whether nobody had taken the errand; nobody will, then."""
        return bool(await self._scripts.run("errand_drop", [_ERRANDS, _key(errand_id)], (errand_id,)))

    # --- the worker -----------------------------------------------------------------------------------------------

    async def take(self, *, wait_s: float = _BLOCK_S) -> Errand | None:
        """The most urgent errand, for this caller alone; waits up to `wait_s` for one.  Raises `Unavailable`."""
        deadline = time.monotonic() + wait_s
        while True:
            left_s = deadline - time.monotonic()
            errand_id = await self._pop(min(max(left_s, 0.01), _BLOCK_S))  # 0 would be for ever
            if errand_id is not None and (errand := await self._facts_of(errand_id)) is not None:
                return errand
            if left_s <= _BLOCK_S and errand_id is None:
                return None

    async def _pop(self, block_s: float) -> str | None:
        async with reaching_redis(DEADLINE_S + block_s):
            popped = await self._client.bzpopmin([_ERRANDS], timeout=block_s)
        return None if popped is None else str(as_text(popped[1]))

    async def _facts_of(self, errand_id: str) -> Errand | None:
        """None when its asker has given up meanwhile."""
        found = await self._scripts.run("errand_facts", [_key(errand_id)], ())
        if not found:
            return None
        content = json.loads(found[0])
        return Errand(errand_id, content["name"], content["facts"], time.monotonic() + int(found[1]) / 1000)

    async def answer(self, errand: Errand, answer: Mapping[str, Any]) -> bool:
        """Says what came of it.  False: nobody waits for it any more.  Raises `Unavailable`."""
        left_ms = int(errand.left_s * 1000)
        if left_ms <= 0:
            return False
        args = (_channel(errand.id), json.dumps(dict(answer)), left_ms)
        await self._scripts.run("errand_answer", [_answer_key(errand.id)], args)
        return True


def _untaken(name: str) -> Unavailable:
    return Unavailable(f"no worker took {name}: is `python -m workers run` running, and not too busy?")


def _key(errand_id: str) -> str:
    return f"{PREFIX}errand:{errand_id}"


def _answer_key(errand_id: str) -> str:
    return f"{_key(errand_id)}:answer"


def _channel(errand_id: str) -> str:
    return _key(errand_id)
