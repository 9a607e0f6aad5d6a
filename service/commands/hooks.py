"""`hook add`, `hook list`, `hook remove`: addresses that are told of a site's changes."""

from __future__ import annotations

from typing import Any

import click

from config.settings import Settings
from mentions.errors import NotFound
from mentions.storage import hooks
from mentions.storage.hooks import Hook
from mentions.webhooks import EVENTS, HookKind
from service.api.hooks import outside, with_secret
from service.commands import common


def setup(cli: click.Group) -> None:
    """Adds the group."""
    cli.add_command(hook)


@click.group()
def hook() -> None:
    """Tell other programs what happens on a site."""


@hook.command("add")
@click.argument("url")
@common.of_site
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in HookKind]),
    default=HookKind.STANDARD.value,
    show_default=True,
    help="What it is sent.",
)
@click.option("--event", "events", multiple=True, type=click.Choice(EVENTS), help="Only these; every change without.")
@click.option("--secret", help="A secret of yours; without, one is made.")
@click.option(
    "--quiet", "quiet_s", type=int, default=hooks.QUIET_S, show_default=True, help="Rebuild: seconds of quiet."
)
@click.option(
    "--every", "every_s", type=int, default=hooks.EVERY_S, show_default=True, help="Rebuild: seconds between two."
)
@common.as_json
def add(url: str, authority: str, *, as_json: bool, **wishes: Any) -> None:
    """Send what happens on a site to URL, from now on.  The secret is shown once."""
    made = common.run(_add(common.settings(), authority, url, wishes))
    words = f"Hook {made.id} is there.  Its secret, which is shown only now: {made.secrets[0].text}"
    common.tell(with_secret(made), words, as_json=as_json)


async def _add(settings: Settings, authority: str, url: str, wishes: dict[str, Any]) -> Hook:
    async with common.open_database(settings) as db, db.write() as c:
        site = await common.find_site(c, authority)
        return await hooks.add(c, site.id, url, **wishes, now=common.now())


@hook.command("list")
@common.of_site
@common.as_json
def list_hooks(authority: str, *, as_json: bool) -> None:
    """List the hooks of a site; no secret can be read again."""
    found = common.run(_list(common.settings(), authority))
    lines = [f"{each.id}  {each.kind}  {each.url}  {_state(each)}" for each in found]
    common.tell([outside(each) for each in found], "\n".join(lines) or "The site has no hook.", as_json=as_json)


def _state(each: Hook) -> str:
    return "listens" if each.disabled_at is None else f"disabled: {each.disabled_why}"


async def _list(settings: Settings, authority: str) -> list[Hook]:
    async with common.open_database(settings) as db, db.read() as c:
        return await hooks.for_site(c, (await common.find_site(c, authority)).id)


@hook.command("remove")
@click.argument("hook_id", type=int, metavar="ID")
@common.of_site
@common.as_json
def remove(hook_id: int, authority: str, *, as_json: bool) -> None:
    """Remove the hook ID of a site, as `hook list` numbers it, with its log."""
    common.run(_remove(common.settings(), authority, hook_id))
    common.tell({"removed": hook_id}, f"Hook {hook_id} is removed.", as_json=as_json)


async def _remove(settings: Settings, authority: str, hook_id: int) -> None:
    async with common.open_database(settings) as db, db.write() as c:
        site = await common.find_site(c, authority)
        if not await hooks.remove(c, site.id, hook_id, now=common.now()):
            raise NotFound(f"{authority} has no hook {hook_id}")
