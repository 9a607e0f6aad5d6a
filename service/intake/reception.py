"""Takes a claim in, however it came: where does it belong, may it come in, is it kept.

Webmention and pingback ask the same questions in their own order and say the answers in their own words
(intake/webmention.py, intake/pingback.py).  Nothing is fetched here."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Final

from aiohttp import web

from mentions import policy, urls
from mentions.errors import Blocked, RateLimited, TargetClosed
from mentions.model import Claim, Site
from mentions.streams.messages import Added
from service import clients, keys

CLIENT_RATE_S: Final = 5.0
CLIENT_BURST: Final = 150
"""One client may send this many at once, then so many a second: a bridge that catches up, not a flood."""
SOURCE_RATE_S: Final = 2.0
SOURCE_BURST: Final = 150
"""The same for claims about pages of one source host, whoever sends them."""


def new_claim_id() -> str:
    """20 URL-safe characters that nobody guesses."""
    return secrets.token_urlsafe(15)


def now() -> datetime:
    """The clock of intake."""
    return datetime.now(UTC)


def status_url(request: web.Request, claim_id: str) -> str:
    """Where the claim's sender may ask how it stands."""
    return f"{request.app[keys.SETTINGS].public_url}/webmention/{claim_id}"


async def limit_client(request: web.Request) -> None:
    """Raises RateLimited when this client has sent too many."""
    client = clients.rate_key(clients.address_of(request))
    await _limit(request.app, f"client:{client}", CLIENT_RATE_S, CLIENT_BURST, "You have sent too many requests.")


async def find_site(request: web.Request, target: str) -> Site:
    """The site that the target belongs to: that of the path, where the path names one; one of our permalinks belongs
    to the site of its entry.

    Raises InvalidTarget, or TargetClosed when the page takes no responses."""
    sites, within = request.app[keys.SITES], request.match_info.get("site")
    answered = await sites.answered(target, request.app[keys.SETTINGS].public_url)
    page_url = answered[1].url if answered is not None else target
    site = await sites.place(page_url, within=within)
    if await sites.is_closed(page_url):
        raise TargetClosed("The target takes no responses any more.")
    return site


async def keep(request: web.Request, claim: Claim, site: Site) -> Added:
    """Puts the claim on disk and in the queue; when this returns it will be verified, whatever dies.

    Raises Blocked, RateLimited and Unavailable."""
    app = request.app
    if policy.is_blocked(await app[keys.SITES].blocks(site.id), claim.source, None):
        raise Blocked("The owner of this site takes no responses from this source.")
    host = urls.authority(claim.source)
    await _limit(app, f"source:{host}", SOURCE_RATE_S, SOURCE_BURST, "Too many requests about pages of this source.")
    return await app[keys.QUEUE].add(claim)


async def _limit(app: web.Application, key: str, rate: float, burst: int, words: str) -> None:
    if not app[keys.SETTINGS].rate_limits:
        return
    if wait_s := await app[keys.LIMITS].allow(key, rate=rate, burst=burst, now=now()):
        raise RateLimited(words, retry_after_s=wait_s)
