"""The source page of a claim, if it is of a type in which links are looked for."""

from __future__ import annotations

from mentions import metrics
from mentions.media import is_read_type
from mentions.model import Sighting, Url
from workers.fetch.client import Fetcher


async def fetch_source(
    fetcher: Fetcher, source: Url, *, etag: str | None = None, last_modified: str | None = None, waits: bool = False
) -> Sighting:
    """What came of asking for `source`, with a conditional request where validators are given.

    Raises pace.HostBusy when its host is busy, unless the caller `waits`."""
    sighting = await fetcher.get(source, etag=etag, last_modified=last_modified, is_readable=is_read_type, waits=waits)
    metrics.FETCHES.labels(page="source", outcome=type(sighting).__name__.lower()).inc()
    return sighting
