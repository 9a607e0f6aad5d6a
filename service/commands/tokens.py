"""`token create`, `token list`, `token revoke`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import click

from config.settings import Settings
from mentions.errors import NotFound
from mentions.storage import tokens
from mentions.storage.tokens import SCOPES, Token
from service.commands import common


def setup(cli: click.Group) -> None:
    """Adds the group."""
    cli.add_command(token)


@click.group()
def token() -> None:
    """Make tokens for the API, list them, revoke them."""


def _scopes(_context: click.Context, _parameter: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    named = {scope.strip() for part in value for scope in part.split(",") if scope.strip()}
    if unknown := named - set(SCOPES):
        raise click.BadParameter(f"no such scope: {', '.join(sorted(unknown))}; there are {', '.join(SCOPES)}")
    if not named:
        raise click.BadParameter(f"at least one of {', '.join(SCOPES)} is needed")
    return tuple(scope for scope in SCOPES if scope in named)


def _moment(_context: click.Context, _parameter: click.Parameter, value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is no moment such as 2027-01-31 or 2027-01-31T12:00+01:00") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment <= common.now():
        raise click.BadParameter(f"{value} is over")
    return moment


@token.command("create")
@common.of_site
@click.option(
    "--scope",
    "scopes",
    required=True,
    multiple=True,
    callback=_scopes,
    metavar="SCOPE[,SCOPE…]",
    help=", ".join(SCOPES),
)
@click.option("--label", default="", help="What it is for, in your words.")
@click.option("--days", type=click.IntRange(min=1), help="Days until it expires; without, it does not.")
@click.option("--expires", callback=_moment, metavar="MOMENT", help="When it expires: 2027-01-31, or with a time; UTC.")
@common.as_json
def create(
    authority: str, scopes: tuple[str, ...], label: str, days: int | None, expires: datetime | None, *, as_json: bool
) -> None:
    """Make a token for a site.  It is shown once and stored hashed."""
    if days and expires:
        raise click.UsageError("--days and --expires say the same thing; one of them is enough")
    expires_at = common.now() + timedelta(days=days) if days else expires
    made = common.run(_create(common.settings(), authority, scopes, label, expires_at))
    common.tell({"token": made, "scopes": list(scopes)}, made, as_json=as_json)


async def _create(
    settings: Settings, authority: str, scopes: tuple[str, ...], label: str, expires_at: datetime | None
) -> str:
    async with common.open_database(settings) as db, db.write() as c:
        site = await common.find_site(c, authority)
        return await tokens.create(
            c, site.id, scopes, label=label, now=common.now(), expires_at=expires_at, actor="owner"
        )


@token.command("list")
@common.of_site
@common.as_json
def list_tokens(authority: str, *, as_json: bool) -> None:
    """List the tokens of a site; none can be read again."""
    found = common.run(_list(common.settings(), authority))
    told = [_outside(each) for each in found]
    lines = [f"{each['id']}  {','.join(each['scopes'])}  {each['state']}  {each['label']}".rstrip() for each in told]
    common.tell(told, "\n".join(lines) or "The site has no token.", as_json=as_json)


async def _list(settings: Settings, authority: str) -> list[Token]:
    async with common.open_database(settings) as db, db.read() as c:
        return await tokens.list(c, (await common.find_site(c, authority)).id)


def _outside(each: Token) -> dict[str, Any]:
    state = "valid" if each.is_valid(common.now()) else "revoked" if each.revoked_at else "expired"
    return {
        "id": each.id,
        "scopes": [scope for scope in SCOPES if scope in each.scopes],
        "label": each.label,
        "state": state,
        "created_at": each.created_at,
        "expires_at": each.expires_at,
        "last_used_at": each.last_used_at,
    }


@token.command("revoke")
@click.argument("token_id", type=int, metavar="ID")
@common.of_site
@common.as_json
def revoke(token_id: int, authority: str, *, as_json: bool) -> None:
    """Revoke the token ID of a site, as `token list` numbers it."""
    common.run(_revoke(common.settings(), authority, token_id))
    common.tell({"revoked": token_id}, f"Token {token_id} is revoked.", as_json=as_json)


async def _revoke(settings: Settings, authority: str, token_id: int) -> None:
    async with common.open_database(settings) as db, db.write() as c:
        site = await common.find_site(c, authority)
        if not await tokens.revoke(c, site.id, token_id, now=common.now()):
            raise NotFound(f"{authority} has no valid token {token_id}")
