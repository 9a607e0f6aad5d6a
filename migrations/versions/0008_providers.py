"""OpenID Connect providers at which a site's people may sign in"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def _row_id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Towards the newer schema."""
    op.create_table(
        "providers",
        sa.Column("id", _row_id(), nullable=False),
        sa.Column("site_id", _row_id(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("label", "issuer", "client_id")),
        sa.Column("client_secret", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_providers_site_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_providers"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_providers_site_id", "providers", ["site_id"])


def downgrade() -> None:
    """Back to the older schema."""
    op.drop_table("providers")
