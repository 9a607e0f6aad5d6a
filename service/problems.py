"""Error -> answer: the only place that maps what went wrong to a status and a body, or to an XML-RPC fault.

JSON for programs, a plain page for people who asked for HTML.  What is mapped nowhere is a bare 500 and a logged
traceback: it is a defect of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from config import logs
from mentions import errors
from mentions.storage import outages
from service import answers, keys, pages
from service.i18n import catalogue
from service.pages.words import complaint

log = logs.get_logger(__name__)

STATUS: Final[tuple[tuple[type[errors.YmatebError], int], ...]] = (
    (errors.InsufficientScope, 403),
    (errors.Blocked, 403),
    (errors.Forbidden, 401),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.CursorGone, 410),
    (errors.ProofRequired, 428),
    (errors.RateLimited, 429),
    (errors.RequestError, 400),
    (errors.Unavailable, 503),
    (errors.ConfigurationError, 503),
)
"""Error -> HTTP status; the first that fits counts, so what is special stands first."""

FAULT: Final[tuple[tuple[type[errors.YmatebError], int], ...]] = (
    (errors.InvalidTarget, 33),
    (errors.TargetClosed, 33),
    (errors.Blocked, 49),
    (errors.RateLimited, 49),
)
"""Error -> pingback fault code (Pingback 1.0 §3); everything else is 0."""

_DATABASE_AWAY: Final = "The database cannot be reached, or takes nothing now; try again."

_HTTP_CODES: Final = {
    404: ("not_found", "There is nothing here."),
    405: ("method_not_allowed", "This address does not take that method."),
    413: ("too_large", "The request is too large."),
    415: ("unsupported_media_type", "A body of this type is not read here."),
}


def status_of(error: errors.YmatebError) -> int:
    """The HTTP status of an error of ours."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def fault_of(error: errors.YmatebError) -> int:
    """The XML-RPC fault code of an error of ours."""
    return next((code for kind, code in FAULT if isinstance(error, kind)), 0)


@web.middleware
async def answer_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turns every exception of a handler into an answer; what has begun to be sent can only be cut off."""
    try:
        return await handler(request)
    except errors.YmatebError as error:
        return _of_ours(request, error)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        code, words = _HTTP_CODES.get(error.status, ("invalid_request", error.reason))
        kept = {name: error.headers[name] for name in ("Allow",) if name in error.headers}
        return problem(request, error.status, code, words, headers=kept)
    except (ConnectionResetError, ConnectionAbortedError):
        if request.transport is None or request.transport.is_closing():
            raise  # it was the caller that went
        return _of_ours(request, errors.Unavailable(_DATABASE_AWAY))
    except Exception as error:
        if outages.is_outage(error):
            log.warning("database.missed", error=type(error).__name__, why=str(error)[:200])
            return _of_ours(request, errors.Unavailable(_DATABASE_AWAY))
        log.exception("request.failed", method=request.method, path=request.path)
        return problem(request, 500, "internal_server_error", "Something went wrong here; it has been written down.")


def _of_ours(request: web.Request, error: errors.YmatebError) -> web.Response:
    status = status_of(error)
    if status >= 500:
        log.warning("request.unavailable", code=error.code, why=str(error))
    more: dict[str, object] = {"field": error.field} if isinstance(error, errors.InvalidField) else {}
    if isinstance(error, errors.ProofRequired):
        more["challenge"] = error.challenge
    if message := complaint(catalogue(pages.language_of(request)), error):
        more["message"] = message
    return problem(request, status, error.code, str(error), headers=headers_of(error), more=more)


def headers_of(error: errors.YmatebError) -> dict[str, str]:
    """What the answer to an error says beside its body."""
    headers: dict[str, str] = {}
    if isinstance(error, errors.RateLimited | errors.Unavailable):
        headers["Retry-After"] = str(max(1, error.retry_after_s))
    if status_of(error) == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="ymateb"'
    return headers


def problem(
    request: web.Request,
    status: int,
    code: str,
    words: str,
    *,
    headers: dict[str, str] | None = None,
    more: Mapping[str, object] | None = None,
) -> web.Response:
    """An error answer; `words` are for people and name what is wrong.  `more` goes into the JSON."""
    request[keys.PROBLEM] = code
    out = {"Cache-Control": "no-store", **(headers or {})}
    if answers.prefers_html(request):
        context = {"status": status, "code": code, "message": words}
        return pages.render(request, "error.html", context, status=status, headers=out)
    body = orjson.dumps({"error": code, "error_description": words, **(more or {})})
    return web.Response(body=body, status=status, headers={**out, "Content-Type": "application/json; charset=utf-8"})
