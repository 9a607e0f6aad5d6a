"""Single entries, and the few that are looked for while another one is being decided on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import structlog
from sqlalchemy import Row, Select, Text, or_, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import urls
from mentions.model import Entry, EntryState, Protocol
from mentions.policy import Person, person_of
from mentions.storage import sound
from mentions.storage import tables as t
from mentions.storage.columns import key_of
from mentions.storage.entries import rows
from mentions.storage.entries.writing import SPLIT, Revision
from mentions.urls import source_key

log = structlog.get_logger(__name__)

_AT_ONCE: Final = 50
"""Entries of one author that are read at a time."""


async def get(c: AsyncConnection, entry_id: int) -> Entry | None:
    """The entry of that `wm-id`, tombstones too; for one that was merged into another, that other one."""
    found = await sound.rows(c, select(t.entries).where(t.entries.c.id == entry_id), t.entries.c.id)
    if found and found[0].merged_into is not None:
        return await get(c, found[0].merged_into)  # which is merged into none itself
    return next(_entries(found), None)


async def locked(c: AsyncConnection, entry_id: int) -> Entry | None:
    """The same, as nobody else changes it until the transaction ends: for whoever decides by what it is now."""
    await c.execute(select(t.entries.c.id).where(t.entries.c.id == entry_id).with_for_update())
    return await get(c, entry_id)


async def many(c: AsyncConnection, ids: Iterable[int]) -> dict[int, Entry]:
    """The entries of those ids, by id; unknown ids are left out."""
    return {entry.id: entry for entry in await read(c, select(t.entries).where(t.entries.c.id.in_(list(ids))))}


async def by_source(c: AsyncConnection, source_key: str, page_id: int) -> Entry | None:
    """What the source has on the page, tombstones too.  `source_key` is `urls.source_key` of the source."""
    return next(iter(await read(c, _of_source(source_key).where(t.entries.c.page_id == page_id))), None)


async def known_by_source(c: AsyncConnection, source_key: str, page_id: int) -> Entry | None:
    """What the source has on the page now; None where there is nothing but a tombstone."""
    entry = await by_source(c, source_key, page_id)
    return None if entry is None or entry.state is EntryState.DELETED else entry


async def removed_alike(c: AsyncConnection, source: str, page_id: int) -> Entry | None:
    """What the owner has hidden, called spam or deleted on the page, and came from this source in another spelling.

    Scheme and `www.` do not count, nor does a fragment where there was none."""
    return (await all_removed_alike(c, [(source, page_id)])).get((source, page_id))


async def all_removed_alike(c: AsyncConnection, wanted: Collection[tuple[str, int]]) -> dict[tuple[str, int], Entry]:
    """The same for many sources, each with its page; those that nothing is like are left out."""
    spellings = {source: {urls.response_key(source), urls.page_key(source)} for source, _page in wanted}
    hashes = {key_of(key) for keys in spellings.values() for key in keys}
    known = select(t.entry_urls.c.entry_id).where(
        t.entry_urls.c.key_hash.in_(hashes), t.entry_urls.c.role.in_((rows.OWN, rows.REMOVED))
    )
    e = t.entries.c
    is_away = e.state.in_([EntryState.HIDDEN.value, EntryState.SPAM.value, EntryState.DELETED.value])
    on_page = e.page_id.in_({page_id for _source, page_id in wanted})
    query = select(t.entries).where(e.id.in_(known), on_page, is_away, e.merged_into.is_(None)).order_by(e.id)
    by_key: dict[tuple[str, int], Entry] = {}
    for entry in await read(c, query) if wanted else ():
        by_key.setdefault((urls.response_key(entry.source), entry.page_id), entry)
    found: dict[tuple[str, int], Entry] = {}
    for source, page_id in wanted:
        alike = [by_key[key, page_id] for key in spellings[source] if (key, page_id) in by_key]
        if alike:
            found[source, page_id] = min(alike, key=lambda entry: entry.id)
    return found


async def all_by_source(c: AsyncConnection, source_key: str) -> list[Entry]:
    """What the source has on any page, without tombstones."""
    return await read(c, _of_source(source_key).where(t.entries.c.state != EntryState.DELETED.value))


async def deleted_by(c: AsyncConnection, entry_id: int) -> str | None:
    """Who withdrew an entry: `source`, `owner`, `author` …; None when it is no tombstone."""
    return (await c.execute(select(t.entries.c.deleted_by).where(t.entries.c.id == entry_id))).scalar_one_or_none()


async def find_by_any_url(c: AsyncConnection, page_id: int, urls: Iterable[str | None]) -> list[Entry]:
    """The entries of a page that are known by one of the URLs: as source, url, uid, syndication or canonical.

    Parents of a reply, by its `in_reply_to`; copies of one response, by all its URLs.  Scheme and `www.` do not count,
    the fragment does.  Oldest first, without tombstones."""
    return await _by_url(c, page_id, urls, rows.OWN)


async def known_among(c: AsyncConnection, page_id: int, urls: Iterable[str]) -> set[str]:
    """Which of the URLs something on the page is known by, in whatever state; a tombstone by its source alone."""
    by_name = {key: url for url in urls for key in rows.keys_of([url])}
    by_source = {key_of(source_key(url)): url for url in by_name.values()}
    u, e = t.entry_urls.c, t.entries.c
    names = select(u.key_hash).where(u.key_hash.in_(list(by_name)), u.role == rows.OWN)
    names = names.where(u.entry_id.in_(select(e.id).where(e.page_id == page_id)))
    sources = select(e.source_key).where(e.source_key.in_(list(by_source)), e.page_id == page_id)
    found = {by_name[key] for key in (await c.execute(names)).scalars()}
    return found | {by_source[key] for key in (await c.execute(sources)).scalars()}


async def find_answers(c: AsyncConnection, page_id: int, urls: Iterable[str | None]) -> list[Entry]:
    """The entries of a page that reply to one of the URLs: children that were here before their parent."""
    return await _by_url(c, page_id, urls, rows.ANSWERS)


async def shown_answers(c: AsyncConnection, entry_ids: Collection[int], limit: int) -> list[Entry]:
    """What stands right below these entries for everybody to see, each response once, oldest first."""
    below = select(t.entries).where(t.entries.c.parent_id.in_(entry_ids), rows.stands_shown())
    return await read(c, below.order_by(t.entries.c.id).limit(limit))


async def copies_of(c: AsyncConnection, entry_id: int) -> list[Entry]:
    """An entry and the copies that it stands for, oldest first, without tombstones."""
    is_one = or_(t.entries.c.id == entry_id, t.entries.c.cluster_id == entry_id)
    is_live = t.entries.c.state != EntryState.DELETED.value
    return await read(c, select(t.entries).where(is_one, is_live).order_by(t.entries.c.id))


async def is_split(c: AsyncConnection, entry_ids: Sequence[int]) -> bool:
    """Whether the owner has said of one of these entries that it is nobody's copy."""
    said = select(t.revisions.c.entry_id).where(t.revisions.c.entry_id.in_(entry_ids), t.revisions.c.act == SPLIT)
    return (await c.execute(said.limit(1))).one_or_none() is not None


