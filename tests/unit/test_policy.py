"""What is shown at once, what waits, and who is not welcome."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from mentions.model import Author, Authority, Content, EntryState, Kind, PlainText, Protocol, Reaction, SafeHtml, Url
from mentions.policy import (
    Crowd,
    Person,
    initial_state,
    is_blocked,
    judge,
    person_of,
    wants_to_know,
    wants_to_know_of_crowds,
)
from mentions.reasons import in_words

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


def by(url: str | None, authority: Authority) -> Reaction:
    return Reaction(Kind.REPLY, author=Author(url=Url(url) if url else None), authority=authority)


@pytest.mark.parametrize("authority", [Authority.SAME_ORIGIN, Authority.AUTHOR_PAGE, Authority.BRIDGED])
def test_a_person_is_the_author_that_somebody_vouches_for(authority):
    ann = by("https://ann.example/", authority)
    assert person_of({}, ann, Protocol.WEBMENTION, SOURCE) == Person(author=Url("https://ann.example/"))


def test_who_is_only_claimed_or_typed_is_nobody():
    claimed = by("https://ann.example/", Authority.CLAIMED)
    assert person_of({}, claimed, Protocol.WEBMENTION, "https://evil.example/") is None
    assert person_of({}, claimed, Protocol.COMMENT, "https://us.example/entries/1") is None
    assert person_of({}, by(None, Authority.BRIDGED), Protocol.WEBMENTION, "https://brid.gy/x") is None


def test_a_page_without_an_author_speaks_for_its_host_unless_it_is_a_bridge():
    nameless = by(None, Authority.SAME_ORIGIN)
    assert person_of({}, nameless, Protocol.PINGBACK, "https://www.ann.example/1") == Person(host="ann.example")
    assert person_of({"bridges": ["ann.example"]}, nameless, Protocol.PINGBACK, "https://ann.example/1") is None


def test_an_owner_may_take_a_bridges_word():
    claimed = by("https://social.example/@ann", Authority.CLAIMED)
    bridged = person_of({"bridges": ["Bridge.example"]}, claimed, Protocol.WEBMENTION, "https://bridge.example/1")
    assert bridged == Person(author=Url("https://social.example/@ann"))


def test_a_person_may_be_trusted_wherever_they_are_vouched_for():
    options = {"hold": "all", "trusted": ["https://ann.example/"]}
    bridged, claimed = (by("https://ann.example/", each) for each in (Authority.BRIDGED, Authority.CLAIMED))
    source = "https://brid.gy/x"
    assert initial_state(options, bridged, Protocol.WEBMENTION, source=source) is EntryState.SHOWN
    assert initial_state(options, claimed, Protocol.WEBMENTION, source=source) is EntryState.HELD
    assert initial_state(options, claimed, Protocol.COMMENT, source="https://ann.example/") is EntryState.HELD


def test_a_protocol_may_have_a_rule_of_its_own():
    options = {"hold": "all", "hold_webmention": "none", "hold_pingback": "strangers"}
    assert state(options) is EntryState.SHOWN
    assert initial_state(options, REPLY, Protocol.COMMENT) is EntryState.HELD
    assert initial_state(options, REPLY, Protocol.PINGBACK, is_known=True) is EntryState.SHOWN
    assert wants_to_know(options, Protocol.PINGBACK)
    assert not wants_to_know(options, Protocol.WEBMENTION)


def test_what_links_elsewhere_may_wait_with_the_reason():
    def saying(html: str):
        reaction = Reaction(Kind.REPLY, content=Content(SafeHtml(html), PlainText("text")))
        options = {"hold": "links"}
        return judge(options, reaction, Protocol.WEBMENTION, source=SOURCE, target="https://blog.example/post")

    assert saying("<p>none</p>").state is EntryState.SHOWN
    assert saying('<a href="https://www.blog.example/x">it</a> <a href="/y">y</a>').state is EntryState.SHOWN
    assert saying(f'<a href="{SOURCE}#more">me</a>').state is EntryState.SHOWN
    held = saying('<a title=">" href="https://pills.example/?a=1&amp;b=2">buy</a>')
    assert (held.state, in_words(held.reasons)) == (EntryState.HELD, ("it links to pills.example",))
    many = saying("".join(f'<a href="https://{name}.example/">x</a>' for name in "abcd"))
    assert in_words(many.reasons) == ("it links to a.example, b.example, c.example and others",)


def test_every_reason_is_told():
    judged = judge(
        {"hold": "strangers+links", "hold_kinds": ["reply"], "hold_protocols": ["webmention"]},
        REPLY,
        Protocol.WEBMENTION,
    )
    assert in_words(judged.reasons) == (
        "the site holds every reply",
        "the site holds every webmention",
        "nothing of this person was shown here before",
    )


@pytest.mark.parametrize("odd", [{"hold": 3}, {"hold": ["all"]}, {"hold_kinds": 7}, {"trusted": None}, {"hold": "?"}])
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


def test_whoever_has_signed_in_is_a_person_and_whoever_types_a_name_is_nobody():
    typed = Reaction(Kind.REPLY, author=Author(PlainText("Ann"), Url("https://ann.example/")))
    proved = replace(typed, authority=Authority.SIGNED_IN)

    def person(reaction: Reaction, account: int | None = None) -> Person | None:
        return person_of({}, reaction, Protocol.COMMENT, "https://responses.example/entries/1", account)

    assert person(typed) is None
    assert person(typed, 7) == Person(account=7), "the URL that they typed proves nothing"
    assert person(proved, 7) == person(proved) == Person(author=Url("https://ann.example/"))


def test_an_owner_may_trust_a_domain_that_signs_in_but_not_the_host_of_all_comments():
    proved = Reaction(
        Kind.REPLY, author=Author(PlainText("Ann"), Url("https://ann.example/")), authority=Authority.SIGNED_IN
    )
    source = "https://responses.example/entries/1"
    for trusted, state_ in (
        (["https://ann.example/"], EntryState.SHOWN),
        (["https://bob.example/"], EntryState.HELD),
        (["responses.example"], EntryState.HELD),
    ):
        options = {"hold": "all", "trusted": trusted}
        assert judge(options, proved, Protocol.COMMENT, source=source).state is state_, trusted
    claimed = replace(proved, authority=Authority.CLAIMED)
    options = {"hold": "all", "trusted": ["https://ann.example/"]}
    assert judge(options, claimed, Protocol.COMMENT, source=source).state is EntryState.HELD


CROWD = Crowd("spam.example", pages=10, is_repeated=True)


def crowded(options, crowd=CROWD, **more):
    return judge(options, REPLY, Protocol.PINGBACK, source=SOURCE, crowd=crowd, **more)


def test_a_burst_holds_nothing_unless_the_owner_says_so():
    shown = crowded({})
    assert (shown.state, shown.reasons) == (EntryState.SHOWN, ())
    assert shown.doubts == (
        "spam.example has answered 10 other pages within an hour",
        "nearly the same words came from another page today",
    )
    held = crowded({"hold_bursts": True})
    assert (held.state, held.doubts) == (EntryState.HELD, shown.doubts)
    assert crowded({"hold_bursts": True}, Crowd("spam.example", pages=9)).state is EntryState.SHOWN
    assert crowded({"hold_bursts": True}, None).state is EntryState.SHOWN


def test_what_waits_anyway_says_that_it_came_in_a_crowd():
    assert crowded({"hold_pingback": "all"}).doubts[0] == "the site holds everything"
    assert len(crowded({"hold_pingback": "all"}).doubts) == 3
    assert crowded({"hold_bursts": True, "trusted": ["ann.example"]}).state is EntryState.SHOWN


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({}, False),
        ({"hold_bursts": True}, True),
        ({"hold": "links"}, True),
        ({"hold_pingback": "all"}, True),
        ({"hold_comment": "all"}, False),
        ({"hold_protocols": ["pingback"]}, True),
    ],
)
def test_crowds_are_looked_at_only_for_who_holds_something(options, wanted):
    assert wants_to_know_of_crowds(options, Protocol.PINGBACK) is wanted
