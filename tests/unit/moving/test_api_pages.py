"""Paging through an API: whatever it holds and gives at once, everything comes exactly once, and it ends."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentions.errors import InvalidRequest
from mentions.moving import api_pages
from mentions.moving.api_pages import Api, Cursor
from mentions.moving.records import UnreadableExport
from tests.peers.mentions_api import mention

API = Api.read("https://api.example/mentions?token=x")


def numbers_of(url: str) -> dict[str, int]:
    """The parameters of a request that are numbers."""
    asked = parse_qs(urlsplit(url).query)
    return {name: int(values[0]) for name, values in asked.items() if values[0].isdigit()}


def page_through(count: int, cap: int, size: int, cursor: Cursor) -> tuple[list[str], Cursor, int]:
    """What comes, where it ends, and after how many requests."""
    rows, came, cursor = [mention(n) for n in range(count)], [], replace(cursor, size=size)
    for requests in range(1, 10_000):
        asked = numbers_of(API.request(cursor))
        at_once = min(asked["per-page"], cap)
        found = [row for row in rows if row["wm-id"] > asked.get("since_id", 0)]
        shown = found[asked["page"] * at_once : (asked["page"] + 1) * at_once]
        page = api_pages.read_page(orjson.dumps({"children": shown, "paging": {"total": len(found)}}))
        fresh, onward = api_pages.taken_from(page, cursor)
        if not fresh:
            assert api_pages.after_the_end(page, cursor) is None
            return came, api_pages.at_rest(cursor), requests
        came += [record.ref for record in fresh]
        cursor = onward
    raise AssertionError("it never ends")


@given(st.integers(0, 90), st.integers(1, 40), st.integers(1, 40))
def test_everything_comes_once_and_then_nothing(count: int, cap: int, size: int):
    came, rest, requests = page_through(count, cap, size, Cursor())
    assert came == [str(1000 + number) for number in range(count)]
    assert requests <= count // min(cap, size) + 2
    assert page_through(count, cap, size, rest)[0] == []
    newer, _, _ = page_through(count + 3, cap, size, rest)
    assert newer == [str(1000 + number) for number in range(count, count + 3)] or count == 0


def test_a_cursor_is_kept_and_read_again():
    cursor = Cursor(since=7, offset=400, size=100, top=93, passes=2, most=500)
    assert Cursor.read(cursor.to_json()) == cursor
    assert Cursor.read(None) == Cursor()


def test_halves_end_at_one():
    sizes, cursor = [], Cursor(size=200)
    while (smaller := cursor.smaller()) is not None:
        sizes.append(smaller.size)
        cursor = smaller
    assert sizes == [100, 50, 25, 12, 6, 3, 1]


@given(st.integers(0, 300), st.integers(1, 200))
def test_a_page_of_another_size_holds_the_next_record(offset: int, size: int):
    page = numbers_of(API.request(Cursor(offset=offset, size=size)))["page"]
    assert page * size <= offset < (page + 1) * size


def test_the_token_does_not_print_and_may_come_apart():
    api = Api.read("https://api.example/mentions?domain=a&access_token=s3cret#x")
    assert "s3cret" not in repr(api) + api.name
    assert "access_token=s3cret" in api.request(Cursor())
    assert "token=other" in Api.read("https://api.example/mentions?token=s3cret", token="other").request(Cursor())


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'"x"', b"<p>", b'{"children":7}', b'{"children":{"a":1}}'])
def test_what_is_no_page_is_told(body: bytes):
    with pytest.raises(UnreadableExport):
        api_pages.read_page(body)


@pytest.mark.parametrize("total", [-1, True, "9", None, 1.5])
def test_odd_totals_are_none(total: object):
    assert api_pages.read_page(orjson.dumps({"children": [mention(0)], "paging": {"total": total}})).total is None


def test_rows_without_ids_leave_the_cursor_where_it_is():
    rows = [mention(0, **{"wm-id": "x"}), mention(1, **{"wm-id": None})]
    page = api_pages.read_page(orjson.dumps({"children": rows}))
    assert page.top == 0


def test_an_address_is_checked():
    with pytest.raises(InvalidRequest):
        Api.read("api.example/mentions")
