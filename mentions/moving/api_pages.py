"""webmention.io's reading API, paged through: what is asked next, and what a page answers.  Also another Ymateb's.

Oldest first, from an id that is known already (`since_id`), by `page` and `per-page`.  How many come at once is the
server's choice (webmention.io: 1,000, whatever is asked), so it is learned from the first page; the end is a page with
nothing on it, never a total.  A total says only that something slipped away meanwhile (a deletion moves what follows
to the page before): then all is asked for once more.  Requests are made by `workers/jobs/importing.py`."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson

from mentions import urls
from mentions.model import Url
from mentions.moving import webmention_io
from mentions.moving.records import Moved, Skipped, UnreadableExport

PER_PAGE: Final = 200
MOST_PASSES: Final = 3
"""So often everything is asked for when fewer came than the server counts."""
TOKENS: Final = ("token", "access_token")
_OURS: Final = frozenset({"per-page", "perpage", "page", "sort-by", "sort-dir", "since_id", "jsonp", "callback"})


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far an API has been read: kept with every page."""

    since: int = 0
    """Everything up to this id was there before this run."""
    offset: int = 0
    """Records of this pass that have been dealt with."""
    size: int = PER_PAGE
    top: int = 0
    """The largest id so far."""
    passes: int = 1
    most: int = 0
    """The largest total that the server told in this pass."""

    @classmethod
    def read(cls, kept: Mapping[str, Any] | None) -> Cursor:
        """As `to_json` kept it."""
        return cls(**kept) if kept else cls()

    def to_json(self) -> dict[str, int]:
        """As it is kept."""
        return {name: getattr(self, name) for name in ("since", "offset", "size", "top", "passes", "most")}

    def smaller(self) -> Cursor | None:
        """For a page that was too large; None when a single record is."""
        return replace(self, size=self.size // 2) if self.size > 1 else None


@dataclass(frozen=True, slots=True)
class ApiPage:
    """One answer."""

    records: Sequence[Moved | Skipped]
    top: int
    """The largest id on it; 0 for none."""
    total: int | None
    """How many there are altogether, by the server's own word."""


@dataclass(frozen=True, slots=True)
class Api:
    """An API's address.  The token does not print, and is in nothing that is kept."""

    base: str
    parameters: tuple[tuple[str, str], ...]
    token: tuple[str, str] | None

    @classmethod
    def read(cls, text: str, *, token: str | None = None) -> Api:
        """Raises InvalidRequest for what is no http(s) URL.  `token` is for who does not write it into the URL."""
        url = urls.check_claim_url(text, what="the API's address")
        parts = urlsplit(urls.without_fragment(url))
        given = parse_qsl(parts.query, keep_blank_values=True)
        tokens = [pair for pair in given if pair[0] in TOKENS]
        rest = tuple(pair for pair in given if pair[0] not in TOKENS and pair[0].lower() not in _OURS)
        known = ("token", token) if token else tokens[0] if tokens else None
        return cls(f"{parts.scheme}://{parts.netloc}{parts.path}", rest, known)

    def __repr__(self) -> str:
        return f"Api({self.name})"

    @property
    def name(self) -> str:
        """What is told of it: never the token."""
        return self.base.partition("://")[2]

    def digest(self) -> bytes:
        """What it is known by: the same whichever token is used, and whatever order the parameters have."""
        return hashlib.sha256(f"api {self.base}?{urlencode(sorted(self.parameters))}".encode()).digest()

    def request(self, cursor: Cursor) -> Url:
        """The URL of the page on which the cursor stands."""
        asked = [
            *self.parameters,
            ("per-page", str(cursor.size)),
            ("page", str(cursor.offset // cursor.size)),
            ("sort-by", "created"),
            ("sort-dir", "up"),
            *([("since_id", str(cursor.since))] if cursor.since else []),
            *([self.token] if self.token else []),
        ]
        return Url(f"{self.base}?{urlencode(asked)}")


def read_page(body: bytes) -> ApiPage:
    """What an answer holds, in either of webmention.io's forms.  Raises UnreadableExport."""
    records = list(webmention_io.read(io.BytesIO(body)))
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError as broken:
        raise UnreadableExport(f"the answer is not JSON: {broken}") from broken
    rows = said.get("children") or said.get("links") or [] if isinstance(said, dict) else []
    ids = [row.get("wm-id", row.get("id")) for row in rows if isinstance(row, dict)]
    paging = said.get("paging") if isinstance(said, dict) else None
    total = paging.get("total") if isinstance(paging, dict) else None
    return ApiPage(
        records,
        max((each for each in ids if isinstance(each, int)), default=0),
        total if isinstance(total, int) and not isinstance(total, bool) and total >= 0 else None,
    )


def taken_from(page: ApiPage, cursor: Cursor) -> tuple[Sequence[Moved | Skipped], Cursor]:
    """The records of a page that are new to this pass, and where it goes on behind them."""
    begun = cursor.offset % cursor.size
    fresh = page.records[begun:]
    size = cursor.size
    if cursor.offset == 0 and 0 < len(page.records) < size:
        size = len(page.records)  # so many the server gives at once, or there are no more: the next page tells
    offset = cursor.offset + len(fresh)
    most = max(cursor.most, page.total or 0)
    return fresh, replace(cursor, offset=offset, size=size, top=max(cursor.top, page.top), most=most)


def after_the_end(page: ApiPage, cursor: Cursor) -> Cursor | None:
    """A page had nothing (new) on it: None when that is the end, else where to begin once more.

    Whatever came behind the last page meanwhile has a larger id, and comes with the next run."""
    if cursor.offset >= max(cursor.most, page.total or 0) or cursor.passes >= MOST_PASSES:
        return None
    return replace(cursor, offset=0, size=PER_PAGE, passes=cursor.passes + 1, most=0)


def at_rest(cursor: Cursor) -> Cursor:
    """What the next run begins with: only what is newer."""
    return Cursor(since=max(cursor.top, cursor.since), top=max(cursor.top, cursor.since))
