"""Forms as they come in: whatever a body does to its parser, it is the sender's mistake and never a defect of ours."""

from __future__ import annotations

from typing import Final

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
