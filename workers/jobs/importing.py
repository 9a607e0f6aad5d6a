"""The errand of an import: one page of another system's API, as it was answered.

`import.page` {url} -> {body}, else {error, summary, status?, retry_after_s?}; `error` is `passing` (it may work later),
`too_large`, or `refused`.  Summaries never hold the URL, for its query holds a token.  What the page says is read by
`mentions/moving/api_pages.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mentions import urls
from mentions.model import Fetched, Gone, Hop, Refused, Status, Unreachable, Url
from workers.kit import Kit

FETCH_S: Final = 30.0
MOST_BYTES: Final = 2 << 20


async def import_page(kit: Kit, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Fetches a page.  No redirect is followed: the token is for whom it was given to."""
    url = Url(facts["url"])
    sighting = await kit.fetcher.get(
        url,
        accept="application/json",
        budget_s=FETCH_S,
        max_bytes=MOST_BYTES,
        max_hops=0,
        is_readable=lambda media_type: "json" in media_type,
        waits=True,
    )
    host = urls.authority(url)
    match sighting:
        case Fetched(document=document):
            try:
                return {"body": document.body.decode()}
            except UnicodeDecodeError:
                return _refused(f"{host} answers bytes that are no text")
        case Unreachable():
            told = _refused(f"{host}: {sighting.reason}", sighting.hops)
            return {**told, "error": "passing", "retry_after_s": sighting.retry_after_s}
        case Gone():
            return _refused(f"{host} has no API at this address", sighting.hops)
        case Refused():
            return _explain(host, sighting)
        case _:
            return _refused(f"{host} did not send the page")


def _explain(host: str, sighting: Refused) -> dict[str, Any]:
    """Why a page was refused, in words for whoever typed the address."""
    status = sighting.hops[-1].status if sighting.hops else None
    match sighting.status:
        case Status.TOO_LARGE:
            return {"error": "too_large", "summary": f"{host} sends more at once than we read"}
        case Status.TOO_MANY_REDIRECTS:
            return _refused(f"{host} redirects; give the address that it leads to", sighting.hops)
        case Status.UNSUPPORTED_CONTENT_TYPE:
            return _refused(f"{host} does not answer in JSON: is this the API's address?", sighting.hops)
        case _ if status in (401, 403):
            return _refused(f"{host} does not accept the token", sighting.hops)
        case _:
            return _refused(f"{host}: {sighting.reason}", sighting.hops)


def _refused(summary: str, hops: tuple[Hop, ...] = ()) -> dict[str, Any]:
    return {"error": "refused", "summary": summary, "status": hops[-1].status if hops else None}
