"""The pool of processes in which strangers' pages are parsed, with hard limits on time and memory.

A page that is too much for a parser costs one question and one child, never the event loop: the child is killed and
replaced, and the question ends as ParserError.  Questions wait for a free child, so memory stays bounded.  The child's
side, and the frames, are in `reader_child.py`; what is read in it, in `mentions/reading.py`."""

from __future__ import annotations

import asyncio
import base64
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import orjson
import structlog

from mentions import codec
from mentions.errors import ParserError, Unavailable
from mentions.model import Document, Fetched, OutgoingLinks, Protocol, Reaction, Reading, TargetFacts, Url
from mentions.protocol.discovery import Receiver
from mentions.signin.indieauth import ProfilePage
from workers.reader_child import HEADER

PAGES_PER_CHILD: Final = 2_000
"""Then a child is replaced: parsers leak a little."""
MAX_ANSWER_BYTES: Final = 16 << 20
START_TIMEOUT_S: Final = 30.0
PATIENCE_S: Final = 60.0
"""How long a question waits for a free child before we say that we cannot take it now."""
RESTART_PAUSE_S: Final = 1.0
ROOT: Final = Path(__file__).resolve().parent.parent

log = structlog.get_logger(__name__)


class _Lost(Exception):
    """The child has ended, or what it said is no frame."""


class _Child:
    """One reading process."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.pages = 0

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @classmethod
    async def start(cls, *, memory_mb: int, cpu_s: int) -> _Child:
        """A process that has loaded its parsers.  Raises OSError, TimeoutError or _Lost when it does not come up."""
        arguments = (str(memory_mb), str(cpu_s), str(os.getpid()))
        env = {"PYTHONPATH": str(ROOT), "PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "workers.reader_child", *arguments, stdin=PIPE, stdout=PIPE, env=env, cwd=ROOT
        )
        child = cls(process)
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await child._receive()
        except BaseException:
            await child.end()
            raise
        return child

    async def ask(self, question: Mapping[str, Any], body: bytes) -> Mapping[str, Any]:
        """One question, one answer.  Raises _Lost when the child ends instead."""
        self.pages += 1
        head = orjson.dumps(question)
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(HEADER.pack(len(head), len(body)) + head + body)
            await self._process.stdin.drain()
        except (OSError, RuntimeError) as error:
            raise _Lost from error
        return await self._receive()

    async def _receive(self) -> Mapping[str, Any]:
        assert self._process.stdout is not None
        try:
            length, _ = HEADER.unpack(await self._process.stdout.readexactly(HEADER.size))
            if length > MAX_ANSWER_BYTES:
                raise _Lost
            answer: Mapping[str, Any] = orjson.loads(await self._process.stdout.readexactly(length))
        except (asyncio.IncompleteReadError, OSError, orjson.JSONDecodeError) as error:
            raise _Lost from error
        return answer

    async def end(self) -> None:
        """Kills the process and waits for its end, so that no zombie stays."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()


