"""Registered sites, their authorities and options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import urls
from mentions.errors import Conflict, InvalidRequest, NotFound
from mentions.model import Site
from mentions.storage import tables as t
from mentions.storage.inserting import insert_or

ENTRIES_AT_ONCE: Final = 2_000
"""Of a site that is removed: each takes along what hangs on it."""


async def add(
    c: AsyncConnection,
    authority: str,
    aliases: Iterable[str] = (),
    *,
    options: Mapping[str, Any] | None = None,
    now: datetime,
) -> Site:
    """Registers a site.  Raises InvalidRequest for what is no authority, Conflict for one that a site has already."""
    names = list(dict.fromkeys(_authority(name) for name in (authority, *aliases)))
    site_id = (
        await c.execute(
            insert_or(c, t.sites)
            .values(authority=names[0], options=dict(options or {}), created_at=now)
            .on_conflict_do_nothing(index_elements=["authority"])
            .returning(t.sites.c.id)
        )
    ).scalar_one_or_none()
    if site_id is None:
        raise Conflict(f"{names[0]} is registered already")
    for position, name in enumerate(names):
        await _take_name(c, name, site_id, position)
    return Site(site_id, names[0], tuple(names[1:]), now, dict(options or {}))


async def all(c: AsyncConnection) -> list[Site]:  # noqa: A001  read as `sites.all(c)`
    """Every site, oldest first."""
    return await _read(c)


async def by_id(c: AsyncConnection, site_id: int) -> Site | None:
    """The site of that id."""
    return next(iter(await _read(c, t.sites.c.id == site_id)), None)


async def by_authority(c: AsyncConnection, authority: str) -> Site | None:
    """The site that goes by that authority, `www.` or not."""
    names = t.site_authorities.c
    of_name = select(names.site_id).where(names.authority == urls.site_authority(authority))
    return next(iter(await _read(c, t.sites.c.id == of_name.scalar_subquery())), None)


async def remove(c: AsyncConnection, authority: str) -> bool:
    """Removes the site and all that hangs on it: pages, entries, tokens, rules.  False: there is none."""
    site = await by_authority(c, authority)
    if site is None:
        return False
    await c.execute(delete(t.changes).where(t.changes.c.site_id == site.id))
    await c.execute(delete(t.claims).where(t.claims.c.target_authority.in_((site.authority, *site.aliases))))
    own_pages = select(t.pages.c.id).where(t.pages.c.site_id == site.id)
    await c.execute(delete(t.unsettled).where(t.unsettled.c.page_id.in_(own_pages)))
    some = select(t.entries.c.id).where(t.entries.c.site_id == site.id).limit(ENTRIES_AT_ONCE)
    while (await c.execute(delete(t.entries).where(t.entries.c.id.in_(some)))).rowcount:
        pass  # a large site takes its time, but no statement does
    await c.execute(delete(t.sites).where(t.sites.c.id == site.id))
    return True


async def set_option(c: AsyncConnection, site_id: int, name: str, value: Any) -> Site:
    """Sets one option; None takes it away.  Raises NotFound for an unknown site."""
    query = select(t.sites.c.options).where(t.sites.c.id == site_id).with_for_update()
    options = (await c.execute(query)).scalar_one_or_none()
    if options is None:
        raise NotFound(f"no site {site_id}")
    changed = {key: kept for key, kept in options.items() if key != name}
    if value is not None:
        changed[name] = value
    await c.execute(update(t.sites).where(t.sites.c.id == site_id).values(options=changed))
    (site,) = await _read(c, t.sites.c.id == site_id)
    return site


def _authority(given: str) -> str:
    name = urls.site_authority(given)
    if not name:
        raise InvalidRequest(f"{given!r} is no authority; it looks like example.com or example.com:8080")
    return name


async def _take_name(c: AsyncConnection, name: str, site_id: int, position: int) -> None:
    taken = await c.execute(
        insert_or(c, t.site_authorities)
        .values(authority=name, site_id=site_id, position=position)
        .on_conflict_do_nothing(index_elements=["authority"])
        .returning(t.site_authorities.c.authority)
    )
    if taken.scalar_one_or_none() is None:
        raise Conflict(f"{name} is registered already, as a name of another site")


async def _read(c: AsyncConnection, *where: Any) -> list[Site]:
    names = t.site_authorities.c
    query = select(t.sites, names.authority.label("name")).join(t.site_authorities).where(*where)
    rows = (await c.execute(query.order_by(t.sites.c.id, names.position))).all()
    by_site: dict[int, list[Row[Any]]] = {}
    for row in rows:
        by_site.setdefault(row.id, []).append(row)
    return [_site(group) for group in by_site.values()]


def _site(rows: Sequence[Row[Any]]) -> Site:
    first = rows[0]
    aliases = tuple(row.name for row in rows if row.name != first.authority)
    return Site(first.id, first.authority, aliases, first.created_at, first.options)
