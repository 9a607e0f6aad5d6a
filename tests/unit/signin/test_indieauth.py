"""IndieAuth's rules, by the headings of the specification (https://indieauth.spec.indieweb.org/)."""

from __future__ import annotations

from typing import Any

import pytest

from mentions.model import Document, Fetched, Url
from mentions.signin import indieauth
from mentions.signin.faults import Fault, Refusal
from mentions.signin.indieauth import ProfilePage, Server


def closed(authority: str) -> bool:
    return False


def opened(authority: str) -> bool:
    return authority.startswith("127.0.0.1")


def read(text: str, is_opened=closed) -> Url | Fault:
    found = indieauth.read_profile_url(text, is_opened=is_opened)
    return found.fault if isinstance(found, Refusal) else found


# --- 3.2 user profile URL, 3.4 URL canonicalization ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "profile"),
    [
        ("https://example.com/", "https://example.com/"),
        ("https://example.com", "https://example.com/"),
        ("example.com", "https://example.com/"),
        ("  Example.COM ", "https://example.com/"),
        ("http://example.com", "http://example.com/"),
        ("HTTPS://EXAMPLE.com/Username", "https://example.com/Username"),
        ("example.com/username", "https://example.com/username"),
        ("https://example.com/users?id=100", "https://example.com/users?id=100"),
        ("https://example.com:443/", "https://example.com/"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://example.com/a..b/.well-known/", "https://example.com/a..b/.well-known/"),
        ("example.com?id=a/../b", "https://example.com/?id=a/../b"),
    ],
)
def test_a_profile_url_is_made_canonical(typed: str, profile: str):
    assert read(typed) == profile
    assert read(profile) == profile


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "example",
        "mailto:user@example.com",
        "ftp://example.com/",
        "javascript:alert(1)",
        "https://example.com/foo/../bar",
        "https://example.com/./bar",
        "https://example.com/..",
        "https://example.com/%2e%2E/bar",
        "https://example.com\\..\\bar",
        "https://example.com/#me",
        "https://example.com/#",
        "https://user:pass@example.com/",
        "https://user@example.com/",
        "user@example.com",
        "https://example.com:8443/",
        "example.com:8080",
        "https://172.28.92.51/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://[2001:db8::1]/",
        "localhost",
        "https://example.com/" + "a" * 3000,
        "https://exa mple.com/",
    ],
)
def test_what_may_not_stand_for_a_person_is_refused(typed: str):
    assert read(typed) is Fault.INVALID_PROFILE


def test_ports_and_addresses_pass_only_where_the_operator_has_opened_them():
    assert read("http://127.0.0.1:8080/", opened) == "http://127.0.0.1:8080/"
    assert read("http://127.0.0.2:8080/", opened) is Fault.INVALID_PROFILE
    assert read("http://u@127.0.0.1:8080/", opened) is Fault.INVALID_PROFILE


# --- 4.1 discovery ---------------------------------------------------------------------------------------------------


def page(body: str, *, links: tuple[str, ...] = (), url: str = "https://gwen.example/") -> ProfilePage:
    document = Document(Url(url), "text/html", "utf-8", body.encode())
    return indieauth.read_page(Fetched(document, hops=(), links=links), requested=Url(url))


def test_the_metadata_is_named_by_a_link_element():
    assert page('<link rel="indieauth-metadata" href="/meta">').metadata == "https://gwen.example/meta"
    assert page('<base href="https://cdn.example/x/"><link rel="ME IndieAuth-Metadata" href="meta">').metadata == (
        "https://cdn.example/x/meta"
    )


def test_a_link_header_comes_before_the_elements_and_the_first_before_the_next():
    said = page(
        "<link rel=indieauth-metadata href=/third><link rel=indieauth-metadata href=/fourth>",
        links=('<https://a.example/first>; rel="indieauth-metadata"', "</second>; rel=indieauth-metadata"),
    )
    assert said.metadata == "https://a.example/first"
    assert page("<link rel=indieauth-metadata href=/1><link rel=indieauth-metadata href=/2>").metadata == (
        "https://gwen.example/1"
    )


def test_only_link_elements_and_headers_about_the_page_count():
    said = page(
        '<a rel="indieauth-metadata" href="/a">x</a><!-- <link rel=indieauth-metadata href=/c> -->',
        links=('</other>; rel="indieauth-metadata"; anchor="/elsewhere"',),
    )
    assert said == ProfilePage()


def test_endpoints_with_a_user_name_or_another_scheme_are_none():
    assert page('<link rel=authorization_endpoint href="javascript:alert(1)">').authorization_endpoint is None
    assert page('<link rel=authorization_endpoint href="https://u:p@a.example/">').authorization_endpoint is None


def test_older_pages_name_their_endpoint_themselves():
    said = page("<link rel=authorization_endpoint href=/auth#x><link rel=token_endpoint href=/token>")
    assert indieauth.server_of_page(said) == Server(Url("https://gwen.example/auth"), Url("https://gwen.example/token"))
    refusal = indieauth.server_of_page(page("<p>hello"))
    assert isinstance(refusal, Refusal)
    assert refusal.fault is Fault.NO_ENDPOINT