async def mf2(c: AsyncConnection, entry_id: int) -> Mapping[str, Any] | None:
    """The raw microformats that the entry was read from."""
    query = select(t.entry_sources.c.mf2).where(t.entry_sources.c.entry_id == entry_id)
    found: Mapping[str, Any] | None = (await c.execute(query)).scalar_one_or_none()
    return found


async def revisions(c: AsyncConnection, entry_id: int) -> list[Revision]:
    """The history of an entry, oldest first."""
    query = select(t.revisions, t.entries.c.kind).join(t.entries).where(t.revisions.c.entry_id == entry_id)
    return [
        Revision(
            entry_id=entry_id,
            number=row.number,
            at=row.at,
            act=row.act,
            actor=row.actor,
            state_before=EntryState(row.state_before) if row.state_before else None,
            state_after=EntryState(row.state_after),
            reaction=rows.reaction(row.reaction, entry_id=entry_id, kind=row.kind) if row.reaction else None,
        )
        for row in await c.execute(query.order_by(t.revisions.c.number))
    ]


async def has_shown(c: AsyncConnection, site_id: int, options: Mapping[str, Any], person: Person) -> bool:
    """Whether the site shows something that this person wrote (`policy.person_of`): what trust is built on.

    That a page only claims to be theirs does not count."""
    e = t.entries.c
    mine = [e.site_id == site_id, e.state == EntryState.SHOWN.value]
    if person.account is not None:
        written = select(t.comments.c.entry_id).where(t.comments.c.person_id == person.account)
        return (await c.execute(select(e.id).where(*mine, e.id.in_(written)).limit(1))).one_or_none() is not None
    is_foreign = e.protocol != Protocol.COMMENT.value
    if person.author is not None:
        signed_in = select(t.comments.c.entry_id).where(t.comments.c.person_id.is_not(None))
        mine += [e.author_key == rows.author_key(person.author), is_foreign | e.id.in_(signed_in)]
    else:
        mine += [e.source_authority == person.host, e.author_key.is_(None), is_foreign]
    after = 0
    while True:
        query = select(t.entries).where(*mine, e.id > after).order_by(e.id).limit(_AT_ONCE)
        found = await read(c, query)
        if any(person_of(options, each.reaction, each.protocol, each.source) is not None for each in found):
            return True
        if not found:
            return False
        after = found[-1].id


