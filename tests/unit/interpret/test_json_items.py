"""JSON of strangers: whatever its shape, reading it ends, and nothing raises."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentions import codec
from mentions.interpret.json_items import MAX_DEPTH, MAX_POSTS, item_with
from mentions.model import Document, Url
from mentions.reading import read_source

TARGET = "https://target.example/post"
KEYS = st.sampled_from(
    ["type", "items", "properties", "children", "content", "author", "object", "actor", "version", "html", "value",
     "url", "inReplyTo", "in-reply-to", "tag", "attachment", "name", "contentMap", "authors", "published", "comment"]
)  # fmt: skip
LEAVES = st.one_of(
    st.sampled_from([TARGET, "entry", "feed", "Create", "Like", "Note", "h-entry", "h-feed", "https://jsonfeed.org/version/1"]),
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
)  # fmt: skip
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5))


@given(JSON)
def test_no_json_raises_and_every_reading_is_json(value: Any) -> None:
    page = Document(Url("https://source.example/x"), "application/json", None, orjson.dumps([value, TARGET]))
    for document in (page, Document(page.url, page.content_type, None, orjson.dumps(value))):
        reading = read_source(document, source=document.url, target=TARGET)
        assert codec.reading_from_json(orjson.loads(orjson.dumps(codec.to_json(reading)))) == reading


def test_what_is_wrapped_deeper_than_the_limit_is_left_out() -> None:
    value: Any = {"type": "Note", "content": TARGET}
    for _ in range(MAX_DEPTH - 1):
        value = {"type": "Create", "object": value}
    assert item_with(value, [TARGET]) is not None
    assert item_with({"type": "Create", "object": value}, [TARGET]) is None


@pytest.mark.parametrize(
    "wrap",
    [
        lambda inner: {"type": ["h-entry"], "properties": {"comment": [inner]}},
        lambda inner: {"type": "entry", "comment": inner},
        lambda inner: {"type": "Create", "object": inner},
    ],
    ids=["microformats2", "jf2", "activitystreams"],
)
def test_endless_nesting_is_read_as_far_as_it_can_be_written_again(wrap: Any) -> None:
    value: Any = TARGET
    for _ in range(80):
        value = wrap(value)
    page = Document(Url("https://source.example/x"), "application/json", None, orjson.dumps(value))
    reading = read_source(page, source=page.url, target=TARGET)
    assert reading.link is not None
    orjson.dumps(codec.to_json(reading))


def test_a_post_far_down_a_feed_is_not_looked_for() -> None:
    posts = [{"type": "entry", "name": "no"}] * MAX_POSTS
    found = {"type": "entry", "like-of": TARGET}
    assert item_with({"type": "feed", "children": [*posts, found]}, [TARGET]) is None
    assert item_with({"type": "feed", "children": [*posts[1:], found]}, [TARGET]) is not None


def test_a_post_that_does_not_name_the_target_says_nothing() -> None:
    assert item_with({"type": "entry", "content": "hello"}, [TARGET]) is None
    assert item_with({"title": "no dialect", "url": TARGET}, [TARGET]) is None
