"""What becomes of a claim, given what we had and what we saw?  The heart: pure, so every branch has a test.

    had            saw                              becomes
    -------------  -------------------------------  --------------------------------------------------
    anything       a passing fault                  retrying, after a day the fault; nothing is touched
    anything       a refusal of ours or theirs      that refusal; nothing is touched
    an entry       404, 410 or its meta element     deleted; the entry is withdrawn
    no entry       the same                         not_found or gone
    an entry       the page without this link       deleted; this target is taken off, the last one withdraws the entry
    no entry       the same                         no_link_found
    anything       the link, but no page of ours    target_not_found; nothing is touched
    anything       the link, by a blocked author    blocked; nothing is touched
    no entry       the link                         success; a new entry, shown or held by the site's rules
    an entry       the link, the same words         success, unchanged
    an entry       the link, other words            success; the words change, whether it is shown does not
    a withdrawn    the link again                   success; it comes back as it was, or is held by the site's rules
    one deleted    the link again                   deleted; what the owner removed stays removed
      by the owner

Order as the contract has it for pingbacks (§4): first the source, then the link, then the target.  A re-sent mention
never unpublishes an approved one; only a page that says it is gone, or was read in full without the link, withdraws.
(Webmention 3.2.2, 3.2.4; house.md §4.)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from random import Random
from typing import Any, Final, assert_never

from mentions import policy as rules
from mentions import retry, urls
from mentions.learned import Score
from mentions.model import (
    PASSING,
    TRANSITIONS,
    Change,
    Claim,
    Entry,
    EntryState,
    Fetched,
    Gone,
    Protocol,
    Reaction,
    Reading,
    Refused,
    Sighting,
    Status,
    Unchanged,
    Unreachable,
)


class PageSeen(StrEnum):
    """What is known of the target's own page."""

    PRESENT = "present"
    MISSING = "missing"
    """404, 410, or it leads to somebody else's page."""
    UNKNOWN = "unknown"
    """It did not answer, or need not be asked: no reason to refuse."""


class Act(StrEnum):
    """What is done to the entry."""

    NONE = "none"
    INSERT = "insert"
    UPDATE = "update"
    """New words or targets; whether it is shown stays as it is."""
    KEEP = "keep"
    """Seen and found as it was."""
    REVIVE = "revive"
    """A tombstone becomes an entry again."""
    UNTARGET = "untarget"
    """One of several targets is taken off."""
    WITHDRAW = "withdraw"
    """The entry becomes a tombstone."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the site's owner wants, as far as this claim is concerned."""

    options: Mapping[str, Any] = field(default_factory=dict)
    is_blocked: bool = False
    """The source, the page that it led to, or the author is blocked."""
    is_known: bool = False
    """The site has shown a response of the same person before."""
    policy_version: int = 0
    """Of the sanitiser: an entry that was made by an older one is written anew."""
    spam: Score | None = None
    """What it looks like to somebody who has learned from the owner's decisions; None: too little is known."""
    crowd: rules.Crowd | None = None
    """What else came lately; None: nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Past:
    """What a tombstone remembers."""

    is_owners: bool = False
    """The owner deleted it, not its source."""
    state: EntryState | None = None
    """Its state before it was withdrawn; None when that is not known."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a claim and of the entry that it is about."""

    status: Status
    summary: str
    act: Act = Act.NONE
    state: EntryState | None = None
    """State of the entry afterwards; None when there is none."""
    targets: tuple[str, ...] = ()
    """All spellings of the page that the source is now known to link to."""
    protocol: Protocol | None = None
    change: Change | None = None
    """What the change cursor tells; None when nothing that is shown anywhere has changed."""
    changed: bool = True
    """False: registered before, and nothing is different (pingback fault 48)."""
    next_try_at: datetime | None = None
    doubts: tuple[str, ...] = ()
    """Why it waits, in words for the owner."""

    @property
    def held(self) -> bool:
        """Whether the entry waits for moderation."""
        return self.state is EntryState.HELD


