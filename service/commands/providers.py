"""`provider add`, `provider list`, `provider remove`: where people may sign in to write on a site."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any, TextIO

import click

from config.settings import Settings
from mentions.errors import NotFound
from mentions.signin import oidc
from mentions.signin.oidc import Client, IsOpened
from mentions.storage import providers
from mentions.storage.providers import Provider
from service.commands import common
from service.signing.returning import CALLBACK


def setup(cli: click.Group) -> None:
    """Adds the group."""
    cli.add_command(provider)


@click.group()
def provider() -> None:
    """Let people sign in at an OpenID Connect provider, list those of a site, and remove them."""


@provider.command("add")
@common.of_site
@click.option("--issuer", required=True, metavar="URL", help="The provider, exactly as it calls itself.")
@click.option("--client-id", required=True, help="What the provider calls this service.")
@click.option(
    "--client-secret-file", "secret_file", type=click.File(), metavar="FILE",
    help="Where the client's secret stands (- for standard input); without, a public client with PKCE.",
)  # fmt: skip
@click.option("--label", required=True, help="What stands on the button.")
@common.as_json
def add(authority: str, issuer: str, client_id: str, secret_file: TextIO | None, label: str, *, as_json: bool) -> None:
    """Let people sign in at a provider.  Its secret is kept, and shown to nobody."""
    settings = common.settings()
    checked = oidc.check_issuer(issuer, is_opened=_opened_by(settings))
    secret = secret_file.read().strip() if secret_file is not None else None
    if secret == "":
        raise click.BadParameter("there is nothing in it", param_hint="--client-secret-file")
    made = common.run(_add(settings, authority, Client(checked, client_id, secret), label))
    back = f"{settings.public_url}{CALLBACK}"
    words = (
        f"Provider {made.id} is there: {made.label}, {made.issuer}\nIt has to know where people come back to: {back}"
    )
    common.tell(_outside(made) | {"redirect_uri": back}, words, as_json=as_json)


def _opened_by(settings: Settings) -> IsOpened:
    """Whether the operator has opened the network of an address: there a provider may do without TLS."""

    def is_opened(authority: str) -> bool:
        host = authority.rpartition(":")[0] if authority.rpartition(":")[2].isdigit() else authority
        try:
            address = ip_address(host.strip("[]"))
        except ValueError:
            return False
        return any(address in network for network in settings.fetch_allow_networks)

    return is_opened


async def _add(settings: Settings, authority: str, client: Client, label: str) -> Provider:
    async with common.open_database(settings) as db, db.write() as c:
        site = await common.find_site(c, authority)
        return await providers.add(c, site.id, client, label=label, actor="owner", now=common.now())


@provider.command("list")
@common.of_site
@common.as_json
def list_providers(authority: str, *, as_json: bool) -> None:
    """List the providers of a site; no secret can be read again."""
    found = common.run(_list(common.settings(), authority))
    lines = [f"{each.id}  {each.label}  {each.issuer}  {each.client.client_id}  {_kind(each)}" for each in found]
    common.tell([_outside(each) for each in found], "\n".join(lines) or "The site has no provider.", as_json=as_json)


def _kind(each: Provider) -> str:
    return "with a secret" if each.client.client_secret is not None else "public client"


def _outside(each: Provider) -> dict[str, Any]:
    return {
        "id": each.id,
        "label": each.label,
        "issuer": each.issuer,
        "client_id": each.client.client_id,
        "has_secret": each.client.client_secret is not None,
        "created_at": each.created_at,
    }


async def _list(settings: Settings, authority: str) -> list[Provider]:
    async with common.open_database(settings) as db, db.read() as c:
        return await providers.for_site(c, (await common.find_site(c, authority)).id)


@provider.command("remove")
@click.argument("provider_id", type=int, metavar="ID")
@common.of_site
@common.as_json
def remove(provider_id: int, authority: str, *, as_json: bool) -> None:
    """Remove the provider ID of a site, as `provider list` numbers it."""
    common.run(_remove(common.settings(), authority, provider_id))
    common.tell({"removed": provider_id}, f"Provider {provider_id} is removed.", as_json=as_json)


async def _remove(settings: Settings, authority: str, provider_id: int) -> None:
    async with common.open_database(settings) as db, db.write() as c:
        site = await common.find_site(c, authority)
        if not await providers.remove(c, site.id, provider_id, actor="owner", now=common.now()):
            raise NotFound(f"{authority} has no provider {provider_id}")
