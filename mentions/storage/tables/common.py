"""What every table is declared in, and the names that constraints and indexes get."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import MetaData, text

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def only_where(condition: str) -> dict[str, Any]:
    """Arguments of an index that holds only some rows."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}
