"""The errands of signing in by one's own domain: who vouches for this URL, and does the answer hold?

`indieauth.begin` {me, redirect_uri, client_id, state} -> {location, keep}; `indieauth.finish` {keep, params,
redirect_uri, client_id} -> {identity}; both else {error, summary} out of `mentions.signin.faults`.  `keep` holds the
verifier: it stays with the service.  What may be believed is decided in `mentions/signin/indieauth.py`."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from mentions import codec
from mentions.errors import ParserError
from mentions.model import Fetched, Status, Unreachable, Url
from mentions.signin import indieauth
from mentions.signin.faults import Fault, Refusal
from mentions.signin.indieauth import ProfilePage, Server
from mentions.signin.returning import VERIFIER_BYTES, Kept, read_object, read_return, way_to
from workers.fetch.client import Posted
from workers.kit import Kit

FETCH_S: Final = 8.0
"""For each request: somebody is waiting in front of the page."""
MOST_METADATA: Final = 64 << 10
MAX_HOPS: Final = 5
ACCEPT_JSON: Final = "application/json"
_DOES_NOT_REDEEM: Final = frozenset({404, 405, 501})
"""How an authorization endpoint says that only the token endpoint redeems codes."""
_NO_TLS: Final = frozenset({Status.CONNECT_ERROR, Status.SSL_ERROR})


@dataclass(frozen=True, slots=True)
class _Discovered:
    """Who vouches for a profile, and what it is called."""

    me: Url
    names: tuple[Url, ...]
    server: Server
    page: ProfilePage


async def begin(kit: Kit, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Where to send the browser of somebody who says that they are `me`."""
    found = await _discover_typed(kit, str(facts["me"]))
    if isinstance(found, Refusal):
        return found.as_answer()
    verifier = secrets.token_urlsafe(VERIFIER_BYTES)
    question = indieauth.question(
        me=found.me,
        client_id=facts["client_id"],
        redirect_uri=facts["redirect_uri"],
        state=facts["state"],
        verifier=verifier,
    )
    keep = {
        "state": facts["state"],
        "verifier": verifier,
        "names": list(found.names),
        "server": codec.to_json(found.server),
        "page": codec.to_json(found.page),
    }
    return {"location": way_to(found.server.authorization_endpoint, question), "keep": keep}


