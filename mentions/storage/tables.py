"""The tables, once, for both databases.  `migrations/` brings a database to this state; a test compares the two.

URLs are looked up by `key_of` (20 bytes) and kept in full beside it.  Strangers' words are `Words`, moments
`UtcTime`."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from mentions.storage.columns import Json, PackedJson, RowId, UtcTime, Words

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# --- who uses it -------------------------------------------------------------------------------------------------

sites = Table(
    "sites",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("authority", Text, nullable=False, unique=True),
    Column("options", Json, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    sqlite_autoincrement=True,
)

site_authorities = Table(  # every name of every site, its own at position 0: none belongs to two
    "site_authorities",
    metadata,
    Column("authority", Text, primary_key=True),
    Column("site_id", ForeignKey("sites.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("site_id", ForeignKey("sites.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("hash", LargeBinary, nullable=False, unique=True),  # SHA-256: a token has 256 random bits, so no salt
    Column("scopes", Text, nullable=False),
    Column("label", Words, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),
    Column("last_used_at", UtcTime),
    Column("revoked_at", UtcTime),
    sqlite_autoincrement=True,
)

providers = Table(  # OpenID Connect providers at which a site's people may sign in
    "providers",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("site_id", ForeignKey("sites.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("label", Words, nullable=False),
    Column("issuer", Words, nullable=False),
    Column("client_id", Words, nullable=False),
    Column("client_secret", Words),  # null: a public client
    Column("created_at", UtcTime, nullable=False),
    sqlite_autoincrement=True,
)

blocks = Table(
    "blocks",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("site_id", ForeignKey("sites.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("value", Words, nullable=False),
    Column("value_key", LargeBinary, nullable=False),
    Column("note", Words, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("site_id", "kind", "value_key"),
    sqlite_autoincrement=True,
)

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

# --- what was asked, and what came of it -------------------------------------------------------------------------

claims = Table(
    "claims",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("source", Words, nullable=False),
    Column("target", Words, nullable=False),
    Column("pair_key", LargeBinary, nullable=False),
    Column("target_authority", Text, nullable=False),
    Column("via", String(16), nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("first_tried_at", UtcTime),
    Column("status", String(32), nullable=False),
    Column("is_final", Boolean, nullable=False),
    Column("summary", Words, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("trace", Json, nullable=False),
    Column("entry_id", RowId),
    Column("held", Boolean, nullable=False),
    Column("next_try_at", UtcTime),
    Column("changed", Boolean, nullable=False),
    Index("ix_claims_pair_key_received_at", "pair_key", "received_at"),
    Index("ix_claims_target_authority_at", "target_authority", "at"),
    Index("ix_claims_at", "at"),
    Index("ix_claims_entry_id", "entry_id"),
)

# --- responses ---------------------------------------------------------------------------------------------------


def _only_where(condition: str) -> dict[str, Any]:
    """Arguments of an index that holds only some rows."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


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
    Index("uq_entries_source_key_page_id", "source_key", "page_id", unique=True, **_only_where(LIVE.text)),
    Index("ix_entries_page_id_received_at", "page_id", "received_at", "id"),
    Index("ix_entries_site_id_received_at", "site_id", "received_at", "id"),
    Index("ix_entries_site_id_state", "site_id", "state", "received_at"),
    Index("ix_entries_site_id_updated_at", "site_id", "updated_at", "id"),
    Index("ix_entries_site_id_deleted_at", "site_id", "deleted_at", **_only_where("deleted_at IS NOT NULL")),
    Index("ix_entries_site_id_author_key", "site_id", "author_key", **_only_where("author_key IS NOT NULL")),
    Index("ix_entries_site_id_source_authority", "site_id", "source_authority"),
    Index("ix_entries_checked_at", "checked_at"),
    Index("ix_entries_parent_id", "parent_id", **_only_where("parent_id IS NOT NULL")),
    Index("ix_entries_cluster_id", "cluster_id", **_only_where("cluster_id IS NOT NULL")),
    Index("ix_entries_merged_into", "merged_into", **_only_where("merged_into IS NOT NULL")),
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
    Index("ix_comments_person_id", "person_id", **_only_where("person_id IS NOT NULL")),
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

# --- where each response stands ------------------------------------------------------------------------------------

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
    Index("ix_places_parent_id_part_at_id", "parent_id", "part", "at", "id", **_only_where("parent_id IS NOT NULL")),
    Index("ix_places_root_id_part_depth_at_id", "root_id", "part", "depth", "at", "id"),
    Index("ix_places_grave_page_id", "grave", "page_id", **_only_where("grave IS NOT NULL")),
    Index("ix_places_copy_of", "copy_of", **_only_where("copy_of IS NOT NULL")),
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

# --- what follows ------------------------------------------------------------------------------------------------

