"""Which responses are copies of one, and that nobody gets in front by naming another's address."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from mentions.clusters import are_copies, first_of
from mentions.model import (
    Author,
    Authority,
    Content,
    Entry,
    EntryState,
    Kind,
    PlainText,
    Protocol,
    Reaction,
    SafeHtml,
    Url,
)

NOW = datetime(2026, 11, 22, tzinfo=UTC)
POST = "https://site.example/post"
WORDS = "I read this on the train, and it is about villages."
ANN = Author(PlainText("Ann"), Url("https://ann.example/"))
SILO = Url("https://silo.example/@ann/1")


def entry(
    number,
    source,
    *,
    words=WORDS,
    kind=Kind.REPLY,
    authority=Authority.SAME_ORIGIN,
    author=ANN,
    protocol=Protocol.WEBMENTION,
    page=1,
    **said,
):
    content = Content(SafeHtml(f"<p>{words}</p>"), PlainText(words)) if words else None
    at = NOW + timedelta(minutes=number)
    return Entry(
        id=number,
        page_id=page,
        site_id=1,
        source=source,
        target=POST,
        targets=(POST,),
        fragment=None,
        protocol=protocol,
        state=EntryState.SHOWN,
        reaction=Reaction(kind, author=author, authority=authority, content=content, **said),
        received_at=at,
        updated_at=at,
    )


ORIGINAL = entry(1, "https://ann.example/re", syndication=(SILO,))
BRIDGED = entry(
    2, "https://brid.gy/comment/silo/1", url=SILO, authority=Authority.BRIDGED, author=Author(PlainText("Ann"), SILO)
)
FORGED = entry(
    3, "https://evil.example/x", url=Url("https://ann.example/re"), uid="https://ann.example/re", words="evil"
)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (entry(2, "http://ann.example/re"), "scheme"),
        (entry(2, "https://www.ann.example/re", words="whatever it says"), "www"),
        (entry(2, "https://ann.example/re/print", canonical=Url("https://ann.example/re")), "canonical of one host"),
        (entry(2, "https://ann.example/re?amp", url=Url("https://ann.example/re"), words=WORDS[:40] + "…"), "cut off"),
        (BRIDGED, "bridge"),
        (entry(2, "https://copy.example/9", url=Url("https://ann.example/re")), "one author"),
    ],
)
def test_copies_are_recognised(other, words):
    assert are_copies(ORIGINAL, other), words
    assert are_copies(other, ORIGINAL), words


@pytest.mark.parametrize(
    "other",
    [
        FORGED,
        replace(FORGED, reaction=replace(FORGED.reaction, content=ORIGINAL.reaction.content, author=Author())),
        entry(2, "https://ann.example/another"),
        entry(2, "https://ann.example/re#second"),
        entry(2, "https://ann.example/re/print", canonical=Url("https://ann.example/re"), words="Something else."),
        entry(2, "https://ann.example/re", page=2),
        entry(2, "https://ann.example/likes/1", kind=Kind.LIKE, words="", canonical=Url("https://ann.example/re")),
        entry(2, "https://us.example/entries/2", protocol=Protocol.COMMENT, url=Url("https://ann.example/re")),
    ],
)
def test_what_only_looks_like_a_copy_stands_alone(other):
    assert not are_copies(ORIGINAL, other)
    assert not are_copies(other, ORIGINAL)


def test_the_page_of_the_author_stands_for_its_copies_in_whatever_order_they_came():
    late = replace(ORIGINAL, id=9, received_at=NOW + timedelta(days=1))
    plain = entry(2, "http://ann.example/re", protocol=Protocol.PINGBACK, authority=Authority.CLAIMED)
    for order in permutations([late, plain, entry(3, "http://ann.example/re?print")]):
        assert first_of(order).id == 9


def test_between_different_authors_the_earlier_stays_in_front():
    thief = entry(
        5, "https://evil.example/x", syndication=(SILO,), author=Author(PlainText("Ann"), Url("https://evil.example/"))
    )
    assert are_copies(BRIDGED, thief)
    for order in permutations([BRIDGED, thief]):
        assert first_of(order) is BRIDGED
