"""The audit trail: what people decided, and which entries a block has hidden"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _row_id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Towards the newer schema."""
    op.create_table(
        "audit",
        sa.Column("id", _row_id(), nullable=False),
        sa.Column("site_id", _row_id(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("act", sa.String(length=16), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("entry_id", _row_id(), nullable=True),
        sa.Column("block_id", _row_id(), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_audit_site_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_site_id_id", "audit", ["site_id", "id"])
    for name in ("entry_id", "block_id"):
        only = sa.text(f"{name} IS NOT NULL")
        op.create_index(f"ix_audit_{name}", "audit", [name], sqlite_where=only, postgresql_where=only)


def downgrade() -> None:
    """Back to the older schema."""
    op.drop_table("audit")
