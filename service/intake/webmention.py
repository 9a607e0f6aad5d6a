"""The webmention endpoint: a form comes in, a 201 with a status URL goes out (W3C Webmention 3.2.1; contract §3).

Also the form that a person may use by hand.  Whether the source says what is claimed is found out by a worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qs

import orjson
from aiohttp import web

from mentions.errors import InvalidRequest
from mentions.model import Claim
from mentions.protocol import webmention
from service import answers, pages
from service.forms import read_form
from service.intake import reception

PATHS: Final = ("/webmention", "/{site}/webmention", "/d/{site}/webmention")
_MOST_FIELDS: Final = 100


def setup(app: web.Application) -> None:
    """Adds the endpoint and its drop-in spellings."""
    for path in PATHS:
        app.router.add_post(path, receive)
        app.router.add_get(path, show_form)


async def receive(request: web.Request) -> web.Response:
    """POST: one claim."""
    await reception.limit_client(request)
    form = await _read_form(request)
    claim = webmention.read_claim(form, id=reception.new_claim_id(), received_at=reception.now())
    site = await reception.find_site(request, claim.target)
    added = await reception.keep(request, claim, site)
    return _accepted(request, claim, reception.status_url(request, added.id))


async def show_form(request: web.Request) -> web.StreamResponse:
    """GET: the form for people; `source` and `target` of the query are filled in."""
    site = request.match_info.get("site")
    return pages.render(
        request,
        "webmention_form.html",
        {
            "action": pages.own_path(request),
            "site": site,
            "source": request.query.get("source", ""),
            "target": request.query.get("target", ""),
        },
    )


def _accepted(request: web.Request, claim: Claim, location: str) -> web.Response:
    """201 for programs, 303 to the status for people."""
    if answers.prefers_html(request):
        return web.Response(status=303, headers={"Location": location, "Cache-Control": "no-store"})
    body = {
        "status": "queued",
        "summary": "The webmention was queued for processing.",
        "location": location,
        "source": claim.source,
        "target": claim.target,
    }
    return web.Response(
        status=201,
        body=orjson.dumps(body),
        headers={
            "Location": location,
            "Cache-Control": "no-store",
            "Content-Type": "application/json; charset=utf-8",
        },
    )


async def _read_form(request: web.Request) -> Mapping[str, Sequence[str]]:
    """The fields of the body; raises InvalidRequest when it is no form, or too long to be one."""
    try:
        match request.content_type if "Content-Type" in request.headers else "":
            case "application/x-www-form-urlencoded" | "":
                text = (await request.read()).decode("utf-8", "replace")
                return parse_qs(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
            case "multipart/form-data":
                fields = await read_form(request)
                return {
                    name: [value for value in fields.getall(name) if isinstance(value, str)] for name in set(fields)
                }
            case other:
                raise InvalidRequest(f"The body has to be form-encoded, not {other[:80]}.")
    except web.HTTPRequestEntityTooLarge:
        raise InvalidRequest("The request is too long: source and target may have 2,048 bytes each.") from None
    except ValueError:
        raise InvalidRequest("The body cannot be read as a form.") from None
