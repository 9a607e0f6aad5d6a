"""Comments that a source itself carries: which of them a thread may tell below that source, and which it may not.

(indieweb.org/Salmention; contract §6, `comment`; decision 0172.)  Whoever runs the source answers for them, no other;
neither their authors nor their addresses were looked at.  So they get no trust, no number and no buttons; what came to
us by itself, or came and was taken away, is never told again; and a site that holds what strangers say is told nothing
by strangers.  Pure: what is known and what is blocked are given."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from mentions import policy, urls
from mentions.model import Entry, EntryState, Kind, Protocol, Reaction

MOST: Final = 20
"""Comments of one source that are told."""


def carried(reaction: Reaction) -> tuple[Reaction, ...]:
    """What a source carries that could be told: replies with words, and an address by which they are known."""
    replies = (one for one in reaction.comments if one.kind is Kind.REPLY and one.url)
    return tuple(one for one in replies if one.content and one.content.text.strip())[:MOST]


def tell(
    entries: Iterable[Entry],
    *,
    page_url: str,
    is_known: Collection[str],
    blocks: Sequence[policy.BlockRule],
    site_options: Mapping[str, Any],
    permalink_base: str,
) -> dict[int, tuple[Reaction, ...]]:
    """`wm-id` of a shown entry -> what is told below it; entries without any are left out.

    `is_known` are those of the addresses (`Reaction.url`) under which something has come to the page by itself,
    whatever became of it.  What several sources carry is told once, below the one that came first."""
    seen = {urls.response_key(url) for url in is_known} | {urls.response_key(page_url)}
    ours = urls.page_key(permalink_base)
    found: dict[int, tuple[Reaction, ...]] = {}
    for entry in sorted(entries, key=lambda entry: entry.id):
        told = []
        for comment in carried(entry.reaction) if entry.state is EntryState.SHOWN else ():
            url = comment.url or ""
            key = urls.response_key(url)
            is_ours = bool(ours) and urls.page_key(url).startswith(ours)
            if key in seen or is_ours or key == urls.response_key(entry.source):
                continue
            seen.add(key)
            if policy.is_blocked(blocks, url, comment.author) is None and _may_be_told(site_options, comment, entry):
                told.append(comment)
        if told:
            found[entry.id] = tuple(told)
    return found


def _may_be_told(site_options: Mapping[str, Any], comment: Reaction, entry: Entry) -> bool:
    """Whether the site would have shown it at once, had it come from somebody whom nobody knows."""
    state = policy.initial_state(site_options, comment, Protocol.WEBMENTION, source=entry.source, target=entry.target)
    return state is EntryState.SHOWN
