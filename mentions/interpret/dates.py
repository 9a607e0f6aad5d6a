"""A time as pages write it -> RFC 3339 with the source's own offset, and the same moment in UTC.

Reads what microformats, HTML `datetime` and JSON-LD hold: ISO 8601 dates and times in their many spellings, and the
format of mail and feeds.  What is no time is no time: the raw string is never handed on."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

_ISO: Final = re.compile(
    r"(?P<year>\d{4})-?(?:(?P<month>\d\d)-?(?P<day>\d\d)|W(?P<week>\d\d)(?:-?(?P<weekday>[1-7]))?|(?P<ordinal>\d{3}))"
    r"(?:(?:T|\s+(?:at\s+|T)?)(?P<hour>\d{1,2})(?::?(?P<minute>\d\d))?(?::?(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?"
    r"\s*(?P<half>[ap]\.?m\.?)?\s*(?P<zone>Z|UTC|GMT|[+\u2212-]\d{1,2}(?::?\d\d)?(?::?\d\d)?)?)?\Z",
    re.IGNORECASE | re.ASCII,
)
_ZONE: Final = re.compile(r"([+\u2212-])(\d{1,2}?):?(\d\d)?(?::?\d\d)?\Z")
_NAMED_OFFSET: Final = re.compile(r"\b(?:GMT|UTC)(?=[+-]\d{4})")
_MAX_LENGTH: Final = 64


class Moment(NamedTuple):
    """A time as the source wrote it."""

    text: str
    """RFC 3339 with the source's offset; without one if it gave none; a date only if it gave no time."""
    at: datetime | None
    """The same in UTC; None when the source gave no offset, or UTC cannot hold it."""


def read_moment(written: str | None) -> Moment | None:
    """The time in `written`; None when there is none."""
    if not written or len(written) > _MAX_LENGTH * 2:
        return None
    text = " ".join(written.split())
    if not text or len(text) > _MAX_LENGTH:
        return None
    match = _ISO.match(text)
    try:
        return _from_iso(match) if match else _from_mail(text)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


def _from_iso(match: re.Match[str]) -> Moment:
    day = _day(match)
    if match["hour"] is None:
        return Moment(day.isoformat(), None)
    hour = int(match["hour"])
    if half := match["half"]:
        if not 1 <= hour <= 12:
            raise ValueError("no hour of the twelve")
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    zone = _zone(match["zone"])
    is_midnight_after = hour == 24
    clock = time(0 if is_midnight_after else hour, int(match["minute"] or 0), min(int(match["second"] or 0), 59))
    fraction = int((match["fraction"] or "0")[:6].ljust(6, "0"))
    moment = datetime.combine(day, clock.replace(microsecond=fraction), zone)
    if is_midnight_after:
        if clock != time(0):
            raise ValueError("no time after 24:00")
        moment += timedelta(days=1)
    return _moment(moment)


def _day(match: re.Match[str]) -> date:
    year = int(match["year"])
    if match["week"]:
        return date.fromisocalendar(year, int(match["week"]), int(match["weekday"] or 1))
    if match["ordinal"]:
        day = date(year, 1, 1) + timedelta(days=int(match["ordinal"]) - 1)
        if day.year != year:
            raise ValueError("no such day of the year")
        return day
    return date(year, int(match["month"]), int(match["day"]))


def _zone(written: str | None) -> timezone | None:
    if not written:
        return None
    if written[0] not in "+-\u2212":
        return UTC
    match = _ZONE.match(written)
    if match is None:
        raise ValueError("no offset")
    hours, minutes = int(match[2]), int(match[3] or 0)
    if hours > 15 or minutes > 59:
        raise ValueError("no offset on earth")
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(offset if match[1] == "+" else -offset)


def _from_mail(text: str) -> Moment | None:
    """`Wed, 01 May 2024 10:00:00 +0200` (RFC 5322), or as scripts print it: `Wed May 01 2024 10:00:00 GMT+0200`."""
    text = _NAMED_OFFSET.sub("", text)
    return _moment(parsedate_to_datetime(text)) if re.search(r"\d\d:\d\d", text) else None


def _moment(moment: datetime) -> Moment:
    text = moment.isoformat(timespec="microseconds" if moment.microsecond else "seconds")
    if moment.tzinfo is None:
        return Moment(text, None)
    try:
        return Moment(text, moment.astimezone(UTC))
    except OverflowError:
        return Moment(text, None)
