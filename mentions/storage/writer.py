"""One writer at a time in a process, and several writes in one commit: how SQLite is written to.

SQLite has one writer per file, and with `synchronous=FULL` each commit waits for the disk.  So the writes of a process
queue up here instead of in SQLite's busy handler, and while more of them wait, a finished one hands the open
transaction on instead of committing it.  Each write stands behind a savepoint: its failure undoes itself and nobody
else, unless SQLite gives the transaction up (a full disk): then all of it is told so.  A write returns only after the
commit that holds it: "written" still means on disk.  Decision 0041."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mentions.errors import Unavailable

GROUP_SIZE: Final = 64
"""Writes in one commit, at most: what a crash before the commit can make the queue deliver again."""
GROUP_S: Final = 0.05
"""How long a commit is put off for others, at most; also how long other processes wait for their turn."""
BEGIN_TIMEOUT_S: Final = 30.0
"""How long to wait for other processes that write into the same file."""


class _Group:
    """Writes that share one transaction and its fate."""

    def __init__(self, connection: AsyncConnection, driver: Any, opened_at: float) -> None:
        self.connection = connection
        self._driver = driver
        self.opened_at = opened_at
        self.members = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def is_sound(self) -> bool:
        """Whether what the finished members wrote can still be committed.

        On some errors, as on a full disk, SQLite undoes all of a transaction by itself."""
        connection = self.connection
        is_open = not (connection.closed or connection.invalidated or connection.in_nested_transaction())
        return is_open and bool(self._driver.in_transaction)

    def settle(self, error: BaseException | None) -> None:
        if self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)
            self.done.exception()  # nobody may be left to look at it


class Writer:
    """Queues the writes of a process.  `engine` has one connection, whose transactions begin as IMMEDIATE."""

    def __init__(self, engine: AsyncEngine) -> None:
        event.listen(engine.sync_engine, "handle_error", _keep_after_cancel)
        self._engine = engine
        self._queue: deque[asyncio.Future[_Group | None]] = deque()
        self._owner: asyncio.Task[Any] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._is_taken = False

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A connection whose changes are on disk when the block has been left, or undone when it raised."""
        if self._is_taken and self._owner is asyncio.current_task():
            raise RuntimeError("this task is writing already: pass its connection on instead of asking for another")
        group = await self._enter()
        try:
            async with _member(group) as connection:
                yield connection
        except BaseException as error:
            await self._leave(group, error)
            raise
        await self._leave(group, None)
        await asyncio.shield(group.done)

    async def close(self) -> None:
        """Waits for the commits under way."""
        await asyncio.gather(*self._closing, return_exceptions=True)

    async def _enter(self) -> _Group:
        group = await self._turn()
        self._owner = asyncio.current_task()
        if group is not None:
            return group
        try:
            return await _begin(self._engine)
        except BaseException:
            self._hand_over(None)
            raise

    async def _turn(self) -> _Group | None:
        if not self._is_taken:
            self._is_taken = True
            return None
        turn: asyncio.Future[_Group | None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it was our turn already: pass it on, or nobody ever will
                group = turn.result()
                if group is None:
                    self._hand_over(None)
                else:
                    await self._leave(group, None)
            raise

    async def _leave(self, group: _Group, error: BaseException | None) -> None:
        """Hands the transaction on while others wait and it is young; else ends it."""
        loop = asyncio.get_running_loop()
        is_worth_more = group.is_sound and group.members < GROUP_SIZE and loop.time() - group.opened_at < GROUP_S
        if error is not None and group.members == 0:
            is_worth_more = False  # nothing in it: rolled back, and the next one begins afresh
        if is_worth_more and self._hand_over(group):
            return
        ending = loop.create_task(self._end(group), name="storage.commit")
        self._closing.add(ending)
        ending.add_done_callback(self._closing.discard)
        await asyncio.shield(ending)

    async def _end(self, group: _Group) -> None:
        connection = group.connection
        failure: BaseException | None = Unavailable("the transaction was cut off; try again", retry_after_s=1)
        try:
            if group.members and group.is_sound:
                await connection.commit()
                failure = None
            else:
                await connection.rollback()
        except DBAPIError as error:
            failure = error
            await connection.invalidate()  # closes it, which undoes what could not be committed
        finally:
            try:
                await connection.close()
            finally:
                group.settle(failure)
                self._hand_over(None)

    def _hand_over(self, group: _Group | None) -> bool:
        """Gives the turn to the next who still waits.  False: nobody does, and (without a group) the turn is free."""
        self._owner = None
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(group)
                return True
        if group is None:
            self._is_taken = False
        return False


def _keep_after_cancel(context: ExceptionContext) -> None:
    """Keeps the connection when a write is cancelled in the middle of a statement: the others in it go on.

    The statement still runs in its thread, and the rollback to the savepoint comes after it there."""
    if isinstance(context.original_exception, asyncio.CancelledError):
        context.is_disconnect = False


@asynccontextmanager
async def _member(group: _Group) -> AsyncIterator[AsyncConnection]:
    connection = group.connection
    if group.members == 0:
        yield connection  # alone so far: if this fails, the whole transaction is undone
    else:
        async with connection.begin_nested():
            yield connection
    group.members += 1


async def _begin(engine: AsyncEngine) -> _Group:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + BEGIN_TIMEOUT_S
    while True:
        connection = await engine.connect()
        try:
            await connection.begin()
            await connection.exec_driver_sql("BEGIN IMMEDIATE")
        except OperationalError as error:
            await connection.close()
            if "locked" not in str(error) or loop.time() > deadline:
                raise
            await asyncio.sleep(random.uniform(0.0, 0.004))  # noqa: S311  spreads processes, guards nothing
        except BaseException:
            await connection.close()
            raise
        else:
            return _Group(connection, (await connection.get_raw_connection()).driver_connection, loop.time())
