"""Everything that a site has, to take away: as jf2, from which nothing is missing when it is brought in again, and as
WXR for WordPress.  Made as it is read from the database: the size of the site does not matter."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from config import logs
from mentions.model import Entry, EntryState, Page, Site
from mentions.moving import own_words, wxr_writing
from mentions.storage import Database, entries, exports, pages
from mentions.storage.comments import Comment
from service.api import jf2
from service.api.jf2 import Jf2

log = logs.get_logger(__name__)

SHOWN: Final = (EntryState.SHOWN,)
EVERYTHING: Final = own_words.STATES
"""All that is not deleted: what waits, is hidden or is spam, too."""
_AT_ONCE: Final = 500


async def jf2_feed(db: Database, site: Site, base: str, *, everything: bool, after: int = 0) -> AsyncIterator[bytes]:
    """A jf2 feed of what the site shows, private entries included, or of everything; one entry a line, oldest first.

    Whoever was cut off goes on `after` the last `wm-id` that came."""
    head = {"type": "feed", "name": "Webmentions", "site": site.authority}
    yield orjson.dumps(head).removesuffix(b"}") + b',"children":['
    separator = b"\n"
    while True:
        async with db.read() as c:
            found = await entries.of_site(
                c, site.id, states=EVERYTHING if everything else SHOWN, after=after, limit=_AT_ONCE
            )
            of = await pages.by_ids(c, {entry.page_id for entry in found})
            typed = await exports.typed_parts(c, [entry.id for entry in found]) if everything else {}
        for entry in found:
            if (record := _record(entry, of.get(entry.page_id), typed.get(entry.id), base)) is not None:
                yield separator + orjson.dumps(record)
                separator = b",\n"
        if not found:  # fewer than asked for may have one among them that cannot be read
            break
        after = found[-1].id
        await asyncio.sleep(0)
    yield b"\n]}\n"


async def wxr(db: Database, site: Site, *, now: datetime) -> AsyncIterator[bytes]:
    """Everything that the site has as WXR, one item a page; pages without responses are left out."""
    yield wxr_writing.head(site, now=now).encode()
    after = 0
    while True:
        async with db.read() as c:
            found = await pages.of_site(c, site.id, after=after, limit=_AT_ONCE)
        for page in found:
            async for part in _wxr_item(db, page):
                yield part
        if not found:
            break
        after = found[-1].id
    yield wxr_writing.TAIL.encode()


async def _wxr_item(db: Database, page: Page) -> AsyncIterator[bytes]:
    after, is_open, numbers = 0, False, dict[int, int]()
    while True:
        async with db.read() as c:
            if not after:
                parents = await exports.parents_on(c, page.id, EVERYTHING)
                numbers = wxr_writing.numbers(parents)
            found = await _of_page(c, page, after)
            typed = await exports.typed_parts(c, [entry.id for entry in found])
        if found and not is_open:
            is_open = True
            yield wxr_writing.item_head(page, at=found[0].received_at).encode()
        for entry in found:
            if entry.id in numbers:
                hidden = typed.get(entry.id)
                parent = numbers.get(entry.parent_id, 0) if entry.parent_id is not None else 0
                email = hidden.email if hidden else None
                number = numbers[entry.id]
                yield wxr_writing.comment(entry, page, number=number, parent=parent, email=email).encode()
        if not found:
            break
        after = found[-1].id
    if is_open:
        yield wxr_writing.ITEM_TAIL.encode()


async def _of_page(c: AsyncConnection, page: Page, after: int) -> list[Entry]:
    return await entries.thread(c, page.id, EVERYTHING, after, _AT_ONCE, include_private=True)


def _record(entry: Entry, page: Page | None, typed: Comment | None, base: str) -> Jf2 | None:
    """An entry as a line of the export; None, and a line in the log, for one that must not hide the others."""
    try:
        assert page is not None, "an entry has a page"
        said = jf2.entry_to_jf2(entry, page, base)
        markdown, email = (typed.markdown, typed.email) if typed else (None, None)
        return own_words.write(said, entry, page, markdown=markdown, email=email)
    except Exception:
        log.exception("entry.unshowable", entry_id=entry.id)
        return None
