"""Webmention 3.1.2, "Sender discovers receiver Webmention endpoint": the public validator's cases and further ones.

The exchanges are walked as a fetcher walks them (redirects followed, last answer kept); the rules under test are pure.
That an address may not be connected to (S16*) is the guard's business: here it has to come out spelled so that the
guard cannot miss it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from mentions import urls
from mentions.model import Document, Fetched, Url
from mentions.protocol.webmention import find_endpoint
from tests.conformance.cases import expand, filled, load

ORIGIN = "http://target.example:8080"
PLACES = {"origin": ORIGIN, "scheme": "http", "other_host": "other.example", "key1": "k" * 20, "key2": "l" * 20}
MOST_BYTES = 1 << 20
CASES = [c for part in ("cases", "supplementary") for c in load("discovery.json")[part]]
FORBIDDEN = {
    "S16a": "127.0.0.1",
    "S16b": "localhost",
    "S16c": "[::1]",
    "S16d": "127.0.0.1",
    "S16e": "127.0.0.1",
    "S16f": "[::ffff:7f00:1]",
    "S16g": "localhost.",
    "S16h": "0.0.0.0",
    "S16i": "169.254.169.254",
}


def fetch(case: dict[str, Any]) -> Fetched | None:
    """What a GET of the case's target comes to; None for a redirect loop."""
    path = urlsplit(filled(case["target"], **PLACES)).path
    for _ in range(10):
        answer = next(x for x in case["exchanges"] if x["method"] == "GET" and filled(x["path"], **PLACES) == path)
        headers = [(name.lower(), filled(value, **PLACES)) for name, value in answer["headers"]]
        location = next((value for name, value in headers if name == "location"), None)
        url = urls.parse(path, base=ORIGIN)
        assert url is not None
        if location is None:
            return fetched(url, headers, expand(filled(answer["body"], **PLACES)).encode()[:MOST_BYTES])
        landing = urls.resolve_redirect(url, location)
        assert landing is not None
        path = urlsplit(landing).path
    return None


def fetched(url: Url, headers: list[tuple[str, str]], body: bytes) -> Fetched:
    content_type = next((value for name, value in headers if name == "content-type"), "")
    media_type, _, parameters = content_type.partition(";")
    return Fetched(
        document=Document(url, media_type.lower(), parameters.partition("=")[2] or None, body),
        hops=(),
        links=tuple(value for name, value in headers if name == "link"),
        headers={name: value for name, value in reversed(headers) if name == "x-pingback"},
    )


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['id']}: {c['name']}")
def test_the_endpoint_is_the_one_that_the_page_names_first(case: dict[str, Any]) -> None:
    answer = fetch(case)
    found = None if answer is None else find_endpoint(answer)
    if host := FORBIDDEN.get(case["id"]):
        assert found is not None
        assert urls.authority(found) == host
    else:
        expected = case["expect"]["endpoint"]
        allowed = [expected, *case["expect"].get("also_acceptable", [])]
        assert found in [None if url is None else filled(url, **PLACES) for url in allowed]


def test_the_table_of_forbidden_endpoints_is_complete() -> None:
    assert {c["id"] for c in CASES if str(c["id"]).startswith("S16")} == set(FORBIDDEN)
