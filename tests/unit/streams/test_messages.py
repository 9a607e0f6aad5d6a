"""Claims as Redis fields: what goes in comes out, and what is no claim is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentions.model import Claim, Protocol, Status
from mentions.streams import messages
from mentions.streams.messages import claim_fields, pair_digest, read_buried, read_claim, read_waiting

NOW = datetime(2026, 11, 23, 12, 0, 0, 250_000, tzinfo=UTC)
MOMENTS = st.datetimes(timezones=st.just(UTC))
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
CLAIMS = st.builds(
    Claim,
    id=st.text("abcdefghijklmnopqrstuvwxyz0123456789_-", min_size=20, max_size=20),
    source=TEXT,
    target=TEXT,
    via=st.sampled_from(Protocol),
    received_at=MOMENTS,
    attempts=st.integers(0, 1000),
    first_tried_at=st.none() | MOMENTS,
)


def make(source: str = "https://source.example/", target: str = "https://site.example/") -> Claim:
    return Claim("id", source, target, Protocol.WEBMENTION, NOW)


@given(CLAIMS)
def test_a_claim_comes_out_as_it_went_in(claim):
    assert read_claim(claim.id, claim_fields(claim)) == claim


@given(CLAIMS)
def test_fields_are_text_and_tell_the_pair(claim):
    fields = claim_fields(claim)
    assert all(isinstance(value, str) for value in fields.values())
    assert fields["pair"] == pair_digest(claim)


@given(CLAIMS, CLAIMS)
def test_claims_share_a_pair_exactly_when_source_and_target_are_equal(one, other):
    is_equal = (one.source, one.target) == (other.source, other.target)
    assert (pair_digest(one) == pair_digest(other)) == is_equal


def test_what_is_not_part_of_the_pair_does_not_change_it():
    earlier = Claim("other", make().source, make().target, Protocol.PINGBACK, NOW - timedelta(days=1), attempts=3)
    assert pair_digest(earlier) == pair_digest(make())


@pytest.mark.parametrize(
    "other",
    [
        make("https://source.example"),
        make(target="https://site.example"),
        make("https://site.example/", "https://source.example/"),
    ],
)
def test_another_spelling_or_direction_is_another_pair(other):
    assert pair_digest(other) != pair_digest(make())


def test_a_claim_that_has_ended_has_no_fields():
    assert read_claim("id", {}) is None
    assert read_waiting("id", {}) is None
    assert read_buried("id", {}) is None


def test_fields_that_a_later_version_adds_are_left_alone():
    assert read_claim("id", {**claim_fields(make()), "colour": "blue"}) == make()


def test_a_waiting_claim_tells_when_and_why_it_is_tried_again():
    fields = {**claim_fields(make()), "status": "retrying", "next_try_at": repr(NOW.timestamp()), "note": "timeout"}
    waiting = read_waiting("id", fields)
    assert waiting is not None
    assert (waiting.status, waiting.next_try_at, waiting.note) == (Status.RETRYING, NOW, "timeout")


def test_a_claim_that_is_not_buried_is_not_listed_as_such():
    assert read_buried("id", {**claim_fields(make()), "status": "queued"}) is None


def test_a_buried_claim_tells_why():
    fields = {**claim_fields(make()), "buried_at": repr(NOW.timestamp()), "reason": "a defect", "deliveries": "5"}
    assert read_buried("id", fields) == messages.Buried(make(), "a defect", NOW, 5)


def test_all_keys_carry_one_hash_tag_so_that_a_cluster_keeps_them_together():
    keys = [messages.CLAIMS, messages.DELAYED, messages.PARKED, messages.BURIED]
    keys += [messages.claim_key("id"), messages.pair_key("digest")]
    assert {key[: key.index("}") + 1] for key in keys} == {"{ymateb}"}
    assert len(set(keys)) == len(keys)
