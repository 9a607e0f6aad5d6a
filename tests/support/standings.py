"""What decides where an entry stands, read off the entry and its URLs: layouts out of rows are held against it."""

from __future__ import annotations

from functools import lru_cache

from mentions import threads, urls
from mentions.model import Entry
from mentions.threads import Standing


def standing_of(entry: Entry, *, permalink_base: str) -> Standing:
    """What decides where an entry stands.  `permalink_base` and its id make an entry's permalink."""
    reaction = entry.reaction
    own = (entry.source, f"{permalink_base}{entry.id}", reaction.url, reaction.uid, reaction.canonical)
    return Standing(
        id=entry.id,
        state=entry.state,
        kind=threads.kind_name(reaction.kind.value, reaction.rsvp),
        at=threads.sort_key(entry)[0],
        is_readable=threads.is_readable(reaction),
        parent_id=entry.parent_id,
        cluster_id=entry.cluster_id,
        names=frozenset(key for url in (*own, *reaction.syndication) if url and (key := _key(url))),
        answers=frozenset(key for url in reaction.in_reply_to if (key := _key(url))),
    )


@lru_cache(maxsize=8192)
def _key(url: str) -> str | None:
    """`urls.response_key`; None for what is no absolute URL."""
    parsed = urls.parse(url)
    return urls.response_key(parsed) if parsed is not None else None
