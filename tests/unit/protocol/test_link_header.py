"""Link headers as RFC 8288 writes them, and as the wild does."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentions.protocol.link_header import read_links


@pytest.mark.parametrize(
    ("field", "links"),
    [
        ("</a>; rel=webmention", [("/a", {"webmention"})]),
        ('</a>;rel="x webmention y"', [("/a", {"x", "webmention", "y"})]),
        ('</a>; rel="x\twebmention"', [("/a", {"x", "webmention"})]),
        ("</a>; REL=WebMention", [("/a", {"webmention"})]),
        ("</a> ; rel = webmention", [("/a", {"webmention"})]),
        ("</a>; rel=other; rel=webmention", [("/a", {"other"})]),
        ("</a>; title=webmention", [("/a", {""})]),
        ("</a>; rel", [("/a", {""})]),
        ("</a>; rel; rel=webmention", [("/a", {""})]),
        ("</a>;;; rel=webmention;", [("/a", {"webmention"})]),
        ('</a>; title="x, y; rel=webmention"; rel=up', [("/a", {"up"})]),
        (r'</a>; title="q\"; rel=webmention"; rel=up, </b>; rel=webmention', [("/a", {"up"}), ("/b", {"webmention"})]),
        ("</a>,</b>;rel=webmention", [("/a", {""}), ("/b", {"webmention"})]),
        ("</a,b;c>; rel=webmention", [("/a,b;c", {"webmention"})]),
        ("<>; rel=webmention", [("", {"webmention"})]),
        ("< /a >; rel=webmention", [("/a", {"webmention"})]),
        (",, </a>; rel=webmention ,,", [("/a", {"webmention"})]),
        ("/a; rel=webmention, </b>; rel=webmention", [("/b", {"webmention"})]),
        ('</a>; rel="webmention', [("/a", {"webmention"})]),
        ("</a>; rel='webmention'", [("/a", {"'webmention'"})]),
        ("</a>; rel*=UTF-8''webmention", [("/a", {""})]),
        ("</a>; rel=webmention.", [("/a", {"webmention."})]),
        ("<unclosed; rel=webmention", []),
        ("", []),
    ],
)
def test_each_link_has_its_target_and_its_first_rel(field: str, links: list[tuple[str, set[str]]]) -> None:
    assert [(link.target, set(link.rels)) for link in read_links([field])] == links


def test_several_fields_are_one_list() -> None:
    fields = ['</a>; rel="other"', "</b>; rel=webmention, </c>; rel=webmention"]
    assert [link.target for link in read_links(fields)] == ["/a", "/b", "/c"]


def test_the_anchor_is_kept_as_it_stands() -> None:
    (link,) = read_links(['</a>; rel=webmention; anchor="https://elsewhere.example/"; anchor=""'])
    assert link.anchor == "https://elsewhere.example/"


@given(st.text(alphabet=st.sampled_from(list('<>;,="\\ \trelwbmntio/')), max_size=60))
def test_no_header_makes_reading_fail(field: str) -> None:
    assert len(list(read_links([field]))) <= field.count("<")


SLOW = ["," * 65536, "<," * 32768, chr(34) * 65536, ";" * 65536, "<>" + ";=" * 32768, "<>;a=" + chr(34) * 9999 + ">"]


@pytest.mark.parametrize("field", SLOW, ids=range(len(SLOW)))
def test_a_header_made_to_be_slow_is_read_in_no_time(field: str) -> None:
    started = time.process_time()
    list(read_links([field]))
    assert time.process_time() - started < 1
