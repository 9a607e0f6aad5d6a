"""Lists of entries and their counts, each one query: what the reading API, threads and exports ask for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Select, Text, UnaryExpression, and_, cast, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import urls
from mentions.model import Entry, EntryState, Kind
from mentions.storage import tables as t
from mentions.storage.columns import key_of
from mentions.storage.entries.finding import read
from mentions.storage.entries.rows import KINDS, stands_shown

SHOWN: Final = (EntryState.SHOWN,)
MAX_PER_PAGE: Final = 10_000
_SORT_COLUMNS: Final = {
    "created": t.entries.c.received_at,
    "updated": t.entries.c.updated_at,
    "published": t.entries.c.published_at,
    "rsvp": t.entries.c.rsvp_rank,
}


@dataclass(frozen=True, slots=True)
class Target:
    """A page that is asked for by one of its URLs, or a fragment of it."""

    key: str
    """`urls.page_key`."""
    fragment: str | None = None

    @classmethod
    def of(cls, url: str) -> Target:
        """The target that a URL names; `//host/path` names it for both schemes, as every URL does."""
        return cls(urls.page_key(url), urls.fragment(url))


@dataclass(frozen=True, slots=True)
class MentionQuery:
    """What is asked for.  One of `targets`, `page_ids` and `site_ids` at least: without any, nothing is found.

    Each of them narrows; within one, any value will do."""

    targets: tuple[Target, ...] | None = None
    page_ids: tuple[int, ...] | None = None
    site_ids: tuple[int, ...] | None = None
    properties: tuple[str, ...] = ()
    """`wm-property`; `mention-of` finds every kind that webmention.io does not know."""
    kinds: tuple[Kind, ...] = ()
    states: tuple[EntryState, ...] = SHOWN
    since: datetime | None = None
    """Received (in `deleted`: deleted) after that moment."""
    since_id: int | None = None
    include_private: bool = False
    include_copies: bool = True
    """Whether copies of a response that another entry stands for are listed too."""
    sort_by: Literal["created", "updated", "published", "rsvp"] = "created"
    newest_first: bool = True
    """`sort-dir=down`.  What has no value to sort by comes last either way."""
    page: int = 0
    per_page: int = 20
    """At most 10,000 are given."""

    @property
    def limit(self) -> int:
        """How many are given at once."""
        return min(max(self.per_page, 0), MAX_PER_PAGE)

    @property
    def offset(self) -> int:
        """How many are passed over."""
        return max(self.page, 0) * self.limit


async def query(c: AsyncConnection, q: MentionQuery) -> tuple[list[Entry], int]:
    """The entries asked for, and how many there are on all pages together."""
    where = _where(q)
    found = await read(c, _paged(select(t.entries).where(where).order_by(*_order(q)), q))
    return found, await _total(c, where, q, len(found))


async def ids(c: AsyncConnection, q: MentionQuery) -> tuple[list[int], int]:
    """The ids of the entries asked for, in their order, and how many there are on all pages together."""
    where = _where(q)
    found = list((await c.execute(_paged(select(t.entries.c.id).where(where).order_by(*_order(q)), q))).scalars())
    return found, await _total(c, where, q, len(found))


async def deleted(c: AsyncConnection, q: MentionQuery) -> tuple[list[Entry], int]:
    """The tombstones among what is asked for, and how many there are; `states` and `sort_by` do not count."""
    where = _where(replace(q, states=(EntryState.DELETED,), since=None, include_copies=True))
    if q.since is not None:
        where = and_(where, t.entries.c.deleted_at > q.since)
    at = t.entries.c.deleted_at
    order = (at.desc(), t.entries.c.id.desc()) if q.newest_first else (at.asc(), t.entries.c.id.asc())
    found = await read(c, _paged(select(t.entries).where(where).order_by(*order), q))
    return found, await _total(c, where, q, len(found))


async def count(
    c: AsyncConnection, page_ids: Iterable[int], *, fragment: str | None = None, include_copies: bool = True
) -> dict[str, int]:
    """How many shown, public entries the pages have, by kind; an RSVP counts as `rsvp-yes`, `rsvp-no` …"""
    q = MentionQuery(page_ids=tuple(page_ids), include_copies=include_copies)
    where = _where(q) if fragment is None else and_(_where(q), t.entries.c.fragment == fragment)
    return await _counts(c, where)


async def count_of(c: AsyncConnection, q: MentionQuery) -> dict[str, int]:
    """The same for everything that is asked for; pages and sorting do not count."""
    return await _counts(c, _where(q))


async def count_by_page(
    c: AsyncConnection, page_ids: Iterable[int], *, include_copies: bool = False
) -> dict[int, dict[str, int]]:
    """The same for each page by itself; pages without entries are left out."""
    columns = (t.entries.c.page_id, t.entries.c.kind, t.entries.c.rsvp)
    where = _where(MentionQuery(page_ids=tuple(page_ids), include_copies=include_copies))
    counts: dict[int, dict[str, int]] = {}
    for page_id, kind, rsvp, number in await c.execute(select(*columns, func.count()).where(where).group_by(*columns)):
        name = _count_name(kind, rsvp)
        of_page = counts.setdefault(page_id, {})
        of_page[name] = of_page.get(name, 0) + number
    return counts


async def thread(
    c: AsyncConnection,
    page_id: int,
    states: Sequence[EntryState] = SHOWN,
    after: int | None = None,
    limit: int = MAX_PER_PAGE,
    *,
    include_private: bool = False,
) -> list[Entry]:
    """The entries of a page above id `after`, by id; ask for DELETED too to keep the place of a withdrawn parent."""
    where = _where(MentionQuery(page_ids=(page_id,), states=tuple(states), include_private=include_private))
    found = select(t.entries).where(where, t.entries.c.id > (after or 0))
    return await read(c, found.order_by(t.entries.c.id).limit(limit))


async def replies_to(c: AsyncConnection, ids: Iterable[int]) -> dict[int, tuple[int, datetime | None]]:
    """How many shown replies hang right below each entry, and when the last of them changed.

    The moment is read here, not by the driver, so that an odd one costs only itself."""
    e = t.entries.c
    query = (
        select(e.parent_id, func.count(), cast(func.max(e.updated_at), Text))
        .where(e.parent_id.in_(list(ids)), stands_shown())
        .group_by(e.parent_id)
    )
    return {parent_id: (number, _moment(last)) for parent_id, number, last in await c.execute(query)}


async def of_site(
    c: AsyncConnection, site_id: int, *, states: Sequence[EntryState] = SHOWN, after: int = 0, limit: int = 1000
) -> list[Entry]:
    """The entries of a site above id `after`, by id, private ones too: for exports and moderation queues."""
    where = _where(MentionQuery(site_ids=(site_id,), states=tuple(states), include_private=True))
    return await read(c, select(t.entries).where(where, t.entries.c.id > after).order_by(t.entries.c.id).limit(limit))


def _moment(text: str) -> datetime | None:
    """A moment as a database writes it; None for what is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _where(q: MentionQuery) -> ColumnElement[bool]:
    e = t.entries.c
    conditions: list[ColumnElement[bool]] = [e.state.in_([state.value for state in q.states])]
    if q.targets is None and q.page_ids is None and q.site_ids is None:
        return false()
    if EntryState.DELETED not in q.states:
        conditions.append(e.merged_into.is_(None))
    if q.targets is not None:
        conditions.append(_on_targets(q.targets))
    if q.page_ids is not None:
        conditions.append(e.page_id.in_(q.page_ids))
    if q.site_ids is not None:
        conditions.append(e.site_id.in_(q.site_ids))
    if q.properties:
        conditions.append(e.wm_property.in_(q.properties))
    if q.kinds:
        conditions.append(e.kind.in_([kind.value for kind in q.kinds]))
    if q.since is not None:
        conditions.append(e.received_at > q.since)
    if q.since_id is not None:
        conditions.append(e.id > q.since_id)
    if not q.include_private:
        conditions.append(e.private.is_(False))
    if not q.include_copies:
        conditions.append(e.cluster_id.is_(None))
    return and_(*conditions)


