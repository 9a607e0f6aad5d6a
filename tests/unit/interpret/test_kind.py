"""What a response is to its target."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentions.interpret.kind import classify, is_reacji
from mentions.model import Kind

TARGET = "https://target.example/post"
OTHER = "https://other.example/post"


def entry(**properties: Any) -> dict[str, Any]:
    return {"type": ["h-entry"], "properties": {name.replace("_", "-"): value for name, value in properties.items()}}


def cite(**properties: Any) -> dict[str, Any]:
    return {"type": ["h-cite"], "properties": properties, "value": "some text"}


@pytest.mark.parametrize(
    ("properties", "kind"),
    [
        ({"in_reply_to": [TARGET]}, Kind.REPLY),
        ({"like_of": [TARGET]}, Kind.LIKE),
        ({"like": [TARGET]}, Kind.LIKE),
        ({"repost_of": [TARGET]}, Kind.REPOST),
        ({"repost": [TARGET]}, Kind.REPOST),
        ({"bookmark_of": [TARGET]}, Kind.BOOKMARK),
        ({"quotation_of": [TARGET]}, Kind.QUOTATION),
        ({"follow_of": [TARGET]}, Kind.FOLLOW),
        ({"tag_of": [TARGET], "category": ["web"]}, Kind.TAG),
        ({"category": [{"type": ["h-card"], "properties": {"url": [TARGET], "name": ["Me"]}}]}, Kind.PERSON_TAG),
        ({"category": [TARGET]}, Kind.PERSON_TAG),
        (
            {
                "invitee": [{"type": ["h-card"], "properties": {"url": ["https://guest.example/"]}}],
                "in_reply_to": [TARGET],
            },
            Kind.INVITE,
        ),
        ({"invitee": [TARGET]}, Kind.INVITE),
        ({}, Kind.MENTION),
        ({"in_reply_to": [OTHER]}, Kind.MENTION),
        ({"like_of": [OTHER], "in_reply_to": [TARGET]}, Kind.REPLY),
    ],
)
def test_the_property_that_names_the_target_decides(properties: dict[str, Any], kind: Kind) -> None:
    assert classify(entry(**properties), TARGET).kind is kind


@pytest.mark.parametrize(
    "value",
    [
        [TARGET],
        TARGET,
        [OTHER, TARGET],
        [cite(url=[TARGET])],
        [cite(url=[OTHER, TARGET])],
        [cite(uid=[TARGET])],
        [{"type": ["h-cite"], "properties": {}, "value": TARGET}],
        [{"value": TARGET, "alt": "a picture"}],
        ["https://TARGET.example:443/post"],
        {"type": "h-cite", "properties": {"url": TARGET}},
    ],
)
def test_the_target_may_be_named_by_url_uid_or_value(value: Any) -> None:
    assert classify(entry(in_reply_to=value), TARGET).kind is Kind.REPLY


def test_the_author_of_a_cited_post_is_not_what_is_cited() -> None:
    card = {"type": ["h-card"], "properties": {"url": [TARGET]}, "value": TARGET}
    assert classify(entry(in_reply_to=[cite(url=[card, OTHER])]), TARGET).kind is Kind.MENTION


@pytest.mark.parametrize("answer", ["yes", "no", "maybe", "interested", " Yes "])
def test_an_rsvp_keeps_its_answer(answer: str) -> None:
    found = classify(entry(rsvp=[answer], in_reply_to=[TARGET]), TARGET)
    assert (found.kind, found.rsvp) == (Kind.RSVP, answer.strip().lower())


def test_an_rsvp_to_another_event_says_nothing_about_us() -> None:
    assert classify(entry(rsvp=["yes"], in_reply_to=[OTHER]), TARGET) == (Kind.MENTION, None)


def test_an_unknown_answer_makes_a_reply() -> None:
    assert classify(entry(rsvp=["perhaps"], in_reply_to=[TARGET]), TARGET) == (Kind.REPLY, None)


def test_rsvp_repost_like_and_reply_win_in_this_order() -> None:
    everything = {"in_reply_to": [TARGET], "like_of": [TARGET], "repost_of": [TARGET], "rsvp": ["no"]}
    order = []
    for name in ("rsvp", "repost_of", "like_of", "in_reply_to"):
        order.append(classify(entry(**everything), TARGET).kind)
        del everything[name]
    assert order == [Kind.RSVP, Kind.REPOST, Kind.LIKE, Kind.REPLY]


def test_rel_in_reply_to_makes_a_reply_where_no_property_does() -> None:
    assert classify(entry(), TARGET, rel_reply_to=[TARGET]).kind is Kind.REPLY
    assert classify(entry(bookmark_of=[TARGET]), TARGET, rel_reply_to=[TARGET]).kind is Kind.BOOKMARK


@pytest.mark.parametrize(
    "text",
    ["👍", "❤️", "❤", "👍🏽", "🇩🇰", " 🎉\n", "👨‍👩‍👧‍👦", "🏴󠁧󠁢󠁷󠁬󠁳󠁿", "1️⃣", "🏳️‍🌈", "☕", "⭐", "🫶🏿"],
)
def test_one_emoji_is_a_reacji(text: str) -> None:
    assert is_reacji(text)


@pytest.mark.parametrize(
    "text", ["", " ", "1", "#", "*", "a", "👍👍", "👍 yes", "é", "©", "🇩", "\u200d", "+1", "ok 🎉", "❤️❤️"]
)
def test_anything_else_is_none(text: str) -> None:
    assert not is_reacji(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    ["type", "properties", "value", "in-reply-to", "like-of", "rsvp", "url", "uid", "category"]
                ),
                inner,
            )
        ),
        max_leaves=20,
    )
)
def test_no_shape_of_item_raises(item: Any) -> None:
    assert classify(item, TARGET).kind in Kind


@given(st.text())
def test_no_text_makes_the_emoji_test_fail(text: str) -> None:
    assert is_reacji(text) in (True, False)
