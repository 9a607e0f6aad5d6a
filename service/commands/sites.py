"""`site add`, `site list`, `site remove`, `site option`."""

from __future__ import annotations

from typing import Any

import click
import orjson

from config.settings import Settings
from mentions import options, urls
from mentions.errors import NotFound
from mentions.model import Site
from mentions.storage import audit, sites, tokens
from service.commands import common


def setup(cli: click.Group) -> None:
    """Adds the group."""
    cli.add_command(site)


@click.group()
def site() -> None:
    """Register sites, list them, remove them, and set what their owners want."""


def _authority(_context: click.Context, _parameter: click.Parameter, value: Any) -> Any:
    """Arguments that are no authority are wrong usage."""
    for name in value if isinstance(value, tuple) else (value,):
        bare = name.removeprefix("https://").removeprefix("http://").removesuffix("/")
        if "/" in bare or not urls.site_authority(name):
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


@site.command("option")
@click.argument("authority", callback=_authority)
@click.argument("name", required=False)
@click.argument("value", required=False)
@click.option("--unset", is_flag=True, help="Take NAME back to its default.")
@common.as_json
def option(authority: str, name: str | None, value: str | None, *, unset: bool, as_json: bool) -> None:
    """Tell the options of the site AUTHORITY, or set the option NAME to VALUE; lists are separated by commas."""
    if name is not None and (value is None) is not unset:
        raise click.UsageError("give either a VALUE for the option, or --unset")
    if name is None and unset:
        raise click.UsageError("--unset takes the NAME of an option")
    told = common.run(_set_option(common.settings(), authority, name, value))
    lines = [f"{each} = {_written(value)}  ({options.OPTIONS[each].help})" for each, value in told.items()]
    common.tell(told, "\n".join(lines), as_json=as_json)


async def _set_option(settings: Settings, authority: str, name: str | None, value: str | None) -> dict[str, Any]:
    """The options as they are then; all of them, or the one that was set."""
    checked = options.check(name, value) if name is not None else None
    async with common.open_database(settings) as db, db.write() as c:
        found = await common.find_site(c, authority)
        if name is None:
            return options.effective(found.options)
        found = await sites.set_option(c, found.id, name, checked)
        what = f"{name} {orjson.dumps(checked).decode()}"
        await audit.note(c, found.id, "owner", "set_option", now=common.now(), what=what)
        return {name: options.read(found.options, name)}


def _written(value: Any) -> str:
    """A value as the command line takes it."""
    match value:
        case None:
            return "not set"
        case bool():
            return str(value).lower()
        case list():
            return ",".join(value) or "none given"
        case _:
            return str(value)