def _order(q: MentionQuery) -> tuple[UnaryExpression[Any], UnaryExpression[Any]]:
    column, entry_id = _SORT_COLUMNS[q.sort_by], t.entries.c.id
    if q.newest_first:
        return column.desc().nulls_last(), entry_id.desc()
    return column.asc().nulls_last(), entry_id.asc()


def _on_targets(targets: Sequence[Target]) -> ColumnElement[bool]:
    whole = [target.key for target in targets if target.fragment is None]
    parts = [
        and_(t.entries.c.page_id.in_(_pages([target.key])), t.entries.c.fragment == target.fragment)
        for target in targets
        if target.fragment is not None
    ]
    return or_(t.entries.c.page_id.in_(_pages(whole)), *parts) if whole or not parts else or_(*parts)


def _pages(keys: Sequence[str]) -> Select[tuple[int]]:
    return select(t.page_urls.c.page_id).where(t.page_urls.c.key_hash.in_([key_of(key) for key in keys]))


def _paged(found: Select[Any], q: MentionQuery) -> Select[Any]:
    return found.limit(q.limit).offset(q.offset)


async def _total(c: AsyncConnection, where: ColumnElement[bool], q: MentionQuery, found: int) -> int:
    if q.offset == 0 and found < q.limit:  # all of them: no need to ask again
        return found
    return (await c.execute(select(func.count()).select_from(t.entries).where(where))).scalar_one()


async def _counts(c: AsyncConnection, where: ColumnElement[bool]) -> dict[str, int]:
    columns = (t.entries.c.kind, t.entries.c.rsvp)
    counts: dict[str, int] = {}
    for kind, rsvp, number in await c.execute(select(*columns, func.count()).where(where).group_by(*columns)):
        name = _count_name(kind, rsvp)
        counts[name] = counts.get(name, 0) + number
    return counts


def _count_name(kind: str, rsvp: str | None) -> str:
    if kind not in KINDS:
        return Kind.MENTION.value
    return f"rsvp-{rsvp}" if kind == Kind.RSVP and rsvp else kind
