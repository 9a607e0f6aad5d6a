# ruff: noqa: E501 -- markup and data read better unbroken
"""What may be shown: only what the policy names, whatever comes in."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from mentions import sanitize
from mentions.sanitize import clean_text, plain_text, safe_html, shorten, text_of
from tests.unit.xss import VECTORS

BASE = "https://source.example/blog/post"
PIECES = st.sampled_from(
    ["<b>", "</b>", "<p>", "</p>", "<a href=", '"/x"', ">", "</a>", "<ul><li>", "</ul>", "<table><tr><td>", "</table>", "<pre>", "\n", "text", "&lt;", "&#x202e;", "<script>", "</script>",
     "<svg>", "<math>", "<style>", "</style>", "<img src=x onerror=alert(1)>", "<template>", "<!--", "-->", " onclick=x", "'", '"', "<i>", "</i>", "<blockquote>", "é", "\u202e", "<h1>", "</h1>", "<q cite=/y>", "<ol start=3>"]
)  # fmt: skip
MARKUP = st.lists(PIECES | st.text(max_size=8), max_size=40).map("".join)


def assert_keeps_policy(html: str) -> None:
    """Parsed as a browser does, nothing is there that the table does not name."""
    body = LexborHTMLParser(f"<!DOCTYPE html><body>{html}").body
    assert body is not None
    for node in body.css("*"):
        if node.tag == "body":
            continue
        assert node.tag in sanitize.ALLOWED, f"{node.tag} in {html!r}"
        allowed = sanitize.ALLOWED[node.tag] | sanitize.EVERYWHERE | ({"rel"} if node.tag == "a" else set())
        for name, value in node.attributes.items():
            assert name in allowed, f"{name} in {html!r}"
            if name in sanitize.URL_ATTRIBUTES:
                assert (value or "").startswith(("http://", "https://", "mailto:")), html
            if name == "rel":
                assert value == sanitize.LINK_REL
    for node in body.css("a[href]"):
        assert node.attributes["rel"] == sanitize.LINK_REL


def test_the_corpus_is_large_enough_to_mean_something() -> None:
    assert len(set(VECTORS)) >= 200


@pytest.mark.parametrize("raw", VECTORS)
def test_an_attack_leaves_only_what_the_policy_names(raw: str) -> None:
    html = safe_html(raw, base=BASE)
    assert_keeps_policy(html)
    assert safe_html(html, base=BASE) == html
    lowered = html.lower()
    for trace in (
        "<script",
        "<svg",
        "<math",
        "<style",
        "<iframe",
        "<img",
        "<form",
        "<template",
        'href="javascript',
        "\u202e",
    ):
        assert trace not in lowered


@pytest.mark.parametrize("raw", VECTORS)
def test_an_attack_is_mere_text_as_text(raw: str) -> None:
    for text in (plain_text(raw), clean_text(raw, 200)):
        assert not any(unicodedata.category(c) in ("Cc", "Cs") and c != "\n" for c in text)
        assert "\u202e" not in text


@given(MARKUP)
def test_any_markup_keeps_the_policy_and_settles(raw: str) -> None:
    html = safe_html(raw, base=BASE)
    assert_keeps_policy(html)
    assert safe_html(html, base=BASE) == html
    assert len(html) <= sanitize.MAX_OUTPUT


@given(MARKUP)
def test_the_text_of_sanitised_html_is_the_same_with_and_without_a_tree(raw: str) -> None:
    html = safe_html(raw, base=BASE)
    assert text_of(html).split() == plain_text(html).split()


@given(st.text(max_size=400), st.integers(min_value=1, max_value=60))
def test_a_line_of_text_is_short_visible_and_settles(text: str, limit: int) -> None:
    line = clean_text(text, limit)
    assert len(line) <= limit
    assert "\n" not in line
    assert clean_text(line, limit) == line


@given(st.text(max_size=300))
def test_escaped_text_comes_out_as_it_was(text: str) -> None:
    words = clean_text(text, 300)
    shown = safe_html(words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"), base=BASE)
    assert text_of(shown) == words


@pytest.mark.parametrize(
    ("raw", "html"),
    [
        ("Well <b>said</b><script>alert(1)</script>", "Well <b>said</b>"),
        (
            '<a href="/more" class="x" id="y">m</a>',
            '<a href="https://source.example/more" rel="nofollow ugc noopener">m</a>',
        ),
        ('<a href="../up?q=1#f">m</a>', '<a href="https://source.example/up?q=1#f" rel="nofollow ugc noopener">m</a>'),
        ('<a href="mailto:a@b.example">m</a>', '<a href="mailto:a@b.example" rel="nofollow ugc noopener">m</a>'),
        ('<p lang="cy" dir="ltr">Da iawn</p>', '<p lang="cy" dir="ltr">Da iawn</p>'),
        ('a<img src="/x.png" alt="pic">b', "ab"),
        ('<section><p class="e">x</p></section>', "<p>x</p>"),
        ("<blockquote cite=/q>q</blockquote>", '<blockquote cite="https://source.example/q">q</blockquote>'),
        ("<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>"),
        ("&lt;script&gt;", "&lt;script&gt;"),
        ("", ""),
        ("  \n ", ""),
    ],
)
def test_what_is_harmless_stays(raw: str, html: str) -> None:
    assert safe_html(raw, base=BASE) == html


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p><p>two<br>three</p>", "one\n\ntwo\nthree"),
        ("<p>one\n  two</p>", "one two"),
        ("<div><div>a</div></div><div>b</div>", "a\nb"),
        ("a<br><br>b", "a\n\nb"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("<table><tr><td>1</td><td>2</td></tr></table>", "1 2"),
        ("<h1>T</h1>x", "T\n\nx"),
        ("<pre>a\n  b</pre>", "a\nb"),
        ("a&nbsp;b &amp; c &lt;d&gt;", "a b & c <d>"),
        ("<p>seen</p><script>not</script><style>not</style>", "seen"),
        ("no markup", "no markup"),
    ],
)
def test_text_keeps_lines_and_paragraphs(html: str, text: str) -> None:
    assert plain_text(html) == text
    assert text_of(safe_html(html, base=BASE)) == text


@pytest.mark.parametrize(
    "raw",
    ["<b>" * 5000 + "x", "<div>" * 300 + "x" + "</div>" * 300, "<p>x" * 30_000, "x" * 600_000, "<a " + "y " * 100 + "z" * 800 + ">x</a>", "<ul><li>" * 64_000, f"<p><a href={'A' * 32_000}>" + "<p>a" * 8000, "".join(f"<i id={i}>" for i in range(900)) + "<p>a" * 4000],
)  # fmt: skip
def test_too_much_markup_is_shown_as_text_in_no_time(raw: str) -> None:
    begun = time.process_time()
    html = safe_html(raw, base=BASE)
    assert time.process_time() - begun < 1.5
    assert "<a" not in html
    assert "<div" not in html
    assert len(html) <= sanitize.MAX_OUTPUT
    assert_keeps_policy(html)


def test_content_that_grows_is_shown_as_text() -> None:
    raw = "<i>" * 40 + "<p>x" * 100
    html = safe_html(raw, base=BASE)
    assert len(html) <= sanitize.MAX_GROWTH * len(raw) + 1000


def test_a_long_text_is_cut_at_a_word_with_an_ellipsis() -> None:
    assert shorten("one two three four", 12) == "one two\u2026"
    assert shorten("unbreakable" * 10, 20) == "unbreakableunbreaka\u2026"
    assert shorten("short", 12) == "short"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (" a\x00b\n c\u202e  d ", "ab c d"),
        ("\u200b\u200d ", ""),
        ("e" + "\u0301" * 50, "e" + "\u0301" * 4),
        ("\U0001f3f4\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f", "\U0001f3f4\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f"),
        ("hid\U000e0068\U000e0069den", "hidden"),
        ("👨‍👩‍👧", "👨‍👩‍👧"),
        ("<b>0</b>", "<b>0</b>"),
        ("0", "0"),
    ],
)  # fmt: skip
def test_a_name_loses_what_is_not_seen(text: str, line: str) -> None:
    assert clean_text(text, 100) == line
