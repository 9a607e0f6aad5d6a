"""How answers leave: JSON and JSONP with an ETag, 304 for who has it already, gzip for who takes it.

Also what a request prefers.  Errors are problems.py's business."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson
from aiohttp import ETag, web

from mentions.errors import InvalidInput
from service.shelf import Body

PUBLIC: Final = "no-cache"
"""May be stored by anybody, must be asked about again: the ETag makes that cheap."""
PRIVATE: Final = "private, no-cache"
"""The same, for what a token opened."""

_GZIP_SUFFIX: Final = "-gzip"
_WORTH_COMPRESSING_BYTES: Final = 1024
_CALLBACK: Final = re.compile(r"[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*", re.ASCII)
_LINE_SEPARATORS: Final = {"\u2028": "\\u2028", "\u2029": "\\u2029"}


def json_answer(
    request: web.Request,
    data: Any,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    cache: str = PUBLIC,
) -> web.Response:
    """Data as JSON, or as JSONP where the query names a callback."""
    return body_answer(request, orjson.dumps(data), "application/json", status=status, headers=headers, cache=cache)


def body_answer(
    request: web.Request,
    body: bytes | Body,
    content_type: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    cache: str = PUBLIC,
    weak_etag: str | None = None,
) -> web.Response:
    """A body with its ETag; 304 without it when the request has it already.  A `Body` is kept, and compressed once.

    `weak_etag` stands for everything that matters in the body, where some of it differs each time."""
    if content_type == "application/json" and (callback := request.query.get("jsonp")) is not None:
        body, content_type = _call(callback, body.raw if isinstance(body, Body) else body), "text/javascript"
    known = body if isinstance(body, Body) else Body(body)
    zips = len(known.raw) >= _WORTH_COMPRESSING_BYTES and takes_gzip(request)
    etag = f"{known.digest if weak_etag is None else weak_etag}{_GZIP_SUFFIX if zips else ''}"
    out = {"Cache-Control": cache, "Vary": "Accept-Encoding", **(headers or {})}
    if status == 200 and is_known(request, etag):
        answer = web.Response(status=304, headers=out)
    else:
        out["Content-Type"] = f"{content_type}; charset=utf-8"
        answer = _whole(known, status, out, zips=zips, is_kept=known is body)
    if status == 200:
        answer.etag = ETag(etag, is_weak=weak_etag is not None)
    return answer


def _whole(body: Body, status: int, headers: dict[str, str], *, zips: bool, is_kept: bool) -> web.Response:
    """The body as it is, or compressed: at once and for everybody when it is kept, else while it is sent."""
    if zips and is_kept:
        return web.Response(body=body.zipped, status=status, headers={**headers, "Content-Encoding": "gzip"})
    answer = web.Response(body=body.raw, status=status, headers=headers)
    if zips:
        answer.enable_compression(web.ContentCoding.gzip)
    return answer


def is_known(request: web.Request, etag: str) -> bool:
    """Whether If-None-Match names this ETag, whatever coding either was sent in."""
    wanted = etag.removesuffix(_GZIP_SUFFIX)
    return any(
        tag.value == "*" or tag.value.removesuffix(_GZIP_SUFFIX) == wanted for tag in request.if_none_match or ()
    )


def prefers_html(request: web.Request) -> bool:
    """Whether a person with a browser asks: text/html is named, and JSON is not named before it or with more weight."""
    weights = _accepted(request.headers.get("Accept", ""))
    html = max(weights.get("text/html", 0.0), weights.get("application/xhtml+xml", 0.0))
    if not html:
        return False
    json = weights.get("application/json", 0.0)
    return html > json or (html == json and list(weights).index("text/html") < list(weights).index("application/json"))


def takes_gzip(request: web.Request) -> bool:
    """Whether the request accepts gzip."""
    weights = _accepted(request.headers.get("Accept-Encoding", ""))
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _accepted(header: str) -> dict[str, float]:
    """An Accept header as name -> weight, in the order given."""
    weights: dict[str, float] = {}
    for part in header.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    weight = float(parameter[2:])
                except ValueError:
                    weight = 0.0
        if name:
            weights.setdefault(name, weight)
    return weights


def _call(callback: str, body: bytes) -> bytes:
    """JSON as a script that calls `callback`, which may be a dotted name and nothing else."""
    if len(callback) > 200 or not _CALLBACK.fullmatch(callback):
        raise InvalidInput("jsonp is no name of a function")
    text = body.decode()
    for char, escape in _LINE_SEPARATORS.items():
        text = text.replace(char, escape)
    return f"{callback}({text})".encode()
