"""schemathesis asks all that /api/openapi.json allows, and finds no 500 and no answer that it does not tell of."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from mentions.model import EntryState, Kind, Protocol
from tests.integration.service.conftest import POST, SITE, Service

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ENDLESS = {"events"}
"""Operations whose answer does not end: test_live.py reads those."""
EXAMPLES = {"all": 12, "read": 5, "none": 5}
"""Requests of each operation, by what their token may do; half of them name things that are there."""
BOUNDED = settings(deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))


def operations(schema: schemathesis.schemas.BaseSchema) -> Iterator[schemathesis.schemas.APIOperation]:
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.definition.raw["operationId"] not in ENDLESS:
            yield operation


def naming(case: Case, ids: list[int], number: int) -> Case:
    """The same request about an entry, a page and a site that are there."""
    known = {"id": ids[number % len(ids)], "site": SITE}
    case.path_parameters = {name: known.get(name, value) for name, value in (case.path_parameters or {}).items()}
    if isinstance(case.query, dict) and "target" in case.query:
        case.query = {**case.query, "target": POST}
    if isinstance(case.body, dict) and "target" in case.body:
        case.body = {**case.body, "target": POST}
    return case


def ask_everything(base: str, token: str | None, ids: list[int], examples: int) -> dict[str, str]:
    """Operation -> what was wrong with it, for those that something was wrong with."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    schema = schemathesis.openapi.from_url(f"{base}/api/openapi.json")
    problems: dict[str, str] = {}
    for operation in operations(schema):

        @settings(BOUNDED, max_examples=examples)
        @given(case=operation.as_strategy(), is_known=st.booleans(), number=st.integers(0, 100))
        def ask(case: Case, is_known: bool, number: int) -> None:
            asked = naming(case, ids, number) if is_known else case
            asked.call_and_validate(checks=CHECKS, headers=headers, timeout=240)

        try:
            ask()
        except FailureGroup as problem:
            problems[operation.label] = str(problem)[:1500]
    return problems


@pytest.mark.slow
@pytest.mark.parametrize("scope", EXAMPLES)
async def test_nothing_that_the_document_allows_is_answered_otherwise(service: Service, scope: str):
    made = [await service.respond(kind=kind, rsvp="yes" if kind is Kind.RSVP else None) for kind in Kind]
    made.append(await service.respond(protocol=Protocol.COMMENT, text="Typed here"))
    made.append(await service.respond(state=EntryState.HELD))
    ids = [entry.id for entry in made]
    token = {"all": service.token, "read": await service.token_with("read"), "none": None}[scope]
    problems = await asyncio.to_thread(ask_everything, service.base, token, ids, EXAMPLES[scope])
    assert not problems, "\n\n".join(f"{name}: {why}" for name, why in problems.items())