SUMMARIES: Final[Mapping[Status, str]] = {
    Status.SUCCESS: "The source links to the target.",
    Status.DELETED: "The source does not link to the target any more; the response was withdrawn.",
    Status.NO_LINK_FOUND: "The source does not link to the target.",
    Status.NOT_FOUND: "The source does not exist.",
    Status.GONE: "The source is gone.",
    Status.BLOCKED: "The owner of the site does not take responses from this source.",
    Status.TARGET_NOT_FOUND: "The target does not exist.",
    Status.INVALID_CONTENT: "The source could not be read.",
}
"""For people, on the status page."""


def decide(
    old: Entry | None,
    claim: Claim,
    sighting: Sighting,
    reading: Reading | None,
    page_seen: PageSeen,
    policy: Policy,
    now: datetime,
    *,
    past: Past = Past(),
    rng: Random | None = None,
) -> Verdict:
    """The verdict on one look at the source of `claim`.

    `old` is the entry of this source on this page, a tombstone (DELETED) included, and `past` what that remembers;
    `reading` is None when the source was not fetched, or could not be read."""
    verdict: Verdict
    match sighting:
        case Unreachable():
            verdict = _later(old, claim, sighting, now, rng or Random(claim.id))  # noqa: S311 -- jitter, no secret
        case _ if policy.is_blocked:
            verdict = _refused(Status.BLOCKED, old)
        case Refused(status=status, reason=reason):
            verdict = _refused(status, old, _sentence(reason))
        case Gone(status=status):
            verdict = _without_page(old, status)
        case Unchanged():
            verdict = _unchanged(old, claim)
        case Fetched():
            verdict = _read(old, claim, reading, page_seen, policy, past)
        case _:
            assert_never(sighting)
    assert verdict.status in TRANSITIONS[Status.PENDING], verdict.status
    return verdict


def _read(
    old: Entry | None, claim: Claim, reading: Reading | None, page_seen: PageSeen, policy: Policy, past: Past
) -> Verdict:
    """The source is there in full; what it says, unless a parser failed on it, is in `reading`."""
    if reading is None:
        return _refused(Status.INVALID_CONTENT, old)
    if reading.is_gone:
        return _without_page(old, Status.GONE)
    if reading.link is None or reading.reaction is None:
        return _without_link(old, claim)
    if page_seen is PageSeen.MISSING:
        return _refused(Status.TARGET_NOT_FOUND, old)
    return _linked(old, claim, reading.reaction, policy, past)


def _linked(old: Entry | None, claim: Claim, reaction: Reaction, policy: Policy, past: Past) -> Verdict:
    """The source links to a page of ours."""
    if old is None:
        return _new(claim, reaction, policy)
    if old.state is EntryState.DELETED:
        return _again(old, claim, reaction, policy, past)
    return _known(old, claim, reaction, policy)


def _later(old: Entry | None, claim: Claim, sighting: Unreachable, now: datetime, rng: Random) -> Verdict:
    """A fault that may pass: another try, for a day.  Nothing is deleted for it."""
    assert sighting.status in PASSING, sighting.status
    at = retry.next_try(claim.attempts + 1, claim.first_tried_at or now, now, sighting.retry_after_s, rng)
    words = _sentence(sighting.reason)
    if at is None:
        return _refused(sighting.status, old, words)
    return replace(_refused(Status.RETRYING, old, f"{words}  It will be tried again."), next_try_at=at)


def _refused(status: Status, old: Entry | None, summary: str | None = None) -> Verdict:
    """An outcome that touches nothing."""
    return Verdict(
        status,
        summary or SUMMARIES[status],
        state=old.state if old else None,
        targets=old.targets if old else (),
        protocol=old.protocol if old else None,
    )


def _without_page(old: Entry | None, status: Status) -> Verdict:
    """The source says that it is not there: what it said before is withdrawn, for every target."""
    if old is None or old.state is EntryState.DELETED:
        return _refused(status, old)
    return _withdrawn(old)


