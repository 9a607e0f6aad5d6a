"""What kind of thing a fetched body is: HTML, XHTML, JSON, text, XML or nothing that holds links we read.

The server's Content-Type decides; only where it names none is the body looked at (MIME Sniffing Standard 7, in spirit:
`nosniff` for everything that has a type, so an `application/octet-stream` with markup in it stays unread)."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from mentions.model import Document


class Media(StrEnum):
    """How a body is searched."""

    HTML = "html"
    XHTML = "xhtml"
    JSON = "json"
    TEXT = "text"
    XML = "xml"
    OTHER = "other"


READ: Final = frozenset({Media.HTML, Media.XHTML, Media.JSON, Media.TEXT})
"""Kinds in which links are looked for; a source of any other kind is `unsupported_content_type`."""
UNNAMED: Final = frozenset({"", "unknown/unknown", "application/unknown", "*/*"})
"""Content types that say nothing (MIME Sniffing Standard 7.1)."""
CODE: Final = frozenset(
    {"text/css", "text/javascript", "text/ecmascript", "text/jscript", "text/x-javascript", "text/rtf"}
)
"""`text/*` that is written for machines: a URL in it is not a mention."""

_TYPE: Final = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+/[!#$%&'*+.^_`|~0-9a-z-]+")
_BINARY: Final = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_LEADING_SPACE: Final = b"\t\n\x0c\r "
_SNIFFED_BYTES: Final = 1445
"""As much of a body as browsers look at."""


def media_of(document: Document) -> Media:
    """How `document` is searched, by its type, or by its first bytes where the server named no type."""
    essence = _essence(document.content_type)
    return _sniffed(document.body) if essence is None else media_of_type(essence)


def media_of_type(essence: str) -> Media:
    """How bodies of the media type `essence` (lower case, no parameters) are searched."""
    if essence == "text/html":
        return Media.HTML
    if essence == "application/xhtml+xml":
        return Media.XHTML
    if essence in {"application/json", "text/json"} or essence.endswith("+json"):
        return Media.JSON
    if essence in {"application/xml", "text/xml", "text/xml-external-parsed-entity"} or essence.endswith("+xml"):
        return Media.XML
    return Media.TEXT if essence.startswith("text/") and essence not in CODE else Media.OTHER


def is_read_type(content_type: str) -> bool:
    """Whether bodies of this Content-Type are worth fetching: the type is one we search, or says nothing."""
    essence = _essence(content_type)
    return essence is None or media_of_type(essence) in READ


def _essence(content_type: str) -> str | None:
    essence = content_type.partition(";")[0].strip().lower()
    return None if essence in UNNAMED or not _TYPE.fullmatch(essence) else essence


def _sniffed(body: bytes) -> Media:
    head = body[:_SNIFFED_BYTES]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Media.HTML if b"<" in head[:80] else Media.TEXT
    if _BINARY.search(head):
        return Media.OTHER
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip(_LEADING_SPACE)
    if start.startswith(b"<?xml") and b"<html" not in start.lower():
        return Media.XML
    if start.startswith(b"<"):
        return Media.HTML
    return Media.JSON if start.startswith((b"{", b"[")) else Media.TEXT
