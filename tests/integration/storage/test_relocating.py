"""Pages get new addresses while the site lives."""

from __future__ import annotations

import asyncio

from sqlalchemy import text

from mentions.model import Change, EntryState
from mentions.moving.url_map import UrlMap
from mentions.storage import changes, entries, pages
from mentions.storage.relocating import Relocation, relocate
from tests.integration.storage.making import NOW, respond
from tests.support.postgres import until_one_waits

NEW = "https://example.com/new"


async def test_a_move_that_met_a_moderator_is_done_again(db, site, page):
    async with db.write() as c:
        other = await pages.ensure(c, site.id, NEW, now=NOW)
        entry = await respond(c, page, "https://ann.example/1")
        await respond(c, other, "https://ann.example/1")

    async def move() -> list[Relocation]:
        return [told async for _, told in relocate(db, site, UrlMap([(page.url, NEW)]), clock=lambda: NOW)]

    async with db.write() as c:
        if c.dialect.name == "postgresql":
            await c.execute(text("SET LOCAL deadlock_timeout = '1h'"))  # the other one gives way
        await entries.set_state(c, entry.id, EntryState.HIDDEN, now=NOW)
        moving = asyncio.create_task(move())
        await until_one_waits(db)
        at = {"site_id": site.id, "page_id": page.id, "entry_id": entry.id}
        await changes.append(c, **at, change=Change.HIDDEN, now=NOW)
    assert await moving == [Relocation.JOINED]
    async with db.read() as c:
        assert [each.url for each in await pages.of_site(c, site.id)] == [NEW]
