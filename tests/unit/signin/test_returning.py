"""The way to a server, and the check of who comes back from it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentions.model import Url
from mentions.signin.faults import Fault, Refusal
from mentions.signin.returning import Kept, challenge_of, read_object, read_return, way_to

KEPT = Kept(state="s1", verifier="v", issuer="https://as.example/")


def come_back(kept: Kept = KEPT, **parameters: Any) -> str | Fault:
    said = {"state": "s1", "iss": "https://as.example/", "code": "c1", **parameters}
    found = read_return({name: value for name, value in said.items() if value is not None}, kept)
    return found.fault if isinstance(found, Refusal) else found


def test_whoever_comes_back_with_state_and_issuer_is_asked_for_nothing_more():
    assert come_back() == "c1"


@pytest.mark.parametrize("state", [None, "", "s2", "S1", 7, "\ud800", "ŝ1"])
def test_another_state_is_a_forgery(state: Any):
    assert come_back(state=state) is Fault.STATE_MISMATCH


def test_without_the_state_even_an_error_says_nothing():
    assert come_back(state="s2", error="access_denied") is Fault.STATE_MISMATCH


@pytest.mark.parametrize("iss", [None, "", "https://as.example", "https://evil.example/", ["https://as.example/"]])
def test_the_issuer_is_compared_character_by_character_and_must_be_there(iss: Any):
    assert come_back(iss=iss) is Fault.ISSUER_MISMATCH


def test_a_server_without_a_name_is_not_asked_for_it():
    assert come_back(Kept("s1", "v", None), iss=None) == "c1"


def test_a_no_and_other_errors_are_told_apart():
    assert come_back(error="access_denied", code=None) is Fault.DENIED
    assert come_back(error="access_denied", code=None, iss=None) is Fault.DENIED
    assert come_back(error="server_error", code=None) is Fault.PROVIDER_ERROR
    assert come_back(error="access_denied", iss="https://evil.example/") is Fault.ISSUER_MISMATCH


@pytest.mark.parametrize("code", [None, "", "c" * 5000, 7, "c\ud800", "c\n"])
def test_no_code_is_an_error_of_the_server(code: Any):
    assert come_back(code=code) is Fault.PROVIDER_ERROR


def test_what_a_server_says_breaks_no_line_of_a_log():
    found = read_return({"state": "s1", "iss": KEPT.issuer, "error": "a\nb\x1b[31m" + "x" * 5000}, KEPT)
    assert isinstance(found, Refusal)
    assert "\n" not in found.summary
    assert "\x1b" not in found.summary
    assert len(found.summary) < 300


def test_the_way_keeps_the_endpoints_own_query():
    assert way_to(Url("https://a.example/auth?tenant=1#x"), {"b": "c d"}) == "https://a.example/auth?tenant=1&b=c+d"
    assert way_to(Url("https://a.example/auth"), {"b": "&"}) == "https://a.example/auth?b=%26"


@given(st.dictionaries(st.text(min_size=1), st.text(min_size=1), min_size=1))
def test_parameters_arrive_as_they_were_meant(parameters: dict[str, str]):
    query = urlsplit(way_to(Url("https://a.example/auth"), parameters)).query
    assert {name: values[0] for name, values in parse_qs(query).items()} == parameters


def test_the_challenge_of_the_rfc():
    assert challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.parametrize("body", [b"", b"[]", b"me=x", b'"x"', b"{", b"[" * 100_000, b'{"me":"\xff"}'])
def test_only_json_objects_are_read(body: bytes):
    assert read_object(body) is None
