"""What webhooks say, how they are signed, and when they are tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentions import webhooks
from mentions.errors import InvalidRequest
from mentions.model import Change, EntryState
from mentions.webhooks import HookKind, Secret

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def after(**amount: float) -> datetime:
    return NOW + timedelta(**amount)


def test_pauses_grow_with_a_tenth_of_jitter_and_end_after_the_sixth_try():
    pauses = [webhooks.next_try_at(tries, NOW, None, Random(tries)) for tries in range(1, 7)]
    assert pauses.pop() is None
    for base, at in zip((60, 300, 1800, 7200, 43200), pauses, strict=True):
        assert at is not None
        assert base <= (at - NOW).total_seconds() <= base * 1.1


@pytest.mark.parametrize(("told", "least"), [(None, 60), (10, 60), (600, 600), (10**9, 86_400)])
def test_retry_after_makes_a_pause_longer_and_never_shorter(told, least):
    at = webhooks.next_try_at(1, NOW, told, Random(1))
    assert at is not None
    assert least <= (at - NOW).total_seconds() <= max(least, 66)


def test_a_signature_is_what_the_convention_says():
    """The example of the Standard Webhooks specification."""
    secret = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    at = datetime.fromtimestamp(1_614_265_330, UTC)
    headers = webhooks.signed_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", at, body, [secret])
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330")


def test_a_secret_that_has_expired_signs_no_more():
    old = Secret(webhooks.secret_of(b"o" * 32), after(hours=1))
    new = Secret(webhooks.secret_of(b"n" * 32))
    both = webhooks.signed_headers("m", NOW, b"{}", [new, old])["webhook-signature"].split(" ")
    later = webhooks.signed_headers("m", after(hours=1), b"{}", [new, old])["webhook-signature"].split(" ")
    assert (len(both), len(later)) == (2, 1)


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_####", "abc", webhooks.secret_of(b"x" * 23)])
def test_a_weak_or_broken_secret_is_refused(text):
    with pytest.raises(InvalidRequest):
        webhooks.check_secret(text, HookKind.STANDARD)


def test_the_older_form_takes_the_secret_that_its_owner_has():
    assert webhooks.check_secret("tomato", HookKind.LEGACY) == "tomato"
    for bad in ("", "a\nb", "x" * 201):
        with pytest.raises(InvalidRequest):
            webhooks.check_secret(bad, HookKind.LEGACY)


@pytest.mark.parametrize(
    ("change", "state", "event"),
    [
        (Change.CREATED, EntryState.SHOWN, "created"),
        (Change.CREATED, EntryState.HELD, "held"),
        (Change.CREATED, EntryState.HIDDEN, None),
        (Change.UPDATED, EntryState.SPAM, None),
        (Change.APPROVED, EntryState.DELETED, None),
        (Change.HIDDEN, EntryState.HIDDEN, "hidden"),
        (Change.DELETED, EntryState.DELETED, "deleted"),
    ],
)
def test_a_change_is_told_as_what_the_entry_is_by_then(change, state, event):
    assert webhooks.event_of(change, state) == event


def test_events_are_every_change_unless_named_and_what_waits_only_when_named():
    assert webhooks.read_events([]) == ("created", "updated", "approved", "hidden", "deleted")
    assert webhooks.read_events(["held", "created"]) == ("created", "held")
    with pytest.raises(InvalidRequest, match="shouted"):
        webhooks.read_events(["shouted"])
    assert webhooks.wants(("held",), Change.CREATED)
    assert not webhooks.wants(("held",), Change.DELETED)
    assert not webhooks.wants(("created",), Change.UPDATED)


@given(
    changes=st.lists(st.integers(0, 600), min_size=1, max_size=40).map(sorted),
    quiet_s=st.integers(0, 120),
    every_s=st.integers(0, 300),
    last_ago_s=st.none() | st.integers(0, 600),
)
def test_a_rebuild_waits_for_quiet_but_not_for_ever_and_never_comes_too_soon(changes, quiet_s, every_s, last_ago_s):
    quiet, every = timedelta(seconds=quiet_s), timedelta(seconds=every_s)
    last_at = None if last_ago_s is None else NOW - timedelta(seconds=last_ago_s)
    first = after(seconds=changes[0])
    for changed_s in changes:
        changed = after(seconds=changed_s)
        due = webhooks.rebuild_at(changed_at=changed, first_at=first, last_at=last_at, quiet=quiet, every=every)
        assert last_at is None or due >= last_at + every
        assert due >= min(changed + quiet, first + max(quiet, every))
        assert due <= max(first + max(quiet, every), changed, (last_at or first) + every)
