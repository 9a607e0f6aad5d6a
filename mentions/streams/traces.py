"""What was written lately, as far as rules against spam ask: hashes of words, links and senders, for a day at most.

Everything goes by itself; no text and no address is kept.  What follows from it is `mentions/typed.py`'s business."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from mentions import sketches
from mentions.streams.messages import PREFIX
from mentions.streams.scripts import Client, as_text, reaching_redis

DAY_S: Final = 24 * 3600
SOON_S: Final = 10 * 60
MOST_LINKS: Final = 20
_WORDS: Final = PREFIX + "trace:words:"
_LINKS: Final = PREFIX + "trace:link:"
_VISITORS: Final = PREFIX + "trace:visitor:"


@dataclass(frozen=True, slots=True)
class Trace:
    """What one comment, or one response from elsewhere, leaves behind."""

    site_id: int
    page: str
    """Key of the page, in any form."""
    words: tuple[str, ...] = ()
    """`sketches.sketch` of the text."""
    links: tuple[str, ...] = ()
    visitor: str = ""
    """Whoever it came from, in any form: the hash of a visitor, or of a host."""
    lives_s: int = SOON_S
    """How long it is known that they wrote."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """What earlier comments on the site have in common with one."""

    is_near: bool = False
    """Nearly the same words, within a day."""
    pages_of_links: int = 0
    """Other pages on which one of its links was left within a day; the most widely spread one counts."""
    pages_of_visitor: int = 0
    """Other pages on which they have written within the trace's time."""


class Traces:
    """Raises `Unavailable` when Redis is away."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def compare(self, trace: Trace, *, but: str = "") -> Likeness:
        """What was there before has in common with this, without what was marked `but`; nothing is kept."""
        words, links, visitor = _keys(trace)
        page = sketches.digest(trace.page)
        pipeline = self._client.pipeline(transaction=False)
        for key in words:
            pipeline.get(key)
        for key in (*links, visitor):
            pipeline.scard(key)
            pipeline.sismember(key, page)
        async with reaching_redis():
            replies = await pipeline.execute()
        said, counted = replies[: len(words)], replies[len(words) :]
        others = [int(number) - int(own) for number, own in zip(counted[::2], counted[1::2], strict=True)]
        marks = Counter(as_text(each) for each in said if each)
        del marks[but]
        common = max(marks.values(), default=0)
        return Likeness(sketches.is_near(common, len(words)), max(others[:-1], default=0), others[-1])

    async def note(self, trace: Trace, mark: str) -> None:
        """Keeps what it leaves behind; `mark` tells its words from those of others."""
        words, links, visitor = _keys(trace)
        page = sketches.digest(trace.page)
        pipeline = self._client.pipeline(transaction=False)
        for key in words:
            pipeline.set(key, mark, ex=DAY_S)
        for key, lives_s in (*((link, DAY_S) for link in links), (visitor, trace.lives_s)):
            pipeline.sadd(key, page)
            pipeline.expire(key, lives_s)
        async with reaching_redis():
            await pipeline.execute()


def _keys(trace: Trace) -> tuple[Sequence[str], Sequence[str], str]:
    words = [f"{_WORDS}{trace.site_id}:{number}:{word}" for number, word in enumerate(trace.words)]
    return words, list(_link_keys(trace.site_id, trace.links)), f"{_VISITORS}{trace.site_id}:{trace.visitor}"


def _link_keys(site_id: int, links: Sequence[str]) -> Iterable[str]:
    for link in links[:MOST_LINKS]:
        yield f"{_LINKS}{site_id}:{sketches.digest(link)}"
