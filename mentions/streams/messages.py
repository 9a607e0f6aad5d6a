"""What the queue says and keeps: its keys, the words its callers get, and how a claim lies in a Redis hash.

No I/O.  Every key carries the hash tag `{ymateb}`, so that all of them share one slot of a Redis Cluster and a script
may touch several.

    {ymateb}:claims          stream with one group, `workers`; an entry holds the id of a claim that may be worked on
    {ymateb}:claim:<id>      hash: what was claimed, how often it was tried, and how it stands
    {ymateb}:pair:<digest>   hash: id of each open claim of one source and target -> its place (see lua/common.lua)
    {ymateb}:delayed         sorted set: id -> when it is due
    {ymateb}:parked          set: ids that wait behind a running claim of their pair
    {ymateb}:buried          sorted set: id -> when it was given up
    {ymateb}:worker:<name>   there while the worker is alive"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from mentions.model import Claim, Protocol, Status

PREFIX: Final = "{ymateb}:"
CLAIMS: Final = PREFIX + "claims"
DELAYED: Final = PREFIX + "delayed"
PARKED: Final = PREFIX + "parked"
BURIED: Final = PREFIX + "buried"
GROUP: Final = "workers"


def claim_key(claim_id: str) -> str:
    """The hash of one claim."""
    return f"{PREFIX}claim:{claim_id}"


def pair_digest(claim: Claim) -> str:
    """The same for equal claims: they have one source and one target, as they were sent."""
    return hashlib.sha256(f"{claim.source}\n{claim.target}".encode()).hexdigest()[:40]


def pair_key(digest: str) -> str:
    """The hash of the open claims of one pair."""
    return f"{PREFIX}pair:{digest}"


@dataclass(frozen=True, slots=True)
class Added:
    """The answer to `Queue.add`: the claim's id, or that of the equal claim that waits already."""

    id: str
    coalesced: bool


@dataclass(frozen=True, slots=True)
class Job:
    """A claim in the hands of one worker."""

    entry_id: str
    """Where it lies on the stream."""
    claim: Claim
    deliveries: int
    """How often it was handed out, this time included; more than once means that workers died over it."""
    worker: str = ""
    exhausted: bool = False
    """It was handed out too often and is buried already: tell its outcome, do not work on it."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An accepted claim that has no outcome yet."""

    claim: Claim
    status: Status
    """QUEUED, PENDING or RETRYING."""
    next_try_at: datetime | None = None
    note: str = ""
    """Why it is tried again, in words; empty before the first try."""


@dataclass(frozen=True, slots=True)
class Depth:
    """How much there is to do, in claims."""

    waiting: int
    """May be taken now, or wait behind a running claim of their pair."""
    delayed: int
    in_flight: int
    """Handed out to workers, living or dead."""
    buried: int


@dataclass(frozen=True, slots=True)
class Buried:
    """A claim that was given up; `Queue.requeue` revives it."""

    claim: Claim
    reason: str
    buried_at: datetime
    deliveries: int


def claim_fields(claim: Claim) -> dict[str, str]:
    """A claim as fields of its hash; `read_claim` is the way back."""
    fields = {
        "source": claim.source,
        "target": claim.target,
        "via": claim.via.value,
        "received_at": claim.received_at.isoformat(),
        "attempts": str(claim.attempts),
        "pair": pair_digest(claim),
    }
    if claim.first_tried_at is not None:
        fields["first_tried_at"] = claim.first_tried_at.isoformat()
    return fields


def read_claim(claim_id: str, fields: Mapping[str, str]) -> Claim | None:
    """The claim in these fields; None when there is none (it has ended)."""
    if "source" not in fields:
        return None
    first_tried_at = fields.get("first_tried_at")
    return Claim(
        id=claim_id,
        source=fields["source"],
        target=fields["target"],
        via=Protocol(fields["via"]),
        received_at=datetime.fromisoformat(fields["received_at"]),
        attempts=int(fields.get("attempts", "0")),
        first_tried_at=datetime.fromisoformat(first_tried_at) if first_tried_at else None,
    )


def read_waiting(claim_id: str, fields: Mapping[str, str]) -> Waiting | None:
    """How a claim stands, from its hash; None when it has ended.  A buried one waits to be revived."""
    claim = read_claim(claim_id, fields)
    if claim is None:
        return None
    next_try_at = fields.get("next_try_at")
    return Waiting(
        claim=claim,
        status=Status(fields["status"]),
        next_try_at=datetime.fromtimestamp(float(next_try_at), UTC) if next_try_at else None,
        note=fields.get("note", ""),
    )


def read_buried(claim_id: str, fields: Mapping[str, str]) -> Buried | None:
    """A buried claim, from its hash; None when it was revived meanwhile."""
    claim = read_claim(claim_id, fields)
    if claim is None or "buried_at" not in fields:
        return None
    return Buried(
        claim=claim,
        reason=fields.get("reason", ""),
        buried_at=datetime.fromtimestamp(float(fields["buried_at"]), UTC),
        deliveries=int(fields.get("deliveries", "0")),
    )
