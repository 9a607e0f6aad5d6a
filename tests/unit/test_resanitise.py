"""Old entries under a new policy: what the author wrote, as far as it was kept, is sanitised again."""

from __future__ import annotations

import pytest

from mentions import resanitise, sanitize
from mentions.model import Content, Kind, PlainText, Reaction, SafeHtml
from tests.unit.xss import VECTORS

BASE = "https://source.example/post"


def said(html: str | None, text: str, **more: object) -> Reaction:
    """As an older policy may have made it, so the HTML may be anything."""
    content = Content(None if html is None else SafeHtml(html), PlainText(text))
    return Reaction(Kind.REPLY, content=content, **more)  # type: ignore[arg-type]


def kept(html: str, value: str) -> dict[str, object]:
    return {"items": [{"type": ["h-entry"], "properties": {"content": [{"html": html, "value": value}]}}], "rels": {}}


def test_what_is_not_allowed_any_more_goes():
    made = resanitise.refresh(said("<p>Hello <img src=x onerror=alert(1)><i>you</i></p>", "Hello you"), base=BASE)
    assert made.content == Content(SafeHtml("<p>Hello <i>you</i></p>"), PlainText("Hello you"))


def test_what_is_allowed_now_comes_back_from_the_raw_microformats():
    raw = kept("<p>Hello <em>you</em></p>", "Hello you")
    made = resanitise.refresh(said("<p>Hello you</p>", "Hello\nyou"), base=BASE, mf2=raw)
    assert made.content is not None
    assert made.content.html == "<p>Hello <em>you</em></p>"


def test_raw_microformats_of_other_words_are_not_taken_for_ours():
    raw = kept("<p>What somebody else said</p>", "What somebody else said")
    old = said("<p>Hello you</p>", "Hello you")
    assert resanitise.refresh(old, base=BASE, mf2=raw) == old


def test_content_that_is_as_it_was_keeps_its_text_to_the_letter():
    old = said("<p>Hello you</p>", "Hello   you, as it was laid out then")
    assert resanitise.refresh(old, base=BASE) == old


def test_content_of_which_nothing_is_left_is_none():
    assert resanitise.refresh(said("<svg>x</svg>", "x"), base=BASE).content is None


def test_plain_text_and_no_content_stay():
    for old in (said(None, "Only <b>text</b>"), Reaction(Kind.LIKE)):
        assert resanitise.refresh(old, base=BASE) == old


def test_comments_that_the_source_carries_are_made_again_too():
    old = said("<p>Mine</p>", "Mine", comments=(said("<p>Theirs<script>x</script></p>", "Theirs"),))
    [comment] = resanitise.refresh(old, base=BASE).comments
    assert comment.content is not None
    assert comment.content.html == "<p>Theirs</p>"


@pytest.mark.parametrize("raw", [{}, {"items": None}, {"items": [None, 1, [["x"]], {"html": 1, "value": "x"}]}])
def test_microformats_of_any_shape_are_no_error(raw: dict[str, object]):
    old = said("<p>x</p>", "x")
    assert resanitise.refresh(old, base=BASE, mf2=raw) == old


@pytest.mark.parametrize("vector", VECTORS[::7])
def test_whatever_was_kept_comes_out_as_the_policy_has_it_and_settles(vector: str):
    made = resanitise.refresh(said(vector, "x"), base=BASE, mf2=kept(vector, "x"))
    if made.content is not None:
        assert made.content.html == sanitize.safe_html(vector, base=BASE)
    assert resanitise.refresh(made, base=BASE) == made
