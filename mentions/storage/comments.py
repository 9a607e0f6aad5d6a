"""What only a comment has that was typed below the post: its Markdown, and who may still edit it.

Everything that is shown of it is in its entry.  Edit tokens are kept as SHA-256; the e-mail address is never shown."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions.storage import doubts as doubts_of_entries
from mentions.storage import tables as t
from mentions.storage.inserting import insert_or


@dataclass(frozen=True, slots=True)
class Comment:
    """The part of a comment that is not shown."""

    entry_id: int
    markdown: str
    email: str | None
    visitor: bytes | None
    """Hash of who typed it."""
    edit_hash: bytes | None
    editable_until: datetime | None
    person_id: int | None = None
    """Who had signed in when it was typed."""
    doubts: tuple[str, ...] = ()
    """Why it was held, in words for the owner."""

    def may_be_edited_with(self, edit_token: str, now: datetime) -> bool:
        """Whether the token is the comment's own, and its time not over."""
        if self.edit_hash is None or self.editable_until is None or now >= self.editable_until:
            return False
        return hmac.compare_digest(self.edit_hash, _hash(edit_token))


async def keep(
    c: AsyncConnection,
    entry_id: int,
    *,
    markdown: str,
    email: str | None = None,
    visitor: bytes | None = None,
    edit_token: str | None = None,
    editable_until: datetime | None = None,
    person_id: int | None = None,
    doubts: Sequence[str] = (),
) -> Comment:
    """Keeps the part of a new comment that is not shown."""
    values: dict[str, Any] = {
        "markdown": markdown,
        "email": email,
        "visitor": visitor,
        "edit_hash": None if edit_token is None else _hash(edit_token),
        "editable_until": editable_until,
        "person_id": person_id,
    }
    await c.execute(
        insert_or(c, t.comments)
        .values(entry_id=entry_id, **values)
        .on_conflict_do_update(index_elements=["entry_id"], set_=values)
    )
    await doubts_of_entries.keep(c, entry_id, doubts)
    return Comment(entry_id, **values, doubts=tuple(doubts))


async def get(c: AsyncConnection, entry_id: int) -> Comment | None:
    """The hidden part of a comment; None for other entries, and for withdrawn comments."""
    row = (await c.execute(select(t.comments).where(t.comments.c.entry_id == entry_id))).one_or_none()
    if row is None:
        return None
    reasons = await doubts_of_entries.of(c, [entry_id])
    return Comment(**row._asdict(), doubts=reasons.get(entry_id, ()))


async def said_before(
    c: AsyncConnection, site_id: int, markdown: str, *, since: datetime, but: int | None = None
) -> bool:
    """Whether the site was given another comment than `but` of the same words since then, on whatever page."""
    same = (
        select(t.comments.c.entry_id)
        .join(t.entries, t.entries.c.id == t.comments.c.entry_id)
        .where(t.entries.c.site_id == site_id, t.entries.c.received_at > since, t.comments.c.markdown == markdown)
    )
    if but is not None:
        same = same.where(t.comments.c.entry_id != but)
    return (await c.execute(same.limit(1))).one_or_none() is not None


async def set_markdown(c: AsyncConnection, entry_id: int, markdown: str) -> None:
    """The author has edited the comment."""
    await c.execute(update(t.comments).where(t.comments.c.entry_id == entry_id).values(markdown=markdown))


def _hash(edit_token: str) -> bytes:
    return hashlib.sha256(edit_token.encode("utf-8", "surrogatepass")).digest()
