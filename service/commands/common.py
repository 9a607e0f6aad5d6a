"""What commands share: an opened database, and how they tell what they did."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from config.settings import Settings, load_settings
from mentions.errors import NotFound
from mentions.model import Site
from mentions.plaintext import for_terminal
from mentions.storage import Database, schema, sites

T = TypeVar("T")

as_json = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, on one line.")
of_site = click.option(
    "--site", "authority", required=True, metavar="AUTHORITY", help="The site, as host or host:port."
)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs a command's coroutine to its end."""
    return asyncio.run(work)


def settings() -> Settings:
    """The settings of this command."""
    return load_settings()


@asynccontextmanager
async def open_database(options: Settings) -> AsyncIterator[Database]:
    """The database with the current schema; needs no Redis."""
    db = await Database.open(options.effective_database_url)
    try:
        await schema.require_current(db, migrate_embedded=options.database_is_embedded)
        yield db
    finally:
        await db.close()


async def find_site(c: AsyncConnection, authority: str) -> Site:
    """The site of that name; raises NotFound."""
    if (site := await sites.by_authority(c, authority)) is None:
        raise NotFound(f"{authority} is not registered; `site list` tells what is")
    return site


def digest_with(digest: bytes, *files: Path | None) -> bytes:
    """One digest of what was made of something else, and of these files."""
    parts = [digest]
    for path in files:
        if path is not None:
            with path.open("rb") as file:
                parts.append(hashlib.file_digest(file, "sha256").digest())
    return hashlib.sha256(b"".join(parts)).digest()


def now() -> datetime:
    """The clock of the command line."""
    return datetime.now(UTC)


def tell(data: Any, words: str, *, as_json: bool) -> None:
    """Prints data for machines or words for people, without characters that a terminal would obey."""
    click.echo(orjson.dumps(data).decode() if as_json else for_terminal(words))
