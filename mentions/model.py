"""The words of this project: claims, what was seen, what it means, what is kept, and the table of states.

Words only: no rule, no I/O.  Names are the field's (Webmention, W3C Recommendation; microformats2; jf2).
Times are aware datetimes in UTC and end in `_at`, except `published`, which keeps the source's own offset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NewType

Url = NewType("Url", str)
"""An absolute http(s) URL as the URL standard serialises it.  Made only in `urls.py`."""
SafeHtml = NewType("SafeHtml", str)
"""HTML that may be shown as it is.  Made only in `sanitize.py`."""
PlainText = NewType("PlainText", str)
"""Text without markup and control characters; to be escaped wherever it is shown."""


class Protocol(StrEnum):
    """How a response came to us (`wm-protocol`)."""

    WEBMENTION = "webmention"
    PINGBACK = "pingback"
    COMMENT = "comment"


class Kind(StrEnum):
    """What a response is to its target (`wm-kind`), by the property that names the target."""

    REPLY = "reply"
    LIKE = "like"
    REPOST = "repost"
    BOOKMARK = "bookmark"
    RSVP = "rsvp"
    QUOTATION = "quotation"
    TAG = "tag"
    PERSON_TAG = "person-tag"
    INVITE = "invite"
    FOLLOW = "follow"
    REACJI = "reacji"
    MENTION = "mention"


WM_PROPERTY: Final[Mapping[Kind, str]] = {
    Kind.REPLY: "in-reply-to",
    Kind.REACJI: "in-reply-to",
    Kind.LIKE: "like-of",
    Kind.REPOST: "repost-of",
    Kind.BOOKMARK: "bookmark-of",
    Kind.RSVP: "rsvp",
}
"""`wm-property` of the kinds that webmention.io knows; every other kind is `mention-of` there."""


class Status(StrEnum):
    """Where a claim stands, as its status URL says it."""

    QUEUED = "queued"
    PENDING = "pending"
    RETRYING = "retrying"
    SUCCESS = "success"
    DELETED = "deleted"
    NO_LINK_FOUND = "no_link_found"
    NOT_FOUND = "not_found"
    GONE = "gone"
    TIMEOUT = "timeout"
    DNS_ERROR = "dns_error"
    CONNECT_ERROR = "connect_error"
    SSL_ERROR = "ssl_error"
    HTTP_ERROR = "http_error"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    TOO_LARGE = "too_large"
    UNSUPPORTED_CONTENT_TYPE = "unsupported_content_type"
    FORBIDDEN_ADDRESS = "forbidden_address"
    BLOCKED = "blocked"
    TARGET_NOT_FOUND = "target_not_found"
    INVALID_CONTENT = "invalid_content"


WAITING: Final = frozenset({Status.QUEUED, Status.PENDING, Status.RETRYING})
"""The states that a claim can leave; every other state is final for that claim."""
PASSING: Final = frozenset(
    {Status.TIMEOUT, Status.DNS_ERROR, Status.CONNECT_ERROR, Status.SSL_ERROR, Status.HTTP_ERROR}
)
"""Outcomes that may pass: retried for a day before they become the final state.  They never delete anything."""
TRANSITIONS: Final[Mapping[Status, frozenset[Status]]] = {
    Status.QUEUED: frozenset({Status.PENDING}),
    Status.PENDING: frozenset(Status) - {Status.PENDING},
    Status.RETRYING: frozenset({Status.PENDING, Status.QUEUED}),
}
"""State of a claim -> the states that may follow (a job that died is pending -> queued).  Drawn in docs/design.md."""


class EntryState(StrEnum):
    """Whether an entry is shown.  Only SHOWN is public; DELETED is a tombstone without content."""

    SHOWN = "shown"
    HELD = "held"
    HIDDEN = "hidden"
    SPAM = "spam"
    DELETED = "deleted"


class Authority(StrEnum):
    """Where an entry's claim to its author and URL comes from (`wm-authorship`)."""

    SAME_ORIGIN = "same-origin"
    AUTHOR_PAGE = "author-page"
    BRIDGED = "bridged"
    SIGNED_IN = "signed-in"
    """Typed here by somebody who has proved that the author's URL is theirs."""
    CLAIMED = "claimed"


