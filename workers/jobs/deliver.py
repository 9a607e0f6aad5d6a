"""Sends what is due: webhooks, and webmentions from our permalinks, several hooks at a time, a few to each.

One worker of all does it; a lease in Redis says which.  What a message says is read when it is sent, so that nothing
leaves that was taken back meanwhile.  A 2xx is delivered; a 410 silences the hook; faults that may pass are tried again
as `webhooks.PAUSES_S` says; anything else is final for that message, stands in the log, and can be sent again by hand.
At least once: after a crash in the middle a message goes again under the same id."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from time import perf_counter
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from mentions import jf2, metrics, webhooks
from mentions.errors import YmatebError
from mentions.model import Change, Entry, Page, Protocol, Url
from mentions.storage import deliveries, entries, hooks, pages, sites
from mentions.storage.deliveries import Answer, Delivery, DeliveryStatus
from mentions.storage.hooks import Hook
from mentions.streams.limits import Limits
from mentions.webhooks import HookKind
from workers.fetch.client import Posted
from workers.jobs.follow import BATCH, follow_changes
from workers.kit import Kit
from workers.send import find_receiver, pingback_answer, post_to

AT_A_TIME: Final = 256
"""Messages under way: a hook that hangs holds OF_EACH of them, for BUDGET_S."""
OF_EACH: Final = 4
"""Messages under way to one hook, and webmentions altogether: a hook that hangs keeps nobody waiting but itself."""
BUDGET_S: Final = 15.0
"""For one message."""
PUT_BACK_FOR: Final = timedelta(seconds=5)
"""When to try a message again that had no turn: a worker that was killed holds places at a host for a while."""
TICK_S: Final = 1.0
LEADER: Final = "deliveries"
LEASE_S: Final = 15.0
MOST_ERROR_BYTES: Final = 200

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message, ready to be sent."""

    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Came:
    """What came of one try."""

    answer: Answer
    is_accepted: bool = False
    is_passing: bool = False
    is_gone: bool = False
    is_void: bool = False
    """There was nothing to tell any more."""
    was_asked: bool = True
    """False: it had no turn at the host, which is no try."""
    retry_after_s: int | None = None


