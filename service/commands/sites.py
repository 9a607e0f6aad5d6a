"""`site add`, `site list`, `site remove`."""

from __future__ import annotations

from typing import Any

import click

from config.settings import Settings
from mentions import urls
from mentions.errors import NotFound
from mentions.model import Site
from mentions.storage import sites, tokens
from service.commands import common


def setup(cli: click.Group) -> None:
    """Adds the group."""
    cli.add_command(site)


@click.group()
def site() -> None:
    """Register sites, list them, remove them."""


def _authority(_context: click.Context, _parameter: click.Parameter, value: Any) -> Any:
    """Arguments that are no authority are wrong usage."""
    for name in value if isinstance(value, tuple) else (value,):
        if not urls.site_authority(name):
            raise click.BadParameter(f"{name!r} is no authority; it looks like example.com or example.com:8080")
    return value


@site.command("add")
@click.argument("authority", callback=_authority)
@click.option("--alias", "aliases", multiple=True, metavar="AUTHORITY", callback=_authority, help="Another name of it.")
@common.as_json
def add(authority: str, aliases: tuple[str, ...], *, as_json: bool) -> None:
    """Register the site AUTHORITY (host or host:port) and make a token with every scope."""
    settings = common.settings()
    made, token = common.run(_add(settings, authority, aliases))
    told = {
        "site": made.authority,
        "token": token,
        "webmention_endpoint": f"{settings.public_url}/webmention",
        "pingback_endpoint": f"{settings.public_url}/xmlrpc",
    }
    words = (
        f"{made.authority} is registered.  Put these into the <head> of its pages:\n"
        f'  <link rel="webmention" href="{told["webmention_endpoint"]}">\n'
        f'  <link rel="pingback" href="{told["pingback_endpoint"]}">\n'
        f"Its token, which is shown only now: {token}"
    )
    common.tell(told, words, as_json=as_json)


async def _add(settings: Settings, authority: str, aliases: tuple[str, ...]) -> tuple[Site, str]:
    async with common.open_database(settings) as db, db.write() as c:
        made = await sites.add(c, authority, aliases, now=common.now())
        token = await tokens.create(c, made.id, tokens.SCOPES, label="made with the site", now=common.now())
        return made, token


@site.command("list")
@common.as_json
def list_sites(*, as_json: bool) -> None:
    """List the registered sites."""
    found = common.run(_all(common.settings()))
    told = [{"site": each.authority, "aliases": list(each.aliases)} for each in found]
    lines = [each.authority + (f" ({', '.join(each.aliases)})" if each.aliases else "") for each in found]
    common.tell(told, "\n".join(lines) or "No site is registered.", as_json=as_json)


async def _all(settings: Settings) -> list[Site]:
    async with common.open_database(settings) as db, db.read() as c:
        return await sites.all(c)


@site.command("remove")
@click.argument("authority", callback=_authority)
@common.as_json
def remove(authority: str, *, as_json: bool) -> None:
    """Remove a site with everything that hangs on it: pages, responses, tokens."""
    common.run(_remove(common.settings(), authority))
    common.tell({"removed": authority}, f"{authority} is removed, with all its responses.", as_json=as_json)


async def _remove(settings: Settings, authority: str) -> None:
    async with common.open_database(settings) as db, db.write() as c:
        if not await sites.remove(c, authority):
            raise NotFound(f"{authority} is not registered")
