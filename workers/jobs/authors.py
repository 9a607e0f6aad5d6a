"""Who wrote it, when the source names only the author's page?  (Authorship 5.2, 6, 7.)

At most one extra fetch for a mention, through the same guard and budget, kept for some minutes: one author sends many.
A page that cannot be had costs the author's details, never the mention."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from mentions import metrics
from mentions.errors import ParserError
from mentions.media import is_read_type
from mentions.model import Fetched, Hop, Reading, Sighting, Url
from mentions.reading import read_author_failed
from workers.fetch.client import Fetcher
from workers.jobs.once import Once
from workers.reading import ReadingPool

KEEP_S: Final = 300.0
KEEP_FAILURE_S: Final = 30.0
KEPT_PAGES: Final = 32
"""Each may be a megabyte."""
BUDGET_S: Final = 10.0
MAX_BYTES: Final = 512 << 10


class Authors:
    """Author pages, each fetched once however many mentions ask."""

    def __init__(self, fetcher: Fetcher, pool: ReadingPool) -> None:
        self._fetcher = fetcher
        self._pool = pool
        self._pages: Once[Url, Sighting] = Once(keep_s=_keep_s, size=KEPT_PAGES)

    async def complete(self, reading: Reading, source: str) -> tuple[Reading, tuple[Hop, ...]]:
        """The reading with its author, and the way to the author's page (empty when none had to be asked)."""
        return await complete(self._fetcher, self._pool, reading, source, self._pages)


async def complete(
    fetcher: Fetcher, pool: ReadingPool, reading: Reading, source: str, pages: Once[Url, Sighting] | None = None
) -> tuple[Reading, tuple[Hop, ...]]:
    """The same, with or without pages that are remembered."""
    url = reading.author_page
    if url is None or reading.reaction is None:
        return reading, ()
    sighting = await (pages.get(url, lambda: _fetch(fetcher, url)) if pages is not None else _fetch(fetcher, url))
    if not isinstance(sighting, Fetched):
        return read_author_failed(reading), sighting.hops
    try:
        completed = await pool.author(sighting.document, reading=reading, requested=url, source=source)
    except ParserError:
        failed = read_author_failed(reading)
        return replace(failed, notes=(*failed.notes, "the author's page could not be read")), sighting.hops
    return completed, sighting.hops


async def _fetch(fetcher: Fetcher, url: Url) -> Sighting:
    sighting = await fetcher.get(url, budget_s=BUDGET_S, max_bytes=MAX_BYTES, is_readable=is_read_type, waits=True)
    metrics.FETCHES.labels(page="author", outcome=type(sighting).__name__.lower()).inc()
    return sighting


def _keep_s(sighting: Sighting) -> float:
    return KEEP_S if isinstance(sighting, Fetched) else KEEP_FAILURE_S
