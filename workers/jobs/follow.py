"""What follows from the changes: messages to hooks, webmentions from permalinks.  Made, not sent (`deliver.py`).

A batch of changes becomes deliveries in the same transaction that moves the position on: a crash loses none, and a
second look makes none twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import webhooks
from mentions.model import Change
from mentions.storage import changes, deliveries, entries, hooks, imports
from mentions.storage.changes import Changed
from mentions.storage.deliveries import FOLLOWER, Message
from mentions.storage.hooks import Hook
from mentions.webhooks import HookKind
from workers.jobs.mentioning import plan_mentions
from workers.jobs.upstream import plan_upstream
from workers.kit import Kit

BATCH: Final = 200


async def follow_changes(kit: Kit, *, batch: int = BATCH) -> int:
    """Makes deliveries of the next changes; how many changes there were."""
    async with kit.db.read() as c:
        if not await changes.since(c, await changes.position(c, FOLLOWER), 1):
            return 0
    async with kit.db.write() as c:
        happened = await changes.since(c, await changes.position(c, FOLLOWER), batch)
        if happened:
            await _deal_with(c, kit, happened)
            await changes.advance(c, FOLLOWER, happened[-1].cursor, now=kit.now())
        return len(happened)


async def _deal_with(c: AsyncConnection, kit: Kit, happened: Sequence[Changed]) -> None:
    listening = await hooks.active(c)  # after the changes: whoever came before one of them is seen
    news = await _without_imported(c, happened)
    messages = [message for hook in listening for message in messages_of(hook, news)]
    await deliveries.add(c, messages, now=kit.now())
    for hook in listening:
        if hook.kind is HookKind.REBUILD and (heard := heard_by(hook, happened)):
            await _plan_rebuild(c, hook, heard, kit.now())
    known = await entries.many(c, {changed.entry_id for changed in happened})
    for changed in news:
        if (entry := known.get(changed.entry_id)) is not None:
            await plan_mentions(c, changed, entry, kit.public_url, now=kit.now())
    below = [(changed.cursor, known[changed.entry_id]) for changed in news if changed.entry_id in known]
    await plan_upstream(c, below, kit.public_url, now=kit.now())


async def _without_imported(c: AsyncConnection, happened: Sequence[Changed]) -> list[Changed]:
    """What has happened: that a response was brought in from elsewhere is no news to anybody (decision 0124)."""
    created = {changed.entry_id for changed in happened if changed.change is Change.CREATED}
    imported = await imports.brought_in(c, created) if created else set()
    return [each for each in happened if each.change is not Change.CREATED or each.entry_id not in imported]


def heard_by(hook: Hook, happened: Iterable[Changed]) -> list[Changed]:
    """The changes that a hook may have to hear of."""
    return [
        changed
        for changed in happened
        if changed.site_id == hook.site_id
        and changed.cursor > hook.since_cursor
        and webhooks.wants(hook.events, changed.change)
    ]


def messages_of(hook: Hook, happened: Iterable[Changed]) -> list[Message]:
    """One message for each change that a hook may have to hear of."""
    if hook.kind is HookKind.REBUILD:
        return []
    return [deliveries.message_of(hook.id, changed) for changed in heard_by(hook, happened)]


async def _plan_rebuild(c: AsyncConnection, hook: Hook, heard: Sequence[Changed], now: datetime) -> None:
    """One rebuild for all changes until the site has been quiet."""
    last = heard[-1]
    waiting = await deliveries.waiting_for(c, hook.id, webhooks.REBUILD)
    due_at = webhooks.rebuild_at(
        changed_at=now,
        first_at=waiting.created_at if waiting is not None else now,
        last_at=await deliveries.last_tried_at(c, hook.id),
        quiet=timedelta(seconds=hook.quiet_s),
        every=timedelta(seconds=hook.every_s),
    )
    if waiting is None:
        made = Message(
            hook.id,
            hook.site_id,
            webhooks.message_id(hook.id, last.cursor),
            webhooks.REBUILD,
            last.at,
            cursor=last.cursor,
        )
        await deliveries.add(c, [made], now=now, due_at=due_at)
    elif waiting.attempts == 0:
        await deliveries.put_off(c, waiting, due_at, cursor=last.cursor)
