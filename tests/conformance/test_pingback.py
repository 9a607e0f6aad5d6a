"""Pingback 1.0: server autodiscovery (2.3), the call (3), and what servers answer."""

from __future__ import annotations

import xmlrpc.client
from typing import Any

import pytest

from mentions import urls
from mentions.model import Document, Fetched, Protocol, Url
from mentions.protocol import pingback
from mentions.protocol.discovery import find_receiver
from tests.conformance.cases import expand, filled, load

DATA = load("pingback.json")
ORIGIN = "http://target.example:8080"
FILL = {
    "origin": ORIGIN,
    "src": "http://src.example",
    "blocked_src": "http://blocked.example",
    "target_closed": "http://site.example/closed",
    "target": "http://site.example/post",
    "site": "http://site.example",
}
POSTS = [c for c in DATA["server"] if c["request"]["method"] == "POST"]
BY_READING = {-32700, -32600, -32601, -32602}
"""Faults that the bytes alone decide; all others need a look at the source or at the sites."""


def page_of(case: dict[str, Any]) -> Fetched:
    headers = [(name.lower(), filled(value, **FILL)) for name, value in case["headers"]]
    url = Url(filled(case["target"], **FILL))
    kept: dict[str, str] = {}
    for name, value in headers:
        kept.setdefault(name, value)
    document = Document(url, kept.pop("content-type"), None, filled(case["body"], **FILL).encode())
    return Fetched(document, (), links=tuple(v for n, v in headers if n == "link"), headers=kept)


@pytest.mark.parametrize("case", DATA["client_discovery"], ids=lambda c: f"{c['id']}: {c['description']}")
def test_the_pingback_server_of_a_page_is_found_by_the_letter(case: dict[str, Any]) -> None:
    receiver = find_receiver(page_of(case))
    server = receiver.endpoint if receiver and receiver.protocol is Protocol.PINGBACK else None
    if case["id"] == "d-loopback":  # refused by the guard, not by discovery
        assert urls.authority(server or "") == "127.0.0.1:6379"
        return
    allowed = [case["expect"]["server"], *case["expect"].get("also_acceptable", [])]
    assert server in [None if url is None else filled(url, **FILL) for url in allowed]


@pytest.mark.parametrize("case", POSTS, ids=lambda c: f"{c['id']}: {c['description']}")
def test_a_request_is_a_call_or_the_fault_that_its_bytes_deserve(case: dict[str, Any]) -> None:
    body = expand(filled(case["request"]["body"], **FILL)).encode("latin-1")
    faults = case["expect"].get("fault_in", [])
    if faults and faults[0] in BY_READING:
        with pytest.raises(pingback.PingbackFault) as raised:
            pingback.read_call(body)
        assert raised.value.code == faults[0]
        parsed, _ = fault_of(pingback.fault(raised.value.code, raised.value.message))
        assert parsed == faults[0]
    else:
        call = pingback.read_call(body)
        assert call.source == call.source.strip()
        assert urls.parse(call.source) == call.source
        assert urls.parse(call.target) == call.target


@pytest.mark.parametrize("case", DATA["client_answers"], ids=lambda c: f"{c['id']}: {c['description']}")
def test_an_answer_is_understood(case: dict[str, Any]) -> None:
    answer = pingback.read_answer(expand(case["answer"]["body"]).encode(), status=case["answer"]["status"])
    outcome = {"accepted": "success", "refused": "failure", "try_later": "retry later"}[answer.outcome]
    assert outcome == case["outcome"], answer


def test_the_call_is_the_one_of_the_data() -> None:
    source, target = "http://a.example/?x=1&y=<é>", "http://b.example/p#c"
    expected = filled(DATA["client_request"]["body"], source="http://a.example/?x=1&amp;y=&lt;é&gt;", target=target)
    assert pingback.call(source, target).decode() == expected
    assert pingback.read_call(pingback.call(source, target)) == pingback.PingbackCall(source, target)
    assert xmlrpc.client.loads(pingback.call(source, target)) == ((source, target), "pingback.ping")


def test_the_answers_are_xml_rpc_for_other_peoples_clients() -> None:
    assert xmlrpc.client.loads(pingback.result("ok & <done> \x00"))[0] == ("ok & <done> \ufffd",)
    assert fault_of(pingback.fault(17, "no <link>")) == (17, "no <link>")


def fault_of(body: bytes) -> tuple[int, str]:
    with pytest.raises(xmlrpc.client.Fault) as raised:
        xmlrpc.client.loads(body)
    return raised.value.faultCode, raised.value.faultString
