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
    wm_id: int | None = None
    """The id that its readers know it by; kept when it is still free here."""
    private: bool = False
    page_title: str | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A record that was left out, and why, in words for the report."""

    ref: str
    reason: str


def content_of(html: str, *, base: str) -> Content | None:
    """Foreign HTML as content; None when nothing readable is left."""
    safe = sanitize.safe_html(html, base=base)
    text = sanitize.plain_text(safe)
    return Content(html=safe, text=text) if text.strip() or safe else None


def content_of_text(text: str | None) -> Content | None:
    """Foreign plain text as content; None when it is empty."""
    clean = sanitize.clean_text(text or "", 100_000)
    return Content(html=None, text=clean) if clean.strip() else None


def name_of(text: object, limit: int = 500) -> PlainText | None:
    """A name or title out of whatever the file holds; None when there is none."""
    if not isinstance(text, str):
        return None
    clean = sanitize.clean_text(text, limit)
    return clean if clean.strip() else None


def url_of(text: object) -> Url | None:
    """An http(s) URL out of whatever the file holds; None when it is none."""
    return urls.attribute_safe(text) if isinstance(text, str) and text.strip() else None


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
