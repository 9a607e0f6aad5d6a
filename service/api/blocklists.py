"""Blocklists as they go round: text -> the rules that it names, line by line.

CSV: our own columns; Mastodon's export, or any other whose first line names a column `domain`; else an authority a
line.  Anything else is read line by line: a JSON object, a bare authority, a line of a hosts file (`0.0.0.0 x.example`)
or of an ad blocker (`||x.example^`).  Whether a rule makes sense is asked where it is added."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from mentions.errors import InvalidRequest

Lines = Iterator[tuple[int, Mapping[str, Any]]]
"""Number of the line, and the rule as JSON has it."""

_OWN_HEADER: Final = ["kind", "value"]
_NOTES: Final = ("public_comment", "comment", "note", "reason")
_HARMLESS: Final = frozenset({"noop", "none"})
"""What Mastodon calls a domain that is listed and not limited."""
_HOSTS: Final = re.compile(r"(?:0\.0\.0\.0|127\.0\.0\.1|::1?)\s+(\S+)\s*(?:#.*)?", re.ASCII)
_AD_BLOCKER: Final = re.compile(r"\|\|([\w.-]+)\^", re.ASCII)
_COMMENTS: Final = ("#", "!")


def read_csv(text: str) -> Lines:
    """The rules of a CSV file.  Raises InvalidRequest where it is none."""
    rows = csv.reader(io.StringIO(text.replace("\x00", "")))
    columns: dict[str, int] = {}
    try:
        for row in rows:
            cells = [cell.strip() for cell in row]
            if named := _columns(cells):
                columns = named
            elif any(cells) and not cells[0].startswith(_COMMENTS) and cells[:2] != _OWN_HEADER:
                data = _by_column(cells, columns) if columns else _own(cells)
                if data is not None:
                    yield rows.line_num, data
    except csv.Error as problem:
        raise InvalidRequest(f"line {rows.line_num} is no CSV: {problem}") from None


def read_lines(text: str) -> Lines:
    """The rules of any other file."""
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if bare and not bare.startswith(_COMMENTS):
            yield number, _line(bare)


def _columns(cells: Sequence[str]) -> dict[str, int]:
    """The columns that a first line names, if one of them is `domain`."""
    names = [cell.lower().lstrip("#").strip() for cell in cells]
    return {name: at for at, name in enumerate(names) if name} if "domain" in names else {}


def _by_column(cells: Sequence[str], columns: Mapping[str, int]) -> Mapping[str, Any] | None:
    """The domain of a row, with what is said of it; None for one that is only listed."""

    def cell(name: str) -> str:
        return cells[columns[name]] if name in columns and columns[name] < len(cells) else ""

    if cell("severity").lower() in _HARMLESS:
        return None
    return {"authority": cell("domain"), "note": next((said for name in _NOTES if (said := cell(name))), "")}


def _own(cells: Sequence[str]) -> Mapping[str, Any]:
    kind, value, note = [*cells, "", ""][:3] if len(cells) > 1 else ("authority", cells[0], "")
    return {kind: value, "note": note}


def _line(bare: str) -> Mapping[str, Any]:
    if found := _HOSTS.fullmatch(bare) or _AD_BLOCKER.fullmatch(bare):
        return {"authority": found[1]}
    try:
        data = orjson.loads(bare)
    except orjson.JSONDecodeError:
        data = bare if bare.isascii() and len(bare.split()) == 1 else None
    return data if isinstance(data, dict) else {"authority": data}
