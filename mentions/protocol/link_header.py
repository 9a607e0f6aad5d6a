"""`Link` header fields -> links.  (RFC 8288, section 3 and appendix B.2, as lenient as its parsing algorithm)

HTTP libraries key links by the whole `rel` string and miss or invent relations; this keeps every link, each with its
first `rel` only, and its parameters' quoted strings whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

_SEPARATORS: Final = re.compile(r"[\s,]*")
_TARGET: Final = re.compile(r"<([^>]*)>")
_PARAMETER: Final = re.compile(
    r"""[ \t]*;[ \t]*(?P<name>[^\s=;,"]*)[ \t]*
        (?:=[ \t]*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"?|(?P<token>[^;,\s]*)))?""",
    re.VERBOSE | re.DOTALL,
)
_REST: Final = re.compile(r"""(?:[^,"]|"(?:[^"\\]|\\.)*"?)*""", re.DOTALL)
_WHITE: Final = re.compile(r"[ \t\n\f\r]+")
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class HeaderLink:
    """One link-value: what it points at, as written, and what it is."""

    target: str
    rels: frozenset[str]
    """Relation types of the first `rel` parameter, in lower case."""
    anchor: str | None
    """The context of the link where it is not the page itself, as written."""


def read_links(fields: Iterable[str]) -> Iterator[HeaderLink]:
    """The links of all `Link` fields of an answer, in order; what is not well-formed is skipped up to its comma."""
    for field in fields:
        position = _end_of(_SEPARATORS, field, 0)
        while field.find(">", position) >= 0:
            opening = _TARGET.match(field, position)
            if opening is None:
                position = _next_value(field, position)
                continue
            parameters, position = _read_parameters(field, opening.end())
            yield HeaderLink(
                target=opening[1].strip(),
                rels=relation_types(parameters.get("rel", "")),
                anchor=parameters.get("anchor"),
            )
            position = _next_value(field, position)


def relation_types(rel: str) -> frozenset[str]:
    """The types of a `rel` value, in a header as in HTML: parted by ASCII white space, compared in lower case."""
    return frozenset(_WHITE.split(rel.lower()))


def _read_parameters(field: str, position: int) -> tuple[dict[str, str], int]:
    """The first of each parameter counts (RFC 8288 3.3 for rel, 3.2 for anchor)."""
    parameters: dict[str, str] = {}
    while match := _PARAMETER.match(field, position):
        quoted = match["quoted"]
        value = _ESCAPED.sub(r"\1", quoted) if quoted is not None else match["token"] or ""
        parameters.setdefault(match["name"].lower(), value)
        position = match.end()
    return parameters, position


def _next_value(field: str, position: int) -> int:
    """Behind the comma that ends this link-value; commas in quoted strings do not."""
    return _end_of(_SEPARATORS, field, _end_of(_REST, field, position))


def _end_of(pattern: re.Pattern[str], field: str, position: int) -> int:
    match = pattern.match(field, position)
    return position if match is None else match.end()
