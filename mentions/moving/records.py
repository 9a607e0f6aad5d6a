"""What every format is read into, and the small readings that all of them share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from mentions import sanitize, urls
from mentions.errors import RequestError
from mentions.model import Content, EntryState, PlainText, Protocol, Reaction, Url


class UnreadableExport(RequestError):
    """The file is not of the format that was named, or breaks off; the message says where."""

    code = "unreadable_export"


@dataclass(frozen=True, slots=True)
class Moved:
    """A response that another system kept."""

    ref: str
    """What it was called there; unique within the file."""
    source: str
    target: str
    protocol: Protocol
    reaction: Reaction
    received_at: datetime
    state: EntryState = EntryState.SHOWN
    parent_ref: str | None = None
    """The `ref` of what it answers, or None: the post."""
    copy_of_ref: str | None = None
    """The `ref` of the response that this one is a copy of."""
    wm_id: int | None = None
    """The id that its readers know it by; kept when it is still free here."""
    private: bool = False
    page: Url | None = None
    """The page that it belongs to, where `target` is another URL of it."""
    page_title: str | None = None
    targets: tuple[str, ...] = ()
    """Further spellings of the page that the source links to."""
    updated_at: datetime | None = None
    """When it last changed there; None: never since `received_at`."""
    likes: int = 0
    email: str | None = None
    """Of who typed it; never shown."""
    markdown: str | None = None
    """What was typed, where the other system keeps that."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A record that was left out, and why, in words for the report."""

    ref: str
    reason: str


def content_of(html: str, *, base: str, text: str | None = None) -> Content | None:
    """Foreign HTML as content, `text` being the same in words if given; None when nothing readable is left."""
    safe = sanitize.safe_html(html, base=base)
    words = (text and lines_of(text)) or sanitize.plain_text(safe)
    return Content(html=safe, text=words) if words.strip() or safe else None


def content_of_text(text: str | None) -> Content | None:
    """Foreign plain text as content; None when it is empty."""
    words = lines_of(text or "")
    return Content(html=None, text=words) if words else None


def lines_of(text: str, limit: int = sanitize.MAX_TEXT) -> PlainText:
    """Foreign plain text, its lines and paragraphs kept."""
    lines = "\n".join(sanitize.clean_text(line, limit) for line in text[: 4 * limit].split("\n"))
    return PlainText(lines.strip()[:limit].rstrip())


def name_of(text: object, limit: int = 500) -> PlainText | None:
    """A name or title out of whatever the file holds; None when there is none."""
    if not isinstance(text, str):
        return None
    clean = sanitize.clean_text(text, limit)
    return clean if clean.strip() else None


def url_of(text: object) -> Url | None:
    """An http(s) URL out of whatever the file holds; None when it is none."""
    return urls.attribute_safe(text) if isinstance(text, str) and text.strip() else None


def moment_of(text: object) -> tuple[str | None, datetime | None]:
    """When something was published: as it was written, if it can be read, and in UTC."""
    if not isinstance(text, str):
        return None, None
    written = text.strip()
    try:
        datetime.fromisoformat(written)
    except ValueError:
        return None, None
    return written, utc(written)


def utc(text: object, *, formats: tuple[str, ...] = ()) -> datetime | None:
    """A time as aware UTC, from RFC 3339 or one of `formats` (taken as UTC); None when it is none."""
    if not isinstance(text, str) or not text.strip():
        return None
    for form in formats:
        try:
            return datetime.strptime(text.strip(), form).replace(tzinfo=UTC)
        except ValueError:
            continue
    try:
        at = datetime.fromisoformat(text.strip())
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
