"""The token of a form: whose it is, how old, and for which page."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentions import form_tokens
from mentions.form_tokens import GOOD_FOR_S, Form

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
KEYS = {"20782": b"k" * 64, "20781": b"o" * 64}
PAGE = "https://blog.example/post"
TOKEN = form_tokens.make("20782", KEYS["20782"], PAGE, NOW)


def form(token, *, keys=KEYS, target=PAGE, after=60.0):
    return form_tokens.read(token, keys, target, NOW + timedelta(seconds=after))


def test_it_tells_when_the_form_was_handed_out():
    assert form(TOKEN, after=2.5) == form_tokens.Shown(Form.OURS, 2.5)
    assert form(TOKEN, target="http://www.blog.example/post#more").form is Form.OURS
    assert form(TOKEN, after=GOOD_FOR_S + 1).form is Form.OLD


@pytest.mark.parametrize("key", list(KEYS))
def test_yesterdays_key_is_still_known(key):
    token = form_tokens.make(key, KEYS[key], PAGE, NOW)
    assert form(token).form is Form.OURS
    assert form(token, keys={"20783": b"n" * 64}).form is Form.FOREIGN


def test_it_is_of_one_page():
    assert form(TOKEN, target="https://blog.example/other").form is Form.FOREIGN


def test_an_earlier_moment_cannot_be_written_into_it():
    name, issued, mac = TOKEN.split(".")
    assert form(f"{name}.{int(issued) - 60_000}.{mac}").form is Form.FOREIGN


def test_none_is_missing():
    assert form(None).form is form("").form is Form.MISSING


@given(st.text(min_size=1))
def test_whatever_else_is_sent_is_foreign(text):
    assert form(text).form is Form.FOREIGN
