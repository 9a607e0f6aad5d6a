"""A verdict becomes rows: page, entry, revision, change and outcome in one transaction, or none of them.

What was found out over the network comes in; the old entry is read again inside the transaction, so that two claims
about one source cannot decide on the same old state.  Nothing is fetched here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import options as site_options
from mentions import policy, urls
from mentions.decide import Act, PageSeen, Past, Policy, Verdict, decide
from mentions.model import Change, Claim, Entry, EntryState, Fetched, Outcome, Page, Reading, Sighting, Status, Trace
from mentions.policy import Crowd
from mentions.sanitize import POLICY_VERSION
from mentions.storage import blocks, changes, claims, collisions, doubts, entries, learning, pages
from mentions.storage.blocks import Block
from workers.jobs.clusters import cluster
from workers.jobs.crowds import look_around, remember
from workers.jobs.parents import adopt, find_parent
from workers.jobs.places import Place
from workers.jobs.targets import UNKNOWN, Look, learn
from workers.kit import Kit


@dataclass(frozen=True, slots=True)
class Seen:
    """All that one look at a claim's source brought."""

    sighting: Sighting
    reading: Reading | None = None
    look: Look = UNKNOWN
    trace: Trace = field(default_factory=Trace)


@dataclass(frozen=True, slots=True)
class Stored:
    """What is on disk now."""

    outcome: Outcome
    page_id: int | None = None
    cursor: int | None = None
    """Of the last change; None when nothing changed."""


def is_unwelcome(blocks: Sequence[Block], claim: Claim, seen: Seen) -> bool:
    """Whether the source, a page that it led to, or its author is blocked."""
    if any(policy.is_blocked(blocks, url) for url in (claim.source, *(hop.url for hop in seen.sighting.hops))):
        return True
    reaction = seen.reading.reaction if seen.reading is not None else None
    return reaction is not None and policy.is_blocked(blocks, claim.source, reaction.author) is not None


async def store(kit: Kit, claim: Claim, place: Place, seen: Seen) -> Stored:
    """Decides and keeps, in one transaction.  One that lost against another is done again, on the new state."""
    reaction = seen.reading.reaction if seen.reading is not None else None
    crowd = await look_around(kit, place.site, claim, reaction) if reaction is not None else None
    stored = await collisions.retried(lambda: _store(kit, claim, place, seen, crowd), rng=kit.rng)
    if reaction is not None and stored.page_id is not None:
        await remember(kit, place.site, claim, reaction)
    return stored


async def _store(kit: Kit, claim: Claim, place: Place, seen: Seen, crowd: Crowd | None) -> Stored:
    async with kit.db.write() as c:
        is_blocked = is_unwelcome(await blocks.for_site(c, place.site.id), claim, seen)
        filing = _Filing(c, kit, claim, place, seen, kit.now(), is_blocked, crowd)
        page = await filing.find_page()
        old = await filing.find_old(page) if page is not None else None
        verdict = decide(
            old,
            claim,
            seen.sighting,
            seen.reading,
            seen.look.seen,
            await filing.policy(old),
            filing.now,
            past=await filing.past(old),
            rng=kit.rng,
        )
        entry = await filing.apply(verdict, page, old)
        if entry is not None and verdict.doubts:
            await doubts.keep(c, entry.id, verdict.doubts)
        cursor = await filing.tell(verdict.change, entry)
        outcome = Outcome(
            claim=claim,
            status=verdict.status,
            summary=verdict.summary,
            at=filing.now,
            trace=seen.trace,
            entry_id=entry.id if entry is not None else None,
            held=verdict.held,
            next_try_at=verdict.next_try_at,
            changed=verdict.changed,
        )
        await claims.save(c, outcome)
    return Stored(outcome, entry.page_id if entry is not None else None, cursor)


async def store_failure(kit: Kit, claim: Claim, status: Status, summary: str) -> Outcome:
    """Keeps an outcome that touches no entry."""
    outcome = Outcome(claim, status, summary, kit.now(), changed=False)
    async with kit.db.write() as c:
        await claims.save(c, outcome)
    return outcome


