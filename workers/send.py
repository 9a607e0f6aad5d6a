"""Tells other sites that a page of ours links to them: `python -m workers send SOURCE [TARGET]`.

For each target: fetch it, find who takes responses (webmention first, then pingback), send, and wait a little for what
becomes of it.  One endpoint, one POST; a redirected POST was not delivered; faults that may pass are tried again within
the patience of somebody at a keyboard.  (Webmention 3.1; Pingback 2.3 and 3.)"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from mentions import urls
from mentions.errors import ParserError
from mentions.media import is_read_type
from mentions.model import Fetched, Gone, Protocol, Status, Unreachable, Url
from mentions.plaintext import clean_text
from mentions.protocol import pingback
from mentions.protocol.discovery import Receiver
from workers.fetch.client import Fetcher, Posted
from workers.reading import ReadingPool

TARGETS_AT_A_TIME: Final = 8
TRIES: Final = 3
PAUSES_S: Final = (1.0, 3.0)
LONGEST_RETRY_AFTER_S: Final = 15
POLL_FOR_S: Final = 10.0
POLL_EVERY_S: Final = 0.5
STATUS_BYTES: Final = 64 << 10
LONGEST_WORDS: Final = 200
"""Characters of what the other side says that are repeated."""
ACCEPT_TARGET: Final = "text/html, application/xhtml+xml;q=0.9, */*;q=0.5"
_UNDER_WAY: Final = frozenset({Status.QUEUED, Status.PENDING})
_GOOD: Final = frozenset({*_UNDER_WAY, Status.RETRYING, Status.SUCCESS, Status.DELETED})
"""States that a status page may tell without the mention having been turned down."""


class NothingToSend(Exception):
    """The source cannot tell what it links to; the message says why."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of one target."""

    target: str
    receiver: Receiver | None
    is_accepted: bool
    """True also where nobody takes responses: that is no failure."""
    words: str
    """For people, on one line."""
    may_pass: bool = False
    """Refused for now only."""


async def send(fetcher: Fetcher, pool: ReadingPool, source: Url, target: Url | None) -> list[Sent]:
    """Sends to `target`, or to every link of the source's entry.  Raises NothingToSend."""
    targets = [target] if target is not None else await _links(fetcher, pool, source)
    places = asyncio.Semaphore(TARGETS_AT_A_TIME)

    async def one(each: Url) -> Sent:
        async with places:
            return await _send_to(fetcher, pool, source, each)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(each), name=f"send {each:.60}") for each in targets]
    return [task.result() for task in tasks]


async def _links(fetcher: Fetcher, pool: ReadingPool, source: Url) -> Sequence[Url]:
    """What the source's entry links to."""
    sighting = await fetcher.get(source, is_readable=is_read_type, waits=True)
    if isinstance(sighting, Gone):
        raise NothingToSend(f"{source} is gone: name the target that is to hear of it")
    if not isinstance(sighting, Fetched):
        reason = getattr(sighting, "reason", "unchanged")
        raise NothingToSend(f"{source} cannot be fetched: {reason}")
    try:
        return (await pool.links(sighting.document)).links
    except ParserError as error:
        raise NothingToSend(f"{source} cannot be read: {error}") from None


@dataclass(frozen=True, slots=True)
class Found:
    """Who takes responses to a page; nobody is no failure, and `words` say why."""

    receiver: Receiver | None
    words: str = ""
    is_passing: bool = False
    """Whether another try may find somebody."""


async def find_receiver(fetcher: Fetcher, pool: ReadingPool, target: Url) -> Found:
    """Fetches a page and reads who takes responses to it."""
    sighting = await fetcher.get(target, accept=ACCEPT_TARGET, is_readable=is_read_type, is_lenient=True, waits=True)
    if not isinstance(sighting, Fetched):
        reason = getattr(sighting, "reason", "it is gone")
        passes = isinstance(sighting, Unreachable)
        return Found(None, f"no endpoint, for the page cannot be fetched: {reason}", is_passing=passes)
    try:
        receiver = await pool.receiver(sighting)
    except ParserError as error:
        return Found(None, f"no endpoint, for the page cannot be read: {error}")
    return Found(receiver, "" if receiver else "takes no webmentions or pingbacks")