changes = Table(
    "changes",
    metadata,
    Column("cursor", RowId, primary_key=True),
    Column("site_id", RowId, nullable=False),
    Column("page_id", RowId, nullable=False),
    Column("entry_id", RowId, nullable=False),
    Column("change", String(16), nullable=False),
    Column("at", UtcTime, nullable=False),
    Index("ix_changes_site_id_cursor", "site_id", "cursor"),
    Index("ix_changes_page_id_cursor", "page_id", "cursor"),
    Index("ix_changes_entry_id_cursor", "entry_id", "cursor"),
    sqlite_autoincrement=True,
)

positions = Table(  # how far each follower of the changes has read
    "positions",
    metadata,
    Column("follower", String(64), primary_key=True),
    Column("cursor", RowId, nullable=False),
    Column("at", UtcTime, nullable=False),
)

hosts = Table(
    "hosts",
    metadata,
    Column("authority", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("first_failed_at", UtcTime, nullable=False),
    Column("failed_at", UtcTime, nullable=False),
    Column("next_try_at", UtcTime),
    Column("retry_after_s", Integer),
    Column("reason", Words, nullable=False),
    Index("ix_hosts_failed_at", "failed_at"),
)

# --- moving in ---------------------------------------------------------------------------------------------------

imports = Table(  # how far each file has been brought in, so that the next run goes on from there
    "imports",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("site_id", ForeignKey("sites.id", ondelete="CASCADE"), nullable=False),
    Column("format", String(16), nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("position", RowId, nullable=False),
    Column("report", Json, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("finished_at", UtcTime),
    Column("cursor", Json),  # of an API: where it goes on
    UniqueConstraint("site_id", "format", "digest"),
    sqlite_autoincrement=True,
)

import_refs = Table(  # what the file calls its responses, until the last of them has found its parent
    "import_refs",
    metadata,
    Column("import_id", ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True),
    Column("ref_key", LargeBinary, primary_key=True),
    Column("entry_id", RowId, nullable=False),
    Column("parent_key", LargeBinary),
    Column("copy_of_key", LargeBinary),
)

# --- what people decided -----------------------------------------------------------------------------------------

audit = Table(  # one row per decision of a person or a token; entries' own histories are in `revisions`
    "audit",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("site_id", ForeignKey("sites.id", ondelete="CASCADE"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("act", String(16), nullable=False),
    Column("what", Words, nullable=False),  # a block, or the URL of a page
    Column("entry_id", RowId),
    Column("block_id", RowId),
    Index("ix_audit_site_id_id", "site_id", "id"),
    Index("ix_audit_entry_id", "entry_id", **_only_where("entry_id IS NOT NULL")),
    Index("ix_audit_block_id", "block_id", **_only_where("block_id IS NOT NULL")),
    sqlite_autoincrement=True,
)

# --- what is sent out --------------------------------------------------------------------------------------------

hooks = Table(  # addresses that a site's owner wants told of changes
    "hooks",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("site_id", ForeignKey("sites.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("url", Words, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("events", Json, nullable=False),
    Column("secrets", Json, nullable=False),  # [text, when it expires or null], the newest first: signing needs them
    Column("quiet_s", Integer, nullable=False),
    Column("every_s", Integer, nullable=False),
    Column("since_cursor", RowId, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("disabled_at", UtcTime),
    Column("disabled_why", Words),
    sqlite_autoincrement=True,
)

deliveries = Table(  # messages to hooks, and webmentions from our permalinks: what waits, and what came of the others
    "deliveries",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("site_id", ForeignKey("sites.id", ondelete="CASCADE"), nullable=False),
    Column("hook_id", ForeignKey("hooks.id", ondelete="CASCADE")),
    Column("message_id", String(64), nullable=False),
    Column("event", String(16), nullable=False),
    Column("entry_id", RowId),
    Column("target", Words),
    Column("target_key", LargeBinary),
    Column("cursor", RowId),
    Column("happened_at", UtcTime, nullable=False),
    Column("status", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_try_at", UtcTime),
    Column("tried_at", UtcTime),
    Column("answer_status", Integer),
    Column("answer_ms", Integer),
    Column("error", Words),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("hook_id", "message_id"),
    UniqueConstraint("entry_id", "target_key"),
    Index("ix_deliveries_site_id_id", "site_id", "id"),
    Index("ix_deliveries_hook_id_next_try_at", "hook_id", "next_try_at", **_only_where("next_try_at IS NOT NULL")),
    Index("ix_deliveries_created_at", "created_at"),
    sqlite_autoincrement=True,
)

upstream = Table(  # what those whom a comment's permalink was sent to know of the responses below it
    "upstream",
    metadata,
    Column("entry_id", ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("told_at", Json, nullable=False),
)
