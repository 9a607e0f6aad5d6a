"""`export`: a site's responses, to take away."""

from __future__ import annotations

import sys

import click

from config.settings import Settings
from service.api.mentions import export_jf2
from service.commands import common


def setup(cli: click.Group) -> None:
    """Adds the command."""
    cli.add_command(export)


@click.command()
@common.of_site
@click.option("--format", "form", type=click.Choice(["jf2"]), default="jf2", show_default=True, help="What is written.")
def export(authority: str, form: str) -> None:  # noqa: ARG001 - one format so far
    """Write everything that a site shows to standard output."""
    common.run(_export(common.settings(), authority))


async def _export(settings: Settings, authority: str) -> None:
    async with common.open_database(settings) as db:
        async with db.read() as c:
            site = await common.find_site(c, authority)
        async for part in export_jf2(db, site, settings.public_url):
            sys.stdout.buffer.write(part)
    sys.stdout.buffer.flush()
