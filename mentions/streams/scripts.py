"""Runs the Lua scripts of `lua/`, by their hash, and says outages in our own words.

Knows nothing of what the scripts mean.  After a restart Redis has forgotten them: they are then sent once more."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import redis.exceptions as faults
from redis.asyncio import Redis, RedisCluster

from mentions.errors import Unavailable

Client = Redis | RedisCluster
Argument = str | int | float

DEADLINE_S: Final = 2.0
"""Whoever asks Redis knows within this time that it is away."""
RETRY_AFTER_S: Final = 10
_FLIGHTS: Final = 8
_LARGEST_BATCH: Final = 200
"""So that one pipeline does not hold up everybody else's commands for long."""
OUTAGES: Final = (faults.ConnectionError, faults.TimeoutError, faults.ClusterError, OSError, asyncio.TimeoutError)
_FOLDER: Final = Path(__file__).parent / "lua"
_PASSING: Final = re.compile(r"\b(OOM|MISCONF|READONLY|LOADING|NOREPLICAS|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY)\b")
"""How Redis says that it cannot write now; out of a script it stands in the middle of the message."""
_PASSING_TYPES: Final = (faults.OutOfMemoryError, faults.ReadOnlyError, faults.ClusterDownError, faults.TryAgainError)


@asynccontextmanager
async def reaching_redis(within_s: float = DEADLINE_S) -> AsyncIterator[None]:
    """Turns every sign that Redis cannot serve us now, silence too, into `Unavailable`; defects pass through."""
    try:
        async with asyncio.timeout(within_s):
            yield
    except OUTAGES as error:
        raise _away(error) from error
    except faults.ResponseError as error:
        if _is_passing(error):
            raise _away(error) from error
        raise


def _is_passing(error: faults.ResponseError) -> bool:
    return isinstance(error, _PASSING_TYPES) or bool(_PASSING.search(str(error)))


def _away(error: BaseException) -> Unavailable:
    return Unavailable(f"Redis cannot be reached: {str(error) or type(error).__name__}", retry_after_s=RETRY_AFTER_S)


def as_text(reply: Any) -> Any:
    """A reply with every byte string in it decoded, whether or not the client did it already."""
    if isinstance(reply, bytes):
        return reply.decode()
    if isinstance(reply, list):
        return [as_text(part) for part in reply]
    return reply


def as_fields(reply: Any) -> dict[str, str]:
    """The reply of HGETALL as text."""
    return {as_text(name): as_text(value) for name, value in reply.items()}


@dataclass(frozen=True, slots=True)
class Script:
    """A script's text and the hash that Redis knows it by."""

    text: str
    sha: str


@cache
def load(name: str, *, common: bool) -> Script:
    """`lua/<name>.lua`, behind the words that the queue's scripts share if `common`."""
    text = (_FOLDER / f"{name}.lua").read_text()
    if common:
        text = (_FOLDER / "common.lua").read_text() + text
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


@dataclass(frozen=True, slots=True)
class _Call:
    """One run of a script that somebody waits for."""

    script: Script
    keys: Sequence[str]
    args: Sequence[Argument]
    answer: asyncio.Future[Any]


class Scripts:
    """Runs scripts through one client.  `common` says whether they stand on `lua/common.lua`.

    Calls of one turn of the event loop go in one pipeline, and while `_FLIGHTS` pipelines are under way, further calls
    gather for the next: so `appendfsync always` costs little under load, and few connections are needed."""

    def __init__(self, client: Client, *, common: bool = False) -> None:
        self._client = client
        self._common = common
        self._gathered: deque[_Call] = deque()
        self._flights: set[asyncio.Task[None]] = set()

    async def run(self, name: str, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        """The script's answer, decoded; raises `Unavailable` when Redis does not answer in time."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._gathered.append(_Call(load(name, common=self._common), keys, args, answer))
        if len(self._gathered) == 1 and len(self._flights) < _FLIGHTS:
            self._take_off()
        async with reaching_redis():
            return as_text(await answer)

    def _take_off(self) -> None:
        flight = asyncio.create_task(self._fly(), name="redis.scripts")
        self._flights.add(flight)
        flight.add_done_callback(self._land)

    def _land(self, flight: asyncio.Task[None]) -> None:
        self._flights.discard(flight)
        if self._gathered:
            self._take_off()

    async def _fly(self) -> None:
        size = min(len(self._gathered), _LARGEST_BATCH)
        calls = [call for call in (self._gathered.popleft() for _ in range(size)) if not call.answer.done()]
        try:
            async with asyncio.timeout(DEADLINE_S):
                replies = await self._send(calls)
        except Exception as error:  # noqa: BLE001 - it is raised again, where each answer is waited for
            replies = [error] * len(calls)
        for call, reply in zip(calls, replies, strict=True):
            if call.answer.done():
                continue  # nobody waits for it any more
            if isinstance(reply, Exception):
                call.answer.set_exception(reply)
            else:
                call.answer.set_result(reply)

    async def _send(self, calls: Sequence[_Call]) -> list[Any]:
        """One reply or exception for each call, in order."""
        replies = await self._pipeline("EVALSHA", [(call.script.sha, call) for call in calls])
        forgotten = [n for n, reply in enumerate(replies) if isinstance(reply, faults.NoScriptError)]
        if forgotten:
            again = await self._pipeline("EVAL", [(calls[n].script.text, calls[n]) for n in forgotten])
            for n, reply in zip(forgotten, again, strict=True):
                replies[n] = reply
        return replies

    async def _pipeline(self, command: str, calls: Sequence[tuple[str, _Call]]) -> list[Any]:
        if not calls:
            return []
        pipeline = self._client.pipeline(transaction=False)
        for script, call in calls:
            # not `evalsha()`: redis-py refuses that in a pipeline to a cluster, though all our keys share a slot
            pipeline.execute_command(command, script, len(call.keys), *call.keys, *call.args)
        return list(await pipeline.execute(raise_on_error=False))
