"""What each site has learned of spam from its owner's decisions (`mentions/learned.py`).

Each decision is kept with the hashes that it counted, so that it can be taken back exactly, whatever has become of the
response meanwhile."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import learned
from mentions.learned import Memory, Score, Tally
from mentions.model import Entry, EntryState, Protocol, Reaction
from mentions.storage import tables as t
from mentions.storage.inserting import insert_or, upsert


async def score(
    c: AsyncConnection, site_id: int, reaction: Reaction, protocol: Protocol, source: str = ""
) -> Score | None:
    """How much the response looks like what the site's owner has called spam; None: too little is known."""
    totals = await _totals(c, site_id)
    if totals is None or not totals.is_ripe:
        return None
    features = learned.features_of(reaction, protocol, source)
    return learned.score(await _recall(c, site_id, totals, [each.hash for each in features]), features)


async def decided(c: AsyncConnection, before: Entry, after: Entry, *, now: datetime) -> None:
    """The owner has moved an entry from one state to another: learns from it, or takes back what was learned.

    Spam is learned as spam; what waited, or was taken for spam by a rule, and is shown now, as good.  Showing what
    the owner had called spam themselves only takes that back."""
    is_spam = after.state is EntryState.SPAM
    is_rescued = after.state is EntryState.SHOWN and before.state in (EntryState.HELD, EntryState.SPAM)
    if before.state is after.state or not (is_spam or is_rescued):
        return
    memory = await _lock(c, before.site_id)
    earlier = await _earlier(c, before.id)
    if earlier is not None and earlier.is_spam is is_spam:
        return
    if earlier is not None:
        hashes = _unpacked(earlier.features)
        memory = (await _recall(c, before.site_id, memory, hashes)).unlearn(hashes, is_spam=earlier.is_spam)
        await c.execute(delete(t.spam_decisions).where(t.spam_decisions.c.entry_id == before.id))
        await _save(c, before.site_id, memory, hashes)
    if is_spam or earlier is None:
        hashes = [each.hash for each in learned.features_of(before.reaction, before.protocol, before.source)]
        memory = (await _recall(c, before.site_id, memory, hashes)).learn(hashes, is_spam=is_spam)
        row = {"entry_id": before.id, "site_id": before.site_id, "is_spam": is_spam, "at": now}
        await c.execute(insert_or(c, t.spam_decisions).values(**row, features=b"".join(hashes)))
        await _save(c, before.site_id, memory, hashes)


async def memory_of(c: AsyncConnection, site_id: int) -> Memory:
    """All that a site has learned."""
    totals = await _totals(c, site_id) or Memory()
    return await _recall(c, site_id, totals, None)


async def _totals(c: AsyncConnection, site_id: int, *, lock: bool = False) -> Memory | None:
    query = select(t.spam_totals).where(t.spam_totals.c.site_id == site_id)
    row = (await c.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        return None
    return Memory(Tally(row.spam, row.ham), Tally(row.spam_features, row.ham_features))


async def _lock(c: AsyncConnection, site_id: int) -> Memory:
    """The totals, which one transaction at a time may change, and with them the site's words."""
    nothing = {"site_id": site_id, "spam": 0, "ham": 0, "spam_features": 0, "ham_features": 0}
    await c.execute(insert_or(c, t.spam_totals).values(**nothing).on_conflict_do_nothing(index_elements=["site_id"]))
    totals = await _totals(c, site_id, lock=True)
    assert totals is not None, "it was made just now, if not before"
    return totals


async def _recall(c: AsyncConnection, site_id: int, totals: Memory, hashes: Collection[bytes] | None) -> Memory:
    """The totals with the words of these hashes; None: with all words."""
    query = select(t.spam_words).where(t.spam_words.c.site_id == site_id)
    if hashes is not None:
        query = query.where(t.spam_words.c.word_hash.in_(hashes))
    words = {row.word_hash: Tally(row.spam, row.ham) for row in await c.execute(query)}
    return Memory(totals.decisions, totals.features, words)


async def _save(c: AsyncConnection, site_id: int, memory: Memory, hashes: Collection[bytes]) -> None:
    """Writes the totals and the words of these hashes; words that nothing is left of go."""
    counts = {
        "spam": memory.decisions.spam,
        "ham": memory.decisions.ham,
        "spam_features": memory.features.spam,
        "ham_features": memory.features.ham,
    }
    await c.execute(update(t.spam_totals).where(t.spam_totals.c.site_id == site_id).values(**counts))
    rows: list[dict[str, Any]] = [
        {"site_id": site_id, "word_hash": one, "spam": tally.spam, "ham": tally.ham}
        for one in hashes
        if (tally := memory.words.get(one)) is not None
    ]
    if rows:
        await c.execute(upsert(c.dialect.name, t.spam_words), rows)
    if gone := [(site_id, one) for one in hashes if one not in memory.words]:
        key = tuple_(t.spam_words.c.site_id, t.spam_words.c.word_hash)
        await c.execute(delete(t.spam_words).where(key.in_(gone)))


async def _earlier(c: AsyncConnection, entry_id: int) -> Any:
    query = select(t.spam_decisions).where(t.spam_decisions.c.entry_id == entry_id)
    return (await c.execute(query)).one_or_none()


def _unpacked(features: bytes) -> list[bytes]:
    return [features[at : at + 8] for at in range(0, len(features), 8)]
