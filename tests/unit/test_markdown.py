"""Markdown of comments: the subset, and nothing that could do harm."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentions import sanitize
from mentions.markdown import NOWHERE, render


def html_of(text: str, **more: str) -> str:
    content = render(text, **more)
    assert content is not None
    return content.html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*so* **be** it", "<p><em>so</em> <strong>be</strong> it</p>"),
        ("one\ntwo", "<p>one<br>\ntwo</p>"),
        ("one\n\ntwo", "<p>one</p>\n<p>two</p>"),
        ("`a < b`", "<p><code>a &lt; b</code></p>"),
        ("```py\na < b\n```", "<pre><code>a &lt; b\n</code></pre>"),
        ("> said", "<blockquote>\n<p>said</p>\n</blockquote>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("3. a\n4. b", '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>'),
        ("# Hi", "<p># Hi</p>"),
        ("Hi\n---", "<p>Hi<br>\n---</p>"),
        ("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>"),
    ],
)
def test_the_subset_is_rendered_and_the_rest_stays_text(text: str, html: str):
    assert html_of(text) == html


def test_links_are_marked_as_a_strangers_and_images_become_links():
    link = '<a href="https://e.example/?a&amp;b" rel="nofollow ugc noopener">here</a>'
    assert html_of("[here](https://e.example/?a&b)") == f"<p>{link}</p>"
    assert html_of("![here](https://e.example/?a&b)") == f"<p>!{link}</p>"


def test_a_relative_link_needs_a_base():
    assert 'href="https://site.example/about"' in html_of("[me](/about)", base="https://site.example/post")
    assert "href" not in html_of("[me](/about)")
    assert "href" not in html_of("[me](//e.example/)")


@pytest.mark.parametrize(
    "text",
    [
        "[x](javascript:alert(1))",
        "[x](java&#115;cript:alert(1))",
        "[x]( data:text/html,<script>alert(1)</script>)",
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '[x](https://e.example "\\"onmouseover=alert(1)")',
        "<javascript:alert(1)>",
    ],
)
def test_nothing_can_be_run(text: str):
    html = html_of(text)
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert "<a onmouseover" not in html
    assert ' onmouseover="' not in html


@pytest.mark.parametrize("text", ["", "  \n ", "[ref]: https://e.example/", "\u200b"])
def test_nothing_readable_is_no_content(text: str):
    assert render(text) is None


@pytest.mark.parametrize("unit", ["> ", "- ", "*", "[", "`", "![", "((((", "a**b", "[a](", "\\\n", "<a:b ", "_a "])
def test_hostile_repetition_costs_no_more_than_a_moment(unit: str):
    begun = time.process_time()
    render(unit * (60_000 // len(unit)))
    assert time.process_time() - begun < 3


@given(st.text(alphabet=st.sampled_from(" \n*_`>-#[]()!<&;:/\\\"'1.axé\t"), max_size=80))
def test_what_is_rendered_is_already_sanitised(text: str):
    content = render(text)
    assert content is None or sanitize.safe_html(content.html, base=NOWHERE) == content.html
