"""`Link` header fields -> links.  (RFC 8288, section 3 and appendix B.2, as lenient as its parsing algorithm)

HTTP libraries key links by the whole `rel` string and miss or invent relations; this keeps every link, each with its
first `rel` only, and its parameters' quoted strings whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

_TARGET: Final = re.compile(r"[\s,]*<([^>]*)>")
_PARAMETER: Final = re.compile(
    r"""[ \t]*;[ \t]*(?P<name>[^\s=;,"]*)[ \t]*
        (?:=[ \t]*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"?|(?P<token>[^;,\s]*)))?""",
    re.VERBOSE | re.DOTALL,
)
_REST: Final = re.compile(r"""(?:[^,"]|"(?:[^"\\]|\\.)*"?)*""", re.DOTALL)
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
        position = 0
        while position < len(field):
            opening = _TARGET.match(field, position)
            if opening is None:
                position = _after_comma(field, position)
                continue
            parameters, position = _read_parameters(field, opening.end())
            yield HeaderLink(
                target=opening[1].strip(),
                rels=frozenset(parameters.get("rel", "").lower().split()),
                anchor=parameters.get("anchor"),
            )
            position = _after_comma(field, position)


def _read_parameters(field: str, position: int) -> tuple[dict[str, str], int]:
    """The first of each parameter counts (RFC 8288 3.3 for rel, 3.2 for anchor)."""
    parameters: dict[str, str] = {}
    while match := _PARAMETER.match(field, position):
        quoted = match["quoted"]
        value = _ESCAPED.sub(r"\1", quoted) if quoted is not None else match["token"] or ""
        parameters.setdefault(match["name"].lower(), value)
        position = match.end()
    return parameters, position


def _after_comma(field: str, position: int) -> int:
    rest = _REST.match(field, position)
    return (rest.end() if rest else position) + 1
