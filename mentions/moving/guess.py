"""What a file is by its first bytes, so that a wrong one is named at once instead of half understood.

Says nothing of whether the rest is well-formed; that is for the reader of the format."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Final

from mentions.moving.records import UnreadableExport

HEAD_BYTES: Final = 64 << 10
"""How much of a file is looked at; WordPress begins with a long comment."""
_PACKED: Final = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"PK\x03\x04", "zip"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"(\xb5/\xfd", "zstd"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
)
_MARKED: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_COMMENT: Final = re.compile(r"<!--.*?(?:-->|$)", re.DOTALL)
_ROOT: Final = re.compile(r"<([A-Za-z_][\w:.-]*)")
_NAMES: Final = {
    "webmention.io": "webmention.io's JSON",
    "wxr": "WordPress' WXR",
    "disqus": "Disqus' XML",
    "isso": "Isso's database",
}


@dataclass(frozen=True, slots=True)
class Guess:
    """`form` is the format of `import` that it may be, None for none of them; `words` say what it looks like."""

    form: str | None
    words: str


def check(head: bytes, form: str) -> None:
    """Raises UnreadableExport when a file that begins like this is none of `form`, saying what it looks like."""
    found = guess(head)
    if found is not None and found.form != form:
        advice = f"; say {found.form} instead of {form}" if found.form is not None else ""
        raise UnreadableExport(f"the file is not {_NAMES[form]}: it looks like {found.words}{advice}")


def guess(head: bytes) -> Guess | None:
    """What begins like this; None when that cannot be told."""
    if not head.strip(b"\0 \t\r\n"):
        return Guess(None, "nothing but zeros or blanks" if head else "an empty file")
    for magic, name in _PACKED:
        if head.startswith(magic):
            return Guess(None, f"something packed ({name}): unpack it first")
    if head.startswith(b"SQLite format 3\0"):
        return Guess("isso", "an SQLite database, as Isso has")
    text = _text(head).lstrip()
    if text.startswith(("{", "[")):
        return Guess("webmention.io", "JSON, as webmention.io has")
    return _markup(text) if text.startswith("<") else None


def _text(head: bytes) -> str:
    for mark, encoding in _MARKED:
        if head.startswith(mark):
            return head.removeprefix(mark).decode(encoding, "replace")
    return head.decode("utf-8", "replace")


def _markup(text: str) -> Guess | None:
    """By the root element.  What declares a document type is left to the reader, which refuses it."""
    root = _ROOT.search(_COMMENT.sub("", text))
    name = root[1].lower() if root is not None else ""
    if name == "html" or text[:15].lower() == "<!doctype html>":
        return Guess(None, "an HTML page")
    if "<!DOCTYPE" in text or not name:
        return None
    if name == "disqus":
        return Guess("disqus", "Disqus' XML")
    if name == "rss":
        is_wxr = "http://wordpress.org/export/" in text
        return Guess("wxr", "WordPress' WXR") if is_wxr else Guess(None, "an RSS feed")
    return Guess(None, "an Atom feed" if name == "feed" else f"XML of another kind, <{name[:40]}>")
