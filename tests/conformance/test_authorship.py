"""The authorship algorithm, step by step: who wrote it, and which page has to be asked for that."""

from __future__ import annotations

from typing import Any

import pytest

from mentions.model import Author, Document, Url
from mentions.reading import read_author, read_author_failed, read_source
from tests.conformance.cases import expand, load

CASES = load("authorship.json")["cases"]
TARGET = "https://mentioned.example/post"
PLACES = ("Entry {n}</p>", "Hello World</p>", "Hello</p>", '<p class="e-content">x</p>', "One</p>", ">x</a></p>")


def page_of(case: dict[str, Any], url: str) -> Document:
    page = case["pages"][url]
    body = expand(page["body"])
    if url == case["url"]:
        body = with_link(case, body)
    return Document(Url(url), "text/html", "utf-8", body.encode())


def with_link(case: dict[str, Any], body: str) -> str:
    """The page with a link to the target in the entry that the case is about."""
    for place in PLACES:
        text = place.format(n=case.get("entry_index") or 0)
        if text in body:
            return body.replace(text, f'{text[:-4]} <a href="{TARGET}">link</a></p>', 1)
    return body.replace("</body>", f'<a href="{TARGET}">link</a></body>')


def found_author(case: dict[str, Any]) -> tuple[Author, Url | None]:
    """The author after the one fetch that the reading asks for, and what was asked for."""
    reading = read_source(page_of(case, case["url"]), source=case["url"], target=TARGET)
    requested = reading.author_page
    if requested is not None:
        page = case["pages"].get(requested)
        is_there = page is not None and page["status"] == 200
        reading = (
            read_author(page_of(case, requested), reading=reading, requested=requested, source=case["url"])
            if is_there
            else read_author_failed(reading)
        )
    assert reading.author_page is None
    assert reading.reaction is not None
    return reading.reaction.author, requested


def author_in(words: dict[str, Any] | None) -> Author:
    return Author(**(words or {}))


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['spec_step']} {c['id']}: {c['description']}")
def test_the_author_is_found_as_the_algorithm_says(case: dict[str, Any]) -> None:
    author, requested = found_author(case)
    accepted = [author_in(case["expected"])]
    accepted += [author_in(case["expected_lenient"])] if "expected_lenient" in case else []
    assert author in accepted
    if "fetches_expected" in case:
        assert [requested] == case["fetches_expected"] or (requested is None and not case["fetches_expected"])
    if not case["id"].endswith("private"):  # the guard refuses that one, not the algorithm
        assert requested not in case.get("must_not_fetch", [])
