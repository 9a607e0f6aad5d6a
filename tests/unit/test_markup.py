# ruff: noqa: E501 -- markup reads better unbroken
"""Markup is measured before anybody builds a tree from it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from mentions.markup import FRAGMENT, PAGE, Limits, measure, objection

TAGS = st.sampled_from(["<b>", "</b>", "<b id=1>", "<i>", "</i>", "<div>", "</div>", "<p>", "</p>", "<li>", "<ul>", "</ul>", "<br>", "<a href=x>", "</a>", "<!--", "-->", "<script>", "</script>", "text", "<table>", "</table>"])  # fmt: skip


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<div>" * 6_001, "elements inside each other"),
        ("<ul><li>" * 6_001, "elements inside each other"),
        ("<div></span>" * 6_001, "elements inside each other"),
        ("<b>" * 6_001, "elements inside each other"),
        ("<a " + " ".join(f"x{i}" for i in range(600)) + ">", "attributes on one element"),
        ("<p><a href=" + "A" * 32_000 + ">" + "<p>a" * 8_000, "bytes of formatting left open"),
        ("".join(f"<b id={i}>" for i in range(3_000)) + "<p>a" * 10_000, "bytes of formatting left open"),
        ("".join(f"<b id={i}></i>" for i in range(3_000)) + "<p>a" * 10_000, "bytes of formatting left open"),
        ("<div>" * 5_000 + "<div></div>" * 40_000, "steps through open elements"),
        ("<br>" * 250_001, "tags"),
        ("x" * (4 << 20) + "y", "characters"),
    ],
)
def test_what_would_be_slow_or_huge_is_refused_and_says_why(html: str, words: str) -> None:
    begun = time.process_time()
    found = objection(html, PAGE)
    assert found is not None
    assert words in found
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    "html",
    [
        "",
        "no markup at all",
        "a < b and c > d",
        "<div>" * 5_000 + "</div>" * 5_000,
        "<p>" * 100_000,
        "<li>" * 50_000,
        "<p><b>bold</b> <i>italic</i></p>" * 10_000,
        "<p><b><b><b>" * 1_000,
        "<!-- " + "<div>" * 10_000 + " -->",
        "<script>" + "'<div>'" * 10_000 + "</script>",
        "<style>" + "<div>" * 10_000,
        "<img src='data:image/png;base64," + "A" * 900_000 + "'>",
        "<p title='" + "x " * 60 + "'>" * 100,
        "</div>" * 10_000,
    ],
)
def test_what_is_only_long_or_odd_is_not(html: str) -> None:
    assert objection(html, PAGE) is None


def test_content_has_tighter_limits_than_pages() -> None:
    html = "<div>" * 300 + "x"
    assert objection(html, PAGE) is None
    assert objection(html, FRAGMENT) is not None


def test_what_a_tag_costs_is_counted() -> None:
    bulk = measure("<div><p><b class=x>bold<p>again<p>and again</div>")
    assert (bulk.tags, bulk.depth, bulk.attributes) == (5, 2, 0)
    assert bulk.copied > 2 * 160


@given(st.lists(TAGS, max_size=300).map("".join))
def test_what_is_let_through_without_measuring_would_pass_the_measure(html: str) -> None:
    """The rough count may only ever be stricter."""
    limits = Limits(length=10_000, tags=400, depth=150, attributes=8, steps=20_000, copied=4_000_000)
    bulk = measure(html)
    if objection(html, limits) is None:
        assert bulk.depth <= limits.depth
        assert bulk.copied <= limits.copied
        assert bulk.steps <= limits.steps


@given(st.lists(TAGS, max_size=80).map("".join))
def test_a_tree_is_never_deeper_than_was_measured(html: str) -> None:
    tree = LexborHTMLParser(html)
    deepest = 0
    for node in tree.css("body *"):
        depth, parent = 0, node.parent
        while parent is not None and parent.tag != "body":
            depth, parent = depth + 1, parent.parent
        deepest = max(deepest, depth)
    bulk = measure(html)
    closing_themselves = 8  # p, li, tbody, tr … between the elements that are counted
    assert deepest <= (bulk.depth + 1) * closing_themselves


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("<>/'\"=- ")))
def test_no_text_makes_measuring_fail(html: str) -> None:
    measure(html)
    objection(html, PAGE)
