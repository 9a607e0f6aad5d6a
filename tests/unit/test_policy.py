"""What is shown at once, what waits, and who is not welcome."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from mentions.model import Author, EntryState, Kind, PlainText, Protocol, Reaction, Url
from mentions.policy import initial_state, is_blocked

REPLY = Reaction(Kind.REPLY)
SOURCE = "https://ann.example/reply"


@dataclass
class Rule:
    kind: str
    value: str


def state(options, **more):
    return initial_state(options, REPLY, Protocol.WEBMENTION, source=SOURCE, **more)


def test_a_new_site_shows_whatever_has_verified():
    assert state({}) is EntryState.SHOWN


def test_a_site_may_hold_everything():
    assert state({"hold": "all"}) is EntryState.HELD


def test_strangers_wait_until_one_of_theirs_was_shown():
    assert state({"hold": "strangers"}) is EntryState.HELD
    assert state({"hold": "strangers"}, is_known=True) is EntryState.SHOWN


def test_kinds_and_protocols_may_wait_by_themselves():
    assert state({"hold_kinds": ["reply"]}) is EntryState.HELD
    assert state({"hold_kinds": ["like"]}) is EntryState.SHOWN
    assert state({"hold_protocols": ["webmention"]}) is EntryState.HELD


def test_the_trusted_never_wait():
    assert state({"hold": "all", "trusted": ["www.ann.example"]}) is EntryState.SHOWN
    assert state({"hold": "all", "trusted": ["example"]}) is EntryState.HELD


@pytest.mark.parametrize(
    "odd", [{"hold": 3}, {"hold": ["all"]}, {"hold_kinds": "reply"}, {"trusted": None}, {"hold": "?"}]
)
def test_an_odd_option_never_stops_a_mention(odd):
    assert state(odd) is EntryState.SHOWN


@pytest.mark.parametrize(
    ("rule", "source", "is_hit"),
    [
        (Rule("authority", "evil.example"), "https://evil.example/a", True),
        (Rule("authority", "evil.example"), "http://www.evil.example/a", True),
        (Rule("authority", "evil.example"), "https://sub.evil.example/a", True),
        (Rule("authority", "evil.example"), "https://notevil.example/a", False),
        (Rule("authority", "evil.example"), "https://evil.example:8443/a", False),
        (Rule("authority", "evil.example:8443"), "https://evil.example:8443/a", True),
        (Rule("authority", ""), "https://a.example/", False),
        (Rule("url_prefix", "https://host.example/~spam"), "http://host.example/~spam/1", True),
        (Rule("url_prefix", "https://host.example/~spam"), "https://host.example/~ham/1", False),
        (Rule("url_prefix", "nonsense"), "https://host.example/", False),
        (Rule("moon", "host.example"), "https://host.example/", False),
    ],
)
def test_sources_are_blocked_by_authority_and_prefix(rule, source, is_hit):
    assert (is_blocked([rule], source) is rule) is is_hit


def test_an_author_is_blocked_by_url_or_by_name():
    ann = Author(PlainText("Ann"), Url("https://www.ann.example/"))
    by_url, by_name = Rule("author", "http://ann.example/"), Rule("author", " ann ")
    assert is_blocked([by_url], SOURCE, ann) is by_url
    assert is_blocked([by_name], SOURCE, ann) is by_name
    assert is_blocked([by_url, by_name], SOURCE) is None
    assert is_blocked([Rule("author", "https://bob.example/")], SOURCE, ann) is None


def test_an_author_who_lives_on_a_blocked_authority_is_blocked_wherever_they_write():
    rule = Rule("authority", "evil.example")
    assert is_blocked([rule], "https://bridge.example/x", Author(url=Url("https://evil.example/me"))) is rule
