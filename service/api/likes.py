"""Likes (contract §7): one a visitor, for whoever it was (`clients.visitor_of`)."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from mentions.storage import entries, likes, pages
from service import answers, clients, keys, origins
from service.intake.reception import now
from service.pages.commenting import to_entry

LIKE_RATE_S: Final = 1.0
LIKE_BURST: Final = 40


def setup(app: web.Application) -> None:
    """Adds the addresses."""
    app.router.add_post(r"/api/entries/{id:\d{1,18}}/like", like)
    app.router.add_delete(r"/api/entries/{id:\d{1,18}}/like", unlike)


async def like(request: web.Request) -> web.Response:
    """POST: one like per visitor; once is as good as twice.  `undo` takes it back, for forms, which cannot DELETE."""
    return await _like(request, wanted="undo" not in request.query)


async def unlike(request: web.Request) -> web.Response:
    """DELETE: takes it back."""
    return await _like(request, wanted=False)


async def _like(request: web.Request, *, wanted: bool) -> web.Response:
    await origins.require_known(request)
    await clients.limit(request, "like", rate=LIKE_RATE_S, burst=LIKE_BURST)
    visitor, entry_id = await clients.visitor_of(request), int(request.match_info["id"])
    async with request.app[keys.DB].write() as c:
        if wanted:
            number = await likes.add(c, entry_id, visitor, now=now())
        else:
            number = await likes.remove(c, entry_id, visitor)
        entry = await entries.get(c, entry_id)
        page = await pages.by_id(c, entry.page_id) if entry is not None else None
    if page is not None and answers.prefers_html(request):
        done = {"liked" if wanted else "unliked": str(entry_id)}
        return await to_entry(request, page, request.query.get("lang"), entry_id, **done)
    return answers.json_answer(request, {"likes": number}, cache="no-store")
