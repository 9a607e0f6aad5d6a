"""Blocking calls of the system and of libraries, in threads that nobody waits for when the process ends.

The threads of an executor would be waited for: a name server or a mail server that hangs would hold up the end of a
worker.  How many may run at a time is their callers' affair; a thread that waits costs next to nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T], name: str) -> T:
    """What `work` gives, or raises.  Whoever is cancelled meanwhile leaves the thread to its end."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(give: Callable[..., None], what: T | Exception) -> None:
        if not answer.done():
            give(what)

    def run() -> None:
        try:
            outcome: tuple[Callable[..., None], T | Exception] = (answer.set_result, work())
        except Exception as error:  # noqa: BLE001 -- it is raised again where it is waited for
            outcome = (answer.set_exception, error)
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, *outcome)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await answer
