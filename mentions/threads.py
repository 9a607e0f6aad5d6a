"""Entries of one page -> a tree, reactions and counts: how a thread is laid out, whoever shows it.

A reply hangs below the entry that its `in-reply-to` names (by source, url, uid, syndication or our permalink), a
comment below its stored parent, everything else below the post.  Copies of one response show once.  Pure, and free of
recursion: a chain of ten thousand replies is as good as a short one.  Decision 0060 says what counts as readable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final

from mentions import urls
from mentions.model import Entry, EntryState, Kind, Reaction

TEXTS: Final = frozenset({Kind.REPLY, Kind.MENTION, Kind.QUOTATION})
"""Kinds that are read: a title or the text around the link is enough."""
GESTURES: Final = frozenset({Kind.LIKE, Kind.REPOST, Kind.FOLLOW, Kind.REACJI})
"""Kinds that are never read: what text they carry is a copy, or stands for the gesture itself."""

_STANDING: Final = frozenset({EntryState.SHOWN, EntryState.HIDDEN, EntryState.DELETED})
"""What keeps its place in the tree while something shown hangs below it, so that no answer is orphaned."""

SortKey = tuple[datetime, int]


@dataclass(slots=True, eq=False)
class Branch:
    """An entry in its place.  `also` are the copies that it stands for; `replies` are oldest first."""

    entry: Entry
    parent_id: int | None = None
    depth: int = 0
    also: tuple[Entry, ...] = ()
    replies: list[Branch] = field(default_factory=list, repr=False)

    @property
    def key(self) -> SortKey:
        """What branches are ordered by; unique, so that a cursor can point between two."""
        return sort_key(self.entry)

    @property
    def is_shown(self) -> bool:
        """False: a tombstone, which is there for what hangs below it."""
        return self.entry.state is EntryState.SHOWN


@dataclass(frozen=True, slots=True)
class Thread:
    """All shown responses of a page: `roots` hang below the post, `reactions` are what there is nothing to read of."""

    roots: tuple[Branch, ...]
    reactions: Mapping[Kind, tuple[Entry, ...]]
    counts: Mapping[Kind, int]
    """Shown responses by kind, copies counted once."""
    readable: int
    """What the heading says."""


def is_readable(reaction: Reaction) -> bool:
    """Whether there is something to read, so that the response stands in the tree and counts in the heading."""
    if reaction.kind in GESTURES:
        return False
    if reaction.content is not None and reaction.content.text.strip():
        return True
    if reaction.kind not in TEXTS:
        return False
    return any(text is not None and text.strip() for text in (reaction.summary, reaction.context, reaction.name))


def sort_key(entry: Entry) -> SortKey:
    """When the response was published, but never later than it came to us; then its id."""
    published = entry.reaction.published_at
    return (min(published, entry.received_at) if published else entry.received_at, entry.id)


def build(entries: Iterable[Entry], *, permalink_base: str) -> Thread:
    """The thread of one page.

    `entries` may hold entries of every state.  Shown ones appear; a deleted or hidden one leaves a tombstone as long as
    something shown hangs below it.  `permalink_base` is the URL to which an entry's
    id is added to get its permalink."""
    known = {entry.id: entry for entry in entries}
    stands_for = {entry_id: _representative(entry_id, known) for entry_id in known}
    parents = _parents(known, stands_for, permalink_base)
    branches = _branches(known, stands_for, parents)
    in_tree, reactions = _split(_hang(branches), branches)
    shown = [branch.entry.reaction for branch in branches.values() if branch.is_shown]
    return Thread(
        roots=tuple(in_tree),
        reactions=reactions,
        counts=Counter(reaction.kind for reaction in shown),
        readable=sum(is_readable(reaction) for reaction in shown),
    )


def walk(roots: Iterable[Branch]) -> Iterator[Branch]:
    """Every branch, parents before their replies, in reading order."""
    waiting = list(roots)[::-1]
    while waiting:
        branch = waiting.pop()
        yield branch
        waiting.extend(reversed(branch.replies))


def page_of(
    roots: Sequence[Branch], *, after: SortKey | None, limit: int, newest_first: bool
) -> tuple[list[Branch], SortKey | None]:
    """One page of top-level branches, and the key after which the next one starts (None: there is none)."""
    ordered = sorted(roots, key=lambda branch: branch.key, reverse=newest_first)
    if after is not None:
        ordered = [b for b in ordered if (b.key < after if newest_first else b.key > after)]
    shown = ordered[:limit]
    return shown, shown[-1].key if len(ordered) > limit else None


def _representative(entry_id: int, known: Mapping[int, Entry]) -> int:
    """The shown entry that stands for this one: the end of its chain of `cluster_id`, or the oldest of a circle."""
    chain = [entry_id]
    while (up := known[chain[-1]].cluster_id) is not None and up in known and known[up].state is EntryState.SHOWN:
        if up in chain:
            return min(chain[chain.index(up) :])
        chain.append(up)
    return chain[-1]


def _names(entry: Entry, permalink_base: str) -> Iterator[str]:
    """Every URL that somebody may call this entry by."""
    reaction = entry.reaction
    yield entry.source
    yield f"{permalink_base}{entry.id}"
    yield from (name for name in (reaction.url, reaction.uid, reaction.canonical) if name)
    yield from reaction.syndication


@lru_cache(maxsize=8192)  # a thread is laid out again for every reader
def _name_key(url: str) -> str | None:
    """`urls.response_key`, kept; None for what is no absolute URL."""
    parsed = urls.parse(url)
    return urls.response_key(parsed) if parsed is not None else None


def _parents(known: Mapping[int, Entry], stands_for: Mapping[int, int], permalink_base: str) -> dict[int, int | None]:
    """Entry -> the entry that it answers.  Of several candidates the deepest wins; circles are cut at the oldest."""
    by_name: dict[str, set[int]] = {}
    for entry in known.values():
        for name in _names(entry, permalink_base):
            if key := _name_key(name):
                by_name.setdefault(key, set()).add(stands_for[entry.id])
    candidates: dict[int, set[int]] = {stands_for[entry_id]: set() for entry_id in known}
    for entry in known.values():
        own = stands_for[entry.id]
        if entry.parent_id is not None and entry.parent_id in stands_for:
            found = {stands_for[entry.parent_id]}
        else:
            keys = (_name_key(url) for url in entry.reaction.in_reply_to)
            found = set().union(*(by_name.get(key, ()) for key in keys if key))
        candidates[own] |= found - {own}
    return _deepest(candidates)


def _deepest(candidates: Mapping[int, set[int]]) -> dict[int, int | None]:
    """Chooses among candidates by a depth-first walk without recursion.

    An edge to an entry that is still being walked closes a circle and is left out.  A chosen parent is always finished
    before its child, so the result has no circle; starting at the newest makes the oldest of a circle its root."""
    parent: dict[int, int | None] = {}
    depth: dict[int, int] = {}
    for start in sorted(candidates, reverse=True):
        stack = [start]
        open_ids: set[int] = set()
        while stack:
            at = stack[-1]
            if at in depth:
                stack.pop()
                continue
            ready = [c for c in candidates[at] if c in depth]
            if at not in open_ids:
                open_ids.add(at)
                if waiting := sorted(c for c in candidates[at] if c not in depth and c not in open_ids):
                    stack.extend(waiting)
                    continue
            stack.pop()
            best = max(ready, key=lambda c: (depth[c], -c), default=None)
            parent[at] = best
            depth[at] = 0 if best is None else depth[best] + 1
    return parent


def _branches(
    known: Mapping[int, Entry], stands_for: Mapping[int, int], parents: Mapping[int, int | None]
) -> dict[int, Branch]:
    """A branch for every representative that may appear, its parent the next one up that may."""
    copies: dict[int, list[Entry]] = {}
    for entry_id, own in stands_for.items():
        if own != entry_id and known[entry_id].state is EntryState.SHOWN:
            copies.setdefault(own, []).append(known[entry_id])
    branches: dict[int, Branch] = {}
    for own in {stands_for[entry_id] for entry_id in known}:
        if known[own].state not in _STANDING:
            continue
        up = parents[own]
        while up is not None and known[up].state not in _STANDING:
            up = parents[up]
        branches[own] = Branch(known[own], parent_id=up, also=tuple(sorted(copies.get(own, ()), key=sort_key)))
    return branches


def _hang(branches: Mapping[int, Branch]) -> list[Branch]:
    """Hangs every branch below its parent and numbers the depths; returns those without a parent."""
    roots: list[Branch] = []
    for branch in sorted(branches.values(), key=lambda b: b.key):
        (roots if branch.parent_id is None else branches[branch.parent_id].replies).append(branch)
    for branch in walk(roots):
        for reply in branch.replies:
            reply.depth = branch.depth + 1
    return roots


def _split(
    roots: Iterable[Branch], branches: Mapping[int, Branch]
) -> tuple[list[Branch], dict[Kind, tuple[Entry, ...]]]:
    """Takes what there is nothing to read of out of the tree, unless something readable hangs below it."""
    stays: set[int] = set()
    for branch in reversed(list(walk(roots))):  # replies before their parents
        branch.replies = [reply for reply in branch.replies if reply.entry.id in stays]
        if branch.replies or (branch.is_shown and is_readable(branch.entry.reaction)):
            stays.add(branch.entry.id)
    reactions: dict[Kind, list[Entry]] = {}
    for branch in sorted(branches.values(), key=lambda b: b.key):
        if branch.is_shown and branch.entry.id not in stays:
            reactions.setdefault(branch.entry.reaction.kind, []).append(branch.entry)
    in_tree = [root for root in roots if root.entry.id in stays]
    return in_tree, {kind: tuple(entries) for kind, entries in reactions.items()}
