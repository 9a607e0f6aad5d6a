"""What do the headers of an answer say?  (RFC 9110.)

Values of headers as the rest needs them.  Bytes that are no UTF-8 are percent-encoded, as URLs want them, so that
nothing of what a stranger sends breaks JSON or a database."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from multidict import CIMultiDictProxy

from mentions import urls
from mentions.model import Status

KEPT_HEADERS: Final = ("x-pingback", "refresh", "cache-control")
"""Headers that somebody asks for, beside those that have a field of their own."""
LONGEST_RETRY_AFTER_S: Final = 86_400
GONE: Final[Mapping[int, Status]] = {404: Status.NOT_FOUND, 410: Status.GONE}
"""Statuses by which a page says that it is not there."""
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")
_CHARSET = re.compile(r""";\s*charset\s*=\s*["']?([^\s;"',]+)""", re.IGNORECASE)


def clean(value: str) -> str:
    """A header's value as text that can be stored anywhere."""
    return urls.from_header(value).replace("\0", "")


def media_type(headers: Mapping[str, str]) -> tuple[str, str | None]:
    """Media type in lower case, empty when none is named, and the charset parameter."""
    value = clean(headers.get("Content-Type", "")).strip()
    found = _MEDIA_TYPE.match(value.lower())
    charset = _CHARSET.search(value)
    return (found[0] if found else ""), (charset[1].lower() if charset else None)


def kept_headers(headers: CIMultiDictProxy[str]) -> dict[str, str]:
    """The first value of each header of KEPT_HEADERS that is there."""
    return {name: clean(headers[name]) for name in KEPT_HEADERS if name in headers}


def link_values(headers: CIMultiDictProxy[str]) -> tuple[str, ...]:
    """The raw values of all Link headers, in order."""
    return tuple(clean(value) for value in headers.getall("Link", ()))


def retry_after_s(headers: Mapping[str, str], *, now: datetime) -> int | None:
    """Seconds to wait by Retry-After, given as seconds or as a date; None when it says nothing that can be read."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return min(int(value), LONGEST_RETRY_AFTER_S)
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0, min(int((at - now).total_seconds()), LONGEST_RETRY_AFTER_S))


def is_redirect(status: int) -> bool:
    """Whether the status says that the page is elsewhere."""
    return status in {301, 302, 303, 307, 308}


def is_passing(status: int) -> bool:
    """Whether the same request may succeed later: 5xx, 429, 408, 425."""
    return status >= 500 or status in {408, 425, 429}
