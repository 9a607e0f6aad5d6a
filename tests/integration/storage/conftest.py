"""A migrated database of each kind, with one site and one page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mentions.model import Page, Site
from mentions.storage import Database, pages, schema, sites
from tests.support.postgres import PostgresServer, name_of

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """A PostgreSQL database with the current schema; copying it is faster than migrating each time."""
    url = postgres_server.create()
    schema.migrate(url)
    return name_of(url)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the current schema."""
    path = tmp_path_factory.mktemp("template") / "template.sqlite3"
    schema.migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh database of each kind, with the current schema and nothing in it."""
    if request.param == "sqlite":
        path = tmp_path / "ymateb.sqlite3"
        path.write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
        yield f"sqlite:///{path}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.create(template=request.getfixturevalue("postgres_template"))
    yield url
    server.drop(url)


@pytest.fixture
async def db(migrated_url: str) -> AsyncIterator[Database]:
    """That database, opened."""
    database = await Database.open(migrated_url)
    yield database
    await database.close()


@pytest.fixture
async def site(db: Database) -> Site:
    """A site."""
    async with db.write() as c:
        return await sites.add(c, "example.com", ["blog.example.com"], now=NOW)


@pytest.fixture
async def page(db: Database, site: Site) -> Page:
    """A page of it."""
    async with db.write() as c:
        return await pages.ensure(c, site.id, "https://example.com/post", now=NOW)
