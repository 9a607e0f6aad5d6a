"""The pop-up: its first page, with every way that is open, and the pages that all ways share.

No page of it may be framed or kept, and none tells another site where it was: `same-origin` and not `no-referrer`,
because under that browsers hide from us, too, whether a form came from our own page (Fetch, "append a request
`Origin` header")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from mentions import metrics, urls
from mentions.errors import YmatebError
from mentions.identity import Identity
from mentions.model import Way
from mentions.storage import providers
from service import i18n, keys, problems
from service.pages.answer import render
from service.signing import asked, codes, words
from service.signing.asked import Asked
from service.signing.codes import Proved

LASTS_S: Final = 600
"""Whoever has not signed in by then begins anew."""


def setup(app: web.Application) -> None:
    """Adds the address."""
    app.router.add_get("/sign-in", show)


async def show(request: web.Request) -> web.StreamResponse:
    """GET /sign-in?target=&origin=&challenge=&lang=: the ways that are open."""
    return await choice(request, await asked.read(request, request.query))


async def choice(
    request: web.Request,
    who: Asked,
    *,
    wrong: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """The page with the ways; `wrong` names the `way` that came to nothing, and says why in `message`."""
    open_at: list[providers.Provider] = []
    if Way.PROVIDER in who.ways:
        async with request.app[keys.DB].read() as c:
            open_at = await providers.for_site(c, who.site_id)
    context = {
        "asked": who,
        "providers": open_at,
        "has_domain": Way.DOMAIN in who.ways,
        "has_mail": Way.EMAIL in who.ways and request.app[keys.SETTINGS].mail_url is not None,
        "wrong": wrong,
        "typed": dict(typed or {}),
    }
    return page(request, "sign_in.html", who.lang, context, status=status, headers=headers)


async def came_to_nothing(
    request: web.Request, who: Asked, way: str, error: YmatebError, typed: Mapping[str, str] | None = None
) -> web.Response:
    """The ways again, with what went wrong."""
    request[keys.PROBLEM] = error.code
    metrics.SIGN_INS.labels(way=way, step="failed").inc()
    said = {"way": way, "message": words.complaint(i18n.catalogue(who.lang), error)}
    status, headers = problems.status_of(error), problems.headers_of(error)
    return await choice(request, who, wrong=said, typed=typed, status=status, headers=headers)


async def refused(
    request: web.Request, who: Asked, way: str, code: str, typed: Mapping[str, str] | None = None
) -> web.Response:
    """The ways again, with what the world outside had against it."""
    request[keys.PROBLEM] = code
    metrics.SIGN_INS.labels(way=way, step="failed").inc()
    said = {"way": way, "message": words.fault(i18n.catalogue(who.lang), code)}
    return await choice(request, who, wrong=said, typed=typed, status=400)


async def done(request: web.Request, who: Asked, identity: Identity) -> web.Response:
    """The last page: hands a code to the page that opened the pop-up."""
    code = await finish(request, who, identity)
    return page(request, "sign_in_done.html", who.lang, {"asked": who, "code": code})


async def finish(request: web.Request, who: Asked, identity: Identity) -> str:
    """The code that a sign-in has ended with."""
    metrics.SIGN_INS.labels(way=identity.way.value, step="done").inc()
    return await codes.issue(request.app[keys.FLOWS], Proved(identity, who.site_id, who.origin), who.challenge)


def over(request: web.Request, lang: str, *, status: int = 410) -> web.Response:
    """A sign-in that is over, or never was: nothing is told of it."""
    request[keys.PROBLEM] = "over"
    return page(request, "sign_in_over.html", lang, {}, status=status)


def address(request: web.Request, path: str, **parameters: str) -> str:
    """One of our own pages, from outside."""
    query = f"?{urlencode(parameters)}" if parameters else ""
    return f"{request.app[keys.SETTINGS].public_url}{path}{query}"


def page(
    request: web.Request,
    template: str,
    lang: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """A page of the pop-up."""
    own = urls.origin(request.app[keys.SETTINGS].public_url)
    private = {
        "Cache-Control": "no-store",
        "Referrer-Policy": "same-origin",
        "Access-Control-Allow-Origin": own,
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    return render(request, template, {"lang": lang, **context}, status=status, headers={**private, **(headers or {})})
