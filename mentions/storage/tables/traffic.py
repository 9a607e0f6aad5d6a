"""Tables of what happens: claims that came in, changes, and what goes out."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from mentions.storage.columns import Json, RowId, UtcTime, Words
from mentions.storage.tables.common import metadata, only_where

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
    Index("ix_deliveries_hook_id_next_try_at", "hook_id", "next_try_at", **only_where("next_try_at IS NOT NULL")),
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
