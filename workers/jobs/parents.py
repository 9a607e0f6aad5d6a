"""Which response does this one answer?  (Contract §7.)

A reply hangs below the entry that one of its `in-reply-to` names: by our permalink, source, url, uid, syndication or
canonical URL, or on the page of the post (`#c-7`, `?replytocom=7`, `?c=7`); below the deepest one, where it names
several (senders name the post and the comment).  An entry that comes after its answers adopts them.
Never itself, never a circle."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import jf2, urls
from mentions.comment_urls import permalink_id
from mentions.model import Entry, EntryState
from mentions.storage import entries
from workers.jobs.places import on_its_page

MAX_DEPTH = 100
"""Longest chain that is walked up; what hangs deeper stays where it is."""


async def find_parent(
    c: AsyncConnection, entry: Entry, *, public_url: str, answered: Entry | None = None
) -> int | None:
    """The id of the entry that `entry` answers; None when it answers the post.

    `answered` is the entry that the target named."""
    candidates = await _candidates(c, entry, public_url)
    if answered is not None:
        candidates.setdefault(answered.id, answered)
    best, best_depth = None, -1
    for candidate in candidates.values():
        chain = await _chain(c, candidate)
        if entry.id not in chain and len(chain) > best_depth:
            best, best_depth = candidate.id, len(chain)
    return best


async def adopt(c: AsyncConnection, entry: Entry, *, public_url: str) -> list[Entry]:
    """Hangs the answers to `entry` that were here before it below it; those that were moved."""
    own = (entry.source, entry.reaction.url, entry.reaction.uid, entry.reaction.canonical, *entry.reaction.syndication)
    moved = []
    for child in await entries.find_answers(c, entry.page_id, [*own, jf2.permalink(public_url, entry.id)]):
        parent_id = await find_parent(c, child, public_url=public_url)
        if child.id != entry.id and parent_id is not None and parent_id != child.parent_id:
            await entries.update(c, child.id, now=child.updated_at, parent_id=parent_id)
            moved.append(child)
    return moved


async def _candidates(c: AsyncConnection, entry: Entry, public_url: str) -> dict[int, Entry]:
    """The live entries of the page that `entry` names as what it replies to, itself excepted."""
    named = [url for url in entry.reaction.in_reply_to if not _is_the_post(url, entry, public_url)]
    if not named:
        return {}
    by_id = {found.id: found for found in await entries.find_by_any_url(c, entry.page_id, named)}
    for entry_id in _permalink_ids(named, public_url):
        found = await entries.get(c, entry_id)
        if found is not None and found.page_id == entry.page_id and found.state is not EntryState.DELETED:
            by_id[found.id] = found
    for url in named:
        found = await on_its_page(c, url)
        if found is not None and found.page_id == entry.page_id and found.state is not EntryState.DELETED:
            by_id[found.id] = found
    by_id.pop(entry.id, None)
    return by_id


def _is_the_post(url: str, entry: Entry, public_url: str) -> bool:
    """Most replies name nothing but the page itself, and need not be looked for."""
    return urls.same_resource(url, entry.target) and permalink_id(url, public_url) is None


def _permalink_ids(named: Iterable[str], public_url: str) -> list[int]:
    ids = (permalink_id(url, public_url) for url in named)
    return [entry_id for entry_id in ids if entry_id is not None]


async def _chain(c: AsyncConnection, entry: Entry) -> list[int]:
    """The entry and its ancestors, nearest first."""
    chain = [entry.id]
    parent_id = entry.parent_id
    while parent_id is not None and parent_id not in chain and len(chain) < MAX_DEPTH:
        chain.append(parent_id)
        parent = await entries.get(c, parent_id)
        parent_id = parent.parent_id if parent is not None else None
    return chain
