"""OpenID Connect providers at which a site's people may sign in.

A client's secret has to be sent, so it is kept as it is; it is never handed out."""

from __future__ import annotations

import builtins
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions.errors import Conflict, InvalidRequest
from mentions.sanitize import clean_text
from mentions.signin.oidc import Client
from mentions.storage import audit
from mentions.storage import tables as t

MOST_PER_SITE: Final = 20
"""So many buttons are more than anybody reads."""
MOST_LABEL: Final = 60
MOST_CLIENT: Final = 1_000


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider of one site.  The client's secret does not print."""

    id: int
    site_id: int
    label: str
    """What stands on the button."""
    client: Client = field(repr=False)
    created_at: datetime

    @property
    def issuer(self) -> str:
        """By what the provider is known."""
        return self.client.issuer


async def add(c: AsyncConnection, site_id: int, client: Client, *, label: str, actor: str, now: datetime) -> Provider:
    """Adds a provider, whose issuer was checked by `oidc.check_issuer`.

    Raises InvalidRequest; Conflict when the site has it already, or too many."""
    words = clean_text(label, MOST_LABEL)
    if not words:
        raise InvalidRequest("label is missing")
    if not 0 < len(client.client_id) <= MOST_CLIENT or len(client.client_secret or "") > MOST_CLIENT:
        raise InvalidRequest(f"client-id and secret have to have between 1 and {MOST_CLIENT} characters")
    there = await for_site(c, site_id)
    if any(each.issuer == client.issuer for each in there):
        raise Conflict(f"the site has {client.issuer} already")
    if len(there) >= MOST_PER_SITE:
        raise Conflict(f"the site has {MOST_PER_SITE} providers, which is as many as it may have")
    values = {
        "site_id": site_id,
        "label": words,
        "issuer": client.issuer,
        "client_id": client.client_id,
        "client_secret": client.client_secret,
        "created_at": now,
    }
    row = (await c.execute(insert(t.providers).values(**values).returning(*t.providers.c))).one()
    await audit.note(c, site_id, actor, "provider_added", now=now, what=client.issuer)
    return _provider(row)


async def for_site(c: AsyncConnection, site_id: int) -> builtins.list[Provider]:
    """A site's providers, in the order in which they were added."""
    query = select(t.providers).where(t.providers.c.site_id == site_id).order_by(t.providers.c.id)
    return [_provider(row) for row in await c.execute(query)]


async def get(c: AsyncConnection, provider_id: int) -> Provider | None:
    """The provider of that id."""
    row = (await c.execute(select(t.providers).where(t.providers.c.id == provider_id))).one_or_none()
    return None if row is None else _provider(row)


async def remove(c: AsyncConnection, site_id: int, provider_id: int, *, actor: str, now: datetime) -> bool:
    """Removes a provider.  False: the site has no such one."""
    found = await get(c, provider_id)
    if found is None or found.site_id != site_id:
        return False
    await c.execute(delete(t.providers).where(t.providers.c.id == provider_id))
    await audit.note(c, site_id, actor, "provider_removed", now=now, what=found.issuer)
    return True


def _provider(row: Row[Any]) -> Provider:
    client = Client(row.issuer, row.client_id, row.client_secret)
    return Provider(row.id, row.site_id, row.label, client, row.created_at)
