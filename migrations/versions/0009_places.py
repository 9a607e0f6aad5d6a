"""Where each response stands in its thread, so that a page of it is read without the others.

The places themselves are worked out when a page is first asked for by the program."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def _row_id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _of(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=f"fk_{table}_{column}", ondelete="CASCADE")


def upgrade() -> None:
    """Towards the newer schema."""
    op.create_table(
        "places",
        sa.Column("id", _row_id(), nullable=False),
        sa.Column("page_id", _row_id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_shown", sa.Boolean(), nullable=False),
        sa.Column("is_readable", sa.Boolean(), nullable=False),
        sa.Column("copy_of", _row_id()),
        sa.Column("parent_id", _row_id()),
        sa.Column("root_id", _row_id(), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("part", sa.String(8), nullable=False),
        sa.Column("is_named", sa.Boolean(), nullable=False),
        sa.Column("replies", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=False),
        sa.Column("grave", sa.LargeBinary()),
        _of("places", "id", "entries"),
        _of("places", "page_id", "pages"),
        sa.PrimaryKeyConstraint("id", name="pk_places"),
    )
    op.create_index("ix_places_page_id", "places", ["page_id"])
    for columns in (
        ("page_id", "part", "depth", "at", "id"),
        ("page_id", "part", "kind", "at", "id"),
        ("root_id", "part", "depth", "at", "id"),
    ):
        op.create_index(f"ix_places_{'_'.join(columns)}", "places", list(columns))
    for name, columns in (
        ("ix_places_parent_id_part_at_id", ["parent_id", "part", "at", "id"]),
        ("ix_places_grave_page_id", ["grave", "page_id"]),
        ("ix_places_copy_of", ["copy_of"]),
    ):
        only = sa.text(f"{columns[0]} IS NOT NULL")
        op.create_index(name, "places", columns, sqlite_where=only, postgresql_where=only)
    op.create_table(
        "threads",
        sa.Column("page_id", _row_id(), nullable=False),
        sa.Column("rules", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        _of("threads", "page_id", "pages"),
        sa.PrimaryKeyConstraint("page_id", name="pk_threads"),
    )
    op.create_table(
        "unsettled",
        sa.Column("id", _row_id(), nullable=False),
        sa.Column("page_id", _row_id(), nullable=False),
        sa.Column("entry_id", _row_id(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_unsettled"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_unsettled_page_id_id", "unsettled", ["page_id", "id"])


def downgrade() -> None:
    """Back to the older schema."""
    for table in ("unsettled", "threads", "places"):
        op.drop_table(table)
