"""`serve` and `migrate`."""

from __future__ import annotations

import click
import uvloop

from config import logs
from mentions.storage import schema
from service.commands import common


def setup(cli: click.Group) -> None:
    """Adds both commands."""
    cli.add_command(serve)
    cli.add_command(migrate)


@click.command()
def serve() -> None:
    """Run one web process until it is told to stop."""
    from service.app import serve as serve_app  # noqa: PLC0415 - the other commands start without all of it

    settings = common.settings()
    logs.configure(settings)
    uvloop.run(serve_app(settings))


@click.command()
def migrate() -> None:
    """Bring the database to the current schema."""
    schema.migrate(common.settings().effective_database_url)
    click.echo("The database has the current schema.")
