"""The journey of one claim, from the queue to its outcome, told top to bottom.

fetch the source -> does it link to the target? -> what does it say? -> who wrote it? -> is the target there? -> decide
-> store -> tell.  Expected outcomes are values all the way; what is raised is an outage (`Unavailable` and the
database's own), a host that is busy (`HostBusy`), or a defect, and is dealt with in one place (`loop.py`).  A job may
run twice, and the second run changes nothing.  (House §3; Webmention 3.2.2; contract §4 and §5.)"""

from __future__ import annotations

import time
from dataclasses import replace

from mentions import metrics, policy, urls
from mentions.errors import ParserError
from mentions.model import (
    Claim,
    Document,
    Fetched,
    Outcome,
    Reading,
    Refused,
    Status,
    Trace,
    Url,
)
from workers.jobs.authors import Authors
from workers.jobs.places import Place, Places
from workers.jobs.sources import fetch_source
from workers.jobs.storing import Seen, Stored, is_unwelcome, store, store_failure
from workers.jobs.targets import Targets
from workers.kit import Kit

NO_SITE = "The target belongs to no site of ours any more."
BLOCKED = Refused(Status.BLOCKED, "the source is blocked", ())


class Receiver:
    """Works on claims.  One per worker process: it remembers author pages, and looks at a target once for all."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._authors = Authors(kit.fetcher, kit.pool)
        self._targets = Targets(kit)
        self._places = Places(kit)

    async def receive(self, claim: Claim) -> Outcome:
        """Looks at the claim's source, and keeps what came of it.  Followers hear of it before this returns.

        Raises HostBusy when it is not this claim's turn; then nothing was done."""
        place = await self._places.find(claim.target)
        if place is None:
            return await store_failure(self._kit, claim, Status.TARGET_NOT_FOUND, NO_SITE)
        seen = await self._see(claim, place)
        stored = await store(self._kit, claim, place, seen)
        await self._tell(stored)
        return stored.outcome

    async def _see(self, claim: Claim, place: Place) -> Seen:
        """Everything that has to be asked of the network and of the reading processes."""
        if policy.is_blocked(place.blocks, claim.source):
            return Seen(BLOCKED)
        sighting = await fetch_source(self._kit.fetcher, Url(urls.source_key(claim.source)))
        trace = Trace(hops=sighting.hops)
        seen = Seen(sighting, trace=trace)
        if not isinstance(sighting, Fetched) or is_unwelcome(place.blocks, claim, seen):
            return seen
        reading, notes = await self._read(sighting.document, claim)
        if reading is None:
            return Seen(sighting, trace=replace(trace, notes=notes))
        trace = replace(trace, link=reading.link, near_misses=reading.near_misses, notes=reading.notes)
        if reading.reaction is None:
            return Seen(sighting, reading, trace=trace)
        return await self._see_further(claim, place, Seen(sighting, reading, trace=trace), reading)

    async def _see_further(self, claim: Claim, place: Place, seen: Seen, reading: Reading) -> Seen:
        """The source links to the target: who wrote it, and is there such a target?"""
        reading, author_hops = await self._authors.complete(reading, claim.source)
        trace = replace(seen.trace, author_hops=author_hops, notes=reading.notes)
        seen = replace(seen, reading=reading, trace=trace)
        if is_unwelcome(place.blocks, claim, seen):
            return seen
        look = await self._targets.look(place, claim.target, self._kit.now())
        return replace(seen, look=look, trace=replace(trace, target_hops=look.hops))

    async def _read(self, document: Document, claim: Claim) -> tuple[Reading | None, tuple[str, ...]]:
        """What the source says; None, with the reason, when a parser failed on it."""
        started = time.perf_counter()
        try:
            reading = await self._kit.pool.source(document, source=claim.source, target=claim.target)
        except ParserError as error:
            metrics.READINGS.labels(question="source", outcome="failed").inc()
            return None, (str(error),)
        metrics.READINGS.labels(question="source", outcome="read").inc()
        metrics.READING_SECONDS.labels(question="source").observe(time.perf_counter() - started)
        return reading, ()

    async def _tell(self, stored: Stored) -> None:
        """Followers of the page look at the change log; whoever waits for the claim, at its outcome."""
        if stored.cursor is not None and stored.page_id is not None:
            await self._kit.events.publish_change(stored.page_id, stored.cursor)
