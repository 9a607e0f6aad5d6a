# ruff: noqa: E501 -- markup and data read better unbroken
"""Our parser beside mf2py on ordinary pages, its limits, and what it may never do: raise."""

from __future__ import annotations

import re
from typing import Any

import mf2py
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from mentions.interpret.dom import Tree
from mentions.interpret.microformats import MAX_NESTING, find, parse_mf2

URL = "https://source.example/post"
CLASSES = st.sampled_from(
    ["h-entry", "h-card", "h-cite", "h-feed", "p-name", "p-author", "u-url", "u-photo", "dt-published", "e-content", "p-category", "u-in-reply-to", "vcard", "hentry", "fn", "entry-title",
     "author", "url", "value", "value-title", "plain", "h-", "p-", "h-ENTRY", "p-Name", "item", "hreview", "category", "u-comment"]
)  # fmt: skip
TAGS = st.sampled_from(
    [
        "div",
        "span",
        "p",
        "a",
        "img",
        "time",
        "abbr",
        "data",
        "ul",
        "li",
        "template",
        "script",
        "object",
        "area",
        "video",
        "h1",
    ]
)
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["href", "src", "alt", "title", "datetime", "value", "rel", "id", "lang", "srcset", "data"]),
    st.sampled_from(["", "/x", "https://x.example/", "2024-05-01", "10:00", "javascript:x", "author", "tag me", "en", "//[", "?", "a 2x, b", "7pm", "+0200"]),
    max_size=3,
)  # fmt: skip


@st.composite
def elements(draw: Any, inner: Any) -> str:
    tag, names = draw(TAGS), " ".join(draw(st.lists(CLASSES, max_size=3)))
    attributes = "".join(f' {name}="{value}"' for name, value in draw(ATTRIBUTES).items())
    return f'<{tag} class="{names}"{attributes}>{"".join(draw(st.lists(inner, max_size=4)))}</{tag}>'


HTML = st.recursive(st.text(max_size=10), elements, max_leaves=12)
ORDINARY = st.sampled_from(
    [
        "h-entry",
        "h-cite",
        "p-name",
        "u-url",
        "p-summary",
        "p-category",
        "p-author h-card",
        "u-in-reply-to h-cite",
        "plain",
    ]
)


@st.composite
def ordinary(draw: Any, depth: int = 0) -> str:
    """Markup without what mf2py is known to read wrongly (docs/decisions/0020)."""
    names = draw(ORDINARY)
    link = draw(st.sampled_from(["/a", "https://x.example/b", "c"]))
    inside = (
        "word"
        if depth > 2
        else "".join(draw(st.lists(ordinary(depth + 1), max_size=3))) or draw(st.sampled_from(["word", "two words"]))
    )
    return f'<a class="{names}" href="{link}">{inside}</a>' if depth > 2 else f'<div class="{names}">{inside}</div>'


def without_white_space(found: Any) -> Any:
    """Without white space, and without what an item is worth as a plain value, where mf2py overlooks implied names and URLs."""
    if isinstance(found, dict):
        left_out = {"lang"} | ({"value"} if "properties" in found else set())
        return {k: without_white_space(v) for k, v in found.items() if k not in left_out}
    if isinstance(found, list):
        return [without_white_space(part) for part in found]
    return re.sub(r"\s+", "", found) if isinstance(found, str) else found


@given(HTML)
def test_no_markup_raises(html: str) -> None:
    found = find(Tree.of(html, url=URL))
    assert set(found.data) == {"items", "rels", "rel-urls"}


@given(st.text())
def test_no_text_raises(text: str) -> None:
    encodable = text.encode("utf-8", "ignore").decode()
    assert set(parse_mf2(encodable, URL)) == {"items", "rels", "rel-urls"}


@given(st.lists(ordinary(), max_size=4).map("".join))
def test_ordinary_items_are_what_mf2py_finds(html: str) -> None:
    theirs = mf2py.parse(doc=BeautifulSoup(html, "lxml"), url=URL)["items"]
    assert without_white_space(parse_mf2(html, URL)["items"]) == without_white_space(theirs)


def test_items_come_with_the_element_and_the_property_that_they_are() -> None:
    found = find(Tree.of('<div class="h-entry"><p class="p-author h-card">A</p><p class="h-adr">B</p></div>', url=URL))
    assert [root.names for root in found.roots] == [(), ("author",), ()]
    assert [root.node.tag for root in found.roots] == ["div", "p", "p"]
    assert found.roots[1].parent is found.roots[0]


def test_a_cite_whose_author_has_u_url_stays_a_cite() -> None:
    html = '<div class="h-entry"><div class="u-in-reply-to h-cite"><a class="p-author h-card u-url" href="/tess">Tess</a><a class="u-url" href="/post">post</a></div></div>'
    (reply,) = parse_mf2(html, URL)["items"][0]["properties"]["in-reply-to"]
    assert reply["type"] == ["h-cite"]
    assert reply["properties"]["author"][0]["properties"]["name"] == ["Tess"]
    assert "https://source.example/post" in reply["properties"]["url"]


def test_class_names_are_split_at_ascii_white_space_only() -> None:
    item = parse_mf2('<div class="h-entry\tx"><p class="p-name\u00a0p-x">n</p><p class="p-name\fq">y</p></div>', URL)[
        "items"
    ][0]
    assert item["properties"] == {"name": ["y"]}


def test_an_item_deeper_than_the_limit_is_left_out_and_said_so() -> None:
    found = find(Tree.of('<div class="h-entry">' * 100 + "x", url=URL))
    depth, item = 0, found.data["items"][0]
    while "children" in item:
        depth, item = depth + 1, item["children"][0]
    assert depth == MAX_NESTING
    assert found.notes == ["items were left out: too many, or too deep"]


def test_a_base_element_moves_relative_urls() -> None:
    item = parse_mf2('<base href="/sub/"><a class="h-card" href="x">n</a>', URL)["items"][0]
    assert item["properties"]["url"] == ["https://source.example/sub/x"]


@pytest.mark.parametrize(
    ("reference", "resolved"),
    [
        ("/x", "https://source.example/x"), ("x", "https://source.example/x"), ("", URL), ("?q", f"{URL}?q"), ("#f", f"{URL}#f"), ("//other.example/x", "https://other.example/x"),
        ("/./x/../y", "https://source.example/y"), ("HTTPS://Other.example/", "HTTPS://Other.example/"), ("mailto:a@b", "mailto:a@b"), ("//[", "//["), (" /x\n", "https://source.example/x"),
    ],
)  # fmt: skip
def test_references_are_resolved_and_absolute_ones_left_alone(reference: str, resolved: str) -> None:
    item = parse_mf2(f'<div class="h-entry"><a class="u-test" href="{reference}">n</a></div>', URL)["items"][0]
    assert item["properties"]["test"] == [resolved]


def test_nothing_inside_templates_is_read_and_html_has_none() -> None:
    item = parse_mf2(
        '<div class="h-entry"><template><p class="p-name">no</p></template><div class="e-content">a<template>b</template></div></div>',
        URL,
    )["items"][0]
    assert item["properties"] == {"content": [{"html": "a", "value": "a"}]}
