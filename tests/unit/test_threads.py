"""Entries -> tree, reactions, counts (mentions/threads.py)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentions import threads
from mentions.model import Content, Entry, EntryState, Kind, PlainText, Protocol, Reaction, Url
from mentions.threads import Part
from tests.support.standings import standing_of

T0 = datetime(2026, 1, 1, tzinfo=UTC)
BASE = "https://ymateb.example/entries/"


def entry(n: int, *answers: int | str, kind: Kind = Kind.REPLY, text: str | None = "words", **more) -> Entry:
    """Entry `n`, received in the n-th minute; `answers` are entries (by their source) or URLs that it replies to."""
    reaction = {key: more.pop(key) for key in list(more) if key in Reaction.__dataclass_fields__}
    content = Content(None, PlainText(text)) if text is not None else None
    in_reply_to = tuple(Url(a if isinstance(a, str) else f"https://s.example/{a}") for a in answers)
    return Entry(
        **{
            "id": n,
            "page_id": 1,
            "site_id": 1,
            "source": f"https://s.example/{n}",
            "target": "https://t.example/post",
            "targets": ("https://t.example/post",),
            "fragment": None,
            "protocol": Protocol.WEBMENTION,
            "state": EntryState.SHOWN,
            "reaction": Reaction(kind, content=content, in_reply_to=in_reply_to, **reaction),
            "received_at": T0 + timedelta(minutes=n),
            "updated_at": T0 + timedelta(minutes=n),
        }
        | more
    )


@dataclass(frozen=True)
class Thread:
    """All of a page as it is shown."""

    roots: list[threads.Branch]
    reactions: dict[Kind, tuple[Entry, ...]]
    counts: dict[Kind, int]
    readable: int


def build(*entries: Entry) -> Thread:
    places = threads.lay_out(standing_of(each, permalink_base=BASE) for each in entries)
    known = {each.id: each for each in entries}
    ordered = sorted(places.values(), key=lambda place: (place.depth, place.key))
    in_tree = [place for place in ordered if place.part is Part.TREE]
    also: dict[int, list[Entry]] = {}
    reactions: dict[Kind, tuple[Entry, ...]] = {}
    for place in sorted(places.values(), key=lambda place: place.key):
        if place.copy_of is not None and place.is_shown:
            also.setdefault(place.copy_of, []).append(known[place.id])
        if place.part is Part.FACES:
            reactions[Kind(place.kind)] = (*reactions.get(Kind(place.kind), ()), known[place.id])
    counted = threads.count(places.values())
    counts = {Kind(kind): number for kind, number in counted.shown.items()}
    return Thread(threads.plant(in_tree, known, also), reactions, counts, counted.readable)


def outline(thread: Thread) -> list[tuple[int, int | None, int]]:
    """(id, parent, depth) in reading order."""
    return [(b.entry.id, b.parent_id, b.depth) for b in threads.walk(thread.roots)]


def test_replies_hang_below_what_they_answer_and_the_rest_below_the_post():
    thread = build(entry(3, 1), entry(2), entry(1), entry(4, 3), entry(5, "https://elsewhere.example/"))
    assert outline(thread) == [(1, None, 0), (3, 1, 1), (4, 3, 2), (2, None, 0), (5, None, 0)]
    assert thread.readable == 5


@pytest.mark.parametrize(
    ("parent", "named"),
    [
        (entry(1, url="https://me.example/note"), "https://me.example/note"),
        (entry(1, uid="https://me.example/uid"), "https://me.example/uid"),
        (entry(1, canonical="https://me.example/canonical"), "https://me.example/canonical"),
        (entry(1, syndication=("https://silo.example/1",)), "https://silo.example/1"),
        (entry(1), f"{BASE}1"),
        (entry(1), "http://www.s.example/1"),
        (entry(1, url="https://me.example/page#c1"), "https://me.example/page#c1"),
    ],
    ids=["url", "uid", "canonical", "syndication", "permalink", "another spelling", "fragment"],
)
def test_a_parent_is_known_by_all_its_names(parent, named):
    assert outline(build(parent, entry(2, named))) == [(1, None, 0), (2, 1, 1)]


def test_two_comments_on_one_page_differ_by_their_fragment():
    first, second = entry(1, url="https://me.example/p#a"), entry(2, url="https://me.example/p#b")
    assert outline(build(first, second, entry(3, "https://me.example/p#b"))) == [(1, None, 0), (2, None, 0), (3, 2, 1)]


def test_of_two_known_parents_the_deeper_one_counts():
    assert outline(build(entry(1), entry(2, 1), entry(3, 1, 2))) == [(1, None, 0), (2, 1, 1), (3, 2, 2)]


def test_a_stored_parent_outweighs_in_reply_to():
    assert outline(build(entry(1), entry(2), entry(3, 2, parent_id=1))) == [(1, None, 0), (3, 1, 1), (2, None, 0)]


def test_entries_that_answer_each_other_do_not_vanish():
    assert outline(build(entry(1, 3), entry(2, 1), entry(3, 2))) == [(1, None, 0), (2, 1, 1), (3, 2, 2)]
    assert outline(build(entry(1, 1))) == [(1, None, 0)]


def test_whoever_answers_a_circle_from_outside_does_not_turn_it():
    circle = (entry(1, 3), entry(2, 1), entry(3, 2))
    for outside in (entry(4, 1), entry(4, 2), entry(4, 3)):
        assert outline(build(*circle, outside))[:2] == [(1, None, 0), (2, 1, 1)]


def test_a_hidden_entry_leaves_a_tombstone_only_while_something_hangs_below_it():
    hidden = entry(2, 1, state=EntryState.HIDDEN)
    thread = build(entry(1), hidden, entry(3, 2))
    assert outline(thread) == [(1, None, 0), (2, 1, 1), (3, 2, 2)]
    assert thread.readable == 2
    assert outline(build(entry(1), hidden)) == [(1, None, 0)]


def test_a_deleted_entry_stays_as_a_tombstone_only_while_something_hangs_below_it():
    gone = entry(1, text=None, state=EntryState.DELETED)
    with_reply = build(gone, entry(2, 1))
    assert outline(with_reply) == [(1, None, 0), (2, 1, 1)]
    assert not with_reply.roots[0].is_shown
    assert (with_reply.readable, with_reply.counts) == (1, {Kind.REPLY: 1})
    assert outline(build(gone)) == []


def test_held_and_spam_entries_appear_nowhere():
    thread = build(entry(1, state=EntryState.HELD), entry(2, state=EntryState.SPAM, kind=Kind.LIKE))
    assert (outline(thread), thread.reactions, thread.readable, thread.counts) == ([], {}, 0, {})


@pytest.mark.parametrize(
    ("reaction", "is_readable"),
    [
        (Reaction(Kind.LIKE, content=Content(None, PlainText("I like it"))), False),
        (Reaction(Kind.REPOST, content=Content(None, PlainText("the whole post again"))), False),
        (Reaction(Kind.BOOKMARK, name=PlainText("Title")), False),
        (Reaction(Kind.BOOKMARK, content=Content(None, PlainText("for later, because"))), True),
        (Reaction(Kind.RSVP, rsvp="yes"), False),
        (Reaction(Kind.MENTION, context=PlainText("around the link")), True),
        (Reaction(Kind.MENTION, name=PlainText("Weekly links")), True),
        (Reaction(Kind.MENTION), False),
        (Reaction(Kind.REPLY, content=Content(None, PlainText("  "))), False),
    ],
)
def test_what_there_is_to_read(reaction, is_readable):
    assert threads.is_readable(reaction) is is_readable


def test_what_cannot_be_read_is_a_reaction_unless_it_carries_an_answer():
    thread = build(entry(1, kind=Kind.LIKE), entry(2, kind=Kind.REPOST), entry(3, 2), entry(4, kind=Kind.LIKE))
    assert {kind: [e.id for e in them] for kind, them in thread.reactions.items()} == {Kind.LIKE: [1, 4]}
    assert outline(thread) == [(2, None, 0), (3, 2, 1)]
    assert thread.counts == {Kind.LIKE: 2, Kind.REPOST: 1, Kind.REPLY: 1}
    assert thread.readable == 1


def test_copies_show_once_and_their_replies_hang_below_the_one_that_stands_for_them():
    thread = build(entry(1), entry(2, cluster_id=1), entry(3, 2), entry(4, cluster_id=2))
    assert outline(thread) == [(1, None, 0), (3, 1, 1)]
    assert [copy.id for copy in thread.roots[0].also] == [2, 4]
    assert thread.counts == {Kind.REPLY: 2}


def test_copies_of_each_other_show_as_the_oldest():
    assert outline(build(entry(1, cluster_id=2), entry(2, cluster_id=1), entry(3, cluster_id=2))) == [(1, None, 0)]


def test_a_copy_of_what_is_not_shown_stands_for_itself():
    assert outline(build(entry(1, state=EntryState.SPAM), entry(2, cluster_id=1))) == [(2, None, 0)]


def test_a_date_in_the_future_is_not_believed():
    early = entry(1, published_at=T0 + timedelta(days=9000))
    assert [b.entry.id for b in build(early, entry(2)).roots] == [1, 2]


def test_what_was_published_in_the_second_in_which_it_came_stands_where_it_came():
    """Dates are written in whole seconds, a comment's own too."""
    first = entry(1, received_at=T0 + timedelta(milliseconds=300))
    typed = entry(2, received_at=T0 + timedelta(milliseconds=800), published_at=T0)
    assert [b.entry.id for b in build(first, typed).roots] == [1, 2]


