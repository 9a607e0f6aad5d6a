"""Entries that an older sanitising policy made are made again by the current one, without asking their sources.

A stranger's words are read again in a reading process, from the raw microformats that were kept; a comment is rendered
again from its Markdown.  Only where something else is shown afterwards is there a revision and an `updated` change.
What cannot be read again stays as it was: whatever leaves the API is sanitised by the current policy anyway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import markdown
from mentions.errors import ParserError
from mentions.model import Change, Entry, EntryState, Protocol, Reaction
from mentions.sanitize import POLICY_VERSION
from mentions.storage import changes, comments, entries
from workers.kit import Kit

AT_A_TIME: Final = 50
REST: Final = timedelta(hours=1)
"""After a look that found none: policies change with releases, and each look reads the whole table."""

log = structlog.get_logger(__name__)


class Rereader:
    """Brings old entries under the current policy, some at a time."""

    def __init__(self, kit: Kit, *, policy_version: int = POLICY_VERSION, at_a_time: int = AT_A_TIME) -> None:
        self._kit = kit
        self._policy_version = policy_version
        self._at_a_time = at_a_time
        self._after = 0
        self._rests_until: datetime | None = None

    async def read_again(self) -> int:
        """Makes the next entries again; how many were found.  After the last one it begins anew with the first."""
        now = self._kit.now()
        if self._rests_until is not None and now < self._rests_until:
            return 0
        async with self._kit.db.read() as c:
            old = await entries.outdated(c, self._policy_version, self._after, self._at_a_time)
        self._rests_until = None if old else now + REST
        self._after = old[-1].id if len(old) == self._at_a_time else 0
        for entry in old:
            try:
                reaction = await self._made_again(entry)
            except ParserError as error:
                log.warning("entry.unreadable", entry=entry.id, error=str(error))
            else:
                await self._keep(entry, reaction)
        return len(old)

    async def _made_again(self, entry: Entry) -> Reaction:
        async with self._kit.db.read() as c:
            typed, mf2 = await self._kept(c, entry)
        if typed is not None:
            return replace(entry.reaction, content=markdown.render(typed) or entry.reaction.content)
        return await self._kit.pool.refresh(entry.reaction, base=entry.source, mf2=mf2)

    @staticmethod
    async def _kept(c: AsyncConnection, entry: Entry) -> tuple[str | None, Mapping[str, Any] | None]:
        """The Markdown of a comment, or the raw microformats of anything else."""
        comment = await comments.get(c, entry.id) if entry.protocol is Protocol.COMMENT else None
        if comment is not None:
            return comment.markdown, None
        return None, await entries.mf2(c, entry.id)

    async def _keep(self, entry: Entry, reaction: Reaction) -> None:
        """Stores what was made, unless the entry has changed meanwhile: then its next turn will come."""
        cursor = None
        async with self._kit.db.write() as c:
            await changes.lock(c)  # before any row, as whoever merges pages does
            known = await entries.get(c, entry.id)
            if known is None or known.id != entry.id or known.revision != entry.revision:
                return
            now = self._kit.now()
            new = await entries.update(
                c, entry.id, now=now, reaction=reaction, policy_version=self._policy_version, actor="rules"
            )
            if new.revision != known.revision and new.state is EntryState.SHOWN:
                cursor = await changes.append(
                    c, site_id=new.site_id, page_id=new.page_id, entry_id=new.id, change=Change.UPDATED, now=now
                )
        if cursor is not None:
            await self._kit.events.publish_change(entry.page_id, cursor)
