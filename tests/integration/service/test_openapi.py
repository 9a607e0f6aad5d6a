"""GET /api/openapi.json: true and complete."""

from __future__ import annotations

import re
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from mentions.model import EntryState, Kind
from tests.integration.service.conftest import POST, Service

UNTOLD = ("/demo", "/sign-in", "/static/", "/avatar", "/favicon.ico", "/widget", "/thread.atom", "/entries/{id}/edit")
"""For browsers only: our own pages with what they are made of, and a second name of a feed."""


def is_told(path: str) -> bool:
    """Whether programs of others ask for this."""
    return path == "/widget/integrity.json" or not (path == "/" or path.startswith(UNTOLD))


def expand(path: str) -> list[str]:
    """A route's pattern as the paths that the document has: endings and actions spelled out, ids plain."""
    if match := re.fullmatch(r"(.*)\.\{format\}", path):
        return [f"{match[1]}.{ending}" for ending in ("json", "jf2", "atom", "html")]
    return [path]


async def test_every_address_is_in_the_document_and_nothing_else(service: Service):
    document = (await service.get("/api/openapi.json")).json()
    told = {(path, method.upper()) for path, methods in document["paths"].items() for method in methods}
    there = {
        (path, route.method)
        for route in service.app.router.routes()
        if route.resource is not None and route.method != "HEAD" and is_told(route.resource.canonical)
        for path in expand(route.resource.canonical)
    }
    assert told == there
    assert document["servers"] == [{"url": service.base}]


async def test_operations_have_names_of_their_own_and_references_lead_somewhere(service: Service):
    document = (await service.get("/api/openapi.json")).json()
    names = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names))

    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if "$ref" in node else []
            return own + [found for value in node.values() for found in references(value)]
        return [found for value in node for found in references(value)] if isinstance(node, list) else []

    for reference in references(document):
        node = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
    for methods in document["paths"].values():
        for path, operation in methods.items():
            assert operation["summary"], path


async def test_the_document_is_openapi_3_1(service: Service):
    document = (await service.get("/api/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert not [problem.message for problem in OpenAPIV31SpecValidator(document).iter_errors()]


@pytest.mark.parametrize(
    ("path", "params", "name"),
    [
        ("/api/mentions.jf2", {"target": POST}, "Feed"),
        ("/api/mentions", {"target": POST}, "Links"),
        ("/api/count", {"target": POST}, "Count"),
        ("/api/deleted", {"token": "TOKEN"}, "Tombstones"),
        ("/api/export", {"token": "TOKEN"}, "Feed"),
        ("/api/thread", {"target": POST}, "Thread"),
        ("/api/changes", {"token": "TOKEN"}, "Changes"),
        ("/api/blocks", {"token": "TOKEN"}, "Blocks"),
        ("/api/thread", {}, "Problem"),
    ],
)
async def test_answers_have_the_shape_that_the_document_says(service: Service, path: str, params: dict, name: str):
    document = (await service.get("/api/openapi.json")).json()
    for kind in Kind:
        await service.respond(kind=kind, rsvp="yes" if kind is Kind.RSVP else None)
    gone = await service.respond(state=EntryState.SHOWN)
    await service.post(f"/api/entries/{gone.id}/delete", token=service.token)
    await service.request("PUT", "/api/blocks", token=service.token, json={"authority": "spam.example"})
    answer = await service.get(path, params={k: v.replace("TOKEN", service.token) for k, v in params.items()})
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    problems = [str(problem) for problem in Draft202012Validator(schema).iter_errors(answer.json())]
    assert not problems, problems[:3]


async def test_the_status_has_the_shape_that_the_document_says(service: Service):
    document = (await service.get("/api/openapi.json")).json()
    accepted = await service.mention("https://ann.example/", POST)
    for answer, name in ((accepted, "Queued"), (await service.get(accepted.headers["Location"]), "Status")):
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        assert not [str(problem) for problem in Draft202012Validator(schema).iter_errors(answer.json())]
