"""The life of a server that others wrote: a process that cannot outlive the tests, and its last words."""

from __future__ import annotations

import subprocess
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import aiohttp

from tests.support.processes import dies_with_its_parent, stop
from tests.support.waiting import eventually


class Running:
    """A process in `folder`, where it leaves its log; `options` are those of Popen (whom it runs as)."""

    def __init__(
        self,
        command: Sequence[str | Path],
        folder: Path,
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        self.name, self._log = Path(command[0]).name, folder / "log"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=cwd or folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=dies_with_its_parent(),
                **options,
            )

    async def until(self, answers: Callable[[], Awaitable[bool]], where: str) -> None:
        """Returns when it answers; fails with its last words when it ends before."""

        async def is_up() -> bool:
            if self._process.poll() is not None:
                raise RuntimeError(f"{self.name} ended: {self._log.read_text()[-900:]}")
            return await answers()

        await eventually(is_up, within_s=30, what=f"{self.name} answers at {where}")

    def stop(self) -> None:
        """Tells it to stop, and sees that it does."""
        stop(self._process)


class Served(ABC):
    """A server that others wrote, started and stopped, with a client for it.  An async context manager."""

    origin: str

    @abstractmethod
    async def _start(self) -> Running:
        """The process, once all that it needs is there."""

    @abstractmethod
    def _client(self) -> aiohttp.ClientSession: ...

    @abstractmethod
    async def _answers(self) -> bool:
        """Whether it is up."""

    async def __aenter__(self) -> Self:
        self._server = await self._start()
        self.http = self._client()
        try:
            await self._server.until(self._answers, self.origin)
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._end()

    async def _end(self) -> None:
        await self.http.close()
        self._server.stop()
