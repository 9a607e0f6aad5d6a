"""Webhooks, and the log of what is sent out; changes from before are not told"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _row_id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Towards the newer schema."""
    op.create_table(
        "hooks",
        sa.Column("id", _row_id(), nullable=False),
        sa.Column("site_id", _row_id(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("events", sa.Text(), nullable=False),
        sa.Column("secrets", sa.Text(), nullable=False),
        sa.Column("quiet_s", sa.Integer(), nullable=False),
        sa.Column("every_s", sa.Integer(), nullable=False),
        sa.Column("since_cursor", _row_id(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_why", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_hooks_site_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_hooks"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_hooks_site_id", "hooks", ["site_id"])
    op.create_table(
        "deliveries",
        sa.Column("id", _row_id(), nullable=False),
        sa.Column("site_id", _row_id(), nullable=False),
        sa.Column("hook_id", _row_id(), nullable=True),
        sa.Column("message_id", sa.String(length=64), nullable=False),
        sa.Column("event", sa.String(length=16), nullable=False),
        sa.Column("entry_id", _row_id(), nullable=True),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("target_key", sa.LargeBinary(), nullable=True),
        sa.Column("cursor", _row_id(), nullable=True),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer_status", sa.Integer(), nullable=True),
        sa.Column("answer_ms", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_deliveries_site_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["hook_id"], ["hooks.id"], name="fk_deliveries_hook_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("hook_id", "message_id", name="uq_deliveries_hook_id_message_id"),
        sa.UniqueConstraint("entry_id", "target_key", name="uq_deliveries_entry_id_target_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_deliveries_site_id_id", "deliveries", ["site_id", "id"])
    op.create_index(
        "ix_deliveries_hook_id_next_try_at",
        "deliveries",
        ["hook_id", "next_try_at"],
        sqlite_where=sa.text("next_try_at IS NOT NULL"),
        postgresql_where=sa.text("next_try_at IS NOT NULL"),
    )
    op.create_index("ix_deliveries_created_at", "deliveries", ["created_at"])
    op.execute(
        "INSERT INTO positions (follower, cursor, at) "
        "SELECT 'deliveries', COALESCE(MAX(cursor), 0), CURRENT_TIMESTAMP FROM changes"
    )


def downgrade() -> None:
    """Back to the older schema."""
    op.execute("DELETE FROM positions WHERE follower = 'deliveries'")
    op.drop_table("deliveries")
    op.drop_table("hooks")
