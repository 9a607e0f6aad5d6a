"""Which URLs name a response on the page of its post."""

from __future__ import annotations

import pytest

from mentions.comment_urls import named_comment, permalink_id

POST = "https://post.example/doors"


@pytest.mark.parametrize(
    ("url", "named"),
    [
        (f"{POST}#c-7", (POST, 7)),
        (f"{POST}?page=2#c-7", (f"{POST}?page=2", 7)),
        (f"{POST}?replytocom=7", (POST, 7)),
        (f"{POST}?replytocom=7#respond", (POST, 7)),
        (f"{POST}?c=7", (POST, 7)),
        (f"{POST}?p=1&c=7&x=2", (f"{POST}?p=1&x=2", 7)),
        (POST, None),
        (f"{POST}#c-", None),
        (f"{POST}#c-7b", None),
        (f"{POST}#comment-7", None),
        (f"{POST}?abc=7", None),
        (f"{POST}?c=seven", None),
        (f"{POST}?c={'9' * 40}", None),
        ("c=7", None),
        ("javascript:x?c=7", None),
        ("http://[?c=7", None),
    ],
)
def test_a_response_is_named_by_anchor_or_query(url: str, named: tuple[str, int] | None):
    assert named_comment(url) == named


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("https://y.example/entries/5", 5),
        ("http://www.y.example/entries/5#c", 5),
        ("https://y.example/entries/5/", None),
        ("https://y.example/entries/", None),
        ("https://y.example/entries/x", None),
        ("https://z.example/entries/5", None),
        ("https://y.example/entries/" + "9" * 19, None),
        ("nonsense", None),
    ],
)
def test_our_permalinks_are_known(target: str, expected: int | None):
    assert permalink_id(target, "https://y.example") == expected