async def finish(kit: Kit, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Who somebody is who came back from where `begin` sent them."""
    keep = facts["keep"]
    server = codec.from_json(Server, keep["server"])
    code = read_return(facts["params"], Kept(keep["state"], keep["verifier"], server.issuer))
    if isinstance(code, Refusal):
        return code.as_answer()
    form = indieauth.redemption(
        code=code, client_id=facts["client_id"], redirect_uri=facts["redirect_uri"], verifier=keep["verifier"]
    )
    redeemed = await _redeem(kit, server, form)
    if isinstance(redeemed, Refusal):
        return redeemed.as_answer()
    said = redeemed.said
    me = indieauth.read_me(said, is_opened=kit.fetcher.is_opened)
    if isinstance(me, Refusal):
        return me.as_answer()
    page = codec.from_json(ProfilePage, keep["page"])
    if me not in keep["names"]:
        confirmed = await _confirm(kit, me, server, redeemed.by)
        if isinstance(confirmed, Refusal):
            return confirmed.as_answer()
        page = confirmed
    return {"identity": indieauth.identity_of(me, said, page=page)}


async def _discover_typed(kit: Kit, text: str) -> _Discovered | Refusal:
    """Of a bare domain https is tried, then http."""
    me = indieauth.read_profile_url(text, is_opened=kit.fetcher.is_opened)
    if isinstance(me, Refusal):
        return me
    found = await _discover(kit, me)
    if "://" in text or not (isinstance(found, _Unreached) and found.has_no_tls):
        return found.refusal if isinstance(found, _Unreached) else found
    insecure = await _discover(kit, Url(f"http{me.removeprefix('https')}"))
    return insecure.refusal if isinstance(insecure, _Unreached) else insecure


@dataclass(frozen=True, slots=True)
class _Unreached:
    """A profile's page that was not fetched."""

    refusal: Refusal
    has_no_tls: bool


async def _discover(kit: Kit, me: Url) -> _Discovered | Refusal | _Unreached:
    """Fetches the page of a profile and finds out who vouches for it (4.1)."""
    sighting = await kit.fetcher.get(me, budget_s=FETCH_S, max_hops=MAX_HOPS, is_lenient=True, waits=True)
    if not isinstance(sighting, Fetched):
        words = getattr(sighting, "reason", "the page is not there")
        has_no_tls = isinstance(sighting, Unreachable) and sighting.status in _NO_TLS
        return _Unreached(Refusal(Fault.PROFILE_UNREACHABLE, f"{me}: {words}"), has_no_tls)
    try:
        page = await kit.pool.profile(sighting, requested=me)
    except ParserError as error:
        return Refusal(Fault.PROFILE_UNREACHABLE, f"{me}: {error}")
    server = indieauth.server_of_page(page) if page.metadata is None else await _read_metadata(kit, page.metadata)
    if isinstance(server, Refusal):
        return server
    names = indieauth.names_of(me, sighting.document.url, is_opened=kit.fetcher.is_opened)
    return _Discovered(me, names, server, page)


async def _read_metadata(kit: Kit, url: Url) -> Server | Refusal:
    sighting = await kit.fetcher.get(
        url, accept=ACCEPT_JSON, budget_s=FETCH_S, max_bytes=MOST_METADATA, max_hops=MAX_HOPS, waits=True
    )
    if not isinstance(sighting, Fetched):
        words = getattr(sighting, "reason", "it is not there")
        return Refusal(Fault.PROVIDER_UNREACHABLE, f"{url}: {words}")
    document = sighting.document
    return indieauth.read_metadata(read_object(document.body), at=document.url, is_opened=kit.fetcher.is_opened)


@dataclass(frozen=True, slots=True)
class _Redeemed:
    """What a code was worth, and which endpoint says so."""

    said: Mapping[str, Any]
    by: Url


async def _redeem(kit: Kit, server: Server, form: Mapping[str, str]) -> _Redeemed | Refusal:
    """What a code is worth.  At the authorization endpoint, for an identity is all that we want (5.3.2); at the token
    endpoint where the other says that it does not do this."""
    endpoint = server.authorization_endpoint
    posted = await _post(kit, endpoint, form)
    if posted.status in _DOES_NOT_REDEEM and server.token_endpoint is not None:
        endpoint = server.token_endpoint
        posted = await _post(kit, endpoint, form)
    if posted.status is None or posted.is_passing:
        words = posted.fault.reason if posted.fault is not None else f"HTTP {posted.status}"
        return Refusal(Fault.PROVIDER_UNREACHABLE, f"{posted.url}: {words}")
    if not posted.is_accepted:
        return Refusal(Fault.CODE_REFUSED, f"{posted.url} answered HTTP {posted.status}")
    said = read_object(posted.body)
    if said is None:
        return Refusal(Fault.BAD_ANSWER, f"{posted.url} did not answer in JSON")
    return _Redeemed(said, endpoint)


async def _post(kit: Kit, endpoint: Url, form: Mapping[str, str]) -> Posted:
    return await kit.fetcher.post_form(endpoint, form, headers={"Accept": ACCEPT_JSON}, budget_s=FETCH_S, max_hops=0)


async def _confirm(kit: Kit, me: Url, server: Server, speaker: Url) -> ProfilePage | Refusal:
    """May `speaker`, an endpoint of `server`, say that somebody is `me`, who is not whom we asked about?

    Only if the page of `me` names the same server (5.4), and this very endpoint: the page that we asked about may name
    an honest authorization endpoint, and beside it a token endpoint that lies."""
    found = await _discover(kit, me)
    if isinstance(found, _Discovered) and me in found.names:
        theirs = found.server
        is_theirs = speaker in (theirs.authorization_endpoint, theirs.token_endpoint)
        names_same = (theirs.authorization_endpoint, theirs.issuer) == (server.authorization_endpoint, server.issuer)
        if is_theirs and names_same:
            return found.page
    return Refusal(Fault.OTHER_PROFILE, f"{speaker} may not speak for {me}")
