"""Tables of pages, of what answers them, of who wrote it, and of where each response stands."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from mentions.storage.columns import Json, PackedJson, RowId, UtcTime, Words
from mentions.storage.tables.common import metadata, only_where

# --- what is answered --------------------------------------------------------------------------------------------

pages = Table(
    "pages",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("site_id", ForeignKey("sites.id", ondelete="CASCADE"), nullable=False),
    Column("url", Words, nullable=False),
    Column("title", Words),
    Column("closed", Boolean, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("checked_at", UtcTime),
    Index("ix_pages_site_id_id", "site_id", "id"),
    sqlite_autoincrement=True,
)

page_urls = Table(  # every spelling of a page, as `urls.page_key` makes it: none belongs to two
    "page_urls",
    metadata,
    Column("key_hash", LargeBinary, primary_key=True),
    Column("key", Words, nullable=False),
    Column("page_id", ForeignKey("pages.id", ondelete="CASCADE"), nullable=False, index=True),
)

# --- responses ---------------------------------------------------------------------------------------------------


LIVE: Final = text("merged_into IS NULL")
"""Only one entry of a source hangs on a page; those that were merged into another stay as tombstones."""

entries = Table(
    "entries",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("site_id", ForeignKey("sites.id", ondelete="CASCADE"), nullable=False),
    Column("page_id", ForeignKey("pages.id", ondelete="CASCADE"), nullable=False),
    Column("source", Words, nullable=False),
    Column("source_key", LargeBinary, nullable=False),
    Column("source_authority", Text, nullable=False),
    Column("target", Words, nullable=False),
    Column("targets", Json, nullable=False),
    Column("fragment", Words),
    Column("protocol", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("wm_property", String(16), nullable=False),
    Column("rsvp", Words),
    Column("rsvp_rank", SmallInteger),
    Column("author_key", LargeBinary),
    Column("reaction", Json, nullable=False),
    Column("published_at", UtcTime),
    Column("received_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("checked_at", UtcTime, nullable=False),
    Column("deleted_at", UtcTime),
    Column("deleted_by", String(16)),
    Column("merged_into", RowId),
    Column("parent_id", RowId),
    Column("cluster_id", RowId),
    Column("private", Boolean, nullable=False),
    Column("likes", Integer, nullable=False),
    Column("avatar", Words),
    Column("etag", Words),
    Column("last_modified", Words),
    Column("revision", Integer, nullable=False),
    Column("policy_version", Integer, nullable=False),
    Index("uq_entries_source_key_page_id", "source_key", "page_id", unique=True, **only_where(LIVE.text)),
    Index("ix_entries_page_id_received_at", "page_id", "received_at", "id"),
    Index("ix_entries_site_id_received_at", "site_id", "received_at", "id"),
    Index("ix_entries_site_id_state", "site_id", "state", "received_at"),
    Index("ix_entries_site_id_updated_at", "site_id", "updated_at", "id"),
    Index("ix_entries_site_id_deleted_at", "site_id", "deleted_at", **only_where("deleted_at IS NOT NULL")),
    Index("ix_entries_site_id_author_key", "site_id", "author_key", **only_where("author_key IS NOT NULL")),
    Index("ix_entries_site_id_source_authority", "site_id", "source_authority"),
    Index("ix_entries_checked_at", "checked_at"),
    Index("ix_entries_parent_id", "parent_id", **only_where("parent_id IS NOT NULL")),
    Index("ix_entries_cluster_id", "cluster_id", **only_where("cluster_id IS NOT NULL")),
    Index("ix_entries_merged_into", "merged_into", **only_where("merged_into IS NOT NULL")),
    sqlite_autoincrement=True,
)

entry_urls = Table(  # by which URLs an entry is known (role `own`), which it answers, its source once removed
    "entry_urls",
    metadata,
    Column("key_hash", LargeBinary, primary_key=True),
    Column("role", String(8), primary_key=True),
    Column("entry_id", ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True, index=True),
)

entry_sources = Table(  # the raw microformats, to be read again when the rules change
    "entry_sources",
    metadata,
    Column("entry_id", ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True),
    Column("mf2", PackedJson, nullable=False),
    Column("at", UtcTime, nullable=False),
)

revisions = Table(  # one row per change of an entry: what was done, and what stood there before
    "revisions",
    metadata,
    Column("entry_id", ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("act", String(16), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("state_before", String(16)),
    Column("state_after", String(16), nullable=False),
    Column("reaction", Json),
)

likes = Table(
    "likes",
    metadata,
    Column("entry_id", ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True),
    Column("visitor", LargeBinary, primary_key=True),
    Column("at", UtcTime, nullable=False),
)

comments = Table(  # what only a comment that was typed here has
    "comments",
    metadata,
    Column("entry_id", ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True),
    Column("markdown", Words, nullable=False),
    Column("email", Words),
    Column("visitor", LargeBinary),
    Column("edit_hash", LargeBinary),
    Column("editable_until", UtcTime),
    Column("person_id", RowId),  # who had signed in
    Index("ix_comments_person_id", "person_id", **only_where("person_id IS NOT NULL")),
)

# --- who has signed in -------------------------------------------------------------------------------------------

people = Table(  # somebody who has proved who they are, to one site
    "people",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("site_id", ForeignKey("sites.id", ondelete="CASCADE"), nullable=False),
    Column("way", String(16), nullable=False),
    Column("subject", Words, nullable=False),
    Column("subject_key", LargeBinary, nullable=False),
    Column("name", Words),
    Column("url", Words),
    Column("photo", Words),
    Column("email", Words),
    Column("proved_by", Words),
    Column("created_at", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    UniqueConstraint("site_id", "way", "subject_key"),
    Index("ix_people_seen_at", "seen_at"),
    sqlite_autoincrement=True,
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("hash", LargeBinary, nullable=False, unique=True),  # SHA-256: a token has 256 random bits, so no salt
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Index("ix_sessions_expires_at", "expires_at"),
    sqlite_autoincrement=True,
)

doubts = Table(  # why an entry waits, or was taken for spam
    "doubts",
    metadata,
    Column("entry_id", ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True),
    Column("reasons", Json, nullable=False),
)

# --- where each response stands ----------------------------------------------------------------------------------

places = Table(  # `threads.Place`, so that a page of a thread is read without reading the thread
    "places",
    metadata,
    Column("id", ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True),
    Column("page_id", ForeignKey("pages.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", Words, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("is_shown", Boolean, nullable=False),
    Column("is_readable", Boolean, nullable=False),
    Column("copy_of", RowId),
    Column("parent_id", RowId),
    Column("root_id", RowId, nullable=False),
    Column("depth", Integer, nullable=False),
    Column("part", String(8), nullable=False),
    Column("is_named", Boolean, nullable=False),
    Column("replies", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("facts", LargeBinary, nullable=False),  # a digest of what decided it: the same again changes nothing
    Column("grave", LargeBinary),  # what a tombstone is called by its answers, once nothing else names it
    Index("ix_places_page_id_part_depth_at_id", "page_id", "part", "depth", "at", "id"),
    Index("ix_places_page_id_part_kind_at_id", "page_id", "part", "kind", "at", "id"),
    Index("ix_places_parent_id_part_at_id", "parent_id", "part", "at", "id", **only_where("parent_id IS NOT NULL")),
    Index("ix_places_root_id_part_depth_at_id", "root_id", "part", "depth", "at", "id"),
    Index("ix_places_grave_page_id", "grave", "page_id", **only_where("grave IS NOT NULL")),
    Index("ix_places_copy_of", "copy_of", **only_where("copy_of IS NOT NULL")),
)

threads = Table(  # what the places of a page add up to; a page without a row, or with other rules, is laid out anew
    "threads",
    metadata,
    Column("page_id", ForeignKey("pages.id", ondelete="CASCADE"), primary_key=True),
    Column("rules", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False),
    Column("counts", Json, nullable=False),
)

unsettled = Table(  # entries that were written since their page was laid out
    "unsettled",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("page_id", RowId, nullable=False),
    Column("entry_id", RowId, nullable=False),
    Index("ix_unsettled_page_id_id", "page_id", "id"),
    sqlite_autoincrement=True,
)

# --- what was learned of spam ------------------------------------------------------------------------------------

spam_totals = Table(
    "spam_totals",
    metadata,
    Column("site_id", ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True),
    Column("spam", Integer, nullable=False),
    Column("ham", Integer, nullable=False),
    Column("spam_features", Integer, nullable=False),
    Column("ham_features", Integer, nullable=False),
)

spam_words = Table(  # how often each feature was in spam, and in what is none
    "spam_words",
    metadata,
    Column("site_id", ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True),
    Column("word_hash", LargeBinary, primary_key=True),
    Column("spam", Integer, nullable=False),
    Column("ham", Integer, nullable=False),
)

spam_decisions = Table(  # what each decision counted, 8 bytes a feature: so that it can be taken back
    "spam_decisions",
    metadata,
    Column("entry_id", ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True),
    Column("site_id", ForeignKey("sites.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("is_spam", Boolean, nullable=False),
    Column("features", LargeBinary, nullable=False),
    Column("at", UtcTime, nullable=False),
)