def _without_link(old: Entry | None, claim: Claim) -> Verdict:
    """The source was read in full, and does not link to the target (any more)."""
    if old is None or old.state is EntryState.DELETED or not _has_target(old, claim):
        return _refused(Status.NO_LINK_FOUND, old)
    left = tuple(target for target in old.targets if not urls.same_resource(target, claim.target))
    if not left:
        return _withdrawn(old)
    return Verdict(
        Status.DELETED,
        "The source does not link to this target any more, but to others of the same page.",
        Act.UNTARGET,
        state=old.state,
        targets=left,
        protocol=old.protocol,
        change=Change.UPDATED,
    )


def _withdrawn(old: Entry) -> Verdict:
    return Verdict(
        Status.DELETED,
        SUMMARIES[Status.DELETED],
        Act.WITHDRAW,
        state=EntryState.DELETED,
        protocol=old.protocol,
        change=Change.DELETED,
    )


def _unchanged(old: Entry | None, claim: Claim) -> Verdict:
    """304 on a conditional request, which is only made for an entry that we have."""
    if old is None or old.state is EntryState.DELETED or not _has_target(old, claim):
        return _refused(Status.HTTP_ERROR, old, "The server answered 304 to a question that was not asked.")
    return _kept(old, old.protocol)


def _kept(old: Entry, protocol: Protocol) -> Verdict:
    return Verdict(
        Status.SUCCESS,
        "The source links to the target, and says what it said before.",
        Act.KEEP,
        state=old.state,
        targets=old.targets,
        protocol=protocol,
        changed=False,
    )


def _new(claim: Claim, reaction: Reaction, policy: Policy) -> Verdict:
    judged = _judge(claim, reaction, policy)
    return Verdict(
        Status.SUCCESS,
        SUMMARIES[Status.SUCCESS],
        Act.INSERT,
        state=judged.state,
        targets=(claim.target,),
        protocol=claim.via,
        change=Change.CREATED,
        doubts=judged.doubts,
    )


def _again(old: Entry, claim: Claim, reaction: Reaction, policy: Policy, past: Past) -> Verdict:
    """A tombstone whose page links again.  What was hidden or spam before it was withdrawn stays that."""
    if past.is_owners:
        return replace(_refused(Status.DELETED, old, "The owner of the site has removed this response."), changed=False)
    judged = _judge(claim, reaction, policy)
    state = judged.state
    if past.state in {EntryState.HIDDEN, EntryState.SPAM, EntryState.HELD, EntryState.SHOWN}:
        state = past.state
    return Verdict(
        Status.SUCCESS,
        SUMMARIES[Status.SUCCESS],
        Act.REVIVE,
        state=state,
        targets=(claim.target,),
        protocol=claim.via,
        change=Change.CREATED,
        doubts=judged.doubts if state is EntryState.HELD else (),
    )


def _known(old: Entry, claim: Claim, reaction: Reaction, policy: Policy) -> Verdict:
    """An entry whose page still links: its words follow the page, its state stays the owner's."""
    protocol = _better_protocol(old.protocol, claim.via)
    has_target = _has_target(old, claim)
    is_same = old.reaction == reaction and has_target and protocol is old.protocol
    if is_same and old.policy_version == policy.policy_version:
        return _kept(old, protocol)
    return Verdict(
        Status.SUCCESS,
        SUMMARIES[Status.SUCCESS],
        Act.UPDATE,
        state=old.state,
        targets=old.targets if has_target else (*old.targets, claim.target),
        protocol=protocol,
        change=Change.UPDATED,
        changed=not is_same,
    )


def _judge(claim: Claim, reaction: Reaction, policy: Policy) -> rules.Judgement:
    return rules.judge(
        policy.options,
        reaction,
        claim.via,
        source=claim.source,
        target=claim.target,
        is_known=policy.is_known,
        spam=policy.spam,
        crowd=policy.crowd,
    )


def _better_protocol(old: Protocol, new: Protocol) -> Protocol:
    """A webmention of what was a pingback makes it one; never the other way round."""
    return Protocol.WEBMENTION if Protocol.WEBMENTION in (old, new) else old


def _has_target(entry: Entry, claim: Claim) -> bool:
    return any(urls.same_resource(target, claim.target) for target in entry.targets)


def _sentence(reason: str) -> str:
    return f"{reason[:1].upper()}{reason[1:]}."
