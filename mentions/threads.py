"""Entries of one page -> a tree, reactions and counts: how a thread is laid out, whoever keeps or shows it.

A reply hangs below the entry that its `in-reply-to` names (by source, url, uid, syndication or our permalink), a
comment below its stored parent, everything else below the post.  Copies of one response show once.  Pure, and free of
recursion: a chain of ten thousand replies is as good as a short one.  Decision 0060 says what counts as readable.

What decides where an entry stands is a `Standing`, where it stands a `Place`.  `mentions/storage/layout` keeps places,
so that a page of a thread is read without reading the thread (decision 0150)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from mentions.model import Entry, EntryState, Kind, Reaction

TEXTS: Final = frozenset({Kind.REPLY, Kind.MENTION, Kind.QUOTATION})
"""Kinds that are read: a title or the text around the link is enough."""
GESTURES: Final = frozenset({Kind.LIKE, Kind.REPOST, Kind.FOLLOW, Kind.REACJI})
"""Kinds that are never read: what text they carry is a copy, or stands for the gesture itself."""
LASTING: Final = (EntryState.SHOWN, EntryState.HIDDEN, EntryState.DELETED)
"""What keeps its place in the tree while something shown hangs below it, so that no answer is orphaned; only SHOWN
ones appear."""

SortKey = tuple[datetime, int]


class Part(StrEnum):
    """In what part of a thread an entry is shown."""

    TREE = "tree"
    """Among what is read: it is readable, or something readable hangs below it."""
    FACES = "faces"
    """Among the reactions: there is nothing to read."""
    NOWHERE = "nowhere"
    """A copy that another entry stands for, or a tombstone that holds nothing."""


@dataclass(frozen=True, slots=True)
class Standing:
    """All that decides where an entry stands."""

    id: int
    state: EntryState
    kind: str
    """A kind; an RSVP by its answer, `rsvp-yes`."""
    at: datetime
    """When it was published, but never later than it came to us."""
    is_readable: bool
    parent_id: int | None
    """The stored parent, which outweighs what it names."""
    cluster_id: int | None
    names: frozenset[Hashable] = frozenset()
    """Every name that it is known by, in whatever form `answers` are in, too."""
    answers: frozenset[Hashable] = frozenset()
    """The names of what it replies to."""


@dataclass(slots=True)
class Place:
    """Where an entry stands in the thread of its page."""

    id: int
    kind: str
    at: datetime
    is_shown: bool
    """False: a tombstone, which is there for what hangs below it."""
    is_readable: bool
    copy_of: int | None = None
    """The entry that stands for it; it hangs nowhere itself."""
    parent_id: int | None = None
    root_id: int = 0
    """The topmost entry above it, or itself."""
    depth: int = 0
    part: Part = Part.NOWHERE
    is_named: bool = False
    """Whether another entry may hang below it: moving it could move others."""
    replies: int = 0
    """Entries of the tree right below it."""
    size: int = 0
    """Of a topmost entry: entries of the tree below it at any depth, and itself."""

    @property
    def key(self) -> SortKey:
        """What places are ordered by; unique, so that a cursor can point between two."""
        return self.at, self.id


@dataclass(slots=True, eq=False)
class Branch:
    """An entry in its place.  `also` are the copies that it stands for; `replies` are oldest first."""

    entry: Entry
    parent_id: int | None = None
    depth: int = 0
    also: tuple[Entry, ...] = ()
    replies: list[Branch] = field(default_factory=list, repr=False)
    more: int = 0
    """Entries of the tree right below it that are not among `replies`."""

    @property
    def key(self) -> SortKey:
        """What branches are ordered by; unique, so that a cursor can point between two."""
        return sort_key(self.entry)

    @property
    def is_shown(self) -> bool:
        """False: a tombstone, which is there for what hangs below it."""
        return self.entry.state is EntryState.SHOWN


@dataclass(frozen=True, slots=True)
class Count:
    """What a thread holds, copies counted once."""

    readable: int
    """What the heading says."""
    shown: Mapping[str, int]
    """Shown responses by kind, an RSVP by its answer (`rsvp-yes`)."""
    faces: Mapping[str, int]
    """Those among them that there is nothing to read of."""


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
    return appeared_at(entry.reaction.published_at, entry.received_at), entry.id


def appeared_at(published_at: datetime | None, received_at: datetime) -> datetime:
    """A date in the future would stay on top for ever; one of the second in which it came says less than that."""
    if published_at is None or published_at >= received_at.replace(microsecond=0):
        return received_at
    return published_at


def kind_name(kind: str, rsvp: str | None) -> str:
    """What a response counts as: its kind, an RSVP by its answer."""
    return f"rsvp-{rsvp}" if kind == Kind.RSVP and rsvp else kind


def kind_of(name: str) -> str:
    """The kind of which `name` is, or is an answer."""
    return Kind.RSVP.value if name.startswith("rsvp-") else name


def lay_out(standings: Iterable[Standing]) -> dict[int, Place]:
    """The place of every entry of one page, by id; entries that wait or are spam have none."""
    known = {each.id: each for each in standings}
    stands_for = {entry_id: _representative(entry_id, known) for entry_id in known}
    candidates = _candidates(known, stands_for)
    parents = _deepest(candidates)
    named = set().union(*candidates.values())
    places: dict[int, Place] = {}
    for each in known.values():
        if each.state not in LASTING:
            continue
        place = Place(each.id, each.kind, each.at, each.state is EntryState.SHOWN, each.is_readable)
        if (own := stands_for[each.id]) != each.id:
            place.copy_of, place.root_id, place.is_named = own, each.id, True
        else:
            place.parent_id, place.is_named = _standing_above(parents[each.id], parents, known), each.id in named
        places[each.id] = place
    _hang(places)
    return places


def count(places: Iterable[Place]) -> Count:
    """What these places add up to."""
    own = [place for place in places if place.is_shown and place.copy_of is None]
    return Count(
        readable=sum(place.is_readable for place in own),
        shown=Counter(place.kind for place in own),
        faces=Counter(place.kind for place in own if place.part is Part.FACES),
    )


def plant(places: Iterable[Place], entries: Mapping[int, Entry], also: Mapping[int, Sequence[Entry]]) -> list[Branch]:
    """Branches of the places, in their order, each below its parent where that is among them; else at the top.

    Parents come before what hangs below them.  `also` are the shown copies of each."""
    top: list[Branch] = []
    planted: dict[int, Branch] = {}
    for place in places:
        copies = tuple(sorted(also.get(place.id, ()), key=sort_key))
        branch = Branch(entries[place.id], place.parent_id, place.depth, copies, more=place.replies)
        planted[place.id] = branch
        above = planted.get(place.parent_id) if place.parent_id is not None else None
        if above is None:
            top.append(branch)
        else:
            above.replies.append(branch)
            above.more -= 1
    return top


def walk(roots: Iterable[Branch]) -> Iterator[Branch]:
    """Every branch, parents before their replies, in reading order."""
    waiting = list(roots)[::-1]
    while waiting:
        branch = waiting.pop()
        yield branch
        waiting.extend(reversed(branch.replies))


def _representative(entry_id: int, known: Mapping[int, Standing]) -> int:
    """The shown entry that stands for this one: the end of its chain of `cluster_id`, or the oldest of a circle."""
    chain = [entry_id]
    while (up := known[chain[-1]].cluster_id) is not None and up in known and known[up].state is EntryState.SHOWN:
        if up in chain:
            return min(chain[chain.index(up) :])
        chain.append(up)
    return chain[-1]


def _candidates(known: Mapping[int, Standing], stands_for: Mapping[int, int]) -> dict[int, set[int]]:
    """Entry -> the entries that it may hang below: its stored parent, or else whatever it and its copies name."""
    by_name: dict[Hashable, set[int]] = {}
    for each in known.values():
        for name in each.names:
            by_name.setdefault(name, set()).add(stands_for[each.id])
    candidates: dict[int, set[int]] = {stands_for[entry_id]: set() for entry_id in known}
    for each in known.values():
        own = stands_for[each.id]
        if each.parent_id is not None and each.parent_id in stands_for:
            found = {stands_for[each.parent_id]}
        else:
            found = set().union(*(by_name.get(name, ()) for name in each.answers))
        candidates[own] |= found - {own}
    return candidates


def _deepest(candidates: Mapping[int, set[int]]) -> dict[int, int | None]:
    """Entry -> the entry that it hangs below.  Of several candidates the deepest wins; circles are cut at the oldest.

    A depth-first walk without recursion.  An edge to an entry that is still being walked closes a circle and is left
    out.  A chosen parent is always finished before its child, so the result has no circle.  What may be part of a
    circle is walked first, the newest before the others, which makes the oldest of a circle its root, whoever answers
    it from outside."""
    parent: dict[int, int | None] = {}
    depth: dict[int, int] = {}
    core = _core(candidates)
    for start in (*sorted(core, reverse=True), *sorted(candidates.keys() - core, reverse=True)):
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


def _core(candidates: Mapping[int, set[int]]) -> set[int]:
    """What is on a circle, or between two: all but what nobody answers, again and again."""
    answers = Counter(up for above in candidates.values() for up in above)
    waiting = [entry_id for entry_id in candidates if not answers[entry_id]]
    core = set(candidates)
    while waiting:
        core.discard(leaf := waiting.pop())
        for up in candidates[leaf]:
            answers[up] -= 1
            if not answers[up]:
                waiting.append(up)
    return core


def _standing_above(
    parent_id: int | None, parents: Mapping[int, int | None], known: Mapping[int, Standing]
) -> int | None:
    """The next one up that keeps its place."""
    while parent_id is not None and known[parent_id].state not in LASTING:
        parent_id = parents[parent_id]
    return parent_id


def _hang(places: Mapping[int, Place]) -> None:
    """Numbers the depths, and tells the tree from the reactions: what cannot be read is in the tree only while
    something readable hangs below it."""
    below: dict[int, list[Place]] = {}
    order: list[Place] = []
    for place in places.values():
        if place.parent_id is not None:
            below.setdefault(place.parent_id, []).append(place)
        elif place.copy_of is None:
            place.root_id = place.id
            order.append(place)
    for place in order:  # which grows: parents stand before what hangs below them
        for reply in below.get(place.id, ()):
            reply.root_id, reply.depth = place.root_id, place.depth + 1
            order.append(reply)
    for place in reversed(order):
        if place.replies or (place.is_shown and place.is_readable):
            place.part = Part.TREE
            places[place.root_id].size += 1
            if place.parent_id is not None:
                places[place.parent_id].replies += 1
        elif place.is_shown:
            place.part = Part.FACES
