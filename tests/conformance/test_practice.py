"""Pages as they are met in practice: shapes from other implementations' suites and from the wild, in our own markup."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from mentions.model import Document, Reading, Url
from mentions.reading import read_author, read_source
from tests.conformance.cases import load

CASES = load("practice.json")["cases"]
SOURCE, TARGET = "https://source.example/post", "https://target.example/post/1"


def document_of(case: dict[str, Any], *, url: str) -> Document:
    media_type, _, parameters = case.get("content_type", "text/html").partition(";")
    body = case["body"].encode(case.get("encoding", "utf-8"))
    if place := case.get("replace"):
        body = body.replace(place[0].encode(), bytes.fromhex(place[1]))
    return Document(Url(url), media_type.strip(), parameters.partition("=")[2] or None, body)


def reading_of(case: dict[str, Any]) -> Reading:
    source, target = case.get("source_url", SOURCE), case.get("target", TARGET)
    reading = read_source(document_of(case, url=source.partition("#")[0]), source=source, target=target)
    if page := case.get("author_page"):
        assert reading.author_page == page["url"]
        reading = read_author(document_of(page, url=page["url"]), reading=reading, requested=Url(page["url"]))
    return reading


def read_from(case: dict[str, Any]) -> dict[str, Any]:
    """Everything that a case may expect something of."""
    reading = reading_of(case)
    if reading.reaction is None:
        return {"verified": False}
    said = reading.reaction
    return {
        "verified": True,
        "type": said.kind,
        "author": asdict(said.author),
        "url": said.url,
        "name": said.name,
        "content_text": None if said.content is None else said.content.text,
        "published": said.published,
        "lang": said.lang,
        "context": said.context,
        "photo": list(said.photos),
        "video": list(said.videos),
        "audio": list(said.audios),
    }


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['id']}: {c['description']}")
def test_a_page_is_read_as_its_readers_read_it(case: dict[str, Any]) -> None:
    found = read_from(case)
    assert {key: found.get(key) for key in case["expected"]} == case["expected"]
