"""Nobody ever kept how other hosts answered: claims are tried again by their own back-off"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Towards the newer schema."""
    op.drop_table("hosts")


def downgrade() -> None:
    """Back to the older schema."""
    op.create_table(
        "hosts",
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("first_failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True)),
        sa.Column("retry_after_s", sa.Integer()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("authority", name="pk_hosts"),
    )
    op.create_index("ix_hosts_failed_at", "hosts", ["failed_at"])
