"""Webmention 3.2.1, "Request Verification": what a receiver refuses at once, from the form alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mentions.errors import InvalidRequest
from mentions.model import Protocol
from mentions.protocol.webmention import read_claim
from tests.conformance.cases import filled, load

FILL = {
    "src": "http://src.example",
    "src_host": "src.example",
    "validator": "http://validator.example",
    "code": "0" * 32,
    "target with host upper-cased": "http://SITE.example/post",
    "target": "http://site.example/post",
    "site": "http://site.example",
    "site_host": "site.example",
    "receiver": "http://receiver.example/webmention",
}
AT = datetime(2024, 5, 1, tzinfo=UTC)
STEPS = [
    pytest.param(step["post"]["form"], step["expect"], id=f"{scenario['id']}.{step['n']}: {scenario['name']}")
    for scenario in load("update_delete.json")["scenarios"]
    if scenario["kind"] == "receiver"
    for step in scenario["steps"]
    if "post" in step and "form" in step["post"] and "status" in step.get("expect", {})
]
NOT_BY_THE_FORM = ("https://other.example", "http://127.0.0.1", "http://intranet")
"""Whose the target is, is sites.py's question; whether an address may be reached, the guard's."""


@pytest.mark.parametrize(("form", "expected"), STEPS)
def test_a_request_is_accepted_or_refused_as_the_scenario_says(form: dict[str, Any], expected: dict[str, Any]) -> None:
    listed = {name: [value] if isinstance(value, str) else value for name, value in form.items()}
    fields = {name: [filled(value, **FILL) for value in values] for name, values in listed.items()}
    must_fail = str(expected["status"]).startswith("400")
    if must_fail and any(value.startswith(NOT_BY_THE_FORM) for values in fields.values() for value in values):
        must_fail = False
    if must_fail:
        with pytest.raises(InvalidRequest):
            read_claim(fields, id="x" * 20, received_at=AT)
    else:
        claim = read_claim(fields, id="x" * 20, received_at=AT)
        assert (claim.via, claim.received_at, claim.attempts) == (Protocol.WEBMENTION, AT, 0)
        assert [claim.source] == fields["source"]
        assert [claim.target] == fields["target"]
