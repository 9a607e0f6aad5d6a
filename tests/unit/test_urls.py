"""Laws and table of `mentions.urls`."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mentions import urls
from mentions.errors import InvalidRequest

HOSTS = st.sampled_from(
    ["example.com", "www.example.com", "EXAMPLE.com", "example.com.", "bücher.example", "xn--a.b", "127.0.0.1", "[::1]"]
)
PORTS = st.sampled_from(["", ":80", ":443", ":8080", ":"])
TEXT = st.text(max_size=30)
ODD_TEXT = st.text(alphabet=st.sampled_from(list("aZ0/\\.%2F?#&=:@ \t\n'\"<>`é｡\x00\ud800")), max_size=40)


@st.composite
def any_url(draw: st.DrawFn) -> str:
    scheme = draw(st.sampled_from(["http", "https", "HTTP"]))
    query = draw(st.one_of(st.just(""), TEXT.map(lambda t: "?" + t)))
    frag = draw(st.one_of(st.just(""), TEXT.map(lambda t: "#" + t)))
    return f"{scheme}://{draw(HOSTS)}{draw(PORTS)}/{draw(TEXT)}{query}{frag}"


ANYTHING = st.one_of(
    any_url(), ODD_TEXT, ODD_TEXT.map(lambda t: "https://example.com/" + t), ODD_TEXT.map(lambda t: "http://" + t)
)


class TestLaws:
    @given(ANYTHING)
    def test_parsing_is_idempotent(self, text: str) -> None:
        once = urls.parse(text)
        if once is not None:
            assert urls.parse(once) == once

    @given(ANYTHING)
    def test_what_is_parsed_is_ascii_http_with_a_host(self, text: str) -> None:
        url = urls.parse(text)
        if url is not None:
            assert url.isascii()
            assert url.startswith(("http://", "https://"))
            assert urls.authority(url)
            assert not any(c in url for c in " \t\r\n\x00<>")

    @given(any_url())
    @example("http://example.com/\x85")  # white space to Python, a character of the path to the URL standard
    @example("\x1fhttp://example.com/ \n")
    def test_page_key_is_the_same_for_every_spelling_of_a_page(self, url: str) -> None:
        key = urls.page_key(url)
        parsed = urls.parse(url)
        if parsed is None:
            assert key == ""
            return
        plain = urls.without_fragment(parsed)
        scheme, _, rest = plain.partition("://")
        swapped = {"http": "https", "https": "http"}[scheme]
        assert key
        assert urls.page_key(plain) == key
        assert urls.page_key(plain + "#x") == key
        assert urls.page_key(f"{swapped}://{rest}") == key
        assert urls.page_key(f"//{rest}") == key
        if "." in urls.site_authority(plain) and not rest.startswith(("127", "[")):
            assert urls.page_key(f"{scheme}://www.{rest}") == key

    @given(ANYTHING, ANYTHING, ANYTHING)
    def test_same_resource_is_an_equivalence_on_urls(self, a: str, b: str, c: str) -> None:
        assert urls.same_resource(a, a) == (urls.parse(a) is not None)
        assert urls.same_resource(a, b) == urls.same_resource(b, a)
        if urls.same_resource(a, b) and urls.same_resource(b, c):
            assert urls.same_resource(a, c)

    @given(ANYTHING)
    def test_site_authority_is_idempotent(self, text: str) -> None:
        site = urls.site_authority(text)
        assert urls.site_authority(site) == site
        assert not site.endswith(".")

    @given(ANYTHING)
    def test_attribute_safe_cannot_leave_an_attribute_and_stays_the_same_url(self, text: str) -> None:
        safe = urls.attribute_safe(text)
        assert (safe is None) == (urls.parse(text) is None)
        if safe is not None:
            assert not set(safe) & set("\"'<> `")
            assert urls.attribute_safe(safe) == safe
            assert urls.authority(safe) == urls.authority(text)

    @given(ANYTHING, ANYTHING)
    def test_a_near_miss_is_never_the_same_resource_and_always_on_the_same_site(self, a: str, b: str) -> None:
        reason = urls.near_miss_reason(a, b)
        if reason is not None:
            assert not urls.same_resource(a, b)
            assert urls.site_authority(a) == urls.site_authority(b)
            assert urls.near_miss_reason(b, a) == reason

    @given(ODD_TEXT)
    def test_a_claim_url_is_refused_or_serialised(self, text: str) -> None:
        if any(c in "\t\n\x00\ud800" for c in text):
            with pytest.raises(InvalidRequest, match=r"^source "):
                urls.check_claim_url("https://example.com/" + text, what="source")
        else:
            claimed = urls.check_claim_url("https://example.com/" + text, what="source")
            assert claimed == urls.parse("https://example.com/" + text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://Example.COM", "https://example.com/"),
        ("https://example.com:443/a/../b", "https://example.com/b"),
        ("https://example.com/a%2Fb%7E%3b?x=a%2Fb", "https://example.com/a%2Fb%7E%3b?x=a%2Fb"),
        ("https://bücher.example/é", "https://xn--bcher-kva.example/%C3%A9"),
        ("https://our.example\\@evil.example/", "https://our.example/@evil.example/"),
        ("http://2130706433/", "http://127.0.0.1/"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("  https://example.com/\n", "https://example.com/"),
        ("https://example.com/\udcff", "https://example.com/%EF%BF%BD"),
        ("ftp://example.com/", None),
        ("javascript:alert(1)", None),
        ("/relative", None),
        ("http://", None),
        ("https://exa mple.com/", None),
        ("", None),
    ],
)
def test_urls_are_parsed_as_browsers_do(text: str, expected: str | None) -> None:
    assert urls.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Example.com", "example.com"),
        ("www.example.com:443", "example.com"),
        ("example.com.:80", "example.com"),
        ("https://www.example.com:8080/x", "example.com:8080"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("[::1]:8080", "[::1]:8080"),
        ("www.com", "www.com"),
        ("localhost:3000", "localhost:3000"),
        ("https://target.example@evil.example/", "evil.example"),
        ("user@example.com", ""),
        ("example.com/path", ""),
        ("", ""),
        ("...", ""),
    ],
)
def test_a_site_has_one_authority_however_it_is_spelled(text: str, expected: str) -> None:
    assert urls.site_authority(text) == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "missing"),
        ("   ", "missing"),
        ("/p", "not an absolute"),
        ("jwoijgoisdjlskjegisvjowuehjtkx", "not an absolute"),
        ("ftp://example.com/x", "not an absolute"),
        ("javascript:alert(1)", "not an absolute"),
        ("https://user:pw@example.com/p", "user name"),
        ("https://user@example.com/p", "user name"),
        ("https://example.com/\x00p", "control character"),
        ("https://example.com/p\r\nX: y", "control character"),
        ("\thttps://example.com/p", "control character"),
        ("https://example.com/\x85", "control character"),
        ("https://example.com/\ud800", "not valid Unicode"),
        ("https://example.com/" + "a" * 2029, "longer than 2048 bytes"),
        ("https://example.com/" + "é" * 1015, "longer than 2048 bytes"),
        ("https://example.com/" + "é" * 700, "when percent-encoded"),
    ],
)
def test_a_claim_url_that_is_refused_says_why(text: str, complaint: str) -> None:
    with pytest.raises(InvalidRequest, match=f"^target .*{complaint}"):
        urls.check_claim_url(text, what="target")


def test_a_claim_url_may_be_2048_bytes_long() -> None:
    url = "https://example.com/" + "a" * 2028
    assert urls.check_claim_url(url, what="source") == url


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ("http://target.example/post/1?a=1#c", "scheme"),
        ("https://www.target.example/post/1?a=1#c", "www"),
        ("https://target.example/post/1/?a=1#c", "slash"),
        ("https://target.example//post/1?a=1#c", "slash"),
        ("https://target.example/Post/1?a=1#c", "case"),
        ("https://target.example/p%6Fst/1?a=1#c", "encoding"),
        ("https://target.example/post/1?a=1&utm_source=rss#c", "tracking"),
        ("https://target.example/post/1?a=2#c", "query"),
        ("https://target.example/post/1?A=1#c", "case"),
        ("https://target.example/post/1?#c", "query"),
        ("https://target.example/post/1?a=1", "fragment"),
        ("https://target.example/post/1?a=1#c", None),
        ("https://target.example/post/10?a=1#c", None),
        ("https://other.example/post/1?a=1#c", None),
        ("https://target.example:8443/post/1?a=1#c", None),
        ("https://me@target.example/post/1?a=1#c", None),
        ("nonsense", None),
    ],
)
def test_a_near_miss_is_named_by_its_first_difference(found: str, reason: str | None) -> None:
    assert urls.near_miss_reason(found, "https://target.example/post/1?a=1#c") == reason


@pytest.mark.parametrize(
    ("base", "location", "expected"),
    [
        ("https://a.example/x/y", "../z", "https://a.example/z"),
        ("https://a.example/x#c", "/y", "https://a.example/y#c"),
        ("https://a.example/x#c", "/y#d", "https://a.example/y#d"),
        ("https://a.example/x", "//b.example", "https://b.example/"),
        ("https://a.example/x", "/caf\udce9", "https://a.example/caf%E9"),
        ("https://a.example/x", "ftp://b.example/", None),
        ("https://a.example/x", "javascript:1", None),
    ],
)
def test_redirects_lead_where_rfc_9110_says(base: str, location: str, expected: str | None) -> None:
    assert urls.resolve_redirect(base, location) == expected


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        (None, "https://a.example/x"),
        ("https://b.example/y/", "https://b.example/y/"),
        ("/z/", "https://a.example/z/"),
        ("", "https://a.example/x"),
        ("javascript:1", "https://a.example/x"),
        ("data:text/html,x", "https://a.example/x"),
        ("http://[bad", "https://a.example/x"),
        ("ftp://b.example/", "ftp://b.example/"),
    ],
)
def test_the_base_element_moves_relative_links_as_html_says(href: str | None, expected: str) -> None:
    assert urls.document_base("https://a.example/x", href) == expected


def test_fragments_are_cut_and_read_as_they_stand() -> None:
    assert urls.without_fragment("HTTPS://a.example/x#é") == "https://a.example/x"
    assert urls.fragment("https://a.example/x#c%20d") == "c%20d"
    assert urls.fragment("https://a.example/x#") is None
    assert urls.origin("https://a.example:8443/x") == "https://a.example:8443"
    assert urls.origin("nonsense") == ""


def test_the_key_of_a_source_keeps_scheme_and_fragment_and_refuses_what_is_no_url() -> None:
    assert urls.source_key("HTTP://A.example/x#c") == "http://a.example/x#c"
    with pytest.raises(ValueError, match="absolute"):
        urls.source_key("x")
