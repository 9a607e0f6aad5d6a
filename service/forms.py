"""Forms as they come in: whatever a body does to its parser, it is the sender's mistake and never a defect of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from multidict import MultiDictProxy

from mentions.errors import InvalidRequest

UNREADABLE: Final = (ValueError, LookupError, RuntimeError, HttpProcessingError)
"""What aiohttp raises for parts without a name or an end, with broken headers, unknown charsets and encodings."""


async def read_form(request: web.Request) -> MultiDictProxy[str | bytes | bytearray | web.FileField]:
    """The fields of a form, in either encoding; raises InvalidRequest.

    What is too long is left to the caller: HTTPRequestEntityTooLarge."""
    try:
        return await request.post()
    except UNREADABLE:
        raise InvalidRequest("The body cannot be read as a form.") from None


async def read_fields(request: web.Request) -> Mapping[str, object]:
    """The fields of a JSON object or a form; raises InvalidRequest."""
    if request.content_type == "application/json":
        try:
            data = orjson.loads(await request.read())
        except orjson.JSONDecodeError:
            raise InvalidRequest("The body has to be JSON.") from None
        if not isinstance(data, dict):
            raise InvalidRequest("The body has to be a JSON object.")
        return data
    if request.content_type not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        raise InvalidRequest("The body has to be JSON or a form.")
    return dict(await read_form(request))
