"""When a claim is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from mentions.retry import GIVE_UP_AFTER, LONGEST_PAUSE_S, next_try, pause_s

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_pauses_double_from_half_a_minute_to_four_hours():
    pauses = [pause_s(attempts, Random(1)) for attempts in range(1, 12)]
    assert 22.5 <= pauses[0] <= 37.5
    assert all(1.2 <= later / earlier <= 3.4 for earlier, later in pairwise(pauses[:9]))
    assert max(pauses) <= LONGEST_PAUSE_S * 1.25


def test_a_retry_after_moves_the_next_try_later_and_never_sooner():
    assert next_try(1, NOW, NOW, 600, Random(1)) == NOW + timedelta(seconds=600)
    assert next_try(8, NOW, NOW, 1, Random(1)) > NOW + timedelta(minutes=30)


def test_after_a_day_it_is_given_up():
    assert next_try(9, NOW - GIVE_UP_AFTER, NOW, None, Random(1)) is None


def test_the_last_try_stands_at_the_end_of_the_day():
    almost = NOW - GIVE_UP_AFTER + timedelta(minutes=5)
    assert next_try(9, almost, NOW, None, Random(1)) == NOW + timedelta(minutes=5)


def test_a_retry_after_beyond_the_day_is_obeyed_and_is_the_last():
    at = next_try(1, NOW - timedelta(hours=23), NOW, 7200, Random(1))
    assert at == NOW + timedelta(hours=2)
    assert next_try(2, NOW - timedelta(hours=23), at, 7200, Random(1)) is None


@given(st.integers(0, 10_000), st.integers(0, 2**32))
def test_a_host_that_stays_down_is_asked_a_bounded_number_of_times(seed, start):
    rng, now, tries = Random(seed), NOW + timedelta(seconds=start % 10_000), 0
    first = now
    while (at := next_try(tries + 1, first, now, None, rng)) is not None:
        assert now < at <= first + GIVE_UP_AFTER
        now, tries = at, tries + 1
    assert 10 <= tries <= 25
