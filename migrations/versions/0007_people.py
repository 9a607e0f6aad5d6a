"""People who have signed in, their sessions, and which comments are theirs"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

WRITTEN = sa.text("person_id IS NOT NULL")


def _row_id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _moment(name: str) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def upgrade() -> None:
    """Towards the newer schema."""
    op.create_table(
        "people",
        sa.Column("id", _row_id(), nullable=False),
        sa.Column("site_id", _row_id(), nullable=False),
        sa.Column("way", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_key", sa.LargeBinary(), nullable=False),
        *(sa.Column(name, sa.Text()) for name in ("name", "url", "photo", "email", "proved_by")),
        _moment("created_at"),
        _moment("seen_at"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_people_site_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
        sa.UniqueConstraint("site_id", "way", "subject_key", name="uq_people_site_id_way_subject_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_people_seen_at", "people", ["seen_at"])
    op.create_table(
        "sessions",
        sa.Column("id", _row_id(), nullable=False),
        sa.Column("person_id", _row_id(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        _moment("created_at"),
        _moment("expires_at"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_sessions_person_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("hash", name="uq_sessions_hash"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sessions_person_id", "sessions", ["person_id"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.add_column("comments", sa.Column("person_id", _row_id()))
    op.create_index("ix_comments_person_id", "comments", ["person_id"], sqlite_where=WRITTEN, postgresql_where=WRITTEN)


def downgrade() -> None:
    """Back to the older schema."""
    op.drop_index("ix_comments_person_id", "comments")
    op.drop_column("comments", "person_id")
    op.drop_table("sessions")
    op.drop_table("people")