@dataclass(frozen=True, slots=True)
class _Filing:
    """One transaction, and what it is about."""

    c: AsyncConnection
    kit: Kit
    claim: Claim
    place: Place
    seen: Seen
    now: datetime
    is_blocked: bool
    crowd: Crowd | None

    async def find_page(self) -> Page | None:
        """The page that the claim is filed under, made or brought up to date only for a link that was verified."""
        if self.place.answered is not None:
            return await pages.by_id(self.c, self.place.answered.page_id)
        known = await pages.by_key(self.c, urls.page_key(self.claim.target))
        if not self._is_welcome():
            return known
        look = self.seen.look
        if known is not None and look.final_url is None:
            return known
        await changes.lock(self.c)  # before any row: pages that turn out to be one are merged under it
        page = await pages.ensure(self.c, self.place.site.id, self.claim.target, now=self.now)
        if look.final_url is None:
            return page
        return await learn(self.c, page.id, self.claim.target, look, now=self.now)

    async def find_old(self, page: Page) -> Entry | None:
        """What the source has on the page; else what the owner has removed of it: no other spelling brings it back."""
        old = await entries.by_source(self.c, urls.source_key(self.claim.source), page.id)
        if old is None and self._is_welcome():
            old = await entries.removed_alike(self.c, self.claim.source, page.id)
        return None if old is None else await entries.locked(self.c, old.id)  # a moderator may decide on it just now

    def _is_welcome(self) -> bool:
        reading = self.seen.reading
        is_linked = isinstance(self.seen.sighting, Fetched) and reading is not None and reading.reaction is not None
        return is_linked and not self.is_blocked and self.seen.look.seen is not PageSeen.MISSING

    async def policy(self, old: Entry | None) -> Policy:
        """What the site's owner wants, as far as it matters: of an entry that is there they have decided already."""
        options, reading = self.place.site.options, self.seen.reading
        reaction = reading.reaction if reading is not None else None
        if reaction is None or (old is not None and old.state is not EntryState.DELETED):
            return Policy(options, self.is_blocked, policy_version=POLICY_VERSION)
        site_id, via, source = self.place.site.id, self.claim.via, self.claim.source
        is_known, spam = False, None
        if policy.wants_to_know(options, via):
            person = policy.person_of(options, reaction, via, source)
            is_known = person is not None and await entries.has_shown(self.c, site_id, options, person)
        if site_options.read(options, "learn"):
            spam = await learning.score(self.c, site_id, reaction, via, source)
        return Policy(options, self.is_blocked, is_known, POLICY_VERSION, spam, self.crowd)

    async def past(self, old: Entry | None) -> Past:
        """What a tombstone remembers: who made it one, and what it was before."""
        if old is None or old.state is not EntryState.DELETED:
            return Past()
        by = await entries.deleted_by(self.c, old.id)
        history = await entries.revisions(self.c, old.id)
        return Past(is_owners=by not in (None, "source"), state=history[-1].state_before if history else None)

    async def apply(self, verdict: Verdict, page: Page | None, old: Entry | None) -> Entry | None:
        """Does what the verdict says; the entry as it is then."""
        if verdict.act is Act.NONE:
            return old
        if verdict.act is Act.INSERT:
            assert page is not None
            return await self._hang(await self._insert(verdict, page))
        assert old is not None
        if verdict.act is Act.KEEP:
            return await entries.update(self.c, old.id, now=self.now)
        if verdict.act in (Act.WITHDRAW, Act.UNTARGET):
            target = self.claim.target if verdict.act is Act.UNTARGET else None
            return await self._withdraw(old, target)
        return await self._hang(await self._update(verdict, old))

    async def _withdraw(self, old: Entry, target: str | None) -> Entry:
        """Takes the entry, or one of its targets, away; copies that it stood for find another one."""
        left = [each for each in await entries.copies_of(self.c, old.id) if each.id != old.id]
        entry = await entries.withdraw(self.c, old.id, now=self.now, target=target)
        if entry.state is EntryState.DELETED and left:
            next_one = await entries.get(self.c, left[0].id)
            assert next_one is not None, "what was there a moment ago is locked by nobody else"
            for copy in {each.id: each for each in (next_one, *await cluster(self.c, next_one, now=self.now))}.values():
                await self.tell(Change.UPDATED, copy)
        return entry

    async def _insert(self, verdict: Verdict, page: Page) -> Entry:
        reading, fetched = self._verified()
        assert reading.reaction is not None
        assert verdict.state is not None
        return await entries.insert(
            self.c,
            site_id=page.site_id,
            page_id=page.id,
            source=self.claim.source,
            target=self.claim.target,
            protocol=self.claim.via,
            reaction=reading.reaction,
            state=verdict.state,
            now=self.now,
            received_at=self.claim.received_at,
            etag=fetched.etag,
            last_modified=fetched.last_modified,
            policy_version=POLICY_VERSION,
            mf2=reading.mf2,
        )

    async def _update(self, verdict: Verdict, old: Entry) -> Entry:
        reading, fetched = self._verified()
        return await entries.update(
            self.c,
            old.id,
            now=self.now,
            reaction=reading.reaction,
            target=self.claim.target,
            state=verdict.state if verdict.act is Act.REVIVE else None,
            protocol=verdict.protocol,
            etag=fetched.etag,
            last_modified=fetched.last_modified,
            policy_version=POLICY_VERSION,
            mf2=reading.mf2,
        )

    def _verified(self) -> tuple[Reading, Fetched]:
        """Both are there whenever a verdict writes what the source says."""
        assert isinstance(self.seen.sighting, Fetched)
        assert self.seen.reading is not None
        return self.seen.reading, self.seen.sighting

    async def _hang(self, entry: Entry) -> Entry:
        """Puts the entry in its place in the thread, and below it what waited for it."""
        base, answered = self.kit.public_url, self.place.answered
        parent_id = await find_parent(self.c, entry, public_url=base, answered=answered)
        if parent_id != entry.parent_id:
            entry = await entries.update(self.c, entry.id, now=self.now, parent_id=parent_id)
        for child in await adopt(self.c, entry, public_url=base):
            await self.tell(Change.UPDATED, child)
        for copy in await cluster(self.c, entry, now=self.now):
            if copy.id == entry.id:
                entry = copy
            else:
                await self.tell(Change.UPDATED, copy)
        return entry

    async def tell(self, change: Change | None, entry: Entry | None) -> int | None:
        """Appends to the change log; the cursor."""
        if change is None or entry is None:
            return None
        return await changes.append(
            self.c, site_id=entry.site_id, page_id=entry.page_id, entry_id=entry.id, change=change, now=self.now
        )
