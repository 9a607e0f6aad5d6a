"""Whom to tell when the responses below a post change, and when to stop."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mentions.model import Author, Content, Entry, EntryState, Kind, PlainText, Protocol, Reaction
from mentions.protocol.salmention import (
    DEBOUNCE,
    HOUR,
    MAX_PER_HOUR,
    NOTHING,
    Resend,
    Told,
    fingerprint,
    plan_resend,
    upstream,
)

AT = datetime(2024, 5, 1, 12, tzinfo=UTC)
POST = "https://b.example/reply"
ROOT = "https://a.example/post"


def reply(source: str = "https://c.example/1", text: str = "hello", *, state: EntryState = EntryState.SHOWN) -> Entry:
    words = Content(html=None, text=PlainText(text))
    return Entry(
        id=1,
        page_id=1,
        site_id=1,
        source=source,
        target=POST,
        targets=(POST,),
        fragment=None,
        protocol=Protocol.WEBMENTION,
        state=state,
        reaction=Reaction(kind=Kind.REPLY, content=words),
        received_at=AT,
        updated_at=AT,
    )


def test_a_reply_to_a_reply_is_told_to_the_root() -> None:
    resend = plan_resend(post=POST, targets=[ROOT], children=[reply()], told=None, now=AT)
    assert resend == Resend((ROOT,), AT + DEBOUNCE, Told(fingerprint([reply()]), (AT + DEBOUNCE,)))


def test_a_post_that_told_nobody_yet_knows_what_its_first_telling_tells() -> None:
    resend = plan_resend(post=POST, targets=[], children=[reply()], told=None, now=AT)
    assert resend == Resend((), AT, Told(fingerprint([reply()]), ()))
    gone = plan_resend(post=POST, targets=[ROOT], children=[], told=resend.told, now=AT + HOUR)
    assert gone is not None
    assert gone.targets == (ROOT,)


def test_what_was_told_is_not_told_again() -> None:
    told = Told(fingerprint([reply()]), (AT,))
    assert plan_resend(post=POST, targets=[ROOT], children=[reply()], told=told, now=AT + HOUR) is None
    assert plan_resend(post=POST, targets=[ROOT], children=[], told=None, now=AT) is None


def test_an_edited_and_a_removed_reply_are_told() -> None:
    told = Told(fingerprint([reply()]), (AT,))
    for children in ([reply(text="changed")], [], [reply(state=EntryState.HIDDEN)]):
        assert plan_resend(post=POST, targets=[ROOT], children=children, told=told, now=AT + HOUR) is not None


def test_a_ring_of_sites_that_show_each_other_falls_silent() -> None:
    """What a reply carries of others' comments is hearsay: were it to count, each round would start the next."""
    hearsay = replace(reply().reaction, comments=(Reaction(kind=Kind.REPLY, author=Author(name=PlainText("D"))),))
    told = Told(fingerprint([reply()]), (AT,))
    nested = replace(reply(), reaction=hearsay, revision=7, likes=3, updated_at=AT + HOUR)
    assert plan_resend(post=POST, targets=[ROOT], children=[nested], told=told, now=AT + HOUR) is None


def test_a_swarm_is_told_in_one_go() -> None:
    children: list[Entry] = []
    told, due = None, set()
    for second in range(59):
        children.append(reply(f"https://c.example/{second}"))
        now = AT + timedelta(seconds=second)
        resend = plan_resend(post=POST, targets=[ROOT], children=children, told=told, now=now)
        assert resend is not None
        told = resend.told
        due.add(resend.due_at)
    assert due == {AT + DEBOUNCE}


@given(st.lists(st.integers(min_value=0, max_value=4000), min_size=1, max_size=60))
def test_no_hour_has_more_than_its_limit_and_nothing_waits_for_ever(pauses: list[int]) -> None:
    now, told, due = AT, None, set()
    for number, pause in enumerate(pauses):
        now += timedelta(seconds=pause)
        resend = plan_resend(post=POST, targets=[ROOT], children=[reply(text=str(number))], told=told, now=now)
        assert resend is not None
        assert now < resend.due_at <= now + HOUR
        told = resend.told
        due.add(resend.due_at)
    for at in due:
        assert sum(at - HOUR < each <= at for each in due) <= MAX_PER_HOUR


def test_the_post_itself_and_repeated_or_broken_targets_are_left_out() -> None:
    assert upstream(POST, [ROOT, ROOT, "http://www.b.example/reply#c", "nonsense", "https://A.example/2"]) == (
        ROOT,
        "https://a.example/2",
    )


@given(st.permutations([reply(f"https://c.example/{n}", text="same") for n in range(5)]))
def test_the_order_of_responses_does_not_count(children: list[Entry]) -> None:
    assert fingerprint(children) == fingerprint(sorted(children, key=lambda e: e.source))
    assert fingerprint(children[:4]) != fingerprint(children)
    assert fingerprint([]) == NOTHING
