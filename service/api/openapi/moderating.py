"""Operations of blocks, of the audit trail and of tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from service.api.openapi.parts import STRING, Part, answer, media, number, operation, query, schema

_DENIED: Final[Mapping[int, Part | str]] = {401: "NoToken", 403: "Refused"}
_RULE: Final = tuple(query(kind, "") for kind in ("authority", "url_prefix", "author"))
_LIST: Final = "The list."
_LINES: Final[Part] = {"application/x-ndjson": {"schema": STRING}}
_CSV: Final[Part] = {"text/csv": {"schema": STRING}}

MODERATING: Final[Mapping[str, Part]] = {
    "/api/blocks": {
        "get": operation(
            "blocks",
            "What the site refuses.",
            {200: answer(_LIST, media(json=schema("Blocks"))), 304: "Known", **_DENIED},
            secured=True,
        ),
        "put": operation(
            "addBlock",
            "Refuse an authority, everything below a URL, or an author; with `hide`, hide what is there.",
            {200: answer("It is blocked.", media(json=schema("Block"))), 400: "Malformed", **_DENIED},
            secured=True,
            body={"required": True, "content": media(json=schema("NewBlock"))},
        ),
        "delete": operation(
            "liftBlock",
            "Take its responses again; named in the body, or in the query.",
            {
                200: answer("With `restore`: how many entries are shown again.", media(json=schema("Restored"))),
                204: answer("It is not blocked any more."),
                400: "Malformed",
                **_DENIED,
                404: "Missing",
            },
            (*_RULE, query("restore", "Show again what it has hidden.", {"type": "boolean"})),
            secured=True,
            body={"content": media(json=schema("LiftedBlock"))},
        ),
    },
    "/api/blocks/preview": {
        "get": operation(
            "previewBlock",
            "What of that which is shown a rule would refuse: how many entries, and the first of them.",
            {
                200: answer("What it would hide.", media(json=schema("BlockPreview"))),
                304: "Known",
                400: "Malformed",
                **_DENIED,
            },
            _RULE,
            secured=True,
        )
    },
    "/api/blocks.csv": {
        "get": operation(
            "blocksCsv",
            "The list as CSV: kind, value, note, created_at.",
            {200: answer(_LIST, _CSV), 304: "Known", **_DENIED},
            secured=True,
        )
    },
    "/api/blocks.jsonl": {
        "get": operation(
            "blocksLines",
            "The list as JSON, an object a line.",
            {200: answer(_LIST, _LINES), 304: "Known", **_DENIED},
            secured=True,
        )
    },
    "/api/blocks/import": {
        "post": operation(
            "importBlocks",
            "Add every rule of a list; a line of one word names an authority.",
            {200: answer("What became of its lines.", media(json=schema("BlocksReport"))), 400: "Malformed", **_DENIED},
            secured=True,
            body={"required": True, "content": {**_CSV, **_LINES}},
        )
    },
    "/api/audit": {
        "get": operation(
            "audit",
            "Who decided what, the newest first.",
            {200: answer("Decisions.", media(json=schema("Audit"))), 304: "Known", **_DENIED},
            (query("cursor", "Where the page before ended.", number(1)), query("per-page", "", number(1, 100, 1_000))),
            secured=True,
        )
    },
    "/api/tokens": {
        "get": operation(
            "tokens",
            "The tokens of the site; none can be read again.",
            {200: answer("The tokens.", media(json=schema("Tokens"))), 304: "Known", **_DENIED},
            secured=True,
        )
    },
}
