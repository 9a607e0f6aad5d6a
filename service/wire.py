"""What every answer has, whoever gives it: one log line, metrics, headers that make browsers careful, CORS."""

from __future__ import annotations

import logging
from time import perf_counter
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler

from config import logs
from mentions import metrics
from service import keys

log = logs.get_logger(__name__)

CAREFUL: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
"""For answers that do not say otherwise: data is not to be rendered, framed or guessed at."""
EXPOSED: Final = "ETag, Link, Location, Retry-After"
ALLOWED: Final = "Authorization, Content-Type, If-None-Match, Last-Event-ID"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds by machines; told at level debug."""


@web.middleware
async def tell(request: web.Request, handler: Handler) -> web.StreamResponse:
    """One canonical line and the metrics of a request, when its answer is ready (for a stream: when it ends)."""
    started = perf_counter()
    status = 499  # the client went away
    try:
        answer = await handler(request)
        status = answer.status
    except web.HTTPException as redirect:
        status = redirect.status
        raise
    else:
        return answer
    finally:
        took_s = perf_counter() - started
        route = _route(request)
        metrics.REQUESTS.labels(method=_method(request), route=route, status=str(status)).inc()
        metrics.REQUEST_SECONDS.labels(route=route).observe(took_s)
        write = log.debug if route in _QUIET else log.info
        write(
            "request.answered",
            method=request.method,
            path=request.path[:300],
            route=route,
            status=status,
            duration_ms=round(took_s * 1000, 1),
            problem=request.get(keys.PROBLEM),
        )


class NoHttp(logging.Filter):
    """For the log of aiohttp's server: what is no HTTP is its sender's mistake, and not ours to be told with its bytes,
    its address and a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is about anything else."""
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, HttpProcessingError):
            return True
        log.info("request.malformed", problem=type(error).__name__)
        return False


@web.middleware
async def answer_preflights(request: web.Request, handler: Handler) -> web.StreamResponse:
    """OPTIONS on anything that exists: the methods that it takes, for browsers on any origin."""
    missing = request.match_info.http_exception
    if request.method != "OPTIONS" or not isinstance(missing, web.HTTPMethodNotAllowed):
        return await handler(request)
    methods = ", ".join(sorted({*missing.allowed_methods, "OPTIONS"}))
    return web.Response(
        status=204,
        headers={
            "Allow": methods,
            "Access-Control-Allow-Methods": methods,
            "Access-Control-Allow-Headers": ALLOWED,
            "Access-Control-Max-Age": "86400",
        },
    )


async def add_headers(_request: web.Request, answer: web.StreamResponse) -> None:
    """Headers of every answer; what a handler has set itself stays."""
    for name, value in CAREFUL.items():
        answer.headers.setdefault(name, value)
    if "Access-Control-Allow-Origin" not in answer.headers:
        answer.headers["Access-Control-Allow-Origin"] = "*"
        answer.headers["Access-Control-Expose-Headers"] = EXPOSED
    answer.headers["Server"] = "Ymateb"


def _route(request: web.Request) -> str:
    """The pattern of the route: a closed set, unlike paths."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"


def _method(request: web.Request) -> str:
    return request.method if request.method in _METHODS else "other"
