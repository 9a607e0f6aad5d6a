"""The link check: what the conformance data does not ask."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentions.errors import ParserError
from mentions.links import MAX_NEAR_MISSES, LinkSearch, find_link
from mentions.links.markup_links import URL_ATTRIBUTES, srcset_urls
from mentions.links.plain_text import readings
from mentions.model import Document, Url

T = "https://target.example/post/1"


def look(
    body: str | bytes, *, target: str = T, content_type: str = "text/html", url: str = "https://source.example/p"
) -> LinkSearch:
    raw = body.encode() if isinstance(body, str) else body
    return find_link(Document(Url(url), content_type, None, raw), target)


def found_in(body: str, **where: str) -> str | None:
    link = look(body, **where).link
    return None if link is None else link.found_in


class TestAttributes:
    @pytest.mark.parametrize("element", sorted(URL_ATTRIBUTES))
    def test_every_attribute_of_the_table_is_a_link(self, element: str) -> None:
        for name in URL_ATTRIBUTES[element]:
            markup = f'<{element} type="image" {name}="{T}"></{element}>'
            if element == "frame":
                markup = f"<frameset>{markup}</frameset>"
            if element == "image" or name.startswith("xlink:"):
                markup = f"<svg>{markup}</svg>"
            assert found_in(markup) == f"{element}[{name}]"

    @pytest.mark.parametrize(
        "markup",
        [
            f'<form action="{T}"><button formaction="{T}">x</button></form>',
            f'<a ping="{T}" title="{T}" data-url="{T}" name="{T}">x</a>',
            f'<script src="{T}"></script><style>@import "{T}"</style>',
            f'<base href="{T}">',
            f'<meta http-equiv="refresh" content="0; url={T}"><meta name="x" content="{T}">',
            f'<iframe srcdoc="&lt;a href=&quot;{T}&quot;&gt;x&lt;/a&gt;"></iframe>',
            f'<p style="background:url({T})" cite="{T}" itemid="{T}">x</p><body background="{T}">',
            f'<input type="text" src="{T}" value="{T}"><input src="{T}">',
            f'<table background="{T}"><div href="{T}" src="{T}">',
            f'<template><a href="{T}">x</a></template><template shadowrootmode="open"><a href="{T}">x</a></template>',
            f'<title><a href="{T}"></title><xmp><a href="{T}"></xmp><noembed><a href="{T}"></noembed>',
            f'<!--><!-- <a href="{T}"> --!><plaintext><a href="{T}">',
            f"&lt;a href='{T}'&gt;x&lt;/a&gt; {T}",
            f'<a href="{T}0">x</a><a href="https://share.example/?u={T}">x</a><a href="https://{T}">x</a>',
        ],
    )
    def test_what_only_looks_like_a_link_is_none(self, markup: str) -> None:
        assert look(markup).link is None

    @pytest.mark.parametrize(
        "markup",
        [
            f"<A HREF='{T}'>",
            f"<a href={T}>",
            f"<a href=' \n{T}\t'>",
            "<a href='https&colon;//target.example&sol;post&#x2F;1'>",
            "<a href='HTTPS://TARGET.EXAMPLE:443/x/../post/1'>",
            "<a href='https:\\\\target.example\\post\\1'>",
            "<a href='https://target.example/%2e/post/1'>",
            "<a href='//target.example/post/1'>",
            f"<noscript><a href='{T}'>x</a></noscript>",
            f"<a hidden rel='nofollow ugc' href='{T}'></a>",
            f"<p><b><i><table><a href='{T}'>",
            f"<del><a href='x' download ping='y' href='z'></a><a href='{T}'>",
            "<base href='https://target.example/post/'><a href='1'>",
            "<a href='1'><base href='https://target.example/post/'>",
            "<base href='https://target.example/post/'><base href='https://o.example/'><a href='1'>",
            "<base target='_top'><base href='https://target.example/post/x'><a href='./1'>",
        ],
    )
    def test_every_spelling_that_a_browser_follows_there_is_the_link(self, markup: str) -> None:
        assert look(markup).link is not None

    def test_the_first_link_in_document_order_is_told_as_it_was_written(self) -> None:
        link = look(f'<q cite="{T}#x">q</q><img src=" {T} "><a href="{T}">x</a>').link
        assert link is not None
        assert (link.url, link.raw, link.found_in) == (T, f" {T} ", "img[src]")

    def test_a_target_with_userinfo_is_never_found(self) -> None:
        target = "https://me@target.example/post/1"
        assert look(f'<a href="{target}">', target=target).link is None

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("a 1x, b 2x", ["a", "b"]),
            ("a, b", ["a", "b"]),
            ("a,b 2x", ["a,b"]),
            (" ,a 1x,b,", ["a", "b"]),
            ("a (x, y) 1x, b", ["a", "b"]),
            ("data:,x 1x, b 2x", ["data:,x", "b"]),
            (",,, ,", []),
            ("", []),
        ],
    )
    def test_a_srcset_is_split_as_html_says(self, value: str, expected: list[str]) -> None:
        assert list(srcset_urls(value)) == expected


class TestGone:
    @pytest.mark.parametrize(
        ("meta", "is_gone"),
        [
            ('<meta http-equiv="Status" content="410 Gone">', True),
            ("<META HTTP-EQUIV=status CONTENT=410>", True),
            ('<meta http-equiv=" STATUS " content=" 410">', True),
            ('<meta http-equiv="status" content="404 Not Found">', False),
            ('<meta http-equiv="status" content="4100">', False),
            ('<meta name="status" content="410 Gone">', False),
            ('<link http-equiv="Status" content="410 Gone">', False),
            ('<!-- <meta http-equiv="Status" content="410 Gone"> -->', False),
        ],
    )
    def test_a_page_may_say_that_it_is_gone(self, meta: str, is_gone: bool) -> None:
        search = look(f'<head>{meta}</head><a href="{T}">x</a>')
        assert search.is_gone is is_gone
        assert (search.link is None) is is_gone


class TestNearMisses:
    def test_each_is_told_once_with_its_reason_and_only_the_first_ten(self) -> None:
        spellings = [
            "http://target.example/post/1",
            f"{T}/",
            f"{T}#c",
            f"{T}?utm_source=x",
            "https://www.target.example/post/1",
        ]
        search = look("".join(f'<a href="{s}">x</a>' * 2 for s in spellings))
        assert search.link is None
        assert [miss.reason for miss in search.near_misses] == ["scheme", "slash", "fragment", "tracking", "www"]
        assert [miss.link.raw for miss in search.near_misses] == spellings
        many = look("".join(f'<a href="{T}?{n}">x</a>' for n in range(50)))
        assert len(many.near_misses) == MAX_NEAR_MISSES

    def test_other_pages_of_the_site_are_none(self) -> None:
        search = look(
            '<a href="/post/10">x</a><a href="/">x</a><a href="//o.example/post/1">', url="https://target.example/2"
        )
        assert search == LinkSearch(link=None)

    def test_a_long_link_is_cut_in_the_report(self) -> None:
        (miss,) = look(f'<a href="{T}?{"a" * 5000}">x</a>').near_misses
        assert len(miss.link.raw) == 500
        assert len(miss.link.url) == 2048


class TestXhtml:
    @pytest.mark.parametrize(
        ("body", "is_linked"),
        [
            (f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><title/><a href="{T}"/></html>', True),
            (f'<html><script src="x.js"/><textarea rows="1"/><iframe src="y"/><p><a href="{T}">x</a></p></html>', True),
            (f'<html><![CDATA[ <a href="{T}">x</a> <a href="{T}">x</a> ]]></html>', False),
            (f"<!DOCTYPE html [<!ENTITY e '<a href=\"{T}\">x</a>'>]><html>&e;</html>", False),
            (f'<html><script type="text/x">//<![CDATA[\n"</p><a href=\'{T}\'>"\n//]]></script></html>', False),
        ],
    )
    def test_xhtml_is_read_with_its_own_syntax(self, body: str, is_linked: bool) -> None:
        assert (look(body, content_type="application/xhtml+xml").link is not None) is is_linked


class TestJson:
    @pytest.mark.parametrize(
        "body",
        [
            f'{{"a":[1,null,{{"b":"{T}"}}]}}',
            f'\ufeff["{T}"]',
            '["https://target.example/post\\u002f1"]',
            '["HTTPS://target.example:443/post/1"]',
            f'["\\ud800", "\\ud83d\\ude00", "{T}"]',
            f'[{"9" * 300}, 1e5, "{T}"]',
            "[" * 900 + f'"{T}"' + "]" * 900,
        ],
    )
    def test_a_string_value_that_is_the_target_counts_wherever_it_stands(self, body: str) -> None:
        assert found_in(body, content_type="application/json") == "json"

    @pytest.mark.parametrize(
        "body",
        [
            f'["see {T}"]',
            f'["{T}0"]',
            '["/post/1"]',
            f'["{T}",]',
            f"'{T}'",
            f'["{T}"',
            f'["\\\\ud800", "{T[:-1]}"]',
            "",
            "null",
        ],
    )
    def test_keys_parts_and_broken_documents_do_not(self, body: str) -> None:
        assert look(body, content_type="application/json", url="https://target.example/").link is None

    def test_a_document_that_does_not_parse_says_so(self) -> None:
        assert "no valid JSON" in look("{", content_type="application/json").notes[0]

    def test_near_misses_are_told(self) -> None:
        (miss,) = look(f'["{T}/"]', content_type="application/ld+json").near_misses
        assert (miss.reason, miss.link.found_in) == ("slash", "json")


class TestText:
    @pytest.mark.parametrize(
        "text",
        [
            T,
            f"See {T}.",
            f"({T})",
            f"[x]({T}), [y](https://o.example/)",
            f"[x]({T})[y](https://o.example/)",
            f'[x]({T} "title")',
            f"<{T}>",
            f"**{T}** and _{T}_",
            f'"{T}"',
            f"'{T}'!?",
            f"https://o.example/,{T};https://p.example/",
            f"=> {T} a gemini link",
            f"Siehe {T}…",
            f"見よ「{T}」。",
            f"見よ{T}。次",
            "HTTPS://Target.example/post/1",
            f"`{T}`",
            f"[1]: {T}\r\n",
            f"|{T}|",
        ],
    )
    def test_a_url_ends_where_a_reader_ends_it(self, text: str) -> None:
        assert found_in(text, content_type="text/plain") == "text"

    @pytest.mark.parametrize(
        "text",
        [
            f"{T}0",
            f"{T}/",
            f"{T}?x",
            f"{T}#x",
            f"{T}-2",
            f"{T}é",
            f"x{T}",
            f"https://share.example/?u={T}",
            f"https://{T}",
            "https://target.example/post/ 1",
            "target.example/post/1",
            "",
        ],
    )
    def test_a_longer_or_another_url_is_no_match(self, text: str) -> None:
        assert look(text, content_type="text/plain").link is None

    @pytest.mark.parametrize(
        "target",
        [f"https://target.example/{path}" for path in ("Foo_(bar)", "a,b;c", "what?", "[x]")],
    )
    def test_punctuation_that_belongs_to_the_target_is_kept(self, target: str) -> None:
        for text in (target, f"({target})", f"{target}.", f"[x]({target})."):
            assert look(text, target=target, content_type="text/plain").link is not None

    @given(st.text(max_size=60))
    def test_the_readings_of_a_url_are_beginnings_of_it(self, written: str) -> None:
        assert all(written.startswith(reading) for reading in readings(written))


class TestTypes:
    @pytest.mark.parametrize(
        "content_type", ["image/png", "application/pdf", "application/octet-stream", "application/rss+xml", "text/css"]
    )
    def test_types_that_hold_no_links_are_unsupported(self, content_type: str) -> None:
        search = look(f'<a href="{T}">{T}</a>', content_type=content_type)
        assert search == LinkSearch(link=None, unsupported=True)

    @pytest.mark.parametrize(
        ("body", "where"),
        [(f'<a href="{T}">', "a[href]"), (f'["{T}"]', "json"), (f"see {T}", "text"), (b"\x00" + T.encode(), None)],
    )
    def test_a_body_without_a_type_is_read_as_what_it_looks_like(self, body: str | bytes, where: str | None) -> None:
        link = look(body, content_type="").link
        assert (None if link is None else link.found_in) == where

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "shift_jis", "iso-8859-1"])
    def test_links_are_found_in_every_encoding(self, encoding: str) -> None:
        charset = {"utf-16": None, "utf-8-sig": None}.get(encoding, encoding)
        document = Document(Url("https://s.example/"), "text/html", charset, f'<p>x<a href="{T}">'.encode(encoding))
        assert find_link(document, T).link is not None

    def test_a_path_in_another_encoding_is_the_same_path(self) -> None:
        body = '<a href="https://target.example/caf\u00e9">'.encode("latin-1")
        document = Document(Url("https://s.example/"), "text/html", "latin1", body)
        assert find_link(document, "https://target.example/caf%C3%A9").link is not None


ALPHABET = [*"<>/='\" ahrefsc!-[]&;?#\\.", T, "<a href=", "<!--", "<template>", "<base href="]


class TestHostility:
    @given(
        st.lists(st.sampled_from(ALPHABET), max_size=40),
        st.sampled_from(["text/html", "application/xhtml+xml", "text/plain", ""]),
    )
    def test_no_document_makes_the_search_fail(self, parts: list[str], content_type: str) -> None:
        search = look("".join(parts), content_type=content_type)
        assert search.link is None or search.link.url == T

    @given(st.binary(max_size=200), st.sampled_from(["text/html", "application/json", "text/plain", ""]))
    def test_no_bytes_do_either(self, body: bytes, content_type: str) -> None:
        assert look(body, content_type=content_type).link is None

    @pytest.mark.parametrize(
        "markup",
        [
            "<div>" * 200_000,
            "<ul><li>" * 64_000,
            "<a " + " ".join(f"a{n}=1" for n in range(60_000)) + ">",
            ("<a>" + "<div>" * 8) * 8_000,
        ],
        ids=["depth", "lists", "attributes", "adoption"],
    )
    def test_markup_made_to_be_slow_is_refused_at_once(self, markup: str) -> None:
        started = time.process_time()
        with pytest.raises(ParserError, match="more than"):
            look(markup)
        assert time.process_time() - started < 3

    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            ("<b>" * 5_000 + f'<a href="{T}">', "text/html"),
            ("<table><a>" * 2_500 + f'<a href="{T}">', "text/html"),
            ("<div class='vcard'>" * 400 + f'<a href="{T}">', "text/html"),
            ("<p><b><b><b>" * 1_000 + f'<a href="{T}">', "text/html"),
            ("<div>" * 5_000 + f'<a href="{T}">', "text/html"),
            ("".join(f'<a href="{T}?{n}">' for n in range(15_000)) + f'<a href="{T}">', "text/html"),
            ('<img srcset="' + "," * 500_000 + f'"><a href="{T}">', "text/html"),
            (f'<svg><path d="{"1 2 3 " * 100_000}"/></svg><a href="{T}">', "text/html"),
            ("<![CDATA[" * 50_000 + "]]>" + f'<a href="{T}"/>', "application/xhtml+xml"),
            ("https:/" * 100_000 + " " + T, "text/plain"),
            ("https://t.example/" + "!" * 500_000 + " " + T, "text/plain"),
            ('["' + "\\ud800" * 100_000 + f'","{T}"]', "application/json"),
        ],
        ids=range(12),
    )
    def test_odd_but_bearable_documents_are_read_in_no_time(self, body: str, content_type: str) -> None:
        started = time.process_time()
        assert look(body, content_type=content_type).link is not None
        assert time.process_time() - started < 2

    @pytest.mark.parametrize(
        "body", ["<!DOCTYPE[" * 90_000, "<!DOCTYPE x [" + "] " * 400_000, "<a '" * 400 + "x" * 500_000], ids=range(3)
    )
    def test_broken_xhtml_is_read_in_no_time(self, body: str) -> None:
        started = time.process_time()
        assert look(body, content_type="application/xhtml+xml").link is None
        assert time.process_time() - started < 2
