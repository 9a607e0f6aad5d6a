"""POST /api/entries/{id}/split: copies that were taken for one response are shown apart, by the owner's word."""

from __future__ import annotations

from aiohttp import web

from mentions.errors import NotFound
from mentions.model import Change
from mentions.storage import changes, entries
from service import answers, keys
from service.api import tokens
from service.api.news import announce
from service.intake.reception import now


def setup(app: web.Application) -> None:
    """Adds the address."""
    app.router.add_post(r"/api/entries/{id:\d{1,18}}/split", split)


async def split(request: web.Request) -> web.Response:
    """The entry is nobody's copy from now on, and nobody is its; doing it again changes nothing."""
    token, entry_id, cursor = await tokens.require(request, "moderate"), int(request.match_info["id"]), 0
    async with request.app[keys.DB].write() as c:
        entry = await entries.get(c, entry_id)
        if entry is None or entry.site_id != token.site_id:
            raise NotFound("There is no such entry on your site.")
        moved: list[int] = []
        if not await entries.is_split(c, [entry.id]):
            moved = await entries.split(c, entry.id, now=now(), actor=token.actor)
        for moved_id in moved:
            facts = {"site_id": entry.site_id, "page_id": entry.page_id, "entry_id": moved_id}
            cursor = await changes.append(c, **facts, change=Change.UPDATED, now=now())
    if moved:
        await announce(request.app, entry.page_id, cursor)
    return answers.json_answer(request, {"wm-id": entry.id, "split": moved}, cache="no-store")