class Deliverer:
    """Follows the changes and sends what is due, while this worker is the one to do it."""

    def __init__(self, kit: Kit, limits: Limits, *, budget_s: float = BUDGET_S) -> None:
        self._kit = kit
        self._limits = limits
        self._budget_s = budget_s
        self._token: str | None = None
        self._under_way: dict[asyncio.Task[None], int | None] = {}
        self._has_room = asyncio.Event()

    async def run(self) -> None:
        """For ever."""
        try:
            while True:
                self._has_room.clear()
                try:
                    if await self.lead():
                        if await follow_changes(self._kit) == BATCH:
                            self._has_room.set()  # there is more at once
                        await self._begin_due()
                except (SQLAlchemyError, YmatebError, OSError) as error:
                    log.warning("deliveries.wait", error=f"{type(error).__name__}: {error}"[:300])
                    await asyncio.sleep(TICK_S)
                with suppress(TimeoutError):
                    async with asyncio.timeout(TICK_S):  # not wait_for, which may miss a stop (Python 3.11)
                        await self._has_room.wait()
        finally:
            for task in self._under_way:
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)
            if self._token is not None:
                with suppress(YmatebError):
                    await self._limits.release(LEADER, self._token)

    async def lead(self) -> bool:
        """Whether this worker is the one, for another while; a new one takes over what the last one had begun."""
        was = self._token
        self._token = await self._limits.acquire(LEADER, 1, LEASE_S, token=was)
        if self._token is not None and was is None:
            async with self._kit.db.write() as c:
                await deliveries.let_go(c, now=self._kit.now())
        return self._token is not None

    async def send_due(self) -> int:
        """Sends what is due and waits for the answers; how many there were."""
        tasks = await self._begin_due()
        await asyncio.gather(*tasks)
        return len(tasks)

    async def _begin_due(self) -> list[asyncio.Task[None]]:
        if (room := AT_A_TIME - len(self._under_way)) <= 0:
            return []
        now = self._kit.now()
        async with self._kit.db.read() as c:
            if not await deliveries.has_due(c, now):
                return []
        busy = list(Counter(self._under_way.values()).items())
        async with self._kit.db.write() as c:
            taken = await deliveries.take_due(c, now=now, of_each=OF_EACH, room=room, busy=busy)
        tasks = []
        for delivery in taken:
            task = asyncio.create_task(self._deal_with(delivery), name=f"delivery {delivery.id}")
            self._under_way[task] = delivery.hook_id
            task.add_done_callback(self._end)
            tasks.append(task)
        return tasks

    def _end(self, task: asyncio.Task[None]) -> None:
        self._under_way.pop(task, None)
        self._has_room.set()

    async def _deal_with(self, delivery: Delivery) -> None:
        """One try of one delivery, and what came of it; the one place where what it raises is caught."""
        try:
            hook, came = await self._try(delivery)
            await self._settle(delivery, hook, came)
        except (SQLAlchemyError, YmatebError, OSError) as error:  # due again when its time with us is over
            log.warning("delivery.interrupted", delivery=delivery.id, error=f"{type(error).__name__}: {error}"[:300])
        except Exception:
            log.exception("delivery.failed", delivery=delivery.id)
            with suppress(SQLAlchemyError):
                await self._settle(delivery, None, Came(Answer(error="a defect of ours; see the log")))

    # --- sending --------------------------------------------------------------------------------------------------

    async def _try(self, delivery: Delivery) -> tuple[Hook | None, Came]:
        if delivery.hook_id is None:
            return None, await self._mention(delivery)
        async with self._kit.db.read() as c:
            hook = await hooks.get(c, delivery.hook_id)
        if hook is None or hook.disabled_at is not None:
            return hook, Came(Answer(error="the hook is disabled"), is_void=True)
        letter = await self._write(delivery, hook)
        if letter is None:
            return hook, Came(Answer(error="nothing to tell any more"), is_void=True)
        started = perf_counter()
        posted = await self._kit.fetcher.post(
            Url(hook.url), letter.body, content_type="application/json", headers=letter.headers, budget_s=self._budget_s
        )
        return hook, _came(posted, perf_counter() - started)

    async def _write(self, delivery: Delivery, hook: Hook) -> Letter | None:
        """The message as it is to be told now; None when a later one tells it."""
        now, base, secret = self._kit.now(), self._kit.public_url, hook.secrets[0].text
        match delivery.event:
            case webhooks.TEST if hook.kind is HookKind.LEGACY:
                body: bytes | None = webhooks.legacy_test_body(secret, base)
            case webhooks.TEST:
                async with self._kit.db.read() as c:
                    site = await sites.by_id(c, hook.site_id)
                body = webhooks.test_body(site.authority if site else "", delivery.happened_at)
            case webhooks.REBUILD:
                body = webhooks.rebuild_body(delivery.cursor, delivery.happened_at)
            case _:
                body = await self._tell(delivery, hook)
        if body is None:
            return None
        if hook.kind is HookKind.LEGACY:
            return Letter(body, webhooks.legacy_headers(delivery.message_id, body, secret))
        return Letter(body, webhooks.signed_headers(delivery.message_id, now, body, hook.secrets))

    async def _tell(self, delivery: Delivery, hook: Hook) -> bytes | None:
        """The body that tells of a change of an entry."""
        found = await self._entry(delivery)
        if found is None:
            return None
        entry, page = found
        change = Change(delivery.event)
        event = webhooks.event_of(change, entry.state)
        if event is None or event not in hook.events:
            return None
        if hook.kind is HookKind.LEGACY:
            if event == webhooks.HELD:
                return None
            return webhooks.legacy_body(hook.secrets[0].text, change, entry, page, self._kit.public_url)
        item = jf2.change_to_jf2(delivery.cursor or 0, change, delivery.happened_at, entry, page, self._kit.public_url)
        return webhooks.entry_body(event, item, page)

    async def _entry(self, delivery: Delivery) -> tuple[Entry, Page] | None:
        async with self._kit.db.read() as c:
            entry = await entries.get(c, delivery.entry_id or 0)
            page = await pages.by_id(c, entry.page_id) if entry is not None else None
        return (entry, page) if entry is not None and page is not None else None

    async def _mention(self, delivery: Delivery) -> Came:
        """One webmention (or pingback) from a permalink of ours: who takes it is looked for each time."""
        source = Url(jf2.permalink(self._kit.public_url, delivery.entry_id or 0))
        target = Url(delivery.target or "")
        started = perf_counter()
        found = await find_receiver(self._kit.fetcher, self._kit.pool, target)
        if found.receiver is None:
            return Came(Answer(error=found.words), is_passing=found.is_passing, is_void=not found.is_passing)
        posted = await post_to(self._kit.fetcher, source, target, found.receiver)
        came = _came(posted, perf_counter() - started)
        if found.receiver.protocol is Protocol.PINGBACK and posted.is_accepted:
            sent = pingback_answer(target, found.receiver, posted)
            answer = Answer(posted.status, came.answer.took_ms, sent.words)
            return Came(answer, is_accepted=sent.is_accepted, is_passing=sent.may_pass)
        return came

    # --- what came of it ------------------------------------------------------------------------------------------

    async def _settle(self, delivery: Delivery, hook: Hook | None, came: Came) -> None:
        now = self._kit.now()
        if not came.was_asked:
            async with self._kit.db.write() as c:
                await deliveries.put_back(c, delivery, came.answer, due_at=now + PUT_BACK_FOR)
            log.info("delivery.put_back", delivery=delivery.id, hook=delivery.hook_id)
            return
        next_try_at = None
        if came.is_passing:
            next_try_at = webhooks.next_try_at(delivery.attempts, now, came.retry_after_s, self._kit.rng)
        status = _status(came, is_tried_again=next_try_at is not None)
        async with self._kit.db.write() as c:
            counts = await deliveries.settle(c, delivery, status, came.answer, next_try_at=next_try_at)
            if counts and came.is_gone and hook is not None:
                await hooks.disable(c, hook.id, "it answered 410: Gone", now=now)
        if status in _OUTCOMES:
            metrics.DELIVERIES.labels(outcome=_OUTCOMES[status]).inc()
        log.info(
            "delivery.tried",
            delivery=delivery.id,
            hook=delivery.hook_id,
            delivery_event=delivery.event,
            status=status.value,
            attempts=delivery.attempts,
            answer=came.answer.status,
            duration_ms=came.answer.took_ms,
        )


_OUTCOMES: Final = {
    DeliveryStatus.DELIVERED: "accepted",
    DeliveryStatus.WAITING: "later",
    DeliveryStatus.FAILED: "given_up",
    DeliveryStatus.GIVEN_UP: "given_up",
}
"""What came of a try -> how it is counted; what was not sent is not."""


def _status(came: Came, *, is_tried_again: bool) -> DeliveryStatus:
    if came.is_accepted:
        return DeliveryStatus.DELIVERED
    if came.is_void:
        return DeliveryStatus.SKIPPED
    if came.is_passing:
        return DeliveryStatus.WAITING if is_tried_again else DeliveryStatus.GIVEN_UP
    return DeliveryStatus.FAILED


def _came(posted: Posted, took_s: float) -> Came:
    error = None
    if posted.fault is not None:
        error = posted.fault.reason
    elif not posted.is_accepted:
        error = posted.body[:MOST_ERROR_BYTES].decode("utf-8", "replace")
    return Came(
        Answer(posted.status, round(took_s * 1000), error),
        is_accepted=posted.is_accepted,
        is_passing=posted.is_passing,
        is_gone=posted.status == 410,
        was_asked=posted.was_asked,
        retry_after_s=posted.retry_after_s,
    )
