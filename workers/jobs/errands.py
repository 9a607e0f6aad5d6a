"""A side task of every worker: does what the service asks for and may not do itself (`mentions/streams/errands.py`).

Each errand runs in a task of its own, for as long as its asker waits, at most `AT_A_TIME` at once: the rest stays for
other workers.  `HANDLERS` says who does what; a handler answers with JSON that `ask` returns as it is, by convention
`{"error": code, "summary": sentence}` where the world did not play along.  What a handler raises is a defect: it is
logged, told as `failed`, and ends nothing else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import structlog

from mentions import metrics
from mentions.errors import Unavailable
from mentions.streams.errands import Errand, Errands
from workers.jobs import importing, indieauth, mail, oidc
from workers.kit import Kit

AT_A_TIME: Final = 16
GRACE_S: Final = 4.0
"""What a stopping worker gives to the errands that it has begun; nobody else can do them."""
_PAUSE_S: Final = (0.2, 5.0)
"""While Redis is away."""
_ANSWER_AGAIN_S: Final = 0.2

Handler = Callable[[Kit, Mapping[str, Any]], Awaitable[dict[str, Any]]]

HANDLERS: Final[Mapping[str, Handler]] = {
    "import.page": importing.import_page,
    "indieauth.begin": indieauth.begin,
    "indieauth.finish": indieauth.finish,
    "mail.send": mail.send,
    "oidc.begin": oidc.begin,
    "oidc.finish": oidc.finish,
}

log = structlog.get_logger(__name__)


class ErrandRunner:
    """Takes errands and does them, while the worker lives."""

    def __init__(
        self, kit: Kit, errands: Errands, handlers: Mapping[str, Handler] = HANDLERS, *, at_a_time: int = AT_A_TIME
    ) -> None:
        self._kit = kit
        self._errands = errands
        self._handlers = handlers
        self._places = asyncio.Semaphore(at_a_time)
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """For ever; when cancelled, what is under way has a little time left."""
        pause_s = _PAUSE_S[0]
        try:
            while True:
                await self._places.acquire()
                try:
                    errand = await self._errands.take()
                except Unavailable as error:
                    self._places.release()
                    log.warning("errands.away", error=str(error), again_in_s=pause_s)
                    await asyncio.sleep(pause_s)
                    pause_s = min(pause_s * 2, _PAUSE_S[1])
                    continue
                pause_s = _PAUSE_S[0]
                if errand is None:
                    self._places.release()
                else:
                    self._begin(errand)
        finally:
            if self._under_way:
                await asyncio.wait(self._under_way, timeout=GRACE_S)
            for task in self._under_way:
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)

    def _begin(self, errand: Errand) -> None:
        task = asyncio.create_task(self._deal_with(errand), name=f"errand {errand.name}")
        self._under_way.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._places.release()

    async def _deal_with(self, errand: Errand) -> None:
        """One errand, its answer, and one line in the log, which tells neither facts nor answer."""
        started = time.perf_counter()
        answer, outcome = await self._do(errand)
        if answer is not None and not await self._tell(errand, answer):
            outcome = "late"
        took_s = time.perf_counter() - started
        name = errand.name if errand.name in self._handlers else "unknown"
        metrics.ERRANDS.labels(errand=name, outcome=outcome).inc()
        metrics.ERRAND_SECONDS.labels(errand=name).observe(took_s)
        error = answer.get("error") if answer is not None and outcome != "done" else None
        log.info("errand.done", errand=name, outcome=outcome, error=error, duration_ms=round(took_s * 1000))

    async def _do(self, errand: Errand) -> tuple[dict[str, Any] | None, str]:
        """The answer and its outcome; the one place where what a handler raises is caught."""
        handler = self._handlers.get(errand.name)
        if handler is None:
            return _failure(f"the workers do not know {errand.name}: are they older than the service?"), "failed"
        try:
            async with asyncio.timeout(errand.left_s) as limit:
                answer = await handler(self._kit, errand.facts)
        except Exception as error:
            if isinstance(error, TimeoutError) and limit.expired():
                return None, "late"
            log.exception("errand.failed", errand=errand.name)
            return _failure("something went wrong in the worker; its log says what"), "failed"
        return answer, "refused" if "error" in answer else "done"

    async def _tell(self, errand: Errand, answer: Mapping[str, Any]) -> bool:
        """Whether the asker could still be answered; an outage of Redis is waited for until then."""
        while errand.left_s > 0:
            try:
                return await self._errands.answer(errand, answer)
            except Unavailable:
                await asyncio.sleep(min(_ANSWER_AGAIN_S, errand.left_s))
        return False


def _failure(summary: str) -> dict[str, Any]:
    return {"error": "failed", "summary": summary}
