"""Links of plain text and Markdown: the target with the borders of a URL around it.

Webmention 3.2.2 says "searching for the string"; taken literally, `/post/1` would be found in `/post/10`.  So a URL is
read as a person reads it: it starts where no word runs into it, ends at white space (of no width too), `<`, `>`, `"` or
a backtick, and loses the punctuation and the unbalanced brackets of the sentence around it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from mentions.charset import decode_text
from mentions.links.search import Search
from mentions.model import Document

_START: Final = re.compile(r"(?<![A-Za-z0-9+.-])https?:/", re.IGNORECASE)
_END: Final = re.compile(r"[\s<>\"`\x00-\x20\x7f\u200b\ufeff]|[,;](?=https?:/)", re.IGNORECASE)
_CLOSING: Final = ".,;:!?'*_~)]}|\\"
"""What may follow a URL in a sentence or in Markdown without belonging to it."""
_BRACKETS: Final = {")": "(", "]": "[", "}": "{"}
_MAX_TRIMMED: Final = 8
"""More punctuation than this after a URL is not looked behind."""


def search_text(search: Search, document: Document) -> None:
    """Shows every URL of the text to `search`, in order, until one is found."""
    text = decode_text(document)
    position = 0
    while start := _START.search(text, position):
        end = _END.search(text, start.end())
        written = text[start.start() : end.start() if end else len(text)]
        position = start.start() + len(written)
        if any(search.is_found(raw, "text") for raw in readings(written)):
            return


def readings(written: str) -> Iterator[str]:
    """What a URL in a sentence may have been meant to be, the longest first."""
    yield written
    for cut in (_first_unbalanced(written), _first_foreign_punctuation(written)):
        if cut is not None:
            yield from _trimmed(written[:cut])
    yield from _trimmed(written)


def _trimmed(written: str) -> Iterator[str]:
    yield written
    for _ in range(_MAX_TRIMMED):
        if not written or written[-1] not in _CLOSING:
            return
        written = written[:-1]
        yield written


def _first_unbalanced(written: str) -> int | None:
    """Where the first bracket closes that was not opened inside the URL: `[x](URL)`, `(see URL)`."""
    opened = dict.fromkeys(_BRACKETS.values(), 0)
    for position, character in enumerate(written):
        if character in opened:
            opened[character] += 1
        elif (partner := _BRACKETS.get(character)) is not None:
            if not opened[partner]:
                return position
            opened[partner] -= 1
    return None


def _first_foreign_punctuation(written: str) -> int | None:
    """Sentences of scripts without spaces end a URL with their own signs: `URL。`, `「URL」`."""
    if written.isascii():
        return None
    return next((i for i, c in enumerate(written) if c > "\x7f" and unicodedata.category(c)[0] in "PSZ"), None)
