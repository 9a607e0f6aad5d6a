"""API tokens: 256 random bits, shown once, kept as their SHA-256."""

from __future__ import annotations

import builtins
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions.errors import InvalidRequest
from mentions.storage import audit
from mentions.storage import tables as t
from mentions.storage.inserting import is_writing

SCOPES: Final = ("read", "moderate", "export", "hooks")
"""What a token may allow, in the order in which they are told."""
USE_NOTED_EVERY: Final = timedelta(minutes=1)
"""How exactly the last use of a token is known: reading must not turn into writing."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a token allows.  The token itself is known only to who holds it."""

    id: int
    site_id: int
    scopes: frozenset[str]
    label: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    @property
    def actor(self) -> str:
        """How revisions and the audit trail name who held the token."""
        return f"token:{self.id}"

    def is_valid(self, now: datetime) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


async def create(
    c: AsyncConnection,
    site_id: int,
    scopes: Iterable[str],
    *,
    label: str = "",
    now: datetime,
    expires_at: datetime | None = None,
    actor: str | None = None,
) -> str:
    """Makes a token and returns it: nobody can read it again.  Raises InvalidRequest for an unknown scope or none.

    `actor`: who decided so; None where it comes with its site."""
    wanted = set(scopes)
    if not wanted or wanted - set(SCOPES):
        unknown = ", ".join(sorted(wanted - set(SCOPES))) or "none given"
        raise InvalidRequest(f"a token needs scopes out of {', '.join(SCOPES)}: {unknown}")
    token = secrets.token_urlsafe(32)
    told = " ".join(scope for scope in SCOPES if scope in wanted)
    values = {"scopes": told, "label": label, "expires_at": expires_at}
    making = insert(t.tokens).values(site_id=site_id, hash=_hash(token), created_at=now, **values)
    token_id = (await c.execute(making.returning(t.tokens.c.id))).scalar_one()
    if actor is not None:
        what = f"token:{token_id} {told.replace(' ', ',')} {label}".rstrip()
        await audit.note(c, site_id, actor, "token_created", now=now, what=what)
    return token


async def check(c: AsyncConnection, token: str, *, now: datetime) -> Token | None:
    """The valid token; None for a wrong, expired or revoked one.  Notes its use when `c` may write."""
    row = (await c.execute(select(t.tokens).where(t.tokens.c.hash == _hash(token)))).one_or_none()
    found = _token(row) if row else None
    if found is None or not found.is_valid(now):
        return None
    if is_writing(c):
        await note_use(c, found, now=now)
    return found


async def note_use(c: AsyncConnection, token: Token, *, now: datetime) -> None:
    """Remembers when the token was used last, at most once a minute."""
    if not is_use_news(token, now):
        return
    last = t.tokens.c.last_used_at
    stale = or_(last.is_(None), last <= now - USE_NOTED_EVERY)
    await c.execute(update(t.tokens).where(t.tokens.c.id == token.id, stale).values(last_used_at=now))


def is_use_news(token: Token, now: datetime) -> bool:
    """Whether a use now is worth a write."""
    return token.last_used_at is None or now - token.last_used_at >= USE_NOTED_EVERY


async def for_site(c: AsyncConnection, site_id: int) -> builtins.list[Token]:
    """The tokens of a site, oldest first, revoked ones too."""
    rows = await c.execute(select(t.tokens).where(t.tokens.c.site_id == site_id).order_by(t.tokens.c.id))
    return [_token(row) for row in rows]


async def revoke(c: AsyncConnection, site_id: int, token_id: int, *, now: datetime, actor: str = "owner") -> bool:
    """Ends a token for good.  False: the site has no such token, or it is revoked already."""
    mine = (t.tokens.c.id == token_id, t.tokens.c.site_id == site_id, t.tokens.c.revoked_at.is_(None))
    is_news = (await c.execute(update(t.tokens).where(*mine).values(revoked_at=now))).rowcount > 0
    if is_news:
        await audit.note(c, site_id, actor, "token_revoked", now=now, what=f"token:{token_id}")
    return is_news


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _token(row: Row[Any]) -> Token:
    return Token(
        id=row.id,
        site_id=row.site_id,
        scopes=frozenset(row.scopes.split()),
        label=row.label,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )


list = for_site  # noqa: A001  read as `tokens.list(c, …)`