async def due_for_recheck(c: AsyncConnection, before: datetime, limit: int) -> list[Entry]:
    """The entries whose source was looked at longest ago, and before that moment; no tombstones, no comments."""
    is_foreign = (t.entries.c.state != EntryState.DELETED.value) & (t.entries.c.protocol != "comment")
    query = select(t.entries).where(t.entries.c.checked_at < before, is_foreign)
    return await read(c, query.order_by(t.entries.c.checked_at, t.entries.c.id).limit(limit))


async def outdated(c: AsyncConnection, policy_version: int, after: int, limit: int) -> list[Entry]:
    """The entries above id `after` that an older sanitising policy made, by id: to be read again from their mf2."""
    is_old = (t.entries.c.policy_version < policy_version) & (t.entries.c.state != EntryState.DELETED.value)
    return await read(c, select(t.entries).where(t.entries.c.id > after, is_old).order_by(t.entries.c.id).limit(limit))


async def with_photo(c: AsyncConnection, *, has_avatar: bool, after: int, limit: int) -> list[Entry]:
    """The shown entries above id `after` that name a photo, with or without a picture in our cache, by id."""
    e = t.entries.c
    has_photo = type_coerce(e.reaction, Text).contains('"photo":"http', autoescape=True)
    has_one = e.avatar.is_not(None) if has_avatar else e.avatar.is_(None)
    query = select(t.entries).where(e.id > after, e.state == EntryState.SHOWN.value, has_one, has_photo)
    return await read(c, query.order_by(e.id).limit(limit))


async def avatars(c: AsyncConnection) -> set[str]:
    """The paths of all pictures that entries show."""
    query = select(t.entries.c.avatar).where(t.entries.c.avatar.is_not(None)).distinct()
    return {path for path in (await c.execute(query)).scalars() if path is not None}


async def read(c: AsyncConnection, query: Select[Any]) -> list[Entry]:
    """The entries that a query of whole rows finds; one that cannot be read hides no other."""
    return list(_entries(await sound.rows(c, query, t.entries.c.id)))


def _entries(found: Iterable[Row[Any]]) -> Iterator[Entry]:
    for row in found:
        try:
            yield rows.entry(row)
        except (TypeError, ValueError) as problem:
            log.warning("entry.unreadable", entry_id=row.id, problem=str(problem)[:200])


def _of_source(source_key: str) -> Select[Any]:
    return select(t.entries).where(t.entries.c.source_key == key_of(source_key), t.entries.c.merged_into.is_(None))


async def _by_url(c: AsyncConnection, page_id: int, urls: Iterable[str | None], role: str) -> list[Entry]:
    keys = rows.keys_of(urls)
    if not keys:
        return []
    known = select(t.entry_urls.c.entry_id).where(t.entry_urls.c.key_hash.in_(keys), t.entry_urls.c.role == role)
    query = select(t.entries).where(t.entries.c.id.in_(known), t.entries.c.page_id == page_id)
    return await read(c, query.where(t.entries.c.state != EntryState.DELETED.value).order_by(t.entries.c.id))
