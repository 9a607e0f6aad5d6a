# ruff: noqa: E501 -- markup and data read better unbroken
"""What was read, as JSON and back."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentions import codec
from mentions.model import (
    Author,
    Content,
    Document,
    Kind,
    Link,
    NearMiss,
    OutgoingLinks,
    PlainText,
    Reaction,
    Reading,
    SafeHtml,
    TargetFacts,
    Url,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
URLS = TEXT.map(lambda path: Url(f"https://x.example/{path}"))
AUTHORS = st.builds(Author, name=st.none() | TEXT.map(PlainText), url=st.none() | URLS, photo=st.none() | URLS)
CONTENTS = st.builds(Content, html=st.none() | TEXT.map(SafeHtml), text=TEXT.map(PlainText))
MOMENTS = st.datetimes(timezones=st.just(UTC))
REACTIONS = st.recursive(
    st.builds(Reaction, author=AUTHORS, content=st.none() | CONTENTS, published_at=st.none() | MOMENTS, comments=st.just(())),
    lambda inner: st.builds(Reaction, author=AUTHORS, content=st.none() | CONTENTS, published_at=st.none() | MOMENTS, comments=st.lists(inner, max_size=3).map(tuple)),
    max_leaves=4,
)  # fmt: skip
LINKS = st.builds(Link, TEXT, TEXT, TEXT)
MF2 = st.none() | st.dictionaries(
    TEXT, st.lists(TEXT | st.integers(-(2**53), 2**53) | st.none(), max_size=3), max_size=3
)
READINGS = st.builds(Reading, st.none() | LINKS, st.lists(st.builds(NearMiss, LINKS, TEXT), max_size=2).map(tuple), st.booleans(), st.none() | REACTIONS, st.none() | URLS, MF2, st.lists(TEXT, max_size=2).map(tuple))  # fmt: skip


@given(READINGS)
def test_a_reading_comes_back_as_it_was(reading: Reading) -> None:
    written = orjson.loads(orjson.dumps(codec.to_json(reading)))
    assert codec.reading_from_json(written) == reading


@given(REACTIONS)
def test_a_reaction_comes_back_as_it_was_through_any_json(reaction: Reaction) -> None:
    assert codec.reaction_from_json(json.loads(json.dumps(codec.to_json(reaction)))) == reaction


@given(st.builds(TargetFacts, author=st.none() | AUTHORS), st.builds(OutgoingLinks))
def test_facts_and_links_come_back_as_they_were(facts: TargetFacts, links: OutgoingLinks) -> None:
    assert codec.target_facts_from_json(codec.to_json(facts)) == facts
    assert codec.outgoing_links_from_json(codec.to_json(links)) == links


@given(AUTHORS)
def test_an_author_comes_back(author: Author) -> None:
    assert codec.from_json(Author, codec.to_json(author)) == author


def test_a_document_travels_beside_its_body() -> None:
    document = Document(Url("https://x.example/"), "text/html", None, b"\x00\xff")
    assert codec.document_from_json(json.loads(json.dumps(codec.document_to_json(document))), document.body) == document


def test_defaults_are_not_written_and_come_back() -> None:
    assert codec.to_json(Reaction(Kind.LIKE)) == {"kind": "like"}
    assert codec.reaction_from_json({"kind": "like"}) == Reaction(Kind.LIKE)


def test_keys_of_a_newer_writer_are_dropped() -> None:
    assert codec.reaction_from_json(
        {"kind": "reply", "mood": "sunny", "author": {"name": "Ann", "shoe": 39}}
    ) == Reaction(Kind.REPLY, Author(PlainText("Ann")))


@pytest.mark.parametrize(
    "stored",
    [
        {}, {"kind": "sneeze"}, {"kind": 3}, {"kind": "reply", "author": "Ann"}, {"kind": "reply", "name": 3}, {"kind": "reply", "photos": "x"},
        {"kind": "reply", "photos": [3]}, {"kind": "reply", "published_at": "soon"}, {"kind": "reply", "published_at": 3}, {"kind": "reply", "comments": [1]}, [], None, "x",
    ],
)  # fmt: skip
def test_a_wrong_shape_is_refused(stored: object) -> None:
    with pytest.raises(codec.CodecError):
        codec.reaction_from_json(stored)  # type: ignore[arg-type]


def test_only_words_of_the_model_are_written() -> None:
    with pytest.raises(codec.CodecError):
        codec.to_json({"kind": "like"})
    with pytest.raises(codec.CodecError):
        codec.to_json(Reaction)


def test_every_field_of_a_reading_has_a_reader() -> None:
    """A field of a new type fails here, not on the first page that has it."""
    for cls in (Reading, Reaction, Author, TargetFacts, OutgoingLinks):
        assert {f.name for f in fields(cls)} == set(codec._readers(cls))


def test_times_are_utc() -> None:
    at = datetime(2024, 5, 1, 8, tzinfo=UTC)
    written = codec.to_json(Reaction(Kind.LIKE, published_at=at))
    assert written["published_at"] == "2024-05-01T08:00:00+00:00"
