"""GET /api/openapi.json: every address of the API, as OpenAPI 3.1.  A test keeps it equal to the routes.

parts.py     what operations are made of: parameters, answers
paths.py     the operations
schemas.py   the shapes of what goes in and out"""

from __future__ import annotations

from functools import cache
from typing import Any

from aiohttp import web

from config import VERSION
from service import answers, keys
from service.api.openapi.parts import PARAMETERS, RESPONSES, SECURITY_SCHEMES
from service.api.openapi.paths import PATHS
from service.api.openapi.schemas import SCHEMAS


def setup(app: web.Application) -> None:
    """Adds the address."""
    app.router.add_get("/api/openapi.json", show_openapi)


async def show_openapi(request: web.Request) -> web.Response:
    """GET: the document, with this installation's address in it."""
    return answers.json_answer(request, document(request.app[keys.SETTINGS].public_url))


@cache
def document(public_url: str) -> dict[str, Any]:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Ymateb",
            "version": VERSION,
            "description": "Receives webmentions and pingbacks, and hands out threads, counts and changes.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": public_url}],
        "paths": PATHS,
        "components": {
            "schemas": SCHEMAS,
            "parameters": PARAMETERS,
            "responses": RESPONSES,
            "securitySchemes": SECURITY_SCHEMES,
        },
    }
