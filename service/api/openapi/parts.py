"""What operations are made of: parameters and answers that several share, and short ways to write an operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

Part = dict[str, Any]

STRING: Final[Part] = {"type": "string"}


def ref(kind: str, name: str) -> Part:
    """A reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def schema(name: str) -> Part:
    """A reference to a schema."""
    return ref("schemas", name)


def query(name: str, description: str, type_: Part = STRING, **more: Any) -> Part:
    """A parameter in the query."""
    return {"name": name, "in": "query", "description": description, "schema": type_, **more}


def path(name: str, description: str, type_: Part = STRING) -> Part:
    """A parameter in the path."""
    return {"name": name, "in": "path", "required": True, "description": description, "schema": type_}


def number(least: int, default: int | None = None, most: int | None = None) -> Part:
    """The type of a whole number."""
    bounds = {"default": default, "maximum": most}
    return {"type": "integer", "minimum": least} | {name: n for name, n in bounds.items() if n is not None}


def choice(*values: str, default: str | None = None) -> Part:
    """The type of one of some words."""
    return {"type": "string", "enum": list(values)} | ({"default": default} if default else {})


def media(**types: Part) -> Part:
    """Media type -> schema, as `content` wants it; `json=`, `html=`, `atom=`, `text=`, `xml=`, `stream=`."""
    return {_MEDIA_TYPES[name]: {"schema": type_} for name, type_ in types.items()}


def answer(description: str, content: Part | None = None, **more: Any) -> Part:
    """An answer that one operation gives."""
    return {"description": description, **({"content": content} if content else {}), **more}


def operation(
    id_: str,
    summary: str,
    responses: Mapping[int, Part | str],
    parameters: Sequence[Part | str] = (),
    *,
    secured: bool | None = False,
    body: Part | None = None,
) -> Part:
    """An operation.  Answers and parameters that are shared go by their name; `secured` None: a token is no must."""
    out: Part = {"operationId": id_, "summary": summary}
    if parameters:
        out["parameters"] = [ref("parameters", p) if isinstance(p, str) else p for p in parameters]
    if body:
        out["requestBody"] = body
    if secured is not False:
        out["security"] = [{"bearer": []}, {"query": []}, *([{}] if secured is None else [])]
    out["responses"] = {str(n): ref("responses", a) if isinstance(a, str) else a for n, a in responses.items()}
    if "jsonp" in parameters and "application/json" in (content := out["responses"]["200"]["content"]):
        script: Part = {"text/javascript": {"schema": {"type": "string", "description": "With `jsonp`: a call."}}}
        out["responses"]["200"] = {**out["responses"]["200"], "content": {**content, **script}}
    return out


_MEDIA_TYPES: Final = {
    "json": "application/json",
    "html": "text/html",
    "atom": "application/atom+xml",
    "text": "text/plain",
    "xml": "text/xml",
    "stream": "text/event-stream",
    "form": "application/x-www-form-urlencoded",
    "multipart": "multipart/form-data",
}

PARAMETERS: Final[Mapping[str, Part]] = {
    "target": query("target", "URL of a page; `//host/path` for either scheme. The last one counts."),
    "targets": query("target[]", "Further pages, 500 at most; also `target[0]`.", {"type": "array", "items": STRING}),
    "page_target": query("target", "URL of a page.", required=True),
    "domain": query("domain", "With a token: only entries of that site."),
    "per_page": query("per-page", "Entries a page; also `perPage`, which wins.", number(1, 20, 10_000)),
    "page": query("page", "From 0.", number(0, 0)),
    "sort_by": query("sort-by", "", choice("created", "updated", "published", "rsvp", default="created")),
    "sort_dir": query("sort-dir", "", choice("down", "up", default="down")),
    "wm_property": query("wm-property", "Only entries with this one; also `wm-property[]` for several."),
    "wm_kind": query("wm-kind", "Only entries of this kind; also `wm-kind[]` for several."),
    "since": query("since", "Received after this time."),
    "since_id": query("since_id", "With a larger `wm-id`.", number(0)),
    "jsonp": query("jsonp", "Name of a function to call with the answer; may be dotted."),
    "site": path("site", "A registered site; the target has to belong to it."),
}

RESPONSES: Final[Mapping[str, Part]] = {
    "Known": {"description": "The caller has it already."},
    **{
        name: {"description": description, "content": media(json=schema("Problem"))}
        for name, description in {
            "Malformed": "A parameter is missing or malformed.",
            "NoToken": "The token is missing or wrong.",
            "Refused": "The token is not for this, or the source is blocked.",
            "Missing": "There is no such thing.",
        }.items()
    },
    **{
        name: {
            "description": description,
            "headers": {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}},
            "content": media(json=schema("Problem")),
        }
        for name, description in {
            "TooMany": "Too many requests from one client, or for one source host.",
            "Unavailable": "It cannot be taken now.",
        }.items()
    },
}

SECURITY_SCHEMES: Final[Mapping[str, Part]] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "session": {"type": "http", "scheme": "bearer", "description": "The token of somebody who has signed in."},
    "query": {"type": "apiKey", "in": "query", "name": "token", "description": "Also `access_token`."},
}
