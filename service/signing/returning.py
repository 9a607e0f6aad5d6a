"""Signing in by one's own domain, or at a provider that the owner has chosen: there, and back to us.

Workers go and ask (`indieauth.*`, `oidc.*`); this sends the browser there, with a state that is good once, and takes it
back.  Nothing of what is kept meanwhile reaches a browser.  What is checked, `mentions/signin` says."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from config import logs
from mentions import codec, identity, metrics, urls
from mentions.errors import RateLimited, Unavailable
from mentions.model import Way
from mentions.signin.faults import Fault
from mentions.storage import providers
from service import keys, origins
from service.forms import read_fields
from service.pages.answer import language_of
from service.signing import asked, popup
from service.signing.asked import Asked

log = logs.get_logger(__name__)

MOST_PARAMETERS: Final = 20
CALLBACK: Final = "/sign-in/callback"
CLIENT: Final = "/sign-in/client"
_STATE = "state"


def setup(app: web.Application) -> None:
    """Adds the addresses."""
    app.router.add_post("/sign-in/domain", begin_by_domain)
    app.router.add_post("/sign-in/provider", begin_at_provider)
    app.router.add_get(CALLBACK, come_back, allow_head=False)


async def begin_by_domain(request: web.Request) -> web.StreamResponse:
    """POST {…, me}: to whoever vouches for a website."""
    await origins.require_own(request)
    fields = await read_fields(request)
    who, me = await asked.read(request, fields), str(fields.get("me") or "").strip()[: urls.MAX_CLAIM_BYTES]
    if Way.DOMAIN not in who.ways:
        return await popup.refused(request, who, Way.DOMAIN.value, Fault.UNKNOWN_PROVIDER.value)
    return await _begin(request, who, Way.DOMAIN, "indieauth", {"me": me}, typed={"me": me})


async def begin_at_provider(request: web.Request) -> web.StreamResponse:
    """POST {…, provider}: to a provider of the site, by its number."""
    await origins.require_own(request)
    fields = await read_fields(request)
    who, number = await asked.read(request, fields), str(fields.get("provider") or "")
    async with request.app[keys.DB].read() as c:
        found = next((each for each in await providers.for_site(c, who.site_id) if str(each.id) == number), None)
    if found is None or Way.PROVIDER not in who.ways:
        return await popup.refused(request, who, Way.PROVIDER.value, Fault.UNKNOWN_PROVIDER.value)
    return await _begin(request, who, Way.PROVIDER, "oidc", {"provider_id": found.id}, label=found.label)


async def _begin(
    request: web.Request,
    who: Asked,
    way: Way,
    errand: str,
    facts: Mapping[str, Any],
    *,
    typed: Mapping[str, str] | None = None,
    label: str | None = None,
) -> web.StreamResponse:
    """The page that leads to whoever vouches; the ways again where nobody does."""
    state = secrets.token_urlsafe(32)
    try:
        await asked.limit(request, who.site_id)
        answer = await _ask(request, f"{errand}.begin", {**facts, "state": state})
        location = urls.parse(str(answer.get("location") or ""))
        if "error" in answer or location is None:
            log.info("sign_in.refused", way=way.value, why=answer.get("summary"))
            return await popup.refused(request, who, way.value, str(answer.get("error", "failed")), typed)
        known = {"asked": codec.to_json(who), "errand": errand, "way": way.value, "keep": answer["keep"]}
        await request.app[keys.FLOWS].put(_STATE, state, known | {"label": label}, lasts_s=popup.LASTS_S)
    except (RateLimited, Unavailable) as error:
        return await popup.came_to_nothing(request, who, way.value, error, typed)
    metrics.SIGN_INS.labels(way=way.value, step="begun").inc()
    context = {"asked": who, "location": answer["location"], "host": urls.authority(location)}
    return popup.page(request, "sign_in_going.html", who.lang, context)


async def come_back(request: web.Request) -> web.StreamResponse:
    """GET: back from whoever vouches.  A state is good once, whatever comes with it."""
    known = await request.app[keys.FLOWS].take(_STATE, request.query.get("state", ""))
    if known is None or len(request.query) > MOST_PARAMETERS:
        return popup.over(request, language_of(request))
    who = codec.from_json(Asked, known["asked"])
    try:
        facts = {"keep": known["keep"], "params": dict(request.query)}
        answer = await _ask(request, f"{known['errand']}.finish", facts)
    except Unavailable as error:
        return await popup.came_to_nothing(request, who, known["way"], error)
    found = identity.of_answer(answer.get("identity") or {}, label=known["label"])
    if found is None:
        log.info("sign_in.refused", way=known["way"], why=answer.get("summary"))
        return await popup.refused(request, who, known["way"], str(answer.get("error", "bad_answer")))
    return await popup.done(request, who, found)


async def _ask(request: web.Request, errand: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a worker answers, who is told who we are to whoever vouches, and where they send people back to."""
    ours = {"redirect_uri": popup.address(request, CALLBACK), "client_id": popup.address(request, CLIENT)}
    return await request.app[keys.ERRANDS].ask(errand, {**facts, **ours}, timeout_s=request.app[keys.TEMPO].errand_s)
