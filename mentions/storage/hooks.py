"""Addresses that a site's owner wants told of changes.  What they are sent says `mentions/webhooks.py`.

A secret has to sign, so it is kept as it is; it is handed out once, when it is made."""

from __future__ import annotations

import builtins
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import urls, webhooks
from mentions.errors import Conflict, InvalidRequest, NotFound
from mentions.storage import audit, changes, deliveries
from mentions.storage import tables as t
from mentions.storage.deliveries import DeliveryStatus
from mentions.webhooks import HookKind, Secret

MOST_PER_SITE: Final = 50
QUIET_S: Final = 60
EVERY_S: Final = 300
LONGEST_S: Final = 86_400
OLD_SECRET_SIGNS_FOR: Final = timedelta(days=1)
"""How long an old secret signs beside its successor, unless the owner says otherwise."""


@dataclass(frozen=True, slots=True)
class Hook:
    """One address, and what it is told."""

    id: int
    site_id: int
    url: str
    kind: HookKind
    events: tuple[str, ...]
    secrets: tuple[Secret, ...]
    """The newest first."""
    quiet_s: int
    """Of a rebuild hook: how long changes must have rested."""
    every_s: int
    """Of a rebuild hook: the least time between two rebuilds."""
    since_cursor: int
    """Changes up to this one happened before the hook was there."""
    created_at: datetime
    disabled_at: datetime | None
    disabled_why: str | None


async def add(
    c: AsyncConnection,
    site_id: int,
    url: str,
    *,
    kind: str = HookKind.STANDARD,
    events: Sequence[str] = (),
    secret: str | None = None,
    quiet_s: int = QUIET_S,
    every_s: int = EVERY_S,
    now: datetime,
    actor: str = "owner",
) -> Hook:
    """Adds a hook that hears of everything from now on.  Raises InvalidRequest, Conflict when a site has too many."""
    if kind not in builtins.list(HookKind):
        raise InvalidRequest(f"kind has to be one of {', '.join(HookKind)}")
    if not (0 <= quiet_s <= LONGEST_S and 0 <= every_s <= LONGEST_S):
        raise InvalidRequest(f"times have to be between 0 and {LONGEST_S} seconds")
    checked = urls.check_claim_url(url, what="url")
    if await _count(c, site_id) >= MOST_PER_SITE:
        raise Conflict(f"the site has {MOST_PER_SITE} hooks, which is as many as it may have")
    signs = webhooks.check_secret(secret, HookKind(kind)) if secret is not None else _new_secret()
    await changes.lock(c)  # whoever appends after this meets the hook
    values: dict[str, Any] = {
        "site_id": site_id,
        "url": checked,
        "kind": kind,
        "events": builtins.list(webhooks.read_events(events)),
        "secrets": [[signs, None]],
        "quiet_s": quiet_s,
        "every_s": every_s,
        "since_cursor": await changes.latest(c),
        "created_at": now,
    }
    hook = _hook((await c.execute(insert(t.hooks).values(**values).returning(*t.hooks.c))).one())
    await _note(c, hook, actor, "hook_added", now)
    return hook


async def for_site(c: AsyncConnection, site_id: int) -> builtins.list[Hook]:
    """A site's hooks, oldest first."""
    rows = await c.execute(select(t.hooks).where(t.hooks.c.site_id == site_id).order_by(t.hooks.c.id))
    return [_hook(row) for row in rows]


async def active(c: AsyncConnection) -> builtins.list[Hook]:
    """Every hook that is to be told of changes."""
    rows = await c.execute(select(t.hooks).where(t.hooks.c.disabled_at.is_(None)).order_by(t.hooks.c.id))
    return [_hook(row) for row in rows]


async def get(c: AsyncConnection, hook_id: int) -> Hook | None:
    """The hook of that id."""
    row = (await c.execute(select(t.hooks).where(t.hooks.c.id == hook_id))).one_or_none()
    return None if row is None else _hook(row)


