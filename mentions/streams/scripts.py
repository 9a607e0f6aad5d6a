"""Runs the Lua scripts of `lua/`, by their hash, and says outages in our own words.

Knows nothing of what the scripts mean.  After a restart Redis has forgotten them: they are then sent once more."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
OUTAGES: Final = (faults.ConnectionError, faults.TimeoutError, faults.ClusterError, OSError, asyncio.TimeoutError)
_FOLDER: Final = Path(__file__).parent / "lua"
_PASSING: Final = re.compile(r"\b(OOM|MISCONF|READONLY|LOADING|NOREPLICAS|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY)\b")
"""How Redis says that it cannot write now; out of a script it stands in the middle of the message."""
_PASSING_TYPES: Final = (faults.OutOfMemoryError, faults.ReadOnlyError, faults.ClusterDownError, faults.TryAgainError)


@contextmanager
def reaching_redis() -> Iterator[None]:
    """Turns every sign that Redis cannot serve us now into `Unavailable`; defects pass through."""
    try:
        yield
    except OUTAGES as error:
        raise _away(error) from error
    except faults.ResponseError as error:
        if _is_passing(error):
            raise _away(error) from error
        raise


def _is_outage(reply: Any) -> bool:
    return isinstance(reply, OUTAGES) or (isinstance(reply, faults.ResponseError) and _is_passing(reply))


def _is_passing(error: faults.ResponseError) -> bool:
    return isinstance(error, _PASSING_TYPES) or bool(_PASSING.search(str(error)))


def _away(error: BaseException) -> Unavailable:
    return Unavailable(f"Redis cannot be reached: {error or type(error).__name__}", retry_after_s=RETRY_AFTER_S)


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
class Call:
    """One run of a script."""

    keys: Sequence[str]
    args: Sequence[Argument]


class Scripts:
    """Runs scripts through one client.  `common` says whether they stand on `lua/common.lua`."""

    def __init__(self, client: Client, *, common: bool = False) -> None:
        self._client = client
        self._common = common

    async def run(self, name: str, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        """The script's answer, decoded; raises `Unavailable` when Redis does not answer in time."""
        script = load(name, common=self._common)
        with reaching_redis():
            async with asyncio.timeout(DEADLINE_S):
                try:
                    reply = await self._client.evalsha(script.sha, len(keys), *keys, *args)
                except faults.NoScriptError:
                    reply = await self._client.eval(script.text, len(keys), *keys, *args)
        return as_text(reply)

    async def run_all(self, name: str, calls: Sequence[Call]) -> list[Any]:
        """One answer or exception for each call, in order, from as few round trips as possible."""
        script = load(name, common=self._common)
        with reaching_redis():
            async with asyncio.timeout(DEADLINE_S):
                replies = await self._pipeline(script, calls)
                forgotten = [n for n, reply in enumerate(replies) if isinstance(reply, faults.NoScriptError)]
                if forgotten:
                    first = calls[forgotten[0]]
                    reply = await self._client.eval(script.text, len(first.keys), *first.keys, *first.args)
                    replies[forgotten[0]] = reply
                    rest = await self._pipeline(script, [calls[n] for n in forgotten[1:]])
                    for n, reply in zip(forgotten[1:], rest, strict=True):
                        replies[n] = reply
        return [_away(reply) if _is_outage(reply) else as_text(reply) for reply in replies]

    async def _pipeline(self, script: Script, calls: Sequence[Call]) -> list[Any]:
        if not calls:
            return []
        pipeline = self._client.pipeline(transaction=False)
        for call in calls:
            # not `evalsha`: redis-py refuses that in a pipeline to a cluster, though all our keys share a slot
            pipeline.execute_command("EVALSHA", script.sha, len(call.keys), *call.keys, *call.args)
        return list(await pipeline.execute(raise_on_error=False))
