"""The outside form of an entry, for the service: `mentions/jf2.py`, under the name that it has here."""

from __future__ import annotations

from mentions.jf2 import (
    ACTIVITY,
    TOLD_WITH_ENTRY,
    Jf2,
    card,
    change_facts,
    change_to_jf2,
    entry_to_jf2,
    entry_to_link,
    feed,
    grave,
    permalink,
    safe_url,
    safe_urls,
    tombstone,
    zulu,
)

__all__ = [
    "ACTIVITY",
    "TOLD_WITH_ENTRY",
    "Jf2",
    "card",
    "change_facts",
    "change_to_jf2",
    "entry_to_jf2",
    "entry_to_link",
    "feed",
    "grave",
    "permalink",
    "safe_url",
    "safe_urls",
    "tombstone",
    "zulu",
]
