"""Files in which one thing never ends: a comment, a string, a text of hundreds of megabytes.

Parsers read such a thing from its beginning with every further piece, or keep all of it; so they are stopped early."""

from __future__ import annotations

from typing import Final, Protocol

from mentions.moving.records import UnreadableExport

MOST: Final = 16 << 20
"""Bytes of one comment, string or text.  What people write has some kilobytes."""


class Readable(Protocol):
    """What parsers need of a file."""

    def read(self, size: int = -1, /) -> bytes: ...


class Endless:
    """A file that hands out at most `MOST` bytes between two calls of `go_on`, then raises UnreadableExport."""

    def __init__(self, file: Readable) -> None:
        self._file = file
        self._since = 0

    def read(self, size: int = -1, /) -> bytes:
        part = self._file.read(size)
        self._since += len(part)
        if self._since > MOST:
            raise UnreadableExport(f"the file has a single thing of more than {MOST >> 20} MB in it")
        return part

    def go_on(self) -> None:
        """The parser has come to the end of something."""
        self._since = 0
