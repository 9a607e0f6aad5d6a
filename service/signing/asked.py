"""Who asks for a sign-in: for which site, from which page, in which language; and whether that page may.

What is said in the address of the pop-up travels through its forms, and is checked each time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from mentions import options, urls
from mentions.errors import InsufficientScope, InvalidRequest
from mentions.model import Site, Way
from service import clients, i18n, keys
from service.api import query
from service.pages.answer import language_of
from service.signing.codes import CHALLENGE

BEGIN_RATE_S: Final = 1 / 20
BEGIN_BURST: Final = 8
"""One visitor may begin so many sign-ins at once, then one in twenty seconds."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A sign-in that a page of a site has asked for."""

    target: str
    origin: str
    """Of the page that opened the pop-up: what it ends with goes there and nowhere else."""
    challenge: str
    lang: str
    site_id: int
    site: str
    """What the site is called: its authority."""
    page: str = ""
    """Of that origin: where the pop-up comes back to when it has lost the window that opened it; "" for nowhere."""
    ways: tuple[Way, ...] = tuple(Way)
    """Those that the owner of the site has left open."""

    @property
    def fields(self) -> dict[str, str]:
        """What the forms of the pop-up carry along."""
        return {"target": self.target, "origin": self.origin, "challenge": self.challenge, "lang": self.lang} | (
            {"page": self.page} if self.page else {}
        )


async def read(request: web.Request, given: Mapping[str, object]) -> Asked:
    """What a query or a form says.

    Raises InvalidRequest, InvalidTarget, and InsufficientScope for a page that is neither the site's nor ours, and
    where the owner wants nobody to sign in."""
    target, origin, challenge = (_text(given, name) for name in ("target", "origin", "challenge"))
    if not CHALLENGE.fullmatch(challenge):
        raise InvalidRequest("challenge has to be the S256 challenge of a verifier (RFC 7636)")
    checked = urls.check_claim_url(query.absolute(target), what="target")
    site = await request.app[keys.SITES].place(checked)
    if origin != urls.origin(origin) or not await _may_ask(request, origin, site):
        raise InsufficientScope(f"{origin[:200] or 'A page without an origin'} is no page of {site.authority}.")
    ways = tuple(way for way in Way if way.value in options.read(site.options, "sign_in"))
    if not ways:
        raise InsufficientScope(f"Nobody signs in on {site.authority}.")
    lang = i18n.spoken(_text(given, "lang")) or language_of(request)
    page = _page(_text(given, "page"), origin)
    return Asked(urls.without_fragment(checked), origin, challenge, lang, site.id, site.authority, page, ways)


async def limit(request: web.Request, site_id: int) -> None:
    """Raises RateLimited when this visitor, or everybody on this site, begins too many sign-ins."""
    await clients.limit(request, "sign-in", rate=BEGIN_RATE_S, burst=BEGIN_BURST)
    await clients.limit_of(request, f"sign-in-site:{site_id}", rate=1.0, burst=100)


def key_of(text: str) -> str:
    """What an address is counted by: Redis is not to know it."""
    return hashlib.sha256(text.casefold().encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _page(text: str, origin: str) -> str:
    """The address, if it is one of that origin; it only matters where the opener is lost, so a wrong one is as none."""
    if len(text.encode()) > urls.MAX_CLAIM_BYTES or (page := urls.parse(text)) is None or urls.origin(page) != origin:
        return ""
    return urls.without_fragment(page)


async def _may_ask(request: web.Request, origin: str, site: Site) -> bool:
    if origin == urls.origin(request.app[keys.SETTINGS].public_url):
        return True
    own = (await request.app[keys.SITES].book()).site_for(origin)
    return own is not None and own.id == site.id


def _text(given: Mapping[str, object], name: str) -> str:
    value = given.get(name)
    return value.strip() if isinstance(value, str) else ""