class ReadingPool:
    """Reading processes of one worker.  An async context manager; `size` questions are answered at a time."""

    def __init__(
        self,
        *,
        size: int = 0,
        timeout_s: float = 10.0,
        memory_mb: int = 1024,
        pages_per_child: int = PAGES_PER_CHILD,
    ) -> None:
        """`size` 0: one process for each core."""
        self.size = size or os.cpu_count() or 1
        self._timeout_s = timeout_s
        self._memory_mb = memory_mb
        self._pages_per_child = pages_per_child
        self._free: asyncio.Queue[_Child] = asyncio.Queue()
        self._children: set[_Child] = set()
        self._starting: set[asyncio.Task[None]] = set()
        self._is_closing = False

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self.size):
                    group.create_task(self._add(), name="reading.start")
        except* (OSError, TimeoutError, _Lost) as errors:
            await self.close()
            raise ParserError(f"no reading process comes up: {errors.exceptions[0]!r}") from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends every process."""
        self._is_closing = True
        for task in self._starting:
            task.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        await asyncio.gather(*(child.end() for child in self._children))
        self._children.clear()

    @property
    def process_ids(self) -> list[int]:
        """The processes that there are now."""
        return [child.pid for child in self._children]

    @property
    def has_free(self) -> bool:
        """Whether a question would be asked at once."""
        return not self._free.empty()

    async def source(self, document: Document, *, source: str, target: str) -> Reading:
        """What a source page says to `target`.  Raises ParserError."""
        return codec.reading_from_json(await self._ask("source", document, {"source": source, "target": target}))

    async def author(
        self, document: Document, *, reading: Reading, requested: Url, source: str | None = None
    ) -> Reading:
        """The reading with its author, by the author's own page.  Raises ParserError."""
        facts = {"reading": codec.to_json(reading), "requested": requested, "source": source}
        return codec.reading_from_json(await self._ask("author", document, facts))

    async def target(self, document: Document) -> TargetFacts:
        """What the target's page says of itself.  Raises ParserError."""
        return codec.target_facts_from_json(await self._ask("target", document, {}))

    async def links(self, document: Document) -> OutgoingLinks:
        """What a page of ours links to.  Raises ParserError."""
        return codec.outgoing_links_from_json(await self._ask("links", document, {}))

    async def receiver(self, fetched: Fetched) -> Receiver | None:
        """Who takes responses to a page, by its headers and markup.  Raises ParserError."""
        facts = {"links": list(fetched.links), "headers": dict(fetched.headers)}
        found = await self._ask("receiver", fetched.document, facts)
        return Receiver(Protocol(found["protocol"]), Url(found["endpoint"])) if found else None

    async def profile(self, fetched: Fetched, *, requested: Url) -> ProfilePage:
        """Who vouches for the person whose page this is, and what it tells of them.  Raises ParserError."""
        facts = {"links": list(fetched.links), "requested": requested}
        return codec.from_json(ProfilePage, await self._ask("profile", fetched.document, facts))

    async def refresh(self, reaction: Reaction, *, base: str, mf2: Mapping[str, Any] | None) -> Reaction:
        """The reaction as the current sanitising policy has it.  Raises ParserError."""
        nothing = Document(Url(base), "text/html", None, b"")
        facts = {"reaction": codec.to_json(reaction), "mf2": mf2}
        return codec.reaction_from_json(await self._ask("refresh", nothing, facts))

    async def portrait(self, document: Document) -> bytes | None:
        """A stranger's picture, drawn anew as a small WebP; None for what is no picture.  Raises ParserError."""
        webp = (await self._ask("portrait", document, {})).get("webp")
        return None if webp is None else base64.b64decode(webp)

    async def _ask(self, question: str, document: Document, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer of a free child.  A child that dies in silence is given one successor, for the kernel may have
        killed it for no fault of this page; one that runs out of time is not."""
        ask = {"question": question, "document": codec.document_to_json(document), **facts}
        try:
            reply = await self._ask_once(ask, document.body)
        except _Lost:
            try:
                reply = await self._ask_once(ask, document.body)
            except _Lost:
                raise ParserError("the reading process died on this page") from None
        if "answer" not in reply:
            raise ParserError(f"the page cannot be read: {reply.get('error')}")
        answer: Mapping[str, Any] = reply["answer"] or {}
        return answer

    async def _ask_once(self, ask: Mapping[str, Any], body: bytes) -> Mapping[str, Any]:
        child = await self._take()
        is_usable = False
        try:
            async with asyncio.timeout(self._timeout_s):
                reply = await child.ask(ask, body)
            is_usable = reply.get("error") != "MemoryError" and child.pages < self._pages_per_child
        except TimeoutError:
            log.info("reading.timed_out", question=ask["question"], url=ask["document"]["url"])
            raise ParserError(f"reading the page took more than {self._timeout_s:g} s") from None
        except _Lost:
            log.info("reading.child_died", question=ask["question"], url=ask["document"]["url"])
            raise
        finally:
            if is_usable:
                self._free.put_nowait(child)
            else:
                self._replace(child)
        return reply

    async def _take(self) -> _Child:
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._free.get()
        except TimeoutError:
            raise Unavailable("no reading process is free") from None

    def _replace(self, child: _Child) -> None:
        """Ends a child (whatever it is doing) and starts another one, in the background."""
        if self._is_closing:
            return
        task = asyncio.get_running_loop().create_task(self._successor(child), name="reading.replace")
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def _successor(self, child: _Child) -> None:
        self._children.discard(child)
        await child.end()
        while True:
            try:
                await self._add()
            except (OSError, TimeoutError, _Lost) as error:
                log.warning("reading.start_failed", error=repr(error))
                await asyncio.sleep(RESTART_PAUSE_S)
            else:
                return

    async def _add(self) -> None:
        child = await _Child.start(memory_mb=self._memory_mb, cpu_s=int(self._timeout_s) + 2)
        self._children.add(child)
        self._free.put_nowait(child)