def test_the_h_card_of_the_page_tells_name_and_picture():
    said = page(
        '<div class="h-card"><img class="u-photo" src="/me.jpg"><a class="p-name u-url" href="/">Gwen</a></div>'
    )
    assert (said.name, said.photo) == ("Gwen", "https://gwen.example/me.jpg")


# --- 4.1.1 metadata --------------------------------------------------------------------------------------------------

AT = Url("https://gwen.example/.well-known/oauth-authorization-server")


def metadata(at: Url = AT, is_opened=closed, **said: Any) -> Server | Fault:
    complete = {"issuer": "https://gwen.example/", "authorization_endpoint": "https://gwen.example/auth", **said}
    found = indieauth.read_metadata(complete, at=at, is_opened=is_opened)
    return found.fault if isinstance(found, Refusal) else found


def test_metadata_names_issuer_and_endpoints():
    assert metadata(token_endpoint="https://gwen.example/token") == Server(
        Url("https://gwen.example/auth"), Url("https://gwen.example/token"), "https://gwen.example/"
    )


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": None},
        {"issuer": 7},
        {"issuer": "gwen.example"},
        {"issuer": "http://gwen.example/"},
        {"issuer": "https://gwen.example/?x"},
        {"issuer": "https://gwen.example/#x"},
        {"issuer": "https://u@gwen.example/"},
        {"authorization_endpoint": None},
        {"authorization_endpoint": "ftp://gwen.example/auth"},
    ],
)
def test_incomplete_metadata_is_refused(said: dict[str, Any]):
    assert metadata(**said) is Fault.BAD_METADATA


def test_no_object_is_no_metadata():
    assert isinstance(indieauth.read_metadata(None, at=AT, is_opened=closed), Refusal)


@pytest.mark.parametrize("issuer", ["https://honest.example/", "https://gwen.example/other/", "https://gwen.exam"])
def test_the_issuer_is_the_beginning_of_the_metadatas_own_url(issuer: str):
    """Else a server calls itself by another's name and is handed that one's codes (RFC 9207)."""
    assert metadata(issuer=issuer) is Fault.BAD_METADATA


def test_an_issuer_without_tls_passes_where_the_operator_has_opened_it():
    at = Url("http://127.0.0.1:9/meta")
    assert isinstance(metadata(at, opened, issuer="http://127.0.0.1:9/"), Server)


# --- 5.2 authorization request ---------------------------------------------------------------------------------------


def test_the_question_has_pkce_and_asks_for_no_more_than_the_profile():
    asked = indieauth.question(
        me=Url("https://gwen.example/"),
        client_id="https://c.example/",
        redirect_uri="https://c.example/back",
        state="s",
        verifier="dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    )
    assert asked == {
        "response_type": "code",
        "client_id": "https://c.example/",
        "redirect_uri": "https://c.example/back",
        "state": "s",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",  # RFC 7636, appendix B
        "code_challenge_method": "S256",
        "scope": "profile",
        "me": "https://gwen.example/",
    }


# --- 5.3.3, 5.3.4 the answer -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", [None, {}, {"me": None}, {"me": 7}, {"me": "https://127.0.0.1/"}, {"me": "x"}])
def test_an_answer_that_names_nobody_is_refused(said: Any):
    refusal = indieauth.read_me(said, is_opened=closed)
    assert isinstance(refusal, Refusal)
    assert refusal.fault is Fault.BAD_ANSWER


def test_the_profile_is_what_the_person_says_and_no_proof_of_an_address():
    said = {
        "me": "https://gwen.example",
        "profile": {
            "name": " Gwen\u202e Prosser\n",
            "url": "https://somebody-else.example/",
            "photo": "/me.jpg",
            "email": "gwen@gwen.example",
        },
    }
    assert indieauth.read_me(said, is_opened=closed) == "https://gwen.example/"
    assert indieauth.identity_of(Url("https://gwen.example/"), said, page=ProfilePage(name="Card")) == {
        "way": "domain",
        "subject": "https://gwen.example/",
        "name": "Gwen Prosser",
        "url": "https://gwen.example/",
        "photo": "https://gwen.example/me.jpg",
    }


@pytest.mark.parametrize("profile", [None, [], {"name": 7, "photo": ["x"]}, {"photo": "javascript:alert(1)"}])
def test_odd_profiles_leave_what_the_h_card_says(profile: Any):
    told = indieauth.identity_of(
        Url("https://gwen.example/"),
        {"profile": profile},
        page=ProfilePage(name="Card", photo=Url("https://g.example/")),
    )
    assert (told["name"], told["photo"]) == ("Card", "https://g.example/")


# --- who a page may speak for ----------------------------------------------------------------------------------------


def names(requested: str, final: str) -> tuple[str, ...]:
    return indieauth.names_of(Url(requested), Url(final), is_opened=closed)


def test_a_redirect_within_the_site_leaves_both_names():
    assert names("http://gwen.example/", "https://www.gwen.example/") == (
        "http://gwen.example/",
        "https://www.gwen.example/",
    )
    assert names("https://gwen.example/", "https://gwen.example/") == ("https://gwen.example/",)
    assert names("https://gwen.example/", "https://gwen.example/#about") == ("https://gwen.example/",)


def test_a_redirect_to_another_site_hands_the_person_over():
    assert names("https://bank.example/out?u=evil", "https://evil.example/") == ("https://evil.example/",)
    assert names("https://bank.example/out?u=evil", "https://evil.example/#x") == ()
