"""The errands of signing in at a provider that a site's owner has chosen (OpenID Connect, code flow).

`oidc.begin` {provider_id, redirect_uri, state} -> {location, keep}; `oidc.finish` {keep, params, redirect_uri,
provider_id?} -> {identity}; both else {error, summary} out of `mentions.signin.faults`.  `keep` holds verifier and
nonce: it stays with the service.  The provider's secret is read here and is in no errand."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Final

from mentions import codec
from mentions.model import Fetched, Url
from mentions.signin import oidc
from mentions.signin.faults import Fault, Refusal
from mentions.signin.id_token import check_id_token
from mentions.signin.oidc import Configuration, Tokens
from mentions.signin.returning import VERIFIER_BYTES, Kept, read_object, read_return, way_to
from mentions.storage import providers
from mentions.storage.providers import Provider
from workers.fetch.client import Posted
from workers.kit import Kit

FETCH_S: Final = 8.0
"""For each request: somebody is waiting in front of the page."""
MOST_BYTES: Final = 256 << 10
"""Of a configuration, a set of keys, or what is told of a person."""
NONCE_BYTES: Final = 24
ACCEPT_JSON: Final = "application/json"
_WHO_ARE_YOU: Final = 401
"""`invalid_client`, which comes before the code is looked at (RFC 6749 5.2)."""
_GONE: Final = Refusal(Fault.UNKNOWN_PROVIDER, "the site has no such provider")


async def begin(kit: Kit, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Where to send the browser of somebody who wants to sign in at a provider."""
    provider = await _provider(kit, facts["provider_id"])
    if provider is None:
        return _GONE.as_answer()
    configuration = await _configuration(kit, provider)
    if isinstance(configuration, Refusal):
        return configuration.as_answer()
    verifier, nonce = secrets.token_urlsafe(VERIFIER_BYTES), secrets.token_urlsafe(NONCE_BYTES)
    question = oidc.question(
        client_id=provider.client.client_id,
        redirect_uri=facts["redirect_uri"],
        state=facts["state"],
        nonce=nonce,
        verifier=verifier,
    )
    keep = {
        "provider_id": provider.id,
        "state": facts["state"],
        "verifier": verifier,
        "nonce": nonce,
        "configuration": codec.to_json(configuration),
    }
    return {"location": way_to(configuration.authorization_endpoint, question), "keep": keep}


async def finish(kit: Kit, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Who somebody is who came back from the provider."""
    found = await _finish(kit, facts)
    return found.as_answer() if isinstance(found, Refusal) else {"identity": oidc.identity_of(found)}


async def _finish(kit: Kit, facts: Mapping[str, Any]) -> Mapping[str, Any] | Refusal:
    """The claims of somebody, once every one of them has been checked."""
    keep = facts["keep"]
    configuration = codec.from_json(Configuration, keep["configuration"])
    kept = Kept(keep["state"], keep["verifier"], configuration.issuer, configuration.names_issuer)
    code = read_return(facts["params"], kept)
    if isinstance(code, Refusal):
        return code
    provider = await _provider(kit, facts.get("provider_id", keep["provider_id"]))
    if provider is None or (provider.id, provider.client.issuer) != (keep["provider_id"], configuration.issuer):
        return _GONE
    tokens = await _redeem(kit, provider, configuration, code, facts["redirect_uri"], keep["verifier"])
    if isinstance(tokens, Refusal):
        return tokens
    keys = await _get_object(kit, configuration.jwks_uri)
    if isinstance(keys, Refusal):
        return keys
    claims = check_id_token(
        tokens.id_token,
        keys,
        issuer=configuration.issuer,
        client_id=provider.client.client_id,
        nonce=keep["nonce"],
        now=kit.now(),
        access_token=tokens.access_token,
    )
    if isinstance(claims, Refusal):
        return claims
    return await _complete(kit, configuration, claims, tokens.access_token)


async def _provider(kit: Kit, provider_id: int) -> Provider | None:
    async with kit.db.read() as c:
        return await providers.get(c, provider_id)


async def _configuration(kit: Kit, provider: Provider) -> Configuration | Refusal:
    issuer = provider.client.issuer
    said = await _get_object(kit, oidc.configuration_url(issuer))
    if isinstance(said, Refusal):
        return said
    return oidc.read_configuration(said, issuer=issuer, is_opened=kit.fetcher.is_opened)


async def _redeem(
    kit: Kit, provider: Provider, configuration: Configuration, code: str, redirect_uri: str, verifier: str
) -> Tokens | Refusal:
    """What a code is worth.  A provider that takes a secret both ways may want it of this client in one of them."""
    in_header = configuration.takes_basic

    async def post(*, in_header: bool) -> Posted:
        form, headers = oidc.redemption(
            provider.client, code=code, redirect_uri=redirect_uri, verifier=verifier, in_header=in_header
        )
        headers = {"Accept": ACCEPT_JSON, **headers}
        endpoint = configuration.token_endpoint
        return await kit.fetcher.post_form(endpoint, form, headers=headers, budget_s=FETCH_S, max_hops=0)

    posted = await post(in_header=in_header)
    has_secret = provider.client.client_secret is not None
    if posted.status == _WHO_ARE_YOU and has_secret and in_header and configuration.takes_post:
        posted = await post(in_header=False)
    if posted.status is None or posted.is_passing:
        words = posted.fault.reason if posted.fault is not None else f"HTTP {posted.status}"
        return Refusal(Fault.PROVIDER_UNREACHABLE, f"{posted.url}: {words}")
    if not posted.is_accepted:
        return Refusal(Fault.CODE_REFUSED, f"{posted.url} answered HTTP {posted.status}")
    return oidc.read_tokens(read_object(posted.body))


async def _complete(
    kit: Kit, configuration: Configuration, claims: Mapping[str, Any], access_token: str | None
) -> Mapping[str, Any] | Refusal:
    """The claims, and what the userinfo endpoint adds to them; who signs in does not wait for one that is away."""
    if configuration.userinfo_endpoint is None or access_token is None or not oidc.needs_more(claims):
        return claims
    said = await _get_object(kit, configuration.userinfo_endpoint, authorization=f"Bearer {access_token}")
    return claims if isinstance(said, Refusal) else oidc.with_userinfo(claims, said)


async def _get_object(kit: Kit, url: Url, *, authorization: str | None = None) -> Mapping[str, Any] | Refusal:
    """A JSON object of the provider.  No redirect is followed: what it says would be somebody else's."""
    sighting = await kit.fetcher.get(
        url,
        accept=ACCEPT_JSON,
        authorization=authorization,
        budget_s=FETCH_S,
        max_bytes=MOST_BYTES,
        max_hops=0,
        waits=True,
    )
    if not isinstance(sighting, Fetched):
        words = getattr(sighting, "reason", "it is not there")
        return Refusal(Fault.PROVIDER_UNREACHABLE, f"{url}: {words}")
    said = read_object(sighting.document.body)
    return said if said is not None else Refusal(Fault.BAD_METADATA, f"{url} is no JSON object")
