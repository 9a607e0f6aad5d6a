"""Are two texts nearly the same, and which links are in both?  Told from hashes, so that no text has to be kept.

A text of some length is sketched by the least hashes of its runs of two words (MinHash, Broder 1997): the share of
them that two texts have in common is about the share of runs that they have in common.  A short one is its words.
Case, punctuation, numbers and addresses make no difference.  Pure."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Final
from unicodedata import normalize

HASHES: Final = 16
NEAR: Final = 11
"""So many of the hashes in common make two texts nearly the same: about two runs of three."""
_RUN: Final = 2
_FEWEST_WORDS: Final = 8
_FEWEST_AT_ALL: Final = 4
"""Shorter ones are what anybody says."""
_MOST_WORDS: Final = 2_000
_ADDRESS: Final = re.compile(r"https?://\S+|www\.\S+", re.IGNORECASE)
_WORD: Final = re.compile(r"[^\W\d_]+")


def sketch(text: str) -> tuple[str, ...]:
    """`HASHES` hashes of a text, one of a short one, none of a shorter one."""
    words = _WORD.findall(_ADDRESS.sub(" ", normalize("NFKC", text).casefold()))[:_MOST_WORDS]
    if len(words) < _FEWEST_AT_ALL:
        return ()
    if len(words) < _FEWEST_WORDS:
        return (digest(" ".join(words)),)
    runs = {" ".join(words[n : n + _RUN]) for n in range(len(words) - _RUN + 1)}
    return tuple(min(digest(run, salt=number) for run in runs) for number in range(HASHES))


def is_near(common: int, hashes: int) -> bool:
    """Whether two texts with so many of the hashes in common are nearly the same."""
    return common >= (NEAR if hashes == HASHES else 1)


def digest(text: str, *, salt: int = 0) -> str:
    """What a text, or an address, is kept as."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8, salt=salt.to_bytes(2, "big")).hexdigest()
