"""Why a comment was held"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Towards the newer schema."""
    op.add_column("comments", sa.Column("doubts", sa.Text()))


def downgrade() -> None:
    """Back to the older schema."""
    op.drop_column("comments", "doubts")
