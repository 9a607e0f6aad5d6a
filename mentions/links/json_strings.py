"""Links of JSON: string values that are the target (Webmention 3.2.2: "properties whose values are an exact match").

Keys do not count, nor URLs inside longer strings.  Nothing recurses: the parser has a depth limit of its own, and the
values are walked with a list."""

from __future__ import annotations

import re
from typing import Any, Final

import orjson

from mentions.charset import decode_text
from mentions.links.search import Search
from mentions.model import Document

_HALF_PAIR: Final = re.compile(
    r"""\\(?: u[dD][89abAB][0-9a-fA-F]{2} \\u[dD][c-fC-F][0-9a-fA-F]{2}  # a whole pair
          | (?P<half> u[dD][89a-fA-F][0-9a-fA-F]{2} )
          | . )""",
    re.VERBOSE | re.DOTALL,
)


def search_json(search: Search, document: Document) -> None:
    """Shows every string value to `search`, in document order; a document that does not parse holds none."""
    try:
        value = load(decode_text(document))
    except orjson.JSONDecodeError as error:
        search.notes.append(f"no valid JSON: {error.msg}"[:200])
        return
    waiting: list[Any] = [value]
    while waiting:
        match waiting.pop():
            case str() as text:
                if _may_be_url(text) and search.is_found(text, "json"):
                    return
            case list() as values:
                waiting.extend(reversed(values))
            case dict() as members:
                waiting.extend(reversed(members.values()))


def load(text: str) -> Any:
    """The value of a JSON text; orjson.JSONDecodeError where it is none.

    JSON may name half a surrogate pair (RFC 8259 8.2), which no parser of Unicode takes: it becomes U+FFFD."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        repaired = _HALF_PAIR.sub(lambda m: "\\ufffd" if m["half"] else m[0], text)
        return orjson.loads(repaired)


def _may_be_url(text: str) -> bool:
    return text.lstrip()[:4].lower() == "http"
