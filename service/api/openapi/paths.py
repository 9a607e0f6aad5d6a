"""Every operation of the API, of intake and of health."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from service.api.openapi.feeds import FEEDS
from service.api.openapi.hooks import HOOKS
from service.api.openapi.moderating import MODERATING
from service.api.openapi.owner import OWNER
from service.api.openapi.pages import PAGES
from service.api.openapi.parts import STRING, Part, answer, choice, media, number, operation, path, query, schema
from service.api.openapi.sessions import SESSIONS
from service.api.openapi.writing import WRITING

_LISTING: Final = (
    "target",
    "targets",
    "domain",
    "per_page",
    "page",
    "sort_by",
    "sort_dir",
    "wm_property",
    "wm_kind",
    "since",
    "since_id",
    "jsonp",
)
_DENIED: Final[Mapping[int, Part | str]] = {401: "NoToken", 403: "Refused"}
_OBJECT: Final[Part] = {"type": "object"}


def _reading(id_: str, summary: str, content: Part) -> Part:
    responses: dict[int, Part | str] = {200: answer("The entries.", content), 304: "Known", 400: "Malformed", **_DENIED}
    return {"get": operation(id_, summary, responses, _LISTING, secured=None)}


def _mentions(name: str) -> Mapping[str, Part]:
    links, html = schema("Links"), STRING
    return {
        f"/api/{name}": _reading(name, "Entries in the older form; HTML for a browser.", media(json=links, html=html)),
        f"/api/{name}.json": _reading(f"{name}Json", "Entries in the older form.", media(json=links)),
        f"/api/{name}.jf2": _reading(f"{name}Jf2", "Entries as a jf2 feed.", media(json=schema("Feed"))),
        f"/api/{name}.atom": _reading(f"{name}Atom", "Entries as an Atom feed.", media(atom=STRING)),
        f"/api/{name}.html": _reading(f"{name}Html", "Entries as a page that parses as an h-feed.", media(html=html)),
    }


def _further(ending: str, count_ending: str) -> Mapping[str, Part]:
    """Count, deleted and export, with or without their endings."""
    suffix = "Bare" if not ending else "WithEnding"
    counted: dict[int, Part | str] = {
        200: answer("The numbers.", media(json=schema("Count"))),
        304: "Known",
        400: "Malformed",
    }
    gone = answer("What was deleted.", media(json=schema("Tombstones")))
    everything = answer("A jf2 feed, one entry a line.", media(json=schema("Feed")))
    return {
        f"/api/count{count_ending}": {
            "get": operation(
                f"count{suffix}",
                "How many entries pages have.",
                counted,
                (
                    "target",
                    "targets",
                    query("base", "Older scripts: what `targets` hang from; answered by URL."),
                    query("targets", "Older scripts: paths, or URLs, separated by commas."),
                    "jsonp",
                ),
            )
        },
        f"/api/deleted{ending}": {
            "get": operation(
                f"deleted{suffix}",
                "What is not there any more.",
                {200: gone, 304: "Known", 400: "Malformed", **_DENIED},
                _LISTING,
                secured=None,
            )
        },
        f"/api/export{ending}": {
            "get": operation(
                f"export{suffix}",
                "Everything that the token's site shows, oldest first.",
                {200: everything, 304: "Known", **_DENIED},
                ("since_id",),
                secured=True,
            )
        },
    }


_THREADS: Final[Mapping[str, Part]] = {
    "/api/thread": {
        "get": operation(
            "thread",
            "The thread of a page: tree, reactions and counts.",
            {200: answer("The thread.", media(json=schema("Thread"))), 304: "Known", 400: "Malformed"},
            (
                "page_target",
                query("sort", "", choice("oldest", "newest", default="oldest")),
                query("per-page", "Top-level responses a page.", number(1, 500, 2_000)),
                query("below", "The `wm-id` of the response whose answers are asked for, in place of the post's."),
                query("after", "`next` of the page before, or that of `wm-more`."),
                "jsonp",
            ),
        ),
        "patch": operation(
            "changeThread",
            "Close a page to responses, or open it.",
            {200: answer("How it is now.", media(json=schema("PageState"))), 400: "Malformed", **_DENIED},
            ("page_target",),
            secured=True,
            body={
                "required": True,
                "content": media(
                    json={"type": "object", "required": ["closed"], "properties": {"closed": {"type": "boolean"}}}
                ),
            },
        ),
    },
    "/api/events": {
        "get": operation(
            "events",
            "Changes of a page as server-sent events, each with its cursor as `id` and a Change as `data`; `reset` "
            "says that a stream cannot resume, and that the thread has to be read anew.",
            {
                200: answer("A stream.", media(stream=STRING)),
                400: "Malformed",
                429: "TooMany",
                503: "Unavailable",
            },
            (
                "page_target",
                query("cursor", "Resume after this cursor."),
                {"name": "Last-Event-ID", "in": "header", "description": "The same.", "schema": STRING},
            ),
        )
    },
    "/api/changes": {
        "get": operation(
            "changes",
            "Changes of the token's site after a cursor.",
            {
                200: answer("What happened.", media(json=schema("Changes"))),
                304: "Known",
                400: "Malformed",
                410: answer("No change has had that cursor; begin without one.", media(json=schema("Problem"))),
                **_DENIED,
            },
            (
                query("cursor", "The last one that is known; without it, from the beginning."),
                query("per-page", "", number(1, 100, 1_000)),
                "jsonp",
            ),
            secured=True,
        )
    },
}

_DECISION: Final = path("action", "", choice("approve", "hide", "spam", "delete", "restore"))
_MODERATION: Final[Mapping[str, Part]] = {
    "/api/entries/{action}": {
        "post": operation(
            "decideMany",
            "Approve, hide, call spam, delete or restore many entries.",
            {
                200: answer("What became of each.", media(json=schema("Decided"))),
                400: "Malformed",
                **_DENIED,
                503: "Unavailable",
            },
            (_DECISION,),
            secured=True,
            body={"required": True, "content": media(json=schema("ToDecide"))},
        )
    },
    "/api/entries/{id}/{action}": {
        "post": operation(
            "decide",
            "Approve, hide, call spam, delete or restore an entry.",
            {
                200: answer("The entry as it is now, with `wm-status`.", media(json=_OBJECT)),
                **_DENIED,
                404: "Missing",
                409: answer("Its words were erased.", media(json=schema("Problem"))),
                503: "Unavailable",
            },
            (
                path("id", "`wm-id`", {"type": "integer"}),
                _DECISION,
            ),
            secured=True,
        )
    },
}


def _intake(prefix: str, suffix: str) -> Mapping[str, Part]:
    """The webmention endpoint below a prefix."""
    parameters = ("site",) if "{site}" in prefix else ()
    location = {"Location": {"description": "Status URL.", "schema": STRING}}
    return {
        f"{prefix}/webmention": {
            "post": operation(
                f"sendWebmention{suffix}",
                "Send a webmention.",
                {
                    201: answer("On disk; it will be verified.", media(json=schema("Queued")), headers=location),
                    303: answer("The same, for a browser: see the status."),
                    400: "Malformed",
                    403: "Refused",
                    429: "TooMany",
                    503: "Unavailable",
                },
                parameters,
                body={"required": True, "content": media(form=schema("Pair"), multipart=schema("Pair"))},
            ),
            "get": operation(
                f"webmentionForm{suffix}",
                "A form that a person can use.",
                {200: answer("The form.", media(html=STRING))},
                parameters,
            ),
        }
    }


def _status(prefix: str, suffix: str) -> Mapping[str, Part]:
    parameters = (*(("site",) if prefix else ()), path("id", "The last segment of the status URL."))
    told = answer("The status; HTML for a browser.", media(json=schema("Status"), html=STRING))
    responses: dict[int, Part | str] = {200: told, 404: "Missing", 503: "Unavailable"}
    return {
        f"{prefix}/webmention/{{id}}": {
            "get": operation(f"status{suffix}", "How a claim stands.", responses, parameters)
        }
    }


def _xmlrpc(prefix: str, suffix: str) -> Mapping[str, Part]:
    return {
        f"{prefix}/xmlrpc": {
            "post": operation(
                f"pingback{suffix}",
                "`pingback.ping(source, target)` over XML-RPC; always 200.",
                {200: answer("A string, or a fault.", media(xml=STRING))},
                ("site",) if prefix else (),
                body={"required": True, "content": media(xml={"type": "string", "maxLength": 32 * 1024})},
            )
        }
    }


_HEALTH: Final[Mapping[str, Part]] = {
    "/healthz": {"get": operation("healthz", "The process answers.", {200: answer("It does.", media(json=_OBJECT))})},
    "/readyz": {
        "get": operation(
            "readyz",
            "Database and Redis answer.",
            {
                200: answer("They do.", media(json=_OBJECT)),
                503: answer("One does not; `checks` says which.", media(json=_OBJECT)),
            },
        )
    },
    "/metrics": {"get": operation("metrics", "Prometheus metrics.", {200: answer("Text.", media(text=STRING))})},
    "/api/openapi.json": {
        "get": operation(
            "openapi", "This document.", {200: answer("OpenAPI 3.1.", media(json=_OBJECT)), 304: "Known"}, ("jsonp",)
        )
    },
}

PATHS: Final[Mapping[str, Part]] = {
    **_mentions("mentions"),
    **_mentions("links"),
    **_further("", ""),
    **_further(".jf2", ".json"),
    **_THREADS,
    **_MODERATION,
    **FEEDS,
    **MODERATING,
    **WRITING,
    **SESSIONS,
    **HOOKS,
    **OWNER,
    **PAGES,
    **_intake("", ""),
    **_intake("/{site}", "OfSite"),
    **_intake("/d/{site}", "OfDomain"),
    **_status("", ""),
    **_status("/{site}", "OfSite"),
    **_xmlrpc("", ""),
    **_xmlrpc("/{site}", "OfSite"),
    **_HEALTH,
}
"""Path -> method -> operation."""