async def remove(c: AsyncConnection, site_id: int, hook_id: int, *, now: datetime, actor: str = "owner") -> bool:
    """Removes a hook with its log.  False: the site has no such hook."""
    is_it = (t.hooks.c.site_id == site_id, t.hooks.c.id == hook_id)
    row = (await c.execute(delete(t.hooks).where(*is_it).returning(*t.hooks.c))).one_or_none()
    if row is not None:
        await _note(c, _hook(row), actor, "hook_removed", now)
    return row is not None


async def rotate(
    c: AsyncConnection, hook: Hook, *, keep: timedelta = OLD_SECRET_SIGNS_FOR, now: datetime, actor: str = "owner"
) -> Hook:
    """Gives a hook a new secret; the ones before sign beside it for a while, also one that was made a moment ago.

    In the older form one secret has to do, so there the new one counts at once.  Raises NotFound for a hook that is
    gone."""
    until = now + keep
    old = [
        [each.text, min(each.expires_at or until, until).isoformat()]
        for each in (await _held(c, hook.id)).secrets
        if each.is_valid(now) and keep > timedelta()
    ]
    await _note(c, hook, actor, "secret_rotated", now)
    return await _update(c, hook.id, secrets=[[_new_secret(), None], *old])


async def disable(c: AsyncConnection, hook_id: int, why: str, *, now: datetime) -> bool:
    """Tells a hook nothing more; what waited for it is given up.  False: it is told nothing already, or is gone."""
    is_active = (t.hooks.c.id == hook_id, t.hooks.c.disabled_at.is_(None))
    silenced = update(t.hooks).where(*is_active).values(disabled_at=now, disabled_why=why)
    if not (await c.execute(silenced)).rowcount:
        return False
    await deliveries.give_up(c, hook_id, DeliveryStatus.WAITING, why)
    return True


async def enable(c: AsyncConnection, hook: Hook, *, now: datetime, actor: str = "owner") -> Hook:
    """Tells a hook of changes again, from now on; `replay` brings what it missed.  One that is told already stays so.

    What is still under way to it was meant for what it was before: whatever comes of that says nothing of it now."""
    await changes.lock(c)
    now_is = await get(c, hook.id)  # another may have enabled it while we waited
    if now_is is not None and now_is.disabled_at is None:
        return now_is
    await deliveries.give_up(c, hook.id, DeliveryStatus.SENDING, "the hook was disabled, and enabled again")
    await _held(c, hook.id)
    await _note(c, hook, actor, "hook_enabled", now)
    return await _update(c, hook.id, disabled_at=None, disabled_why=None, since_cursor=await changes.latest(c))


async def _note(c: AsyncConnection, hook: Hook, actor: str, act: str, now: datetime) -> None:
    """Tells the trail; of the address the host alone, for its path is often a secret."""
    await audit.note(c, hook.site_id, actor, act, now=now, what=f"hook:{hook.id} {urls.authority(hook.url)}")


async def _held(c: AsyncConnection, hook_id: int) -> Hook:
    """The hook as it is now; nobody else changes it before this transaction ends.  Raises NotFound."""
    row = (await c.execute(select(t.hooks).where(t.hooks.c.id == hook_id).with_for_update())).one_or_none()
    if row is None:
        raise NotFound("There is no such hook any more.")
    return _hook(row)


async def _update(c: AsyncConnection, hook_id: int, **values: Any) -> Hook:
    changed = update(t.hooks).where(t.hooks.c.id == hook_id).values(**values).returning(*t.hooks.c)
    return _hook((await c.execute(changed)).one())


async def _count(c: AsyncConnection, site_id: int) -> int:
    query = select(func.count()).select_from(t.hooks).where(t.hooks.c.site_id == site_id)
    return int((await c.execute(query)).scalar_one())


def _new_secret() -> str:
    return webhooks.secret_of(secrets.token_bytes(webhooks.SECRET_BYTES))


def _hook(row: Row[Any]) -> Hook:
    facts = row._asdict()
    kept = tuple(Secret(text, datetime.fromisoformat(at) if at else None) for text, at in facts.pop("secrets"))
    return Hook(**{**facts, "kind": HookKind(row.kind), "events": tuple(row.events), "secrets": kept})
