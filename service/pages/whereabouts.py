"""On which page of a thread does a response stand?  For links that lead to it, where a thread has several pages.

What one page holds is `threads.py`'s; where responses stand is the layout's (`mentions/storage/layout`)."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from mentions.model import Page
from mentions.storage import layout
from mentions.storage.layout import Window
from mentions.threads import Part
from service import keys
from service.api import threads as api
from service.pages.fragment import Look
from service.pages.threads import MOST_ENTRIES, PER_PAGE

LEAD: Final = 20
"""Responses that are shown before it, so that one sees what it follows."""


async def wishes(app: web.Application, page: Page, entry_id: int) -> dict[str, str]:
    """What `/embed` has to be asked beside the target to show this response: nothing where its first page does.

    One that is nested too deep, or lies behind too many others, is shown among the answers to its parent (`below`)."""
    await api.settled_version(app, page)
    async with app[keys.DB].read() as c:
        place = await layout.place_of(c, entry_id)
        if place is None or place.part is not Part.TREE:
            return {}
        first, _ = await layout.window(c, page.id, Window(None, None, False, PER_PAGE, MOST_ENTRIES, api.MOST_OF_ONE))
        if place.depth < Look().depth and any(shown.id == entry_id for shown in first):
            return {}
        lead = await layout.lead_in(c, page.id, place, LEAD)
    below = {"below": str(place.parent_id)} if place.depth else {}
    return below if lead is None else {**below, "after": str(api.write_after(lead))}
