"""Sessions of people who have signed in: 256 random bits that a page keeps, kept here as their SHA-256."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions.storage import people
from mentions.storage import tables as t
from mentions.storage.people import Person

LASTS: Final = timedelta(days=90)
"""After its last use; being used prolongs it."""
PROLONGED_EVERY: Final = timedelta(days=1)
"""Reading must not turn into writing each time."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session that holds, and whose it is."""

    id: int
    person: Person
    expires_at: datetime

    def is_to_be_prolonged(self, now: datetime) -> bool:
        """Whether a use now is worth a write."""
        return self.expires_at < now + LASTS - PROLONGED_EVERY


async def begin(c: AsyncConnection, person_id: int, *, now: datetime) -> tuple[str, datetime]:
    """A new session's token, which nobody can read again, and when it ends unless it is used."""
    token, expires_at = secrets.token_urlsafe(32), now + LASTS
    values = {"person_id": person_id, "hash": _hash(token), "created_at": now, "expires_at": expires_at}
    await c.execute(insert(t.sessions).values(**values))
    return token, expires_at


async def check(c: AsyncConnection, token: str, *, now: datetime) -> Session | None:
    """The session of a token; None for a wrong one, or one whose time is over."""
    s = t.sessions.c
    query = select(t.people, s.id.label("session_id"), s.expires_at).join(t.sessions, s.person_id == t.people.c.id)
    row = (await c.execute(query.where(s.hash == _hash(token), s.expires_at > now))).one_or_none()
    return Session(row.session_id, people.person(row), row.expires_at) if row else None


async def prolong(c: AsyncConnection, session: Session, *, now: datetime) -> datetime:
    """The session was used; when it ends now."""
    expires_at = now + LASTS
    await c.execute(update(t.sessions).where(t.sessions.c.id == session.id).values(expires_at=expires_at))
    await c.execute(update(t.people).where(t.people.c.id == session.person.id).values(seen_at=now))
    return expires_at


async def end(c: AsyncConnection, session_id: int) -> None:
    """Somebody signs out."""
    await c.execute(delete(t.sessions).where(t.sessions.c.id == session_id))


async def prune(c: AsyncConnection, now: datetime) -> int:
    """Forgets the sessions whose time is over; how many."""
    return (await c.execute(delete(t.sessions).where(t.sessions.c.expires_at <= now))).rowcount


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
