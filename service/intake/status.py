"""The status URL: how one claim stands, and why (contract §3).

Redis knows the claims that wait, the database how they ended.  A claim's id is its own: what became of an earlier claim
about the same pair is never shown here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from aiohttp import web

from mentions.errors import NotFound, Unavailable
from mentions.model import WAITING, Claim, EntryState, Hop, Link, Outcome, Status, Trace
from mentions.storage import claims, entries
from mentions.storage import pages as page_store
from service import answers, keys, pages
from service.api import jf2

SUMMARY: Final = {
    Status.QUEUED: "The webmention waits for its turn.",
    Status.PENDING: "The source is being looked at.",
    Status.RETRYING: "The source could not be read; it will be tried again.",
}
"""What is said while the claim waits; how it ended is said by whoever decided it."""


NO_TRACE: Final = Trace()


@dataclass(frozen=True, slots=True)
class Standing:
    """How a claim stands now."""

    claim: Claim
    status: Status
    summary: str
    trace: Trace = NO_TRACE
    next_try_at: datetime | None = None
    entry_id: int | None = None


def setup(app: web.Application) -> None:
    """Adds the status resource."""
    for path in ("/webmention/{id}", "/{site}/webmention/{id}"):
        app.router.add_get(path, show_status)


async def show_status(request: web.Request) -> web.StreamResponse:
    """GET: the status as JSON, or in words for people."""
    standing = await find_standing(request.app, request.match_info["id"])
    body = await to_json(request.app, standing)
    if answers.prefers_html(request):
        return pages.render(request, "status.html", {"status": body}, headers={"Cache-Control": "no-store"})
    return answers.json_answer(request, body, cache="no-store")


async def find_standing(app: web.Application, claim_id: str) -> Standing:
    """How the claim stands; raises NotFound.

    The database is asked first, because an outcome that is stored there is final; then the queue; then the database's
    last look at a claim that is to be tried again, which is all there is while Redis is away."""
    async with app[keys.DB].read() as c:
        outcome = await claims.get(c, claim_id)
    if outcome is not None and outcome.status not in WAITING:
        return _ended(outcome)
    try:
        waiting = await app[keys.QUEUE].state(claim_id)
    except Unavailable:
        if outcome is None:
            raise
        return _ended(outcome)
    if waiting is not None:
        return Standing(
            claim=waiting.claim,
            status=waiting.status,
            summary=outcome.summary if outcome and waiting.status is Status.RETRYING else SUMMARY[waiting.status],
            trace=outcome.trace if outcome else NO_TRACE,
            next_try_at=waiting.next_try_at,
        )
    async with app[keys.DB].read() as c:  # it may have ended between the two questions
        outcome = await claims.get(c, claim_id)
    if outcome is None:
        raise NotFound("There is no webmention of this name here.")
    return _ended(outcome)


def _ended(outcome: Outcome) -> Standing:
    return Standing(
        claim=outcome.claim,
        status=outcome.status,
        summary=outcome.summary,
        trace=outcome.trace,
        next_try_at=outcome.next_try_at if outcome.status is Status.RETRYING else None,
        entry_id=outcome.entry_id,
    )


async def to_json(app: web.Application, standing: Standing) -> dict[str, Any]:
    """The answer of the status URL."""
    out: dict[str, Any] = {
        "status": standing.status.value,
        "source": standing.claim.source,
        "target": standing.claim.target,
        "private": False,
        "summary": standing.summary,
        "data": {},
        "trace": trace_to_json(standing.trace),
    }
    if standing.next_try_at is not None:
        out["next_try_at"] = jf2.zulu(standing.next_try_at)
    if standing.status is Status.SUCCESS and standing.entry_id is not None:
        out |= await _entry(app, standing.entry_id)
    return out


async def _entry(app: web.Application, entry_id: int) -> dict[str, Any]:
    """The entry that the claim made or renewed; nothing of one that its owner has taken away since."""
    async with app[keys.DB].read() as c:
        entry = await entries.get(c, entry_id)
        page = await page_store.by_id(c, entry.page_id) if entry else None
    if entry is None or page is None or entry.state not in (EntryState.SHOWN, EntryState.HELD):
        return {}
    data = jf2.entry_to_jf2(entry, page, app[keys.SETTINGS].public_url)
    return {"data": data, "held": True} if entry.state is EntryState.HELD else {"data": data}


def trace_to_json(trace: Trace) -> dict[str, Any]:
    """What was seen on the way, as the status page tells it."""
    return {
        "hops": _hops(trace.hops),
        "target_hops": _hops(trace.target_hops),
        "author_hops": _hops(trace.author_hops),
        "link": _link(trace.link) if trace.link else None,
        "near_misses": [{**_link(miss.link), "reason": miss.reason} for miss in trace.near_misses],
        "notes": list(trace.notes),
    }


def _hops(hops: Iterable[Hop]) -> list[dict[str, Any]]:
    return [
        {"url": hop.url, "status": hop.status, "duration_ms": hop.duration_ms}
        | ({"error": hop.error} if hop.error else {})
        for hop in hops
    ]


def _link(link: Link) -> dict[str, Any]:
    return {"url": link.url, "raw": link.raw, "found_in": link.found_in}