async def _send_to(fetcher: Fetcher, pool: ReadingPool, source: Url, target: Url) -> Sent:
    found = await find_receiver(fetcher, pool, target)
    if found.receiver is None:
        return Sent(target, None, is_accepted=True, words=found.words)
    return await _deliver(fetcher, source, target, found.receiver)


async def _deliver(fetcher: Fetcher, source: Url, target: Url, receiver: Receiver) -> Sent:
    """POSTs, again after a fault that may pass, and reads the answer."""
    for number in range(TRIES):
        posted = await post_to(fetcher, source, target, receiver)
        if not posted.is_passing or number == TRIES - 1 or (posted.retry_after_s or 0) > LONGEST_RETRY_AFTER_S:
            break
        await asyncio.sleep(max(PAUSES_S[number], posted.retry_after_s or 0))
    if receiver.protocol is Protocol.PINGBACK:
        return pingback_answer(target, receiver, posted)
    return await _webmention_answer(fetcher, target, receiver, posted)


async def post_to(fetcher: Fetcher, source: Url, target: Url, receiver: Receiver) -> Posted:
    """One POST, in the protocol of the receiver."""
    if receiver.protocol is Protocol.PINGBACK:
        return await fetcher.post_xml(receiver.endpoint, pingback.call(source, target))
    return await fetcher.post_form(receiver.endpoint, {"source": source, "target": target})


def pingback_answer(target: Url, receiver: Receiver, posted: Posted) -> Sent:
    """What the answer to a pingback says."""
    if posted.status is None:
        return _failed(target, receiver, posted)
    answer = pingback.read_answer(posted.body, status=posted.status)
    is_accepted = answer.outcome is pingback.Answered.ACCEPTED
    fault = f"fault {answer.fault}: " if answer.fault is not None else ""
    said = clean_text(answer.text, LONGEST_WORDS)
    words = f"pingback {answer.outcome.value.replace('_', ' ')} by {receiver.endpoint}: {fault}{said}"
    return Sent(target, receiver, is_accepted, words, may_pass=answer.outcome is pingback.Answered.TRY_LATER)


async def _webmention_answer(fetcher: Fetcher, target: Url, receiver: Receiver, posted: Posted) -> Sent:
    if posted.status is None:
        return _failed(target, receiver, posted)
    said = f"HTTP {posted.status}"
    if not posted.is_accepted:
        why = clean_text(posted.body.decode("utf-8", "replace"), LONGEST_WORDS)
        detail = f": {why}" if why else ""
        return Sent(target, receiver, is_accepted=False, words=f"refused by {receiver.endpoint}: {said}{detail}")
    status = await _follow_up(fetcher, posted.location) if posted.status == 201 and posted.location else None
    if status is None:
        return Sent(target, receiver, is_accepted=True, words=f"accepted by {receiver.endpoint}: {said}")
    is_good = status in _GOOD
    verb = "accepted" if is_good else "turned down"
    return Sent(target, receiver, is_good, f"{verb} by {receiver.endpoint}: {said}, {status.value} ({posted.location})")


async def _follow_up(fetcher: Fetcher, location: Url) -> Status | None:
    """What the status page says once the work is done, or in the end; None where it says nothing that we know."""
    deadline = asyncio.get_running_loop().time() + POLL_FOR_S
    while True:
        sighting = await fetcher.get(location, accept="application/json", max_bytes=STATUS_BYTES, waits=True)
        status = _status(sighting.document.body) if isinstance(sighting, Fetched) else None
        if status not in _UNDER_WAY or asyncio.get_running_loop().time() > deadline:
            return status
        await asyncio.sleep(POLL_EVERY_S)


def _status(body: bytes) -> Status | None:
    try:
        return Status(orjson.loads(body)["status"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None


def _failed(target: Url, receiver: Receiver, posted: Posted) -> Sent:
    reason = posted.fault.reason if posted.fault is not None else "no answer"
    return Sent(target, receiver, is_accepted=False, words=f"{receiver.endpoint} was not reached: {reason}")


def same_page(source: Url, target: Url) -> bool:
    """Whether both are one page: nothing is sent then."""
    return urls.without_fragment(source) == urls.without_fragment(target)
