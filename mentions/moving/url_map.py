"""Old addresses of pages -> new ones, for sites that moved: a CSV file of two columns, `old,new`.

A row whose both sides end in `*` moves everything that begins so: `https://old.example/*,https://example.com/*`.  Old
addresses are told apart as pages are (`urls.page_key`); exact rows go before prefixes, longer prefixes
before shorter."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from mentions import urls
from mentions.model import Url
from mentions.moving.records import UnreadableExport


class UrlMap:
    """Answers where a page is now."""

    def __init__(self, rows: list[tuple[str, str]]) -> None:
        """`rows` as `read` gives them."""
        self._pages: dict[str, Url] = {}
        prefixes: dict[str, str] = {}
        for old, new in rows:
            if old.endswith("*"):
                prefixes[urls.page_key(old[:-1])] = urls.without_fragment(new[:-1])
            else:
                self._pages[urls.page_key(old)] = urls.without_fragment(new)
        self._prefixes = sorted(prefixes.items(), key=lambda pair: -len(pair[0]))

    @classmethod
    def from_file(cls, path: Path) -> UrlMap:
        """The map in a file.  Raises `UnreadableExport`, which names the line."""
        return cls(list(read(path)))

    @property
    def pages(self) -> list[tuple[str, Url]]:
        """The exact rows: `urls.page_key` of the old address, and the new address."""
        return list(self._pages.items())

    @property
    def has_prefixes(self) -> bool:
        """Whether some rows move more than one page."""
        return bool(self._prefixes)

    def new_for(self, url: str) -> Url | None:
        """Where the page is now; None when it has not moved."""
        key = urls.page_key(url)
        if not key:
            return None
        if (new := self._pages.get(key)) is not None:
            return new if urls.page_key(new) != key else None
        for old, prefix in self._prefixes:
            if key.startswith(old):
                moved = urls.parse(prefix + key[len(old) :])
                return moved if moved and urls.page_key(moved) != key else None
        return None


def read(path: Path) -> Iterator[tuple[str, str]]:
    """The rows of a file; a first line without an address or a path is its heading.  Raises `UnreadableExport`."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, row in enumerate(csv.reader(file), 1):
                cells = [cell.strip() for cell in row]
                is_heading = number == 1 and not any("://" in cell or cell.startswith("/") for cell in cells)
                if is_heading or not any(cells):
                    continue
                yield _checked(cells, number)
    except (UnicodeDecodeError, csv.Error) as broken:
        raise UnreadableExport(f"the map {path.name} is no CSV file in UTF-8: {broken}") from broken


def _checked(cells: list[str], number: int) -> tuple[str, str]:
    if len(cells) != 2 or not all(urls.page_key(cell.removesuffix("*")) for cell in cells):
        raise UnreadableExport(f"line {number} of the map is not two http(s) addresses, old and new")
    old, new = cells
    if old.endswith("*") != new.endswith("*"):
        raise UnreadableExport(f"line {number} of the map: either both addresses end in * or none does")
    return old, new
