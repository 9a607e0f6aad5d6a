"""Does a response look like what this site's owner has called spam?  Learned from their own decisions only.

Naive Bayes over words, the hosts that are linked to, the words of the name, and the protocol; each counts once a
response.  What is kept are counts by hash, no text; adding and subtracting them is all that learning is, so that
the order of decisions makes no difference and one that is reversed leaves nothing behind.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from math import exp, log
from typing import Final
from unicodedata import normalize

from mentions import hrefs, urls
from mentions.model import Protocol, Reaction

LEAST_DECISIONS: Final = 20
"""What is learned from fewer says nothing."""
LEAST_OF_EACH: Final = 3
"""… and so does what was learned from one kind only."""
HOLD_AT: Final = 0.9
MOST_FEATURES: Final = 300
TELLING: Final = 15
"""Only so many features count, the most telling ones: long texts would be certain of anything."""
MOST_REASONS: Final = 4
_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)*")
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""Scripts that put no spaces between words: those are read in pairs of letters."""
_SHORTEST: Final = 3
_LONGEST: Final = 40
_NAMES: Final = {"word": "the word “{}”", "host": "a link to {}", "name": "“{}” in the name", "protocol": "being a {}"}


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing that a response has: `kind` is `word`, `host`, `name` or `protocol`."""

    kind: str
    value: str

    @property
    def hash(self) -> bytes:
        """What it is counted under."""
        return blake2b(f"{self.kind}:{self.value}".encode("utf-8", "surrogatepass"), digest_size=8).digest()

    def __str__(self) -> str:
        return _NAMES[self.kind].format(self.value)


@dataclass(frozen=True, slots=True)
class Tally:
    """How often something was in spam, and in what is none."""

    spam: int = 0
    ham: int = 0

    def plus(self, is_spam: bool, number: int) -> Tally:
        """The tally with so many more (or fewer) on one side; never below nothing."""
        if is_spam:
            return Tally(max(0, self.spam + number), self.ham)
        return Tally(self.spam, max(0, self.ham + number))


@dataclass(frozen=True, slots=True)
class Memory:
    """What a site has learned, or the part of it that concerns some features."""

    decisions: Tally = Tally()
    features: Tally = Tally()
    """All features of all decided responses together."""
    words: Mapping[bytes, Tally] = field(default_factory=dict)

    @property
    def is_ripe(self) -> bool:
        """Whether there is enough to go by."""
        spam, ham = self.decisions.spam, self.decisions.ham
        return spam + ham >= LEAST_DECISIONS and min(spam, ham) >= LEAST_OF_EACH

    def learn(self, hashes: Iterable[bytes], *, is_spam: bool) -> Memory:
        """The memory after one more decision."""
        return self._changed(hashes, is_spam, 1)

    def unlearn(self, hashes: Iterable[bytes], *, is_spam: bool) -> Memory:
        """The memory as if that decision had never been made."""
        return self._changed(hashes, is_spam, -1)

    def _changed(self, hashes: Iterable[bytes], is_spam: bool, number: int) -> Memory:
        each = set(hashes)
        changed = {one: self.words.get(one, Tally()).plus(is_spam, number) for one in each}
        words = {one: tally for one, tally in {**self.words, **changed}.items() if tally != Tally()}
        return Memory(self.decisions.plus(is_spam, number), self.features.plus(is_spam, number * len(each)), words)


@dataclass(frozen=True, slots=True)
class Score:
    """How much a response looks like the spam of this site, from 0 to 1, and what speaks for it, in words."""

    value: float
    reasons: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether a person should look at it first."""
        return self.value >= HOLD_AT


def features_of(reaction: Reaction, protocol: Protocol, source: str = "") -> tuple[Feature, ...]:
    """What is looked at in a response; at most MOST_FEATURES."""
    content = reaction.content.text if reaction.content is not None else reaction.context or ""
    said = " ".join(text for text in (reaction.name, reaction.summary, content) if text)
    hosts = [*hrefs.foreign_hosts(reaction), urls.site_authority(reaction.author.url or "")]
    if protocol is not Protocol.COMMENT:
        hosts.append(urls.site_authority(source))
    found = [
        Feature("protocol", protocol.value),
        *(Feature("host", host) for host in hosts if host),
        *(Feature("name", word) for word in _words(reaction.author.name or "")),
        *(Feature("word", word) for word in _words(said)),
    ]
    return tuple(dict.fromkeys(found))[:MOST_FEATURES]


def score(memory: Memory, features: Iterable[Feature]) -> Score | None:
    """How the response looks to somebody with that memory; None: there is too little to go by."""
    if not memory.is_ripe:
        return None
    weights = ((_weight(memory, each), each) for each in features)
    known = [(weight, each) for weight, each in weights if weight is not None]
    telling = sorted(known, key=lambda one: (-abs(one[0]), one[1].kind, one[1].value))[:TELLING]
    odds = sum(weight for weight, _ in telling)
    reasons = [str(each) for weight, each in telling if weight > 0][:MOST_REASONS]
    return Score(1 / (1 + exp(-max(-50.0, min(50.0, odds)))), tuple(reasons))


def _weight(memory: Memory, feature: Feature) -> float | None:
    """Logarithm of how much more likely the feature is in spam; None for what was never seen."""
    tally = memory.words.get(feature.hash)
    if tally is None:
        return None
    all_of = memory.features
    spam = (tally.spam + 1) / (all_of.spam + MOST_FEATURES)
    ham = (tally.ham + 1) / (all_of.ham + MOST_FEATURES)
    return log(spam / ham)


def _words(text: str) -> Iterator[str]:
    for match in _WORD.finditer(normalize("NFKC", text).casefold()):
        word = match[0].replace("’", "'")
        if _UNSPACED.search(word):
            yield from (word[at : at + 2] for at in range(max(1, len(word) - 1)))
        elif _SHORTEST <= len(word) <= _LONGEST:
            yield word
