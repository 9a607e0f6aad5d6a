"""Tables of sites, of whoever owns them, and of what they decide and bring along."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from mentions.storage.columns import Json, RowId, UtcTime, Words
from mentions.storage.tables.common import metadata, only_where

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
    Index("ix_audit_entry_id", "entry_id", **only_where("entry_id IS NOT NULL")),
    Index("ix_audit_block_id", "block_id", **only_where("block_id IS NOT NULL")),
    sqlite_autoincrement=True,
)
