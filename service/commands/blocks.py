"""`block add`, `block list`, `block remove`: what a site refuses."""

from __future__ import annotations

import click

from config.settings import Settings
from mentions.errors import NotFound
from mentions.storage import blocks
from mentions.storage.blocks import Block
from service.commands import common

kind_of = click.option(
    "--kind", type=click.Choice(blocks.KINDS), default="authority", show_default=True, help="What VALUE is."
)


def setup(cli: click.Group) -> None:
    """Adds the group."""
    cli.add_command(block)


@click.group()
def block() -> None:
    """Refuse sources and authors, from now on."""


@block.command("add")
@click.argument("value")
@common.of_site
@kind_of
@click.option("--note", default="", help="Why, in your words.")
@common.as_json
def add(value: str, authority: str, kind: str, note: str, *, as_json: bool) -> None:
    """Refuse responses from VALUE."""
    made = common.run(_add(common.settings(), authority, kind, value, note))
    common.tell({made.kind: made.value, "note": made.note}, f"{made.value} is blocked.", as_json=as_json)


async def _add(settings: Settings, authority: str, kind: str, value: str, note: str) -> Block:
    async with common.open_database(settings) as db, db.write() as c:
        site = await common.find_site(c, authority)
        return await blocks.add(c, site.id, kind, value, note=note, now=common.now())


@block.command("list")
@common.of_site
@common.as_json
def list_blocks(authority: str, *, as_json: bool) -> None:
    """List what a site refuses."""
    found = common.run(_list(common.settings(), authority))
    told = [{each.kind: each.value, "note": each.note} for each in found]
    lines = [f"{each.kind}  {each.value}  {each.note}".rstrip() for each in found]
    common.tell(told, "\n".join(lines) or "Nothing is blocked.", as_json=as_json)


async def _list(settings: Settings, authority: str) -> list[Block]:
    async with common.open_database(settings) as db, db.read() as c:
        return await blocks.list(c, (await common.find_site(c, authority)).id)


@block.command("remove")
@click.argument("value")
@common.of_site
@kind_of
@common.as_json
def remove(value: str, authority: str, kind: str, *, as_json: bool) -> None:
    """Take responses from VALUE again."""
    common.run(_remove(common.settings(), authority, kind, value))
    common.tell({"removed": value}, f"{value} may respond again.", as_json=as_json)


async def _remove(settings: Settings, authority: str, kind: str, value: str) -> None:
    async with common.open_database(settings) as db, db.write() as c:
        site = await common.find_site(c, authority)
        if not await blocks.remove(c, site.id, kind, value, now=common.now()):
            raise NotFound(f"{value} is not blocked")
