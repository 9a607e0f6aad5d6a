"""The shapes of what goes in and out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from mentions.model import Authority, Change, EntryState, Kind, Protocol, Status, Way
from mentions.options import OPTIONS
from mentions.webhooks import EVENTS, HookKind
from service.api.openapi.parts import Part, schema

_TEXT: Final[Part] = {"type": "string"}
_TEXT_OR_NULL: Final[Part] = {"type": ["string", "null"]}
_WHOLE: Final[Part] = {"type": "integer"}
_WHOLE_OR_NULL: Final[Part] = {"type": ["integer", "null"]}
_FLAG: Final[Part] = {"type": "boolean"}
_URL: Final[Part] = {"type": "string", "format": "uri", "description": "http(s), safe inside an attribute."}
_ANY: Final[Part] = {"type": "object"}
_NUMBERS: Final[Part] = {"type": "object", "additionalProperties": _WHOLE}


def _object(required: Mapping[str, Part], optional: Mapping[str, Part] | None = None, words: str = "") -> Part:
    out: Part = {"type": "object", "required": list(required), "properties": {**required, **(optional or {})}}
    return out | ({"description": words} if words else {})


def _list(of: Part, words: str = "") -> Part:
    return {"type": "array", "items": of} | ({"description": words} if words else {})


def _const(value: str | bool) -> Part:
    return {"const": value}


def _one_of(values: Iterable[str]) -> Part:
    return {"type": "string", "enum": [str(value) for value in values]}


_ENTRY: Final = _object(
    {
        "type": _const("entry"),
        "author": schema("Card"),
        "url": _URL,
        "published": {**_TEXT_OR_NULL, "description": "With the source's own offset."},
        "published_ts": _WHOLE_OR_NULL,
        "wm-received": _TEXT,
        "wm-id": _WHOLE,
        "wm-source": _URL,
        "wm-target": _URL,
        "wm-protocol": _one_of(Protocol),
        "wm-property": _one_of(("in-reply-to", "like-of", "repost-of", "bookmark-of", "mention-of", "rsvp")),
        "wm-private": _FLAG,
        "wm-kind": _one_of(Kind),
        "wm-authorship": _one_of(Authority),
    },
    {
        "wm-fragment": _TEXT,
        "name": _TEXT,
        "syndication": _list(_URL),
        "summary": _object({"content-type": _TEXT, "value": _TEXT}),
        "photo": _list(_URL),
        "video": _list(_URL),
        "audio": _list(_URL),
        "content": _object({"text": _TEXT}, {"html": _TEXT}),
        **dict.fromkeys(("in-reply-to", "like-of", "repost-of", "bookmark-of", "mention-of"), _URL),
        "rsvp": _TEXT_OR_NULL,
        "rels": _object({}, {"canonical": _URL}),
        "wm-context": {**_TEXT, "description": "The text around the link."},
        "wm-lang": _TEXT,
        "wm-avatar": _URL,
        "category": _list(_TEXT),
        "wm-invitees": _list(schema("Card")),
        "wm-likes": _WHOLE,
        "wm-signed-in": {
            **_object({"way": _one_of(Way), "by": _TEXT}),
            "description": "How the author of a comment had signed in; `by`: the domain, or the provider's name.",
        },
        "comment": _list(_ANY, "Entries that the source itself carries."),
    },
    "A response as jf2.",
)

_THREAD: Final = _object(
    {
        "type": _const("feed"),
        "url": _URL,
        "name": {**_TEXT, "description": "The post's title."},
        "count": {**_WHOLE, "description": "Shown responses that have something to read."},
        "counts": {**_NUMBERS, "description": "Shown responses by kind."},
        "reactions": {
            "type": "object",
            "additionalProperties": _list(schema("Entry"), "The newest, up to 500, on the first page."),
        },
        "reacted": {**_NUMBERS, "description": "How many there are of each; an RSVP by its answer, `rsvp-yes`."},
        "children": _list(
            _ANY,
            "Entries with `wm-parent`, `wm-depth` and their replies in `comment`; "
            "a deleted one has `wm-deleted` and no words.  Where answers are left out, `wm-more` has their `count`, "
            "the `url` that they are at, and the `after` in it.  `wm-told`: comments that its source carries, as "
            "`wm-told-by` tells them; hearsay, without `wm-id`.",
        ),
        "cursor": {**_WHOLE, "description": "Events follow from here without a gap."},
        "next": {**_TEXT_OR_NULL, "description": "`after` of the next page."},
        "closed": _FLAG,
    }
)

_HOP: Final = _object({"url": _TEXT, "status": _WHOLE_OR_NULL, "duration_ms": _WHOLE}, {"error": _TEXT})

_STATUS: Final = _object(
    {
        "status": _one_of(Status),
        "source": _TEXT,
        "target": _TEXT,
        "summary": _TEXT,
        "data": {**_ANY, "description": "The entry of a success, else empty."},
        "trace": _object(
            {
                "hops": _list(schema("Hop")),
                "target_hops": _list(schema("Hop")),
                "author_hops": _list(schema("Hop")),
                "link": {"type": ["object", "null"]},
                "near_misses": _list(_object({"url": _TEXT, "raw": _TEXT, "found_in": _TEXT, "reason": _TEXT})),
                "notes": _list(_TEXT),
            }
        ),
    },
    {"private": _FLAG, "held": _FLAG, "next_try_at": _TEXT},
)

_OPTIONS: Final = "; ".join(f"`{each.name}`: {each.takes}" for each in OPTIONS.values())

_SECONDS: Final[Part] = {"type": "integer", "minimum": 0, "maximum": 86_400}
_HOOK: Final[Mapping[str, Part]] = {
    "id": _WHOLE,
    "url": _URL,
    "kind": _one_of(HookKind),
    "events": _list(_one_of(EVENTS)),
    "quiet_s": _SECONDS,
    "every_s": _SECONDS,
    "created_at": _TEXT,
    "disabled_at": _TEXT_OR_NULL,
    "disabled_why": _TEXT_OR_NULL,
}
_DELIVERY: Final = _object(
    {
        "id": _WHOLE,
        "hook": {**_WHOLE_OR_NULL, "description": "Null for a webmention from one of our permalinks."},
        "message": {**_TEXT, "description": "`webhook-id`"},
        "event": _TEXT,
        "wm-id": _WHOLE_OR_NULL,
        "target": _TEXT_OR_NULL,
        "cursor": _WHOLE_OR_NULL,
        "status": _one_of(("waiting", "sending", "delivered", "failed", "given_up", "skipped")),
        "attempts": _WHOLE,
        "next_try_at": _TEXT_OR_NULL,
        "tried_at": _TEXT_OR_NULL,
        "answer": _object({"status": _WHOLE_OR_NULL, "duration_ms": _WHOLE_OR_NULL, "error": _TEXT_OR_NULL}),
        "created_at": _TEXT,
    }
)

_RULE: Final = dict.fromkeys(("authority", "url_prefix", "author"), _TEXT)
_ONE_RULE: Final = "One of `authority`, `url_prefix` and `author`."

SCHEMAS: Final[Mapping[str, Part]] = {
    "Problem": _object({"error": _TEXT, "error_description": _TEXT}),
    "Card": _object({"type": _const("card"), "name": _TEXT, "photo": _TEXT, "url": _TEXT}),
    "Entry": _ENTRY,
    "Paging": _object({"per-page": _WHOLE, "page": _WHOLE, "total": _WHOLE, "total-pages": _WHOLE}),
    "Feed": _object(
        {"type": _const("feed"), "name": _TEXT, "children": _list(schema("Entry"))},
        {"paging": schema("Paging"), "site": _TEXT},
    ),
    "Link": _object(
        {
            "source": _URL,
            "verified": _const(True),
            "verified_date": _TEXT,
            "id": _WHOLE,
            "private": _FLAG,
            "data": _ANY,
            "activity": _object({"type": _TEXT}),
            "target": _URL,
        },
        {"rels": _ANY},
    ),
    "Links": _object({"links": _list(schema("Link")), "paging": schema("Paging")}),
    "Count": _object(
        {"count": {"oneOf": [_WHOLE, _NUMBERS], "description": "With `base`: by URL."}},
        {"type": _NUMBERS, "targets": {**_NUMBERS, "description": "Of several targets: how many each has."}},
    ),
    "Tombstone": _object({"wm-id": _WHOLE, "wm-source": _TEXT_OR_NULL, "wm-target": _TEXT, "wm-deleted": _TEXT}),
    "Tombstones": _object(
        {
            "type": _const("feed"),
            "name": _TEXT,
            "children": _list(schema("Tombstone")),
            "paging": schema("Paging"),
        }
    ),
    "Thread": _THREAD,
    "PageState": _object({"url": _URL, "closed": _FLAG}),
    "Change": _object(
        {"cursor": _WHOLE, "change": _one_of(Change), "at": _TEXT, "wm-id": _WHOLE},
        {"wm-status": _one_of(EntryState), "wm-source": _URL, "wm-target": _URL, "entry": schema("Entry")},
    ),
    "Changes": _object({"changes": _list(schema("Change")), "cursor": _WHOLE, "more": _FLAG}),
    "ToDecide": _object(
        {"ids": {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1, "maxItems": 1_000}}
    ),
    "Decided": _object(
        {
            "entries": _list(_object({"wm-id": _WHOLE, "wm-status": _one_of(EntryState)})),
            "changed": {**_WHOLE, "description": "How many were something else before."},
            "refused": _list(_object({"wm-id": _WHOLE, "why": _TEXT})),
        }
    ),
    "Block": _object({}, {**_RULE, "note": _TEXT, "created_at": _TEXT, "hidden": _WHOLE}, _ONE_RULE),
    "NewBlock": _object({}, {**_RULE, "note": _TEXT, "hide": _FLAG}, _ONE_RULE),
    "LiftedBlock": _object({}, {**_RULE, "restore": _FLAG}, _ONE_RULE),
    "Blocks": _object({"blocks": _list(schema("Block"))}),
    "Restored": _object({"restored": _WHOLE}),
    "BlockPreview": _object({"count": _WHOLE, "children": _list(schema("Entry"), "The first of them.")}),
    "BlocksReport": _object(
        {
            "added": _WHOLE,
            "known": _WHOLE,
            "skipped": _list(_object({"line": _WHOLE, "why": _TEXT})),
            "skipped_count": _WHOLE,
        }
    ),
    "Audit": _object(
        {
            "decisions": _list(
                _object(
                    {
                        "id": _WHOLE,
                        "at": _TEXT,
                        "actor": {**_TEXT, "description": "`token:<id>`, or `owner`: the command line."},
                        "act": _TEXT,
                    },
                    {"label": _TEXT, "what": _TEXT, "wm-id": _WHOLE, "block": _WHOLE},
                )
            ),
            "cursor": {**_WHOLE_OR_NULL, "description": "Of the next page; null on the last one."},
        }
    ),
    "Tokens": _object(
        {
            "tokens": _list(
                _object(
                    {
                        "id": _WHOLE,
                        "label": _TEXT,
                        "scopes": _list(_TEXT),
                        "valid": _FLAG,
                        "created_at": _TEXT,
                        **dict.fromkeys(("expires_at", "last_used_at", "revoked_at"), _TEXT_OR_NULL),
                    }
                )
            )
        }
    ),
    "NewComment": _object(
        {"target": _URL, "content": {**_TEXT, "maxLength": 20_000}},
        {
            "name": {**_TEXT, "maxLength": 100, "description": "May be left out by whoever has signed in."},
            "parent": {"type": ["integer", "string"]},
            "url": _TEXT,
            "email": _TEXT,
            "lang": _TEXT,
            "token": {**_TEXT, "description": "Of the form that was filled in."},
            "proof": {**_TEXT, "description": "Empty: a proof of work may be asked for; else the solution."},
        },
        "`content` is Markdown: emphasis, code, lists, quotes, links.",
    ),
    "ProofRequired": _object(
        {
            "error": _const("proof_required"),
            "error_description": _TEXT,
            "challenge": _object(
                {"algorithm": _const("SHA-256"), "salt": _TEXT, "goal": _TEXT, "most": _WHOLE, "token": _TEXT}
            ),
        }
    ),
    "FormToken": _object({"token": _TEXT, "expires_in": _WHOLE}),
    "Words": _object({"content": {**_TEXT, "maxLength": 20_000}}),
    "Rendered": _object({"html": _TEXT, "text": _TEXT}),
    "Likes": _object({"likes": _WHOLE}),
    "Split": _object({"wm-id": _WHOLE, "split": _list(_WHOLE)}),
    "OwnComment": {
        "allOf": [
            schema("Entry"),
            _object(
                {"wm-status": _one_of(("approved", "held"))},
                {"edit-token": _TEXT, "wm-parent": _WHOLE, "wm-reasons": _list(_TEXT)},
            ),
        ]
    },
    "Redemption": _object({"code": _TEXT, "verifier": {**_TEXT, "minLength": 43, "maxLength": 128}}),
    "Person": _object({"name": _TEXT, "way": _one_of(Way)}, {"url": _URL, "photo": _URL, "email": _TEXT, "by": _TEXT}),
    "Session": _object({"expires_at": _TEXT, "person": schema("Person")}),
    "NewSession": _object({"token": _TEXT, "expires_at": _TEXT, "person": schema("Person")}),
    "OwnComments": _object(
        {
            "comments": _list({"allOf": [schema("OwnComment"), _object({"markdown": _TEXT}, {"email": _TEXT})]}),
            "next": _WHOLE_OR_NULL,
        }
    ),
    "Waiting": {
        "allOf": [schema("Entry"), _object({"wm-status": _one_of(("held", "spam")), "wm-doubts": _list(_TEXT)})]
    },
    "Queue": _object(
        {"type": _const("feed"), "name": _TEXT, "children": _list(schema("Waiting")), "next": _WHOLE_OR_NULL}
    ),
    "Site": _object({"site": _TEXT, "aliases": _list(_TEXT), "options": {**_ANY, "description": _OPTIONS}}),
    "SiteWishes": _object({"options": {**_ANY, "description": f"{_OPTIONS}; null for its default"}}),
    "Hook": _object(_HOOK),
    "NewHook": _object({**_HOOK, "secret": _TEXT}),
    "Hooks": _object({"hooks": _list(schema("Hook"))}),
    "HookWishes": _object(
        {"url": {**_URL, "maxLength": 2048}},
        {
            "kind": _one_of(HookKind),
            "events": _list(_one_of(EVENTS), "Every change when none is named; `held` only when it is."),
            "secret": {**_TEXT, "description": "One of yours; without it, one is made."},
            "quiet_s": _SECONDS,
            "every_s": _SECONDS,
        },
    ),
    "Delivery": _DELIVERY,
    "Deliveries": _object({"deliveries": _list(schema("Delivery"))}),
    "Replayed": _object({"deliveries": _WHOLE, "cursor": _WHOLE, "more": _FLAG}),
    "Pair": _object({"source": {**_URL, "maxLength": 2048}, "target": {**_URL, "maxLength": 2048}}),
    "Queued": _object({"status": _const("queued"), "summary": _TEXT, "location": _URL, "source": _URL, "target": _URL}),
    "Hop": _HOP,
    "Status": _STATUS,
}
