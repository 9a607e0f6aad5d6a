"""Webmention 3.2.2, "Webmention Verification": every source page of the data, linked or not."""

from __future__ import annotations

from typing import Any

import pytest

from mentions.links import find_link
from mentions.model import Document, Url
from tests.conformance.cases import expand, load

CASES = load("responses.json")["cases"]
SERVED = [c for c in CASES if c["status"] == 200]


def document_of(case: dict[str, Any]) -> Document:
    """The page as a fetcher hands it on: media type without parameters, the charset beside it, bytes as served."""
    media_type, _, parameters = case["content_type"].partition(";")
    charset = parameters.partition("=")[2].strip().strip('"') or None
    encoding = charset or ("cp1252" if "1252" in case["body"][:300] else "utf-8")
    return Document(
        url=Url(case["source_url"]),
        content_type=media_type.strip().lower(),
        charset=charset,
        body=expand(case["body"]).encode(encoding, "surrogatepass"),
    )


@pytest.mark.parametrize("case", SERVED, ids=lambda c: f"{c['id']}: {c['description']}")
def test_the_source_links_to_the_target_or_not(case: dict[str, Any]) -> None:
    found = find_link(document_of(case), case["target"])
    assert (found.link is not None) is case["expected"]["verified"], found
    if matched_by := case["expected"].get("matched_by"):
        assert found.link is not None
        assert found.link.found_in == matched_by


def test_pages_with_an_error_status_are_never_searched() -> None:
    """They are no `Fetched`, so no document of theirs reaches `find_link`: see model.Sighting."""
    assert {c["id"] for c in CASES if c["status"] != 200} <= {c["id"] for c in CASES if not c["expected"]["verified"]}
