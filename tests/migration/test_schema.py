"""A migrated database is the one that the code describes, and a program does not work on another."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from mentions.errors import ConfigurationError, SchemaOutdated
from mentions.storage import Database, schema
from mentions.storage.tables import metadata

ROOT = Path(schema.__file__).resolve().parents[2]


async def on(url: str, look):
    db = await Database.open(url)
    try:
        async with db.write() as c:
            return await c.run_sync(look)
    finally:
        await db.close()


def described(connection: Connection) -> dict[str, object]:
    """All that the database itself says of its tables."""
    said = inspect(connection)
    tables = sorted(set(said.get_table_names()) - {schema.VERSION_TABLE})
    return {
        name: {
            "columns": [(c["name"], str(c["type"]), c["nullable"]) for c in said.get_columns(name)],
            "key": said.get_pk_constraint(name)["constrained_columns"],
            "unique": sorted(str(sorted(u["column_names"])) for u in said.get_unique_constraints(name)),
            "indexes": sorted(
                (str(i["name"]), str(i["column_names"]), bool(i["unique"]), _condition(i))
                for i in said.get_indexes(name)
            ),
            "foreign": sorted(
                (str(f["constrained_columns"]), f["referred_table"], str(f["options"]))
                for f in said.get_foreign_keys(name)
            ),
        }
        for name in tables
    }


def _condition(index) -> str:
    options = index.get("dialect_options", {})
    return str(options.get("sqlite_where", options.get("postgresql_where", ""))).strip("()")


async def test_a_migrated_database_is_what_the_tables_describe(operator_database_url):
    await schema.migrate_async(operator_database_url)

    def differences(connection: Connection) -> list[object]:
        options = {"compare_type": True, "compare_server_default": True, "version_table": schema.VERSION_TABLE}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    assert await on(operator_database_url, differences) == []


async def test_migrating_makes_the_same_database_as_creating_it(operator_database_url, request, tmp_path):
    await schema.migrate_async(operator_database_url)
    if operator_database_url.startswith("sqlite"):
        fresh = f"sqlite:///{tmp_path}/fresh.sqlite3"
    else:
        fresh = request.getfixturevalue("postgres_server").create()
    await on(fresh, metadata.create_all)
    migrated, created = await on(operator_database_url, described), await on(fresh, described)
    assert migrated == created
    assert len(migrated) == len(metadata.tables)


async def test_migrating_again_changes_nothing(operator_database_url):
    await schema.migrate_async(operator_database_url)
    await on(operator_database_url, lambda c: c.execute(text("INSERT INTO positions VALUES ('a', 1, '2026-01-01')")))
    await schema.migrate_async(operator_database_url)
    kept = await on(operator_database_url, lambda c: c.execute(text("SELECT follower FROM positions")).scalars().all())
    assert sorted(kept) == ["a", "deliveries"]


async def test_every_migration_can_be_taken_back(operator_database_url):
    def down(connection: Connection) -> list[str]:
        config = Config()
        config.set_main_option("script_location", str(schema.MIGRATIONS))
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        return inspect(connection).get_table_names()

    await schema.migrate_async(operator_database_url)
    assert await on(operator_database_url, down) == [schema.VERSION_TABLE]
    await schema.migrate_async(operator_database_url)


async def test_a_program_refuses_an_empty_database_with_the_remedy(operator_database_url):
    db = await Database.open(operator_database_url)
    with pytest.raises(SchemaOutdated, match=r"^[^\n]*python -m service migrate$"):
        await schema.require_current(db, migrate_embedded=False)
    await schema.migrate_async(operator_database_url)
    await schema.require_current(db, migrate_embedded=False)
    await db.close()


async def test_a_program_refuses_a_database_of_a_newer_one_and_leaves_it_alone(operator_database_url):
    await schema.migrate_async(operator_database_url)
    await on(operator_database_url, lambda c: c.execute(text("UPDATE schema_version SET version_num = '9999'")))
    db = await Database.open(operator_database_url)
    for attempt in (schema.require_current(db, migrate_embedded=True), schema.migrate_async(operator_database_url)):
        with pytest.raises(ConfigurationError, match="newer"):
            await attempt
    await db.close()
    left = await on(operator_database_url, lambda c: c.execute(text("SELECT version_num FROM schema_version")).scalar())
    assert left == "9999"


async def test_an_embedded_database_migrates_itself_and_only_an_embedded_one(operator_database_url):
    db = await Database.open(operator_database_url)
    if db.dialect == "sqlite":
        await schema.require_current(db, migrate_embedded=True)
        await schema.require_current(db, migrate_embedded=False)
    else:
        with pytest.raises(SchemaOutdated):
            await schema.require_current(db, migrate_embedded=True)
    await db.close()


async def test_processes_that_migrate_at_once_find_one_current_database(operator_database_url, tmp_path):
    """From another folder than the program's: the migrations are found beside the package."""
    program = "import sys; from mentions.storage import schema; schema.migrate(sys.argv[1])"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    children = [
        subprocess.Popen(
            [sys.executable, "-c", program, operator_database_url],
            cwd=tmp_path,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    errors = [(await asyncio.to_thread(child.communicate))[1] for child in children]
    assert [child.returncode for child in children] == [0, 0, 0], errors
    db = await Database.open(operator_database_url)
    await schema.require_current(db, migrate_embedded=False)
    await db.close()


async def test_programs_that_start_at_once_on_a_fresh_file_all_come_up(sqlite_url):
    databases = [await Database.open(sqlite_url) for _ in range(4)]
    await asyncio.gather(*(schema.require_current(db, migrate_embedded=True) for db in databases))
    for db in databases:
        await schema.require_current(db, migrate_embedded=False)
        await db.close()


async def test_a_migration_that_fails_leaves_the_database_as_it_was(operator_database_url):
    """The first migration, twice: as if a table of ours stood there already."""
    await on(operator_database_url, lambda c: c.execute(text("CREATE TABLE positions (a integer)")))
    with pytest.raises(Exception, match="positions"):
        await schema.migrate_async(operator_database_url)
    assert await on(operator_database_url, lambda c: inspect(c).get_table_names()) == ["positions"]


def test_migrate_is_for_callers_without_a_loop(sqlite_url):
    schema.migrate(sqlite_url)
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as c:
        assert c.execute("SELECT version_num FROM schema_version").fetchone() == (schema.head(),)
        assert c.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert c.execute("PRAGMA foreign_key_check").fetchall() == []


def test_the_migrations_are_one_line_from_nothing_to_the_current_schema():
    scripts = ScriptDirectory(str(schema.MIGRATIONS))
    assert scripts.get_heads() == [schema.head()]
    assert scripts.get_bases() == ["0001"]
    for script in scripts.walk_revisions():
        assert "mentions" not in Path(script.path).read_text(), "a migration stays true when the code changes"