def test_ten_thousand_replies_in_a_row_are_no_recursion():
    thread = build(*(entry(n, *([n - 1] if n > 1 else [])) for n in range(1, 10_001)))
    lines = outline(thread)
    assert len(lines) == 10_000
    assert lines[-1] == (10_000, 9_999, 9_999)


# --- laws ---------------------------------------------------------------------------------------------------------


@st.composite
def entry_sets(draw) -> list[Entry]:
    """Up to a dozen entries that answer, copy and parent each other in every way, circles included."""
    ids = list(range(1, draw(st.integers(1, 12)) + 1))
    some = st.lists(st.sampled_from(ids), max_size=3)
    maybe = st.none() | st.sampled_from(ids)
    return [
        entry(
            n,
            *draw(some),
            kind=draw(st.sampled_from([Kind.REPLY, Kind.LIKE, Kind.MENTION])),
            text=draw(st.sampled_from([None, "", "words"])),
            state=draw(st.sampled_from(EntryState)),
            parent_id=draw(maybe),
            cluster_id=draw(maybe),
        )
        for n in ids
    ]


@given(entry_sets())
def test_every_shown_entry_is_there_exactly_once(entries):
    thread = build(*entries)
    branches = list(threads.walk(thread.roots))
    found = [b.entry.id for b in branches if b.is_shown]
    found += [e.id for them in thread.reactions.values() for e in them]
    copies = {copy.id for b in branches for copy in b.also}
    assert len(found) == len(set(found))
    shown = {e.id for e in entries if e.state is EntryState.SHOWN}
    assert set(found) <= shown
    with_cluster = {e.id for e in entries if e.cluster_id is not None}
    assert shown - set(found) <= with_cluster
    assert not copies & set(found)


@given(entry_sets())
def test_parents_come_first_depths_count_up_and_tombstones_carry_something(entries):
    depth: dict[int | None, int] = {None: -1}
    for branch in threads.walk(build(*entries).roots):
        assert branch.depth == depth[branch.parent_id] + 1
        depth[branch.entry.id] = branch.depth
        assert branch.is_shown or branch.replies
        assert [r.key for r in branch.replies] == sorted(r.key for r in branch.replies)


@given(entry_sets(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(entries, rng):
    shuffled = entries[:]
    rng.shuffle(shuffled)
    assert outline(build(*shuffled)) == outline(build(*entries))