class Way(StrEnum):
    """How somebody who writes here has proved who they are."""

    DOMAIN = "domain"
    EMAIL = "email"
    PROVIDER = "provider"


# --- what is asked -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody says that `source` links to `target`.  Both are kept as they were sent."""

    id: str
    """20 URL-safe characters; the last segment of the status URL."""
    source: str
    target: str
    via: Protocol
    received_at: datetime
    attempts: int = 0
    """How often the source was looked at for this claim and a passing fault came back."""
    first_tried_at: datetime | None = None


# --- what was seen -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hop:
    """One request on the way to a page.  `status` is None when no answer came; `error` then says why."""

    url: str
    status: int | None
    duration_ms: int
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A fetched body with what is needed to read it.  `body` is decoded from its Content-Encoding, at most 1 MiB."""

    url: Url
    """Final URL, after redirects."""
    content_type: str
    """Media type in lower case without parameters; empty when the server named none."""
    charset: str | None
    """The charset parameter of Content-Type, or None."""
    body: bytes


@dataclass(frozen=True, slots=True)
class Fetched:
    """2xx and a body of a type that we read.  A 200 without a body has an empty one."""

    document: Document
    hops: tuple[Hop, ...]
    etag: str | None = None
    last_modified: str | None = None
    links: tuple[str, ...] = ()
    """Raw values of the Link headers of the last answer, in order."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """The few other headers that somebody needs, lower-cased names: `x-pingback`, `refresh`, `cache-control`."""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """304 on a conditional request."""

    hops: tuple[Hop, ...]


@dataclass(frozen=True, slots=True)
class Gone:
    """404 or 410: the page says that it is not there."""

    status: Status
    """NOT_FOUND or GONE."""
    hops: tuple[Hop, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """We or they will not; trying again changes nothing (forbidden address, too large, wrong type, 4xx …)."""

    status: Status
    reason: str
    hops: tuple[Hop, ...]


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A fault that may pass: timeout, DNS, connection, TLS, 5xx, 429.  `status` is one of PASSING."""

    status: Status
    reason: str
    hops: tuple[Hop, ...]
    retry_after_s: int | None = None


Sighting = Fetched | Unchanged | Gone | Refused | Unreachable
"""What came of one attempt to fetch a URL.  Expected outcomes are values, never exceptions."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a document, as it stands there and resolved."""

    url: str
    """Resolved and serialised."""
    raw: str
    """As written, cut at 500 characters."""
    found_in: str
    """`a[href]`, `img[src]`, `q[cite]`, `json`, `text` …"""


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A link that is not the target, but might have been meant for it."""

    link: Link
    reason: str
    """`scheme`, `www`, `slash`, `fragment`, `tracking`, `encoding`, `query` or `case`."""


# --- what it means -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote it.  All parts may be missing."""

    name: PlainText | None = None
    url: Url | None = None
    photo: Url | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """That the author of a comment had signed in when it was written."""

    way: Way
    by: PlainText | None = None
    """What is shown of it: the domain (`ann.example`), or what the owner calls the provider; None for an e-mail."""


@dataclass(frozen=True, slots=True)
class Content:
    """The readable part: sanitised HTML and the same as plain text."""

    html: SafeHtml | None
    text: PlainText


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a verified page says to its target, read, classified and sanitised: the heart of an entry."""

    kind: Kind
    author: Author = Author()
    authority: Authority = Authority.CLAIMED
    url: Url | None = None
    """u-url of the entry; None means the source."""
    uid: str | None = None
    name: PlainText | None = None
    """A title; never a copy of the content."""
    summary: PlainText | None = None
    content: Content | None = None
    context: PlainText | None = None
    """Text around the link, for pages that are no entries (`wm-context`)."""
    published: str | None = None
    """RFC 3339 with the source's own offset; without an offset if the source gave none."""
    published_at: datetime | None = None
    lang: str | None = None
    rsvp: str | None = None
    in_reply_to: tuple[Url, ...] = ()
    """Every URL that the entry replies to: the thread's parents are looked for among them."""
    syndication: tuple[Url, ...] = ()
    canonical: Url | None = None
    """rel=canonical of the page."""
    photos: tuple[Url, ...] = ()
    videos: tuple[Url, ...] = ()
    audios: tuple[Url, ...] = ()
    categories: tuple[PlainText, ...] = ()
    invitees: tuple[Author, ...] = ()
    comments: tuple[Reaction, ...] = ()
    """u-comment entries that the source itself carries; hearsay, one level deep."""
    proof: Proof | None = None
    """Only comments that were typed here have one."""


