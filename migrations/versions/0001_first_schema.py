"""First schema"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Towards the newer schema."""
    op.create_table(
        "changes",
        sa.Column("cursor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("page_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("change", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("cursor", name="pk_changes"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_changes_entry_id_cursor", "changes", ["entry_id", "cursor"], unique=False)
    op.create_index("ix_changes_page_id_cursor", "changes", ["page_id", "cursor"], unique=False)
    op.create_index("ix_changes_site_id_cursor", "changes", ["site_id", "cursor"], unique=False)
    op.create_table(
        "claims",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("pair_key", sa.LargeBinary(), nullable=False),
        sa.Column("target_authority", sa.Text(), nullable=False),
        sa.Column("via", sa.String(length=16), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("is_final", sa.Boolean(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trace", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_claims"),
    )
    op.create_index("ix_claims_at", "claims", ["at"], unique=False)
    op.create_index("ix_claims_entry_id", "claims", ["entry_id"], unique=False)
    op.create_index("ix_claims_pair_key_received_at", "claims", ["pair_key", "received_at"], unique=False)
    op.create_index("ix_claims_target_authority_at", "claims", ["target_authority", "at"], unique=False)
    op.create_table(
        "hosts",
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("first_failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retry_after_s", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("authority", name="pk_hosts"),
    )
    op.create_index("ix_hosts_failed_at", "hosts", ["failed_at"], unique=False)
    op.create_table(
        "positions",
        sa.Column("follower", sa.String(length=64), nullable=False),
        sa.Column("cursor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("follower", name="pk_positions"),
    )
    op.create_table(
        "sites",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sites"),
        sa.UniqueConstraint("authority", name="uq_sites_authority"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "blocks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("value_key", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_blocks_site_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_blocks"),
        sa.UniqueConstraint("site_id", "kind", "value_key", name="uq_blocks_site_id_kind_value_key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "pages",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_pages_site_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_pages"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_pages_site_id_id", "pages", ["site_id", "id"], unique=False)
    op.create_table(
        "site_authorities",
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("site_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_site_authorities_site_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("authority", name="pk_site_authorities"),
    )
    op.create_index("ix_site_authorities_site_id", "site_authorities", ["site_id"], unique=False)
    op.create_table(
        "tokens",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_tokens_site_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("hash", name="uq_tokens_hash"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tokens_site_id", "tokens", ["site_id"], unique=False)
    op.create_table(
        "entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("page_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_key", sa.LargeBinary(), nullable=False),
        sa.Column("source_authority", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("targets", sa.Text(), nullable=False),
        sa.Column("fragment", sa.Text(), nullable=True),
        sa.Column("protocol", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("wm_property", sa.String(length=16), nullable=False),
        sa.Column("rsvp", sa.Text(), nullable=True),
        sa.Column("rsvp_rank", sa.SmallInteger(), nullable=True),
        sa.Column("author_key", sa.LargeBinary(), nullable=True),
        sa.Column("reaction", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_by", sa.String(length=16), nullable=True),
        sa.Column("merged_into", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("cluster_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("likes", sa.Integer(), nullable=False),
        sa.Column("avatar", sa.Text(), nullable=True),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["page_id"], ["pages.id"], name="fk_entries_page_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_entries_site_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_entries"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_entries_checked_at", "entries", ["checked_at"], unique=False)
    op.create_index(
        "ix_entries_cluster_id",
        "entries",
        ["cluster_id"],
        unique=False,
        sqlite_where=sa.text("cluster_id IS NOT NULL"),
        postgresql_where=sa.text("cluster_id IS NOT NULL"),
    )
    op.create_index(
        "ix_entries_merged_into",
        "entries",
        ["merged_into"],
        unique=False,
        sqlite_where=sa.text("merged_into IS NOT NULL"),
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.create_index("ix_entries_page_id_received_at", "entries", ["page_id", "received_at", "id"], unique=False)
    op.create_index(
        "ix_entries_parent_id",
        "entries",
        ["parent_id"],
        unique=False,
        sqlite_where=sa.text("parent_id IS NOT NULL"),
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_index(
        "ix_entries_site_id_author_key",
        "entries",
        ["site_id", "author_key"],
        unique=False,
        sqlite_where=sa.text("author_key IS NOT NULL"),
        postgresql_where=sa.text("author_key IS NOT NULL"),
    )
    op.create_index(
        "ix_entries_site_id_deleted_at",
        "entries",
        ["site_id", "deleted_at"],
        unique=False,
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.create_index("ix_entries_site_id_received_at", "entries", ["site_id", "received_at", "id"], unique=False)
    op.create_index("ix_entries_site_id_source_authority", "entries", ["site_id", "source_authority"], unique=False)
    op.create_index("ix_entries_site_id_state", "entries", ["site_id", "state", "received_at"], unique=False)
    op.create_index("ix_entries_site_id_updated_at", "entries", ["site_id", "updated_at", "id"], unique=False)
    op.create_index(
        "uq_entries_source_key_page_id",
        "entries",
        ["source_key", "page_id"],
        unique=True,
        sqlite_where=sa.text("merged_into IS NULL"),
        postgresql_where=sa.text("merged_into IS NULL"),
    )
    op.create_table(
        "page_urls",
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("page_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["page_id"], ["pages.id"], name="fk_page_urls_page_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key_hash", name="pk_page_urls"),
    )
    op.create_index("ix_page_urls_page_id", "page_urls", ["page_id"], unique=False)
    op.create_table(
        "comments",
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("markdown", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("visitor", sa.LargeBinary(), nullable=True),
        sa.Column("edit_hash", sa.LargeBinary(), nullable=True),
        sa.Column("editable_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name="fk_comments_entry_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("entry_id", name="pk_comments"),
    )
    op.create_table(
        "entry_sources",
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("mf2", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name="fk_entry_sources_entry_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("entry_id", name="pk_entry_sources"),
    )
    op.create_table(
        "entry_urls",
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name="fk_entry_urls_entry_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key_hash", "role", "entry_id", name="pk_entry_urls"),
    )
    op.create_index("ix_entry_urls_entry_id", "entry_urls", ["entry_id"], unique=False)
    op.create_table(
        "likes",
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("visitor", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name="fk_likes_entry_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("entry_id", "visitor", name="pk_likes"),
    )
    op.create_table(
        "revisions",
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("act", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("state_before", sa.String(length=16), nullable=True),
        sa.Column("state_after", sa.String(length=16), nullable=False),
        sa.Column("reaction", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name="fk_revisions_entry_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("entry_id", "number", name="pk_revisions"),
    )


def downgrade() -> None:
    """Back to the older schema."""
    op.drop_table("revisions")
    op.drop_table("likes")
    op.drop_index("ix_entry_urls_entry_id", table_name="entry_urls")
    op.drop_table("entry_urls")
    op.drop_table("entry_sources")
    op.drop_table("comments")
    op.drop_index("ix_page_urls_page_id", table_name="page_urls")
    op.drop_table("page_urls")
    op.drop_index(
        "uq_entries_source_key_page_id",
        table_name="entries",
        sqlite_where=sa.text("merged_into IS NULL"),
        postgresql_where=sa.text("merged_into IS NULL"),
    )
    op.drop_index("ix_entries_site_id_updated_at", table_name="entries")
    op.drop_index("ix_entries_site_id_state", table_name="entries")
    op.drop_index("ix_entries_site_id_source_authority", table_name="entries")
    op.drop_index("ix_entries_site_id_received_at", table_name="entries")
    op.drop_index(
        "ix_entries_site_id_deleted_at",
        table_name="entries",
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_entries_site_id_author_key",
        table_name="entries",
        sqlite_where=sa.text("author_key IS NOT NULL"),
        postgresql_where=sa.text("author_key IS NOT NULL"),
    )
    op.drop_index(
        "ix_entries_parent_id",
        table_name="entries",
        sqlite_where=sa.text("parent_id IS NOT NULL"),
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.drop_index("ix_entries_page_id_received_at", table_name="entries")
    op.drop_index(
        "ix_entries_merged_into",
        table_name="entries",
        sqlite_where=sa.text("merged_into IS NOT NULL"),
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.drop_index(
        "ix_entries_cluster_id",
        table_name="entries",
        sqlite_where=sa.text("cluster_id IS NOT NULL"),
        postgresql_where=sa.text("cluster_id IS NOT NULL"),
    )
    op.drop_index("ix_entries_checked_at", table_name="entries")
    op.drop_table("entries")
    op.drop_index("ix_tokens_site_id", table_name="tokens")
    op.drop_table("tokens")
    op.drop_index("ix_site_authorities_site_id", table_name="site_authorities")
    op.drop_table("site_authorities")
    op.drop_index("ix_pages_site_id_id", table_name="pages")
    op.drop_table("pages")
    op.drop_table("blocks")
    op.drop_table("sites")
    op.drop_table("positions")
    op.drop_index("ix_hosts_failed_at", table_name="hosts")
    op.drop_table("hosts")
    op.drop_index("ix_claims_target_authority_at", table_name="claims")
    op.drop_index("ix_claims_pair_key_received_at", table_name="claims")
    op.drop_index("ix_claims_entry_id", table_name="claims")
    op.drop_index("ix_claims_at", table_name="claims")
    op.drop_table("claims")
    op.drop_index("ix_changes_site_id_cursor", table_name="changes")
    op.drop_index("ix_changes_page_id_cursor", table_name="changes")
    op.drop_index("ix_changes_entry_id_cursor", table_name="changes")
    op.drop_table("changes")
