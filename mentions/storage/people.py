"""People who have signed in: who they are to one site, and what they have written there.

A person is of one site: what somebody is called on one, the owner of another has nothing to do with (decision 0110)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions.identity import Identity
from mentions.model import Entry, EntryState, PlainText, Proof, Url, Way
from mentions.storage import tables as t
from mentions.storage.columns import key_of
from mentions.storage.entries import rows
from mentions.storage.inserting import insert_or


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has signed in on a site."""

    id: int
    site_id: int
    way: Way
    subject: str
    name: PlainText | None
    url: Url | None
    photo: Url | None
    email: str | None
    proof: Proof
    created_at: datetime
    seen_at: datetime

    @property
    def has_proved_url(self) -> bool:
        """Whether they signed in by their URL; else it is only what they say."""
        return self.way is Way.DOMAIN


@dataclass(frozen=True, slots=True)
class Written:
    """A comment of somebody, with what is not shown of it."""

    entry: Entry
    markdown: str
    email: str | None


async def welcome(c: AsyncConnection, site_id: int, identity: Identity, *, now: datetime) -> Person:
    """The person that an identity is on the site; a new one, or the known one with what is said of them now."""
    said: dict[str, Any] = {
        "name": identity.name,
        "url": identity.url,
        "photo": identity.photo,
        "email": identity.email,
        "proved_by": identity.proved_by,
    }
    new = {"site_id": site_id, "way": identity.way.value, "subject": identity.subject, "created_at": now}
    insertion = insert_or(c, t.people).values(**new, **said, subject_key=key_of(identity.subject), seen_at=now)
    newer = {name: func.coalesce(insertion.excluded[name], t.people.c[name]) for name in said}
    returned = await c.execute(
        insertion.on_conflict_do_update(
            index_elements=["site_id", "way", "subject_key"], set_=newer | {"seen_at": now}
        ).returning(*t.people.c)
    )
    return person(returned.one())


async def by_id(c: AsyncConnection, person_id: int) -> Person | None:
    """The person of that id."""
    row = (await c.execute(select(t.people).where(t.people.c.id == person_id))).one_or_none()
    return person(row) if row else None


async def hold(c: AsyncConnection, person_id: int) -> bool:
    """Makes others who write as this person, or forget them, wait for this transaction.  False: nobody is that."""
    query = select(t.people.c.id).where(t.people.c.id == person_id).with_for_update()
    return (await c.execute(query)).one_or_none() is not None


async def remember(c: AsyncConnection, person_id: int, said: Mapping[str, str | None]) -> None:
    """What somebody has typed of themselves last: `name`, `url`."""
    if said:
        await c.execute(update(t.people).where(t.people.c.id == person_id).values(**said))


async def written_by(
    c: AsyncConnection,
    person_id: int,
    *,
    page_id: int | None = None,
    after: int = 0,
    limit: int = 1_000,
    to_change: bool = False,
) -> list[Written]:
    """The comments of somebody above id `after`, by id; withdrawn ones are nobody's any more.

    Read `to_change` them, they stay as they are until this transaction ends; see `entries.lock`."""
    e = t.entries.c
    mine = (
        select(t.entries, t.comments.c.markdown, t.comments.c.email)
        .join(t.comments, t.comments.c.entry_id == e.id)
        .where(t.comments.c.person_id == person_id, e.id > after, e.state != EntryState.DELETED.value)
    )
    if page_id is not None:
        mine = mine.where(e.page_id == page_id)
    if to_change:
        mine = mine.with_for_update(of=t.entries)
    found = await c.execute(mine.order_by(e.id).limit(limit))
    return [Written(rows.entry(row), row.markdown, row.email) for row in found]


async def forget(c: AsyncConnection, person_id: int) -> None:
    """Who it was, and every session of theirs.  What they wrote has to be withdrawn before, while they are held."""
    await c.execute(delete(t.people).where(t.people.c.id == person_id))


async def prune(c: AsyncConnection, before: datetime) -> int:
    """Forgets who has not been here since then, has no session and has written nothing; how many."""
    p = t.people.c
    has_session = select(t.sessions.c.id).where(t.sessions.c.person_id == p.id).exists()
    has_written = select(t.comments.c.entry_id).where(t.comments.c.person_id == p.id).exists()
    gone = delete(t.people).where(p.seen_at < before, ~has_session, ~has_written)
    return (await c.execute(gone)).rowcount


def person(row: Row[Any]) -> Person:
    """The person in a row of the table."""
    way = Way(row.way)
    proof = Proof(way, PlainText(row.proved_by) if row.proved_by else None)
    return Person(
        id=row.id,
        site_id=row.site_id,
        way=way,
        subject=row.subject,
        name=row.name,
        url=row.url,
        photo=row.photo,
        email=row.email,
        proof=proof,
        created_at=row.created_at,
        seen_at=row.seen_at,
    )