@dataclass(frozen=True, slots=True)
class Reading:
    """All that one look at a source page told us.  Made in a reading process; JSON-able (`codec.py`)."""

    link: Link | None
    near_misses: tuple[NearMiss, ...] = ()
    is_gone: bool = False
    """`<meta http-equiv=status content="410 …">`."""
    reaction: Reaction | None = None
    """None exactly when `link` is None."""
    author_page: Url | None = None
    """Authorship step 5.2 / 6: a page that has to be fetched to know the author; None when known."""
    mf2: Mapping[str, Any] | None = None
    """The raw microformats of the page, capped; kept so that it can be read again when the rules change."""
    notes: tuple[str, ...] = ()
    """What was cut or odd, in words, for the trace."""


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """What the target's own page says of itself."""

    url: Url
    """Final URL."""
    title: PlainText | None = None
    canonical: Url | None = None
    author: Author | None = None
    lang: str | None = None


@dataclass(frozen=True, slots=True)
class OutgoingLinks:
    """What a page of ours links to, for sending: the links of its entry's content, in order, each once."""

    url: Url
    """Final URL of the page."""
    links: tuple[Url, ...] = ()
    """As they stand there, resolved, fragment kept; never the page itself."""
    notes: tuple[str, ...] = ()
    """What was cut or odd, in words."""


# --- what is kept ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Site:
    """A registered site.  `authorities` are all names it goes by, canonical first, without `www.`."""

    id: int
    authority: str
    aliases: tuple[str, ...]
    created_at: datetime
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a site, with its thread.  Known by one canonical URL and any number of alias keys."""

    id: int
    site_id: int
    url: str
    title: str | None
    closed: bool
    checked_at: datetime | None
    """When its own page was last looked at; None: never."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A response as it is kept.  `id` is `wm-id`."""

    id: int
    page_id: int
    site_id: int
    source: str
    target: str
    targets: tuple[str, ...]
    """Every spelling of the page that this source was verified to link to."""
    fragment: str | None
    protocol: Protocol
    state: EntryState
    reaction: Reaction
    received_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None
    parent_id: int | None = None
    """The entry that this one answers; None: the post."""
    cluster_id: int | None = None
    """The entry that stands for this one, when both are copies of one response; None: it stands for itself."""
    private: bool = False
    likes: int = 0
    avatar: str | None = None
    """Path below the public URL of the author's picture in our cache."""
    etag: str | None = None
    last_modified: str | None = None
    revision: int = 1
    policy_version: int = 0
    """Version of the sanitising policy that `reaction` was made with."""


# --- what follows ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Trace:
    """Why a claim ended as it did: the same record for status page, dashboard and `workers inspect`."""

    hops: tuple[Hop, ...] = ()
    target_hops: tuple[Hop, ...] = ()
    author_hops: tuple[Hop, ...] = ()
    link: Link | None = None
    near_misses: tuple[NearMiss, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a claim stands after one look; what its status URL answers."""

    claim: Claim
    status: Status
    summary: str
    at: datetime
    trace: Trace = Trace()
    entry_id: int | None = None
    held: bool = False
    next_try_at: datetime | None = None
    changed: bool = True
    """False: registered before and nothing is different (pingback fault 48)."""


class Change(StrEnum):
    """What happened to an entry, as the change cursor tells it."""

    CREATED = "created"
    UPDATED = "updated"
    APPROVED = "approved"
    HIDDEN = "hidden"
    DELETED = "deleted"
