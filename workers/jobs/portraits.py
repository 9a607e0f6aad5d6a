"""The authors' pictures, fetched into our cache, so that no reader's browser has to ask a third party for them.

New entries are looked for often, those without a picture again every hour, and each picture is fetched anew once a
week.  A photo that cannot be had is tried once a day.  A picture is no news: it makes no change row, and is shown when
the thread is next asked for."""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Final

import structlog

from mentions.errors import ParserError
from mentions.model import Entry, EntryState, Fetched, Url
from mentions.pictures import TYPES
from mentions.storage import changes, entries
from mentions.storage.avatars import Avatars
from mentions.streams.limits import Limits
from workers.kit import Kit

AT_A_TIME: Final = 10
ROUND: Final = timedelta(hours=1)
"""From one walk through all entries to the next; between them only new ones are looked for."""
REFRESH_AFTER: Final = timedelta(days=7)
TRY_AGAIN_AFTER: Final = timedelta(days=1)
UNNAMED_KEPT: Final = timedelta(hours=1)
"""A picture that no entry shows may just be about to be named by one."""
BUDGET_S: Final = 5.0
MAX_BYTES: Final = 1 << 20
ACCEPT: Final = "image/avif, image/webp, image/png, image/jpeg, image/gif;q=0.8"

log = structlog.get_logger(__name__)


class _Walk:
    """Through the entries with a photo, by id, again and again."""

    def __init__(self, kit: Kit, *, has_avatar: bool, at_a_time: int) -> None:
        self._kit = kit
        self._has_avatar = has_avatar
        self._at_a_time = at_a_time
        self._after = 0
        self._begun_at = kit.now()

    async def next(self) -> list[Entry]:
        """The next ones; at the end, those that are new since."""
        async with self._kit.db.read() as c:
            found = await entries.with_photo(c, has_avatar=self._has_avatar, after=self._after, limit=self._at_a_time)
        now = self._kit.now()
        if found:
            self._after = found[-1].id
        elif now - self._begun_at >= ROUND:
            self._after, self._begun_at = 0, now
        return found


class Portraits:
    """Gives entries their authors' pictures, some at a time."""

    def __init__(
        self,
        kit: Kit,
        limits: Limits,
        avatars: Avatars,
        *,
        at_a_time: int = AT_A_TIME,
        try_again_after: timedelta = TRY_AGAIN_AFTER,
    ) -> None:
        self._kit = kit
        self._limits = limits
        self._avatars = avatars
        self._try_again_after = try_again_after
        self._missing = _Walk(kit, has_avatar=False, at_a_time=at_a_time)
        self._known = _Walk(kit, has_avatar=True, at_a_time=at_a_time)

    async def look(self) -> int:
        """Fetches the photos of the next entries whose turn it is; how many entries have another picture now."""
        due = await self._missing.next()
        due += [entry for entry in await self._known.next() if await self._is_old(entry)]
        by_photo: defaultdict[Url, list[Entry]] = defaultdict(list)
        for entry in due:
            if entry.reaction.author.photo is not None:
                by_photo[entry.reaction.author.photo].append(entry)
        changed = 0
        for photo, its_entries in by_photo.items():
            avatar = await self._in_turn(photo)
            if avatar is not None:
                changed += await self._give(its_entries, photo, avatar)
        return changed

    async def prune(self) -> int:
        """Removes the pictures that no entry shows any more, for what was erased is erased here too; how many."""
        async with self._kit.db.read() as c:
            shown = await entries.avatars(c)
        return await asyncio.to_thread(self._avatars.forget, but=shown, before=self._kit.now() - UNNAMED_KEPT)

    async def _is_old(self, entry: Entry) -> bool:
        """Whether the picture was fetched a week ago, or is not there any more."""
        seen_at: datetime | None = await asyncio.to_thread(self._avatars.seen_at, entry.avatar or "")
        return seen_at is None or self._kit.now() - seen_at >= REFRESH_AFTER

    async def _in_turn(self, photo: Url) -> str | None:
        """The path of the photo's picture; None when it cannot be had, or could not within a day, by any worker.

        The lease on it ends by itself, and is given back only when there is a picture."""
        lease = "portrait:" + hashlib.sha256(photo.encode()).hexdigest()[:32]
        token = await self._limits.acquire(lease, 1, self._try_again_after.total_seconds())
        if token is None:
            return None
        avatar = await self._fetch(photo)
        if avatar is not None:
            await self._limits.release(lease, token)
        return avatar

    async def _fetch(self, photo: Url) -> str | None:
        """Fetches a photo, has it drawn anew in a reading process, and keeps that."""
        sighting = await self._kit.fetcher.get(
            photo, accept=ACCEPT, budget_s=BUDGET_S, max_bytes=MAX_BYTES, is_readable=TYPES.__contains__, waits=True
        )
        if not isinstance(sighting, Fetched):
            return None
        try:
            webp = await self._kit.pool.portrait(sighting.document)
        except ParserError as error:
            log.info("portrait.unreadable", url=photo, error=str(error))
            return None
        return None if webp is None else await asyncio.to_thread(self._avatars.keep, webp, now=self._kit.now())

    async def _give(self, its_entries: list[Entry], photo: Url, avatar: str) -> int:
        """Names the picture in the entries, unless they have changed meanwhile; how many had another one before."""
        given = 0
        async with self._kit.db.write() as c:
            await changes.lock(c)  # before any row, as whoever merges pages does
            for entry in its_entries:
                known = await entries.get(c, entry.id)
                if known is None or known.id != entry.id or known.state is not EntryState.SHOWN:
                    continue
                if known.reaction.author.photo == photo and known.avatar != avatar:
                    await entries.update(c, entry.id, now=self._kit.now(), avatar=avatar, actor="rules")
                    given += 1
        return given
