"""GET /api/openapi.json: every address of the API, as OpenAPI 3.1.  A test keeps it equal to the routes."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson
from aiohttp import web

from config import VERSION
from service import answers, keys

DOCUMENT: Final = Path(__file__).with_name("openapi.json")


def setup(app: web.Application) -> None:
    """Adds the address."""
    app.router.add_get("/api/openapi.json", show_openapi)


async def show_openapi(request: web.Request) -> web.Response:
    """GET: the document, with this installation's address in it."""
    document = load() | {"servers": [{"url": request.app[keys.SETTINGS].public_url}]}
    return answers.json_answer(request, document)


@cache
def load() -> dict[str, Any]:
    """The document as it stands beside this module."""
    document: dict[str, Any] = orjson.loads(DOCUMENT.read_bytes())
    document["info"]["version"] = VERSION
    return document
