"""Who counts as the post's own author."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mentions.authorship import is_post_author
from mentions.model import Author, Authority, Entry, EntryState, Kind, Protocol, Reaction, Url

POST = "https://post.example/~nia/doors"
AT = datetime(2026, 3, 1, tzinfo=UTC)


def response(author: str | None, source: str, protocol: Protocol = Protocol.WEBMENTION) -> Entry:
    reaction = Reaction(Kind.REPLY, author=Author(url=Url(author) if author else None))
    return Entry(1, 1, 1, source, POST, (POST,), None, protocol, EntryState.SHOWN, reaction, AT, AT)


@pytest.mark.parametrize(
    ("author", "source", "expected"),
    [
        ("https://post.example/~nia/", "https://post.example/~nia/answers/1", True),
        ("https://www.post.example/", "https://post.example/answers/1", True),
        ("https://post.example/~nia/", "https://elsewhere.example/1", False),
        ("https://post.example/~cai/", "https://post.example/~cai/1", False),
        ("https://other.example/", "https://post.example/~nia/answers/1", False),
        (None, "https://post.example/~nia/answers/1", False),
    ],
    ids=["own", "www", "impostor", "neighbour", "guest", "nobody"],
)
def test_page_and_author_have_to_be_the_posts_own(author: str | None, source: str, expected: bool):
    assert is_post_author(response(author, source), POST) is expected


def test_a_typed_comment_is_nobodys_own_whatever_url_was_typed():
    assert not is_post_author(response("https://post.example/", "https://post.example/x", Protocol.COMMENT), POST)


@pytest.mark.parametrize(
    ("author", "expected"),
    [
        ("https://post.example/~nia", True),
        ("https://post.example/~nia/", True),
        ("https://www.post.example/", True),
        ("https://post.example/~nia/doors", True),
        ("https://post.example/~cai", False),
        ("https://post.example/~ni", False),
        ("https://post.example/upload.html", False),
        ("https://post.example/?author=2", False),
        ("https://other.example/~nia/", False),
    ],
)
def test_who_has_signed_in_by_a_part_of_a_host_owns_that_part(author: str, expected: bool):
    comment = response(author, "https://mentions.example/entries/1", Protocol.COMMENT)
    signed_in = replace(comment, reaction=replace(comment.reaction, authority=Authority.SIGNED_IN))
    assert is_post_author(signed_in, POST) is expected
