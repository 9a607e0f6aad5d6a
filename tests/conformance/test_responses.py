"""Post Type Discovery and the response types: kind, author, content and dates of every source page that links."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest

from mentions.model import Reaction
from mentions.reading import read_source
from tests.conformance.cases import load
from tests.conformance.test_verification import document_of

CASES = [c for c in load("responses.json")["cases"] if c["status"] == 200 and c["expected"]["verified"]]
NO_CHOICE_OF_OURS: dict[str, str] = {}
"""Cases that leave a choice (`either_acceptable`) which the contract has made otherwise: none."""


def squashed(text: str | None) -> str:
    return re.sub(r"\s+", " ", text or "").strip()


def moment(text: str | None) -> object:
    """As a point in time; without an offset as it stands."""
    if text is None:
        return None
    found = datetime.fromisoformat(text)
    return found.timestamp() if found.tzinfo and found.year < 9999 else (found.replace(tzinfo=None), found.utcoffset())


def reaction_of(case: dict[str, Any]) -> Reaction:
    reading = read_source(document_of(case), source=case["source_url"], target=case["target"])
    assert reading.reaction is not None
    return reading.reaction


def text_of(reaction: Reaction) -> str | None:
    return None if reaction.content is None else squashed(reaction.content.text)


def having(*keys: str) -> list[Any]:
    return [pytest.param(c, id=f"{c['id']}: {c['description']}") for c in CASES if set(keys) & set(c["expected"])]


@pytest.mark.parametrize("case", having("type"))
def test_the_property_that_names_the_target_makes_the_kind(case: dict[str, Any]) -> None:
    reaction = reaction_of(case)
    assert reaction.kind == case["expected"]["type"]
    assert reaction.rsvp == case["expected"].get("rsvp")


@pytest.mark.parametrize("case", having("author"))
def test_the_author_is_the_one_who_responds(case: dict[str, Any]) -> None:
    author, wanted = reaction_of(case).author, case["expected"]["author"] or {}
    assert (author.name, author.url, author.photo) == tuple(wanted.get(k) for k in ("name", "url", "photo"))


@pytest.mark.parametrize("case", having("content_text"))
def test_the_text_is_what_the_author_says(case: dict[str, Any]) -> None:
    wanted = case["expected"]["content_text"]
    assert text_of(reaction_of(case)) == (None if wanted is None else squashed(wanted))


@pytest.mark.parametrize("case", having("emoji"))
def test_a_reacji_is_one_emoji(case: dict[str, Any]) -> None:
    assert text_of(reaction_of(case)) == case["expected"]["emoji"]


@pytest.mark.parametrize("case", having("name"))
def test_a_name_is_a_title_only_if_it_is_not_the_text(case: dict[str, Any]) -> None:
    wanted = case["expected"]["name"]
    assert reaction_of(case).name == (None if wanted is None else squashed(wanted))


@pytest.mark.parametrize("case", having("published"))
def test_the_date_is_the_sources_own(case: dict[str, Any]) -> None:
    assert moment(reaction_of(case).published) == moment(case["expected"]["published"])


@pytest.mark.parametrize("case", having("content_html_must_not_match", "content_html_must_contain"))
def test_the_html_is_harmless_and_its_links_absolute(case: dict[str, Any]) -> None:
    reaction = reaction_of(case)
    assert reaction.content is not None
    html = reaction.content.html or ""
    for pattern in case["expected"].get("content_html_must_not_match", []):
        assert not re.search(pattern, html, re.IGNORECASE)
    for part in case["expected"].get("content_html_must_contain", []):
        if part.startswith("src="):
            assert part.split('"')[1] in reaction.photos
        else:
            assert part in html


@pytest.mark.parametrize("case", having("url", "syndication", "photo", "tags", "children"))
def test_links_pictures_tags_and_nested_comments_are_kept(case: dict[str, Any]) -> None:
    reaction, wanted = reaction_of(case), case["expected"]
    if "url" in wanted:
        assert reaction.url == wanted["url"]
    if "syndication" in wanted:
        assert list(reaction.syndication) == wanted["syndication"]
    if "photo" in wanted:
        assert list(reaction.photos) == [photo["url"] for photo in wanted["photo"]]
    if "tags" in wanted:
        assert list(reaction.categories) == wanted["tags"]
    for comment, child in zip(reaction.comments, wanted.get("children", []), strict=True):
        assert comment.url == child["url"]
        assert comment.author.name == child.get("author")
        assert text_of(comment) == child.get("content_text")
