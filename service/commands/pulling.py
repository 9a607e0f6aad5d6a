"""The API that `import` brings in, page by page: workers fetch, this asks them, and asks again where it may help.

What is asked and what an answer holds is the affair of `mentions/moving/api_pages.py`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from config.settings import Settings
from mentions.errors import InvalidRequest, Unavailable
from mentions.moving import api_pages
from mentions.moving.api_pages import Api, ApiPage, Cursor
from mentions.moving.records import UnreadableExport
from mentions.moving.url_map import UrlMap
from mentions.storage import pulling
from mentions.storage.imports import Import, Report, Result
from mentions.storage.placing import NO_MAP
from mentions.streams.errands import Errands
from mentions.streams.link import RedisLink
from service.commands import common
from service.commands.telling import Teller

ANSWER_S: Final = 45.0
"""For one page, the worker's own budget and a while in the queue included."""
TAKEN_S: Final = 8.0
"""Until then a worker has taken it, unless none runs."""
PAUSES_S: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 60.0)
"""Between tries, where the other side does not say how long to wait."""
_AGAIN: Final = "say the same again later, it goes on from here"
LONGEST_WAIT_S: Final = 600
"""Whoever asks us to come back later than that is left alone; the next run goes on from there."""


class ApiSource:
    """An API of webmention.io's kind.  `size` is how many records there are by its own word, None as long as it has
    said nothing."""

    def __init__(self, address: str, *, token_file: Path | None, url_map: Path | None) -> None:
        """Raises InvalidRequest."""
        token = token_file.read_text().strip() if token_file is not None else None
        if token == "":
            raise InvalidRequest(f"there is no token in {token_file}")
        self.api = Api.read(address, token=token)
        self.url_map = url_map
        self.read_so_far = 0
        self.size: int | None = None

    @property
    def name(self) -> str:
        """What it is called on a terminal."""
        return self.api.name

    def digest(self) -> bytes:
        """What it is known by, with all that changes how it is read."""
        return common.digest_with(self.api.digest(), self.url_map)

    def hear(self, cursor: Cursor, total: int | None) -> None:
        """How far it has come."""
        self.read_so_far, self.size = cursor.offset, total


class Puller:
    """Asks workers for pages; waits where the other side is out of order, and says what is of no use to try again."""

    def __init__(self, errands: Errands, api: Api) -> None:
        self._errands = errands
        self._api = api
        self._last: tuple[str, ...] = ()

    async def ask(self, cursor: Cursor) -> tuple[ApiPage, Cursor]:
        """The page on which the cursor stands, smaller where it was too large.

        Raises Unavailable and UnreadableExport."""
        while True:
            answer = await self._patiently(cursor)
            if answer.get("error") == "too_large" and (smaller := cursor.smaller()) is not None:
                cursor = smaller
            elif "error" in answer:
                raise UnreadableExport(str(answer["summary"]))
            else:
                return self._read(answer["body"], cursor), cursor

    async def _patiently(self, cursor: Cursor) -> dict[str, Any]:
        """An answer that is none of those that may be another one in a while."""
        url = self._api.request(cursor)
        for pause_s in PAUSES_S:
            answer = await self._errands.ask("import.page", {"url": url}, timeout_s=ANSWER_S, taken_within_s=TAKEN_S)
            if answer.get("error") != "passing":
                return answer
            wait_s = float(answer.get("retry_after_s") or pause_s)
            if wait_s > LONGEST_WAIT_S:
                raise Unavailable(f"{answer['summary']}, and asks to be left alone for {wait_s:.0f} s; {_AGAIN}")
            await asyncio.sleep(wait_s)
        raise Unavailable(f"{answer['summary']}; {_AGAIN}")

    def _read(self, body: str, cursor: Cursor) -> ApiPage:
        page = api_pages.read_page(body.encode())
        refs = tuple(record.ref for record in page.records)
        if refs and refs == self._last and cursor.offset and cursor.offset % cursor.size == 0:
            raise UnreadableExport(f"{self._api.name} gives the same page again and again")
        self._last = refs
        return page


@asynccontextmanager
async def opened(settings: Settings, source: ApiSource) -> AsyncIterator[Puller]:
    """The way to the workers."""
    link = await RedisLink.open(settings.redis_url, settings.data_dir)
    try:
        yield Puller(Errands(link.client), source.api)
    finally:
        await link.close()


async def bring_in(
    settings: Settings, authority: str, source: ApiSource, teller: Teller, *, dry_run: bool, everything: bool
) -> Report:
    """Brings in what the API has, or looks what that would be."""
    moved_pages = UrlMap.from_file(source.url_map) if source.url_map else NO_MAP

    def on_page(results: list[Result], cursor: Cursor, total: int | None) -> None:
        source.hear(cursor, total)
        teller.hear(results)

    def on_begin(importing: Import, cursor: Cursor) -> None:
        source.hear(cursor, None)
        teller.begin(importing.position)

    async with common.open_database(settings) as db, opened(settings, source) as puller:
        async with db.read() as c:
            site = await common.find_site(c, authority)
        shared: dict[str, Any] = {"digest": source.digest(), "moved_pages": moved_pages, "everything": everything}
        if dry_run:
            teller.begin(0)
            return await pulling.preview(db, site, puller.ask, **shared, on_page=on_page)
        return await pulling.pull(db, site, puller.ask, **shared, clock=common.now, on_begin=on_begin, on_page=on_page)
