"""What becomes of a claim: every row of the table in `decide.py`, then a walk through all of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mentions.decide import Act, PageSeen, Past, Policy, decide
from mentions.model import (
    PASSING,
    Change,
    Claim,
    Content,
    Document,
    Entry,
    EntryState,
    Fetched,
    Gone,
    Kind,
    Link,
    PlainText,
    Protocol,
    Reaction,
    Reading,
    Refused,
    Status,
    Unchanged,
    Unreachable,
    Url,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SOURCE, TARGET, OTHER = "https://ann.example/reply", "https://mine.example/post", "https://mine.example/post?a=1"
CLAIM = Claim("c", SOURCE, TARGET, Protocol.WEBMENTION, NOW)
FETCHED = Fetched(Document(Url(SOURCE), "text/html", "utf-8", b""), ())
LINK = Link(TARGET, TARGET, "a[href]")


def reaction(words="Well said", kind=Kind.REPLY):
    return Reaction(kind, content=Content(None, PlainText(words)))


def reading(words="Well said"):
    return Reading(LINK, reaction=reaction(words))


NO_LINK = Reading(None)
ANYTHING, NOTHING = Policy(), Past()
SAYS_GONE = Reading(None, is_gone=True)


def entry(state=EntryState.SHOWN, targets=(TARGET,), words="Well said", protocol=Protocol.WEBMENTION):
    return Entry(
        id=7,
        page_id=1,
        site_id=1,
        source=SOURCE,
        target=TARGET,
        targets=targets,
        fragment=None,
        protocol=protocol,
        state=state,
        reaction=reaction(words),
        received_at=NOW,
        updated_at=NOW,
    )


TOMBSTONE = entry(EntryState.DELETED, targets=())


def verdict(
    old=None, sighting=FETCHED, read=None, *, claim=CLAIM, page=PageSeen.PRESENT, policy=ANYTHING, past=NOTHING, now=NOW
):
    return decide(old, claim, sighting, read, page, policy, now, past=past, rng=Random(1))


# --- a source that cannot be had ----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", sorted(PASSING))
@pytest.mark.parametrize("old", [None, entry(), TOMBSTONE])
def test_a_passing_fault_is_tried_again_and_touches_nothing(status, old):
    out = verdict(old, Unreachable(status, "it went wrong", ()))
    assert (out.status, out.act, out.change) == (Status.RETRYING, Act.NONE, None)
    assert NOW < out.next_try_at < NOW + timedelta(minutes=1)


@pytest.mark.parametrize("status", sorted(PASSING))
def test_a_passing_fault_is_the_outcome_after_a_day_and_still_deletes_nothing(status):
    old_claim = replace(CLAIM, attempts=12, first_tried_at=NOW - timedelta(days=1))
    out = verdict(entry(), Unreachable(status, "it went wrong", ()), claim=old_claim)
    assert (out.status, out.act, out.next_try_at) == (status, Act.NONE, None)


def test_a_retry_after_is_obeyed():
    out = verdict(None, Unreachable(Status.HTTP_ERROR, "the server answered 429", (), 3600))
    assert out.next_try_at == NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    "status", [Status.FORBIDDEN_ADDRESS, Status.TOO_LARGE, Status.UNSUPPORTED_CONTENT_TYPE, Status.HTTP_ERROR]
)
@pytest.mark.parametrize("old", [None, entry()])
def test_a_refusal_is_the_outcome_and_touches_nothing(status, old):
    out = verdict(old, Refused(status, "no", ()))
    assert (out.status, out.act, out.next_try_at) == (status, Act.NONE, None)


def test_a_page_that_broke_the_parser_is_invalid_content_and_touches_nothing():
    assert (verdict(entry()).status, verdict(entry()).act) == (Status.INVALID_CONTENT, Act.NONE)


# --- a source that is gone, or has lost its link ------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.NOT_FOUND, Status.GONE])
@pytest.mark.parametrize("state", [state for state in EntryState if state is not EntryState.DELETED])
def test_a_page_that_is_gone_withdraws_what_it_said_for_all_targets(status, state):
    out = verdict(entry(state, targets=(TARGET, OTHER)), Gone(status, ()))
    assert (out.status, out.act, out.change) == (Status.DELETED, Act.WITHDRAW, Change.DELETED)
    assert out.state is EntryState.DELETED


@pytest.mark.parametrize("status", [Status.NOT_FOUND, Status.GONE])
@pytest.mark.parametrize("old", [None, TOMBSTONE])
def test_a_page_that_is_gone_and_said_nothing_before_is_told_as_that(status, old):
    assert (verdict(old, Gone(status, ())).status, verdict(old, Gone(status, ())).act) == (status, Act.NONE)


def test_a_meta_element_may_say_that_the_page_is_gone():
    assert verdict(entry(), read=SAYS_GONE).act is Act.WITHDRAW
    assert verdict(None, read=SAYS_GONE).status is Status.GONE


def test_a_page_without_the_link_withdraws_what_it_said():
    out = verdict(entry(), read=NO_LINK)
    assert (out.status, out.act, out.change) == (Status.DELETED, Act.WITHDRAW, Change.DELETED)


def test_a_page_that_lost_one_of_two_links_keeps_the_other():
    out = verdict(entry(targets=(TARGET, OTHER)), read=NO_LINK)
    assert (out.status, out.act, out.targets, out.state) == (Status.DELETED, Act.UNTARGET, (OTHER,), EntryState.SHOWN)


@pytest.mark.parametrize("old", [None, TOMBSTONE, entry(targets=(OTHER,))])
def test_a_page_that_never_had_the_link_is_told_so_and_loses_nothing(old):
    out = verdict(old, read=NO_LINK)
    assert (out.status, out.act) == (Status.NO_LINK_FOUND, Act.NONE)


# --- a source that links -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [PageSeen.PRESENT, PageSeen.UNKNOWN])
def test_a_link_makes_an_entry(page):
    out = verdict(None, read=reading(), page=page)
    assert (out.status, out.act, out.state, out.change) == (
        Status.SUCCESS,
        Act.INSERT,
        EntryState.SHOWN,
        Change.CREATED,
    )
    assert (out.targets, out.changed, out.held) == ((TARGET,), True, False)


def test_a_link_is_held_where_the_owner_wants_to_see_it_first():
    out = verdict(None, read=reading(), policy=Policy({"hold": "all"}))
    assert (out.status, out.state, out.held) == (Status.SUCCESS, EntryState.HELD, True)


@pytest.mark.parametrize("old", [None, entry(), TOMBSTONE])
def test_a_target_that_is_not_there_gets_no_state(old):
    out = verdict(old, read=reading(), page=PageSeen.MISSING)
    assert (out.status, out.act) == (Status.TARGET_NOT_FOUND, Act.NONE)


@pytest.mark.parametrize(
    "sighting", [FETCHED, Gone(Status.GONE, ()), Refused(Status.TOO_LARGE, "no", ()), Unchanged(())]
)
def test_a_blocked_source_is_told_so_and_touches_nothing(sighting):
    out = verdict(entry(), sighting, reading(), policy=Policy(is_blocked=True))
    assert (out.status, out.act) == (Status.BLOCKED, Act.NONE)


@pytest.mark.parametrize("state", [state for state in EntryState if state is not EntryState.DELETED])
def test_the_same_words_again_change_nothing(state):
    out = verdict(entry(state), read=reading(), policy=Policy({"hold": "all"}))
    assert (out.status, out.act, out.changed, out.state, out.change) == (Status.SUCCESS, Act.KEEP, False, state, None)


@pytest.mark.parametrize("state", [state for state in EntryState if state is not EntryState.DELETED])
def test_other_words_are_taken_over_and_whether_they_are_shown_stays_the_owners(state):
    out = verdict(entry(state), read=reading("On reflection"), policy=Policy({"hold": "all"}))
    assert (out.status, out.act, out.state, out.change) == (Status.SUCCESS, Act.UPDATE, state, Change.UPDATED)
    assert out.changed


def test_another_spelling_of_the_page_is_added_to_the_targets():
    out = verdict(entry(targets=(OTHER,)), read=reading())
    assert (out.act, out.targets, out.changed) == (Act.UPDATE, (OTHER, TARGET), True)


def test_an_entry_of_an_older_sanitising_policy_is_written_anew_without_being_news():
    out = verdict(entry(), read=reading(), policy=Policy(policy_version=2))
    assert (out.act, out.changed) == (Act.UPDATE, False)


def test_a_webmention_of_what_was_a_pingback_makes_it_one_and_never_the_other_way_round():
    out = verdict(entry(protocol=Protocol.PINGBACK), read=reading())
    assert (out.act, out.protocol) == (Act.UPDATE, Protocol.WEBMENTION)
    again = verdict(entry(), read=reading(), claim=replace(CLAIM, via=Protocol.PINGBACK))
    assert (again.act, again.protocol, again.changed) == (Act.KEEP, Protocol.WEBMENTION, False)


# --- tombstones ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [EntryState.SHOWN, EntryState.HELD, EntryState.HIDDEN, EntryState.SPAM])
def test_a_page_that_links_again_comes_back_as_it_was(state):
    out = verdict(TOMBSTONE, read=reading(), past=Past(state=state))
    assert (out.status, out.act, out.state, out.change) == (Status.SUCCESS, Act.REVIVE, state, Change.CREATED)


def test_a_page_that_links_again_and_was_never_judged_goes_by_the_sites_rules():
    assert verdict(TOMBSTONE, read=reading(), policy=Policy({"hold": "all"})).state is EntryState.HELD


def test_what_the_owner_deleted_stays_deleted():
    out = verdict(TOMBSTONE, read=reading(), past=Past(is_owners=True, state=EntryState.SHOWN))
    assert (out.status, out.act, out.changed) == (Status.DELETED, Act.NONE, False)


# --- conditional requests ------------------------------------------------------------------------------------------


def test_an_unchanged_page_keeps_its_entry():
    assert (verdict(entry(), Unchanged(())).act, verdict(entry(), Unchanged(())).changed) == (Act.KEEP, False)


@pytest.mark.parametrize("old", [None, TOMBSTONE, entry(targets=(OTHER,))])
def test_an_unchanged_page_that_we_do_not_have_is_an_error_of_its_server(old):
    assert verdict(old, Unchanged(())).status is Status.HTTP_ERROR


# --- all of it -----------------------------------------------------------------------------------------------------

WORDS = st.sampled_from(["one", "two", "three"])
TARGETS = st.sampled_from([TARGET, OTHER])


class Life(RuleBasedStateMachine):
    """One source and one page: its life in any order, with what must hold at each step."""

    def __init__(self):
        super().__init__()
        self.entry: Entry | None = None
        self.past = Past()
        self.now = NOW

    def see(self, target, sighting, read=None, page=PageSeen.PRESENT, policy=ANYTHING):
        self.now += timedelta(hours=1)
        claim = Claim("c", SOURCE, target, Protocol.WEBMENTION, self.now)
        before = self.entry
        out = decide(before, claim, sighting, read, page, policy, self.now, past=self.past, rng=Random(1))
        self.check(before, out, sighting, read)
        self.keep(out, target, read)
        return out

    def check(self, before, out, sighting, read):
        live = before is not None and before.state is not EntryState.DELETED
        if isinstance(sighting, Unreachable | Refused):
            assert out.act is Act.NONE
        if out.act in (Act.WITHDRAW, Act.UNTARGET):
            assert live
            assert isinstance(sighting, Gone) or (read is not None and read.link is None)
        if live and out.act is not Act.WITHDRAW:
            assert out.state is before.state, "only its owner or its end changes whether an entry is shown"
        if out.status is Status.SUCCESS:
            assert out.state is not EntryState.DELETED
            assert read is not None or isinstance(sighting, Unchanged)
        assert (out.change is None) == (out.act in (Act.NONE, Act.KEEP))

    def keep(self, out, target, read):
        if out.act is Act.INSERT:
            assert self.entry is None
            self.entry = replace(entry(), targets=out.targets, state=out.state, reaction=read.reaction)
        elif out.act in (Act.UPDATE, Act.REVIVE):
            assert target in out.targets
            self.entry = replace(self.entry, targets=out.targets, state=out.state, reaction=read.reaction)
        elif out.act is Act.UNTARGET:
            assert out.targets
            assert target not in out.targets
            self.entry = replace(self.entry, targets=out.targets)
        elif out.act is Act.WITHDRAW:
            self.past = Past(state=self.entry.state)
            self.entry = replace(self.entry, targets=(), state=EntryState.DELETED)

    @rule(aim=TARGETS, words=WORDS, hold=st.sampled_from(["none", "all"]))
    def the_source_links(self, aim, words, hold):
        out = self.see(aim, FETCHED, reading(words), policy=Policy({"hold": hold}))
        assert out.status is (Status.DELETED if self.is_owners_tombstone() else Status.SUCCESS)
        again = self.see(aim, FETCHED, reading(words), policy=Policy({"hold": hold}))
        assert not again.changed, "told twice is told once"

    @rule(aim=TARGETS)
    def the_source_has_lost_its_link(self, aim):
        self.see(aim, FETCHED, NO_LINK)
        assert self.entry is None or aim not in self.entry.targets

    @rule(aim=TARGETS, status=st.sampled_from([Status.GONE, Status.NOT_FOUND]))
    def the_source_is_gone(self, aim, status):
        self.see(aim, Gone(status, ()))
        assert self.entry is None or self.entry.state is EntryState.DELETED

    @rule(aim=TARGETS, status=st.sampled_from(sorted(PASSING)))
    def the_source_cannot_be_reached(self, aim, status):
        before = self.entry
        self.see(aim, Unreachable(status, "x", ()))
        assert self.entry is before

    @rule(aim=TARGETS, words=WORDS)
    def the_target_is_missing(self, aim, words):
        before = self.entry
        assert self.see(aim, FETCHED, reading(words), PageSeen.MISSING).status is Status.TARGET_NOT_FOUND
        assert self.entry is before

    @rule(aim=TARGETS)
    def the_source_says_that_nothing_changed(self, aim):
        before = self.entry
        self.see(aim, Unchanged(()))
        assert self.entry is before

    @rule(state=st.sampled_from([EntryState.SHOWN, EntryState.HELD, EntryState.HIDDEN, EntryState.SPAM]))
    def the_owner_judges(self, state):
        if self.entry is not None and self.entry.state is not EntryState.DELETED:
            self.entry = replace(self.entry, state=state)

    @rule()
    def the_owner_deletes(self):
        if self.entry is not None and self.entry.state is not EntryState.DELETED:
            self.past = Past(is_owners=True, state=self.entry.state)
            self.entry = replace(self.entry, targets=(), state=EntryState.DELETED)

    def is_owners_tombstone(self):
        return self.entry is not None and self.entry.state is EntryState.DELETED and self.past.is_owners

    @invariant()
    def a_live_entry_has_targets_and_a_tombstone_none(self):
        if self.entry is not None:
            assert bool(self.entry.targets) == (self.entry.state is not EntryState.DELETED)


TestLife = Life.TestCase
TestLife.settings = hypothesis_settings(max_examples=60, stateful_step_count=25, deadline=None)
