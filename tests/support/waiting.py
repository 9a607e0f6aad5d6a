"""Wait on a condition, not on a duration; and when it never comes true, say what was waited for."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import aiohttp

T = TypeVar("T")

PATIENCE_S = 60.0
"""How long a condition is waited for.  It costs nothing where the condition comes, and a loaded machine is slow."""

NOT_YET = (AssertionError, OSError, aiohttp.ClientError)
"""Raised by a condition, these mean "not yet": a server that is not up, an assertion that does not hold."""


async def eventually(
    condition: Callable[[], T | Awaitable[T]],
    *,
    within_s: float = PATIENCE_S,
    every_s: float = 0.02,
    what: str | None = None,
) -> T:
    """The first true answer of `condition`, which may be a coroutine function; fails when none comes `within_s`."""
    deadline = time.monotonic() + within_s
    while True:
        last = await _ask(condition)
        if last and not isinstance(last, _Raised):
            return last
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s} s: {what or _source_of(condition)}; last: {last!r}")
        await asyncio.sleep(every_s)


def wait_until(
    condition: Callable[[], T], *, within_s: float = PATIENCE_S, every_s: float = 0.02, what: str | None = None
) -> T:
    """`eventually` for code without an event loop."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            last: Any = condition()
        except NOT_YET as error:
            last = _Raised(error)
        if last and not isinstance(last, _Raised):
            return last
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s} s: {what or _source_of(condition)}; last: {last!r}")
        time.sleep(every_s)


class _Raised:
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __repr__(self) -> str:
        return f"raised {self.error!r}"


async def _ask(condition: Callable[[], Any]) -> Any:
    try:
        answer = condition()
        return await answer if inspect.isawaitable(answer) else answer
    except NOT_YET as error:
        return _Raised(error)


def _source_of(condition: Callable[..., Any]) -> str:
    try:
        return " ".join(inspect.getsource(condition).split())
    except (OSError, TypeError):
        return repr(condition)
