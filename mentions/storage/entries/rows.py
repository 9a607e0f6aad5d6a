"""Between an `Entry` and its rows: columns, and the URLs by which it is known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import structlog
from sqlalchemy import ColumnElement

from mentions import urls
from mentions.codec import CodecError, reaction_from_json, to_json
from mentions.model import WM_PROPERTY, Entry, EntryState, Kind, Protocol, Reaction
from mentions.storage import tables as t
from mentions.storage.columns import key_of

log = structlog.get_logger(__name__)

KINDS: Final = frozenset(kind.value for kind in Kind)
"""A newer version may know more; to us those are mentions."""
OWN: Final = "own"
"""Role of the URLs by which an entry is known: source, url, uid, syndication, canonical."""
ANSWERS: Final = "answers"
"""Role of the URLs that an entry replies to."""
REMOVED: Final = "removed"
"""Role of the source of a tombstone that its source did not ask for."""
RSVP_RANK: Final = {"no": 0, "interested": 1, "maybe": 2, "yes": 3}


def stands_shown() -> ColumnElement[bool]:
    """Whether everybody sees an entry in its thread: shown, public, and no copy of another."""
    e = t.entries.c
    is_seen = (e.state == EntryState.SHOWN.value) & e.private.is_(False)
    return is_seen & e.cluster_id.is_(None) & e.merged_into.is_(None)


def thread_key(url: str) -> str:
    """`urls.response_key`; what is no http(s) URL is taken to be such a key already."""
    return urls.response_key(url) or url


def url_keys(source: str, reaction: Reaction) -> set[tuple[str, bytes]]:
    """(role, key) of every URL that an entry is known by or answers."""
    own = (source, reaction.url, reaction.uid, reaction.canonical, *reaction.syndication)
    return {(OWN, key) for key in keys_of(own)} | {(ANSWERS, key) for key in keys_of(reaction.in_reply_to)}


def keys_of(some_urls: Iterable[str | None]) -> set[bytes]:
    """The keys by which these URLs are looked up."""
    return {key_of(thread_key(url)) for url in some_urls if url}


def author_key(author_url: str | None) -> bytes | None:
    """What an author's URL is looked up by."""
    return key_of(thread_key(author_url)) if author_url else None


def source_columns(source: str) -> dict[str, Any]:
    """The columns that follow from the source."""
    return {
        "source": source,
        "source_key": key_of(urls.source_key(source)),
        "source_authority": urls.site_authority(source),
    }


def reaction_columns(reaction: Reaction) -> dict[str, Any]:
    """The columns that follow from the reaction."""
    rsvp = reaction.rsvp if reaction.kind is Kind.RSVP else None
    return {
        "kind": reaction.kind.value,
        "wm_property": WM_PROPERTY.get(reaction.kind, "mention-of"),
        "rsvp": rsvp,
        "rsvp_rank": RSVP_RANK.get(rsvp or ""),
        "author_key": author_key(reaction.author.url),
        "published_at": reaction.published_at,
        "reaction": to_json(reaction),
    }


def entry(row: Any) -> Entry:
    """The entry of a row of the table, or of something with the same attributes.

    Raises ValueError or TypeError for a row that no version of ours has written."""
    return Entry(
        id=row.id,
        page_id=row.page_id,
        site_id=row.site_id,
        source=row.source,
        target=row.target,
        targets=tuple(row.targets),
        fragment=row.fragment,
        protocol=Protocol(row.protocol),
        state=EntryState(row.state),
        reaction=reaction(row.reaction, entry_id=row.id, kind=row.kind),
        received_at=row.received_at,
        updated_at=row.updated_at,
        deleted_at=row.deleted_at,
        parent_id=row.parent_id,
        cluster_id=row.cluster_id,
        private=row.private,
        likes=int(row.likes),
        avatar=row.avatar,
        etag=row.etag,
        last_modified=row.last_modified,
        revision=row.revision,
        policy_version=row.policy_version,
    )


def reaction(data: Any, *, entry_id: int, kind: str) -> Reaction:
    """The stored reaction.  One that cannot be read (an older meaning, a damaged row) becomes an empty one of its kind:
    no list fails because of one odd row."""
    try:
        return reaction_from_json(data)
    except CodecError as problem:
        log.warning("entry.unreadable", entry_id=entry_id, problem=str(problem))
        return Reaction(kind=Kind(kind) if kind in KINDS else Kind.MENTION)
