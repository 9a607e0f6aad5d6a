"""Where the import from an API goes on"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Towards the newer schema."""
    op.add_column("imports", sa.Column("cursor", sa.Text()))


def downgrade() -> None:
    """Back to the older schema."""
    op.drop_column("imports", "cursor")
