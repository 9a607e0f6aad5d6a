"""Claims from forms, endpoints from pages: what the conformance data does not ask."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentions.errors import InvalidRequest, ParserError
from mentions.model import Document, Fetched, Protocol, Url
from mentions.protocol.discovery import Receiver, find_receiver
from mentions.protocol.webmention import find_endpoint, read_claim

AT = datetime(2024, 5, 1, tzinfo=UTC)
PAGE = Url("https://target.example/a/post?x=1")
SOURCE, TARGET = "https://source.example/p", "https://target.example/a/post"


def page(
    body: str = "", *, links: tuple[str, ...] = (), content_type: str = "text/html", x_pingback: str | None = None
) -> Fetched:
    document = Document(PAGE, content_type, "utf-8", body.encode())
    return Fetched(document, (), links=links, headers={} if x_pingback is None else {"x-pingback": x_pingback})


class TestClaims:
    def test_urls_are_kept_as_they_were_sent_and_other_fields_ignored(self) -> None:
        claim = read_claim(
            {"source": [" HTTPS://Source.example/é#c "], "target": [TARGET + "#c"], "vouch": ["x", "y"], "code": ["1"]},
            id="x" * 20,
            received_at=AT,
        )
        assert (claim.source, claim.target) == ("HTTPS://Source.example/é#c", TARGET + "#c")
        assert (claim.id, claim.via, claim.received_at) == ("x" * 20, Protocol.WEBMENTION, AT)

    @pytest.mark.parametrize(
        ("form", "complaint"),
        [
            ({"target": [TARGET]}, "source is missing"),
            ({"source": [SOURCE]}, "target is missing"),
            ({"source": [""], "target": [TARGET]}, "source is missing"),
            ({"source": [SOURCE], "target": []}, "target is missing"),
            ({"source": [SOURCE, SOURCE], "target": [TARGET]}, "source is given more than once"),
            ({"source": [SOURCE], "target": [TARGET, TARGET + "2"]}, "target is given more than once"),
            ({"source[]": [SOURCE, SOURCE], "target": [TARGET]}, "source has to be given once"),
            ({"source": [SOURCE], "source[]": [SOURCE], "target": [TARGET]}, "source has to be given once"),
            ({"source": [SOURCE], "target[0]": [TARGET]}, "target has to be given once"),
            ({"source": ["x"], "target": [TARGET]}, "source is not an absolute"),
            ({"source": [SOURCE], "target": ["x"]}, "target is not an absolute"),
            ({"source": [TARGET], "target": [TARGET]}, "the same page"),
            ({"source": [TARGET + "#a"], "target": [TARGET + "#b"]}, "the same page"),
            ({"source": ["http://www.TARGET.example:80/a/./post"], "target": [TARGET]}, "the same page"),
        ],
    )
    def test_a_form_that_is_refused_is_told_which_parameter_is_wrong(
        self, form: dict[str, list[str]], complaint: str
    ) -> None:
        with pytest.raises(InvalidRequest, match=complaint):
            read_claim(form, id="x", received_at=AT)

    def test_a_page_beside_the_target_is_another_page(self) -> None:
        for source in (TARGET + "/", TARGET + "?y", "https://target.example:8443/a/post"):
            assert read_claim({"source": [source], "target": [TARGET]}, id="x", received_at=AT).source == source

    @given(st.dictionaries(st.sampled_from(["source", "target", "source[]", "x"]), st.lists(st.text(), max_size=2)))
    def test_no_form_does_worse_than_be_refused(self, form: dict[str, list[str]]) -> None:
        with pytest.raises(InvalidRequest):
            read_claim(form, id="x", received_at=AT)


LINK = '<link rel="webmention" href="{}">'


class TestEndpoints:
    @pytest.mark.parametrize(
        ("body", "endpoint"),
        [
            (LINK.format("wm"), "https://target.example/a/wm"),
            (LINK.format("?q"), "https://target.example/a/post?q"),
            (LINK.format(""), "https://target.example/a/post?x=1"),
            (LINK.format("#form"), "https://target.example/a/post?x=1"),
            ('<base href="/b/">' + LINK.format("wm"), "https://target.example/b/wm"),
            (LINK.format("wm") + '<base href="https://o.example/">', "https://o.example/wm"),
            ('<base href="javascript:1">' + LINK.format("wm"), "https://target.example/a/wm"),
            ("<link rel='a\twebmention\nb' href=wm>", "https://target.example/a/wm"),
            ("<link rel='a\u00a0webmention' href=wm>", None),
            ("<link rel=webmention><a rel=webmention href=wm>", "https://target.example/a/wm"),
            ("<link rel=webmention rel=x href=wm href=error>", "https://target.example/a/wm"),
            ("<link rel=x rel=webmention href=error>", None),
            ("<LINK REL=WEBMENTION HREF=wm>", "https://target.example/a/wm"),
            ("<noscript><a rel=webmention href=wm></a></noscript>", "https://target.example/a/wm"),
            ("<template><a rel=webmention href=error></a></template>", None),
            ("<iframe><a rel=webmention href=error></a></iframe>", None),
            ("<xmp><a rel=webmention href=error></a></xmp>", None),
            ("<![CDATA[<a rel=webmention href=wm>]]>", None),
            (LINK.format("javascript:alert(1)") + LINK.format("wm"), None),
            (LINK.format("ftp://target.example/wm"), None),
            (LINK.format("mailto:me@target.example"), None),
            (LINK.format("https://user:pw@target.example/wm"), None),
            (LINK.format("http://[bad/wm"), None),
            ("<a rev=webmention href=error>", None),
            ("<a rel=http://webmention.org/ href=error>", None),
        ],
    )
    def test_html_is_read_as_html(self, body: str, endpoint: str | None) -> None:
        assert find_endpoint(page(body)) == endpoint

    @pytest.mark.parametrize(
        ("links", "endpoint"),
        [
            (("</wm?a=%2F>; rel=webmention",), "https://target.example/wm?a=%2F"),
            (('<wm>; rel=webmention; anchor=""',), "https://target.example/a/wm"),
            (('<wm>; rel=webmention; anchor="https://TARGET.example/a/post?x=1"',), "https://target.example/a/wm"),
            (('<e>; rel=webmention; anchor="#part"',), "https://target.example/html"),
            (('<e>; rel=webmention; anchor="/other"', "<wm>; rel=webmention"), "https://target.example/a/wm"),
            (("<http://[bad>; rel=webmention", "<wm>; rel=webmention"), None),
            (("<wm\udce9>; rel=webmention",), "https://target.example/a/wm%E9"),
            (("<wm>; rel=other",), "https://target.example/html"),
            (("nonsense",), "https://target.example/html"),
        ],
    )
    def test_the_first_link_header_about_the_page_beats_its_html(
        self, links: tuple[str, ...], endpoint: str | None
    ) -> None:
        assert find_endpoint(page('<base href="/b/">' + LINK.format("/html"), links=links)) == endpoint

    @pytest.mark.parametrize(
        ("content_type", "is_searched"),
        [
            ("text/html", True),
            ("application/xhtml+xml", True),
            ("", True),
            ("text/plain", False),
            ("application/xml", False),
            ("application/json", False),
            ("image/svg+xml", False),
        ],
    )
    def test_only_html_is_searched_and_headers_count_for_every_type(self, content_type: str, is_searched: bool) -> None:
        assert (find_endpoint(page(LINK.format("/wm"), content_type=content_type)) is not None) is is_searched
        header = page("\x89PNG", content_type=content_type, links=("</wm>; rel=webmention",))
        assert find_endpoint(header) == "https://target.example/wm"

    def test_xhtml_is_read_with_its_own_syntax(self) -> None:
        head = '<html xmlns="http://www.w3.org/1999/xhtml"><head><title/><script src="x"/>'
        body = head + '<link rel="webmention" href="/wm"/>'
        assert find_endpoint(page(body, content_type="application/xhtml+xml")) == "https://target.example/wm"

    def test_markup_made_to_be_slow_is_refused(self) -> None:
        with pytest.raises(ParserError, match="inside each other"):
            find_endpoint(page("<div>" * 50_000 + LINK.format("/wm")))

    @given(st.text(alphabet=st.sampled_from(list("<>/='\" alinkrebmtoh!-")), max_size=80))
    def test_no_page_makes_discovery_fail(self, body: str) -> None:
        assert find_receiver(page(body)) is None or "href" in body


class TestReceivers:
    def test_webmention_is_preferred_and_pingback_the_fallback(self) -> None:
        ping = "https://target.example/xmlrpc"
        both = page(LINK.format("/wm"), x_pingback=ping)
        assert find_receiver(both) == Receiver(Protocol.WEBMENTION, Url("https://target.example/wm"))
        assert find_receiver(page(x_pingback=ping)) == Receiver(Protocol.PINGBACK, Url(ping))
        assert find_receiver(page("<p>nothing")) is None

    def test_an_endpoint_that_cannot_be_used_leaves_pingback(self) -> None:
        ping = "https://target.example/xmlrpc"
        answer = page(LINK.format("javascript:1"), x_pingback=ping)
        assert find_receiver(answer) == Receiver(Protocol.PINGBACK, Url(ping))
