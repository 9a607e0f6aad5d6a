"""The front page."""

from __future__ import annotations

from aiohttp import web

from service.pages import demo
from service.pages.answer import render


def setup(app: web.Application) -> None:
    """Adds the front page."""
    app.router.add_get("/", show_front)


async def show_front(request: web.Request) -> web.StreamResponse:
    """GET /: what this is, alive where the demo is on, and how to start."""
    return render(request, "front.html", {"demo": await demo.thread_facts(request)})
