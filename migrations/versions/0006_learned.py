"""What is learned of spam, and why any entry waits (before: comments only)"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _row_id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _of(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=f"fk_{table}_{column}", ondelete="CASCADE")


def _count(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer(), nullable=False)


def upgrade() -> None:
    """Towards the newer schema."""
    op.create_table(
        "doubts",
        sa.Column("entry_id", _row_id(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        _of("doubts", "entry_id", "entries"),
        sa.PrimaryKeyConstraint("entry_id", name="pk_doubts"),
    )
    op.execute(
        "INSERT INTO doubts (entry_id, reasons) "
        "SELECT entry_id, doubts FROM comments WHERE doubts IS NOT NULL AND doubts <> '[]'"
    )
    op.drop_column("comments", "doubts")
    op.create_table(
        "spam_totals",
        sa.Column("site_id", _row_id(), nullable=False),
        *map(_count, ("spam", "ham", "spam_features", "ham_features")),
        _of("spam_totals", "site_id", "sites"),
        sa.PrimaryKeyConstraint("site_id", name="pk_spam_totals"),
    )
    op.create_table(
        "spam_words",
        sa.Column("site_id", _row_id(), nullable=False),
        sa.Column("word_hash", sa.LargeBinary(), nullable=False),
        *map(_count, ("spam", "ham")),
        _of("spam_words", "site_id", "sites"),
        sa.PrimaryKeyConstraint("site_id", "word_hash", name="pk_spam_words"),
    )
    op.create_table(
        "spam_decisions",
        sa.Column("entry_id", _row_id(), nullable=False),
        sa.Column("site_id", _row_id(), nullable=False),
        sa.Column("is_spam", sa.Boolean(), nullable=False),
        sa.Column("features", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _of("spam_decisions", "entry_id", "entries"),
        _of("spam_decisions", "site_id", "sites"),
        sa.PrimaryKeyConstraint("entry_id", name="pk_spam_decisions"),
    )
    op.create_index("ix_spam_decisions_site_id", "spam_decisions", ["site_id"])


def downgrade() -> None:
    """Back to the older schema."""
    for table in ("spam_decisions", "spam_words", "spam_totals"):
        op.drop_table(table)
    op.add_column("comments", sa.Column("doubts", sa.Text()))
    op.execute("UPDATE comments SET doubts = (SELECT reasons FROM doubts WHERE doubts.entry_id = comments.entry_id)")
    op.drop_table("doubts")
