"""The words around a link."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentions.interpret.context import LENGTH, around_json, around_link, around_text, excerpt
from mentions.interpret.dom import Tree

LINK = '<a id="l" href="/x">a fine post</a>'
LONG = "The quick brown fox jumps over the lazy dog once more. " * 20


def around(html: str) -> str | None:
    tree = Tree.of(html, url="https://source.example/")
    node = tree.first("#l")
    assert node is not None
    return around_link(node)


@pytest.mark.parametrize(
    ("html", "context"),
    [
        (f"<p>I read {LINK} today.</p><p>Other.</p>", "I read a fine post today."),
        (f"<p>I\n  read <b>{LINK}</b>\ttoday.</p>", "I read a fine post today."),
        (f"<ul><li>{LINK}</li><li>Another one of them</li></ul>", "a fine post Another one of them"),
        (f"<ul><li>{LINK} by Tess, on reading</li><li>Another</li></ul>", "a fine post by Tess, on reading"),
        (f"<p>See ({LINK}), they say.</p>", "See (a fine post), they say."),
        (f"<div>Intro<br>I read {LINK}<br>and more</div>", "Intro I read a fine post and more"),
        (f"<div><ul><li>One</li></ul>Then {LINK}<hr>and more</div>", "One Then a fine post and more"),
        (f"<p>{LINK}<script>not()</script><style>not</style> was good to read</p>", "a fine post was good to read"),
        (
            '<p>A picture here: <a id="l" href="/x"><img src="/i.png" alt="i"></a> of it all</p>',
            "A picture here: of it all",
        ),
        (f"<table><tr><td>{LINK}</td><td>in a table of links</td></tr></table>", "a fine post in a table of links"),
        (f"<body>{LINK} right in the body</body>", "a fine post right in the body"),
        ('<head><link id="l" rel="x" href="/x"></head>', None),
        (f"<p>Da iawn, {LINK}\u202e yn wir</p>", "Da iawn, a fine post yn wir"),
    ],
)
def test_the_sentence_or_paragraph_that_the_link_stands_in(html: str, context: str | None) -> None:
    assert around(html) == context


def test_a_long_paragraph_is_cut_at_words_on_both_sides() -> None:
    context = around(f"<p>{LONG}I read {LINK} today. {LONG}</p>")
    assert context is not None
    assert "I read a fine post today." in context
    assert LENGTH - 60 <= len(context) <= LENGTH + 40
    assert context.endswith("\u2026")
    assert context.startswith(("The quick", "\u2026"))
    assert all(word in f"{LONG} I read a fine post today." for word in context.strip("\u2026").split())


def test_what_is_short_on_one_side_leaves_room_on_the_other() -> None:
    context = around(f"<p>{LINK} {LONG}</p>")
    assert context is not None
    assert context.startswith("a fine post The quick")
    assert len(context) > LENGTH - 40


def test_a_link_of_a_thousand_words_is_cut_too() -> None:
    context = around(f'<p>x <a id="l" href="/x">{LONG}</a> y</p>')
    assert context is not None
    assert len(context) <= LENGTH + 40


def test_text_has_the_paragraph_of_the_url() -> None:
    assert (
        around_text("One.\n\nTwo https://t.example/ three\nfour.\n\nFive.", "https://t.example/")
        == "Two https://t.example/ three four."
    )
    assert around_text("nothing", "https://t.example/") is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"name":"N","content":"<p>C &amp; D</p>","inReplyTo":"U"}', ("N", "C & D")),
        ('{"items":[{"a":{"title":"T","url":"U","summary":"S"}}]}', ("T", "S")),
        ('["U"]', (None, None)),
        ('"U"', (None, None)),
        ('{"title":3,"content":null,"url":"U"}', (None, None)),
        ("{broken", (None, None)),
    ],
)
def test_json_tells_title_and_text_beside_the_url(text: str, told: tuple[str | None, str | None]) -> None:
    assert around_json(text, ("U",)) == told


@given(st.text(max_size=900), st.text(max_size=400), st.text(max_size=900))
def test_an_excerpt_is_one_short_line(before: str, own: str, after: str) -> None:
    found = excerpt(before, own, after)
    assert len(found) <= LENGTH + 40
    assert "\n" not in found
