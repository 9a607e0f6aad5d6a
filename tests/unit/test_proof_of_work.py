"""A challenge is solved by its number, about its subject, in its time, and by nothing else."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentions import proof_of_work as pow_
from mentions.proof_of_work import GOOD_FOR, LEAST, MOST

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
KEYS = {"20782": b"k" * 64}
SUBJECT = pow_.subject_of("https://blog.example/post", "Ann", "Hello")
CHALLENGE = pow_.issue("20782", KEYS["20782"], SUBJECT, salt="5a17", number=1234, most=2000, now=NOW)


def solved(answer, *, keys=KEYS, subject=SUBJECT, at=NOW):
    return pow_.solved(answer, keys, subject, at)


def test_the_number_is_found_by_trying():
    found = [n for n in range(CHALLENGE.most + 1) if sha256(f"5a17{n}".encode()).hexdigest() == CHALLENGE.goal]
    assert found == [1234]
    assert solved(f"{CHALLENGE.token}.{found[0]}") == "5a17"


def test_it_is_good_for_a_while():
    answer = f"{CHALLENGE.token}.1234"
    assert solved(answer, at=NOW + GOOD_FOR) == "5a17"
    assert solved(answer, at=NOW + GOOD_FOR + timedelta(seconds=1)) is None


@pytest.mark.parametrize("number", ["1233", "", "01234", "1234 ", "-1234"])
def test_other_numbers_solve_nothing(number):
    assert solved(f"{CHALLENGE.token}.{number}") is None


def test_it_is_about_one_comment_on_one_page():
    answer = f"{CHALLENGE.token}.1234"
    for other in (
        pow_.subject_of("https://blog.example/other", "Ann", "Hello"),
        pow_.subject_of("https://blog.example/post", "Bob", "Hello"),
        pow_.subject_of("https://blog.example/post", "Ann", "Hello!"),
    ):
        assert solved(answer, subject=other) is None
    assert pow_.subject_of("http://www.blog.example/post#more", "Ann", "Hello") == SUBJECT


def test_nobody_else_sets_challenges():
    assert solved(f"{CHALLENGE.token}.1234", keys={"20782": b"x" * 64}) is None
    assert solved(f"{CHALLENGE.token}.1234", keys={}) is None
    easier = CHALLENGE.token.replace(CHALLENGE.goal, sha256(b"5a170").hexdigest())
    assert solved(f"{easier}.0") is None
    later = CHALLENGE.token.replace(str(int((NOW + GOOD_FOR).timestamp())), "9999999999")
    assert solved(f"{later}.1234", at=NOW + timedelta(days=1)) is None


@given(st.text())
def test_whatever_else_is_sent_solves_nothing(text):
    assert solved(text) is None
    assert solved(f"20782.{text}") is None


def test_it_costs_twice_as_much_each_time_up_to_a_bound():
    assert [pow_.bound(times) for times in (0, 1, 2, 3, 6, 7, 1000)] == [
        LEAST, LEAST, 2 * LEAST, 4 * LEAST, MOST, MOST, MOST,
    ]  # fmt: skip
