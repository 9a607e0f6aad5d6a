"""Bringing in page after page of another system's API: where it stands, and what became of all the records.

A page is one transaction, which also keeps the cursor: killed at any moment, the next run goes on with the next page,
and one that has ended goes on later with what is newer.  What records become is `moving.py`'s affair; what is asked,
`moving/api_pages.py`'s."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from mentions.model import Site
from mentions.moving import api_pages
from mentions.moving.api_pages import ApiPage, Cursor
from mentions.moving.url_map import UrlMap
from mentions.storage import audit, imports, moving
from mentions.storage.engine import Database
from mentions.storage.imports import Import, Report, Result
from mentions.storage.moving import Preview
from mentions.storage.placing import NO_MAP

FORM: Final = "webmention.io"

Ask = Callable[[Cursor], Awaitable[tuple[ApiPage, Cursor]]]
"""The page on which a cursor stands; and the cursor, which asks for less where the page was too large."""
OnPage = Callable[[list[Result], Cursor, int | None], None]
"""Hears of every page before it is committed: what became of it, where it goes on, how many there are altogether."""


async def pull(
    db: Database,
    site: Site,
    ask: Ask,
    *,
    digest: bytes,
    clock: Callable[[], datetime],
    moved_pages: UrlMap = NO_MAP,
    everything: bool = False,
    on_begin: Callable[[Import, Cursor], None] = lambda _importing, _cursor: None,
    on_page: OnPage = lambda _results, _cursor, _total: None,
) -> Report:
    """Makes entries of what an API has, from where an earlier run was cut off, or of what is newer than its last.

    `everything`: also what is older than that, for what was held there and is shown now.  Raises what `ask` raises,
    with all before that brought in; Conflict when another process is at the same."""
    async with db.write() as c:
        importing = await imports.begin(c, site.id, FORM, digest, now=clock())
    cursor = Cursor.read(importing.cursor)
    if everything and importing.position == 0:
        cursor = replace(Cursor(), top=cursor.top)
    on_begin(importing, cursor)
    while True:
        page, cursor = await ask(cursor)
        records, onward = api_pages.taken_from(page, cursor)
        if not records:
            again = api_pages.after_the_end(page, cursor)
            if again is None:
                break
            cursor = again
            continue
        telling = _telling(on_page, onward, page.total)
        await moving.take_all(
            db, importing, records, site, moved_pages, now=clock(), cursor=onward.to_json(), on_taken=telling
        )
        cursor = onward
    await moving.link_all(db, importing)
    async with db.write() as c:
        await imports.keep_cursor(c, importing, api_pages.at_rest(cursor).to_json())
        await imports.finish(c, importing, now=clock(), keep_refs=True)
        what = f"{FORM}: {importing.report.moved} of {importing.report.total}"
        await audit.note(c, site.id, "owner", "imported", now=clock(), what=what)
    return importing.report


def _telling(on_page: OnPage, onward: Cursor, total: int | None) -> Callable[[list[Result]], None]:
    return lambda results: on_page(results, onward, total)


async def preview(
    db: Database,
    site: Site,
    ask: Ask,
    *,
    digest: bytes,
    moved_pages: UrlMap = NO_MAP,
    everything: bool = False,
    on_page: OnPage = lambda _results, _cursor, _total: None,
) -> Report:
    """What `pull` would make of it; changes nothing."""
    async with db.read() as c:
        kept = await imports.cursor_of(c, site.id, FORM, digest)
    cursor = Cursor() if everything else Cursor.read(kept)
    looking = Preview(db, site, moved_pages)
    while True:
        page, cursor = await ask(cursor)
        records, onward = api_pages.taken_from(page, cursor)
        if not records:
            return looking.report
        on_page(await looking.look(records), onward, page.total)
        cursor = onward
