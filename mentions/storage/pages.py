"""Pages of sites: one canonical URL each, and every spelling under which they are known.

A spelling (`urls.page_key`) belongs to one page.  When a page turns out to be known already under another spelling, the
two become one (`merging.py`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import urls
from mentions.errors import NotFound
from mentions.model import EntryState, Page
from mentions.storage import merging, sound
from mentions.storage import tables as t
from mentions.storage.columns import key_of
from mentions.storage.inserting import insert_or


async def by_key(c: AsyncConnection, key: str) -> Page | None:
    """The page that a spelling (`urls.page_key`) belongs to."""
    return (await by_keys(c, [key])).get(key)


async def by_keys(c: AsyncConnection, keys: Iterable[str]) -> dict[str, Page]:
    """The pages that spellings belong to, by spelling; unknown ones are left out."""
    hashes = {key_of(key): key for key in keys if key}
    query = select(t.pages, t.page_urls.c.key_hash).join(t.page_urls).where(t.page_urls.c.key_hash.in_(hashes))
    return {hashes[row.key_hash]: _page(row) for row in await sound.rows(c, query, t.pages.c.id)} if hashes else {}


async def by_id(c: AsyncConnection, page_id: int) -> Page | None:
    """The page of that id."""
    return next(iter(await _read(c, select(t.pages).where(t.pages.c.id == page_id))), None)


async def by_ids(c: AsyncConnection, page_ids: Iterable[int]) -> dict[int, Page]:
    """The pages of those ids, by id; unknown ids are left out."""
    return {page.id: page for page in await _read(c, select(t.pages).where(t.pages.c.id.in_(list(page_ids))))}


async def of_site(c: AsyncConnection, site_id: int, *, after: int = 0, limit: int = 1000) -> list[Page]:
    """The pages of a site above id `after`, by id."""
    query = select(t.pages).where(t.pages.c.site_id == site_id, t.pages.c.id > after)
    return await _read(c, query.order_by(t.pages.c.id).limit(limit))


async def never_looked_at(c: AsyncConnection, *, after: int = 0, limit: int = 100) -> list[Page]:
    """The pages above id `after`, by id, that have a thread and whose own page nobody has read."""
    is_live = (t.entries.c.page_id == t.pages.c.id) & (t.entries.c.state != EntryState.DELETED.value)
    has_thread = select(t.entries.c.id).where(is_live).exists()
    query = select(t.pages).where(t.pages.c.checked_at.is_(None), t.pages.c.id > after, has_thread)
    return await _read(c, query.order_by(t.pages.c.id).limit(limit))


async def ensure(c: AsyncConnection, site_id: int, url: str, *, now: datetime) -> Page:
    """The page that `url` (http or https) belongs to, made when it is not known yet."""
    key = urls.page_key(url)
    if not key:
        raise ValueError(f"not the URL of a page: {url!r}")
    page = await by_key(c, key)
    if page is not None:
        return page
    values = {"site_id": site_id, "url": urls.without_fragment(url), "closed": False, "created_at": now}
    row = (await c.execute(insert_or(c, t.pages).values(**values).returning(*t.pages.c))).one()
    if await _take_key(c, key, row.id):
        return _page(row)
    await c.execute(delete(t.pages).where(t.pages.c.id == row.id))  # somebody else was a moment faster
    found = await by_key(c, key)
    assert found is not None, "the spelling that was taken has a page"
    return found


async def ensure_many(
    c: AsyncConnection, site_id: int, wanted: Mapping[str, tuple[str, str | None]], *, now: datetime
) -> dict[str, int]:
    """The ids of pages by `urls.page_key`, those made that are not known yet; `wanted` gives URL and title of each.

    A title is kept where the page has none."""
    known = await by_keys(c, wanted)
    untitled = [(page.id, wanted[key][1]) for key, page in known.items() if page.title is None and wanted[key][1]]
    for page_id, title in untitled:
        await c.execute(update(t.pages).where(t.pages.c.id == page_id).values(title=title))
    missing = {key: facts for key, facts in wanted.items() if key not in known}
    ids = {key: page.id for key, page in known.items()}
    if not missing:
        return ids
    fresh = {"site_id": site_id, "closed": False, "created_at": now}
    values = [{**fresh, "url": urls.without_fragment(url), "title": title} for url, title in missing.values()]
    made = await c.execute(insert_or(c, t.pages).returning(t.pages.c.id, t.pages.c.url), values)
    made_ids = {urls.page_key(row.url): row.id for row in made}
    taking = [{"key_hash": key_of(key), "key": key, "page_id": made_ids[key]} for key in missing]
    await c.execute(insert_or(c, t.page_urls).on_conflict_do_nothing(index_elements=["key_hash"]), taking)
    found = {key: page.id for key, page in (await by_keys(c, missing)).items()}
    if superfluous := set(made_ids.values()) - set(found.values()):  # somebody else was a moment faster
        await c.execute(delete(t.pages).where(t.pages.c.id.in_(superfluous)))
    return ids | found


async def answer_to(c: AsyncConnection, page_id: int, key: str, *, now: datetime) -> int:
    """Makes a spelling (`urls.page_key`) one of the page's; where it is another page's, the two become one.

    Returns the id of the page that stays."""
    if await _take_key(c, key, page_id):
        return page_id
    found = await by_key(c, key)
    return page_id if found is None else await merging.merge(c, {page_id, found.id}, now=now)


async def rename(c: AsyncConnection, page_id: int, url: str) -> None:
    """Gives a page its canonical URL, which is one of its spellings."""
    await c.execute(update(t.pages).where(t.pages.c.id == page_id).values(url=urls.without_fragment(url)))


async def learn(
    c: AsyncConnection,
    page_id: int,
    *,
    canonical: str | None = None,
    aliases: Iterable[str] = (),
    title: str | None = None,
    checked_at: datetime,
) -> Page:
    """What was found out about a page: its canonical URL, further URLs of it, its title.

    Where one of the URLs is known as another page of the site, the two become one: the older page stays, with all
    entries of both.  URLs that do not belong to the site are ignored: its pages cannot speak for others.  Returns the
    page that stays.  Raises NotFound for an unknown id (it may have been merged meanwhile)."""
    page = await by_id(c, page_id)
    if page is None:
        raise NotFound(f"no page {page_id}")
    names = await _names_of(c, page.site_id)
    told = dict.fromkeys(url for url in (canonical, *aliases) if url)
    own = [url for url in told if urls.site_authority(urls.authority(url)) in names]
    keys = list(dict.fromkeys(urls.page_key(url) for url in own))
    twins = {twin.id for twin in (await by_keys(c, keys)).values() if twin.site_id == page.site_id}
    survivor = await merging.merge(c, twins | {page_id}, now=checked_at)
    for key in keys:
        await _take_key(c, key, survivor)
    known: dict[str, Any] = {"checked_at": checked_at}
    if canonical in own:
        known["url"] = urls.without_fragment(str(canonical))
    if title is not None:
        known["title"] = title
    changed = update(t.pages).where(t.pages.c.id == survivor).values(**known).returning(*t.pages.c)
    row = (await c.execute(changed)).one_or_none()
    if row is None:
        raise NotFound(f"no page {page_id}")
    return _page(row)


async def set_closed(c: AsyncConnection, page_id: int, closed: bool) -> Page:
    """Closes a page to responses, or opens it.  Raises NotFound for an unknown id."""
    changed = update(t.pages).where(t.pages.c.id == page_id).values(closed=closed).returning(*t.pages.c)
    row = (await c.execute(changed)).one_or_none()
    if row is None:
        raise NotFound(f"no page {page_id}")
    return _page(row)


async def keys_of(c: AsyncConnection, page_id: int) -> list[str]:
    """Every spelling of a page, sorted."""
    query = select(t.page_urls.c.key).where(t.page_urls.c.page_id == page_id).order_by(t.page_urls.c.key)
    return list((await c.execute(query)).scalars())


async def _take_key(c: AsyncConnection, key: str, page_id: int) -> bool:
    """Gives a spelling to a page; False when another one has it."""
    taking = insert_or(c, t.page_urls).values(key_hash=key_of(key), key=key, page_id=page_id)
    taken = await c.execute(taking.on_conflict_do_nothing(index_elements=["key_hash"]).returning(t.page_urls.c.page_id))
    return taken.scalar_one_or_none() is not None


async def _names_of(c: AsyncConnection, site_id: int) -> set[str]:
    query = select(t.site_authorities.c.authority).where(t.site_authorities.c.site_id == site_id)
    return set((await c.execute(query)).scalars())


async def _read(c: AsyncConnection, query: Select[Any]) -> list[Page]:
    return [_page(row) for row in await sound.rows(c, query, t.pages.c.id)]


def _page(row: Row[Any]) -> Page:
    return Page(row.id, row.site_id, row.url, row.title, row.closed, row.checked_at)
