"""SQLite files that have the current schema already: migrating one and copying it is cheaper than migrating each."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from config.settings import Settings
from mentions.storage import schema


@cache
def migrated_sqlite() -> bytes:
    """An empty database with the current schema, made once in a session."""
    with tempfile.TemporaryDirectory(prefix="ymateb-") as folder:
        path = Path(folder) / "template.sqlite3"
        schema.migrate(f"sqlite:///{path}")
        return path.read_bytes()


def put_migrated(settings: Settings) -> None:
    """Puts one where a process with these settings looks for its embedded database, unless there is one.

    For a thread: migrating runs a loop of its own."""
    url = settings.effective_database_url
    path = Path(url.partition(":///")[2])
    if url.startswith("sqlite") and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(migrated_sqlite())
