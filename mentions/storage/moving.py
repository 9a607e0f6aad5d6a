"""What other systems kept, as `mentions/moving` reads it -> entries.  Doing the same again changes nothing.

A batch is one transaction, which also keeps how far the file has been read (`imports.py`): killed at any moment, the
next run goes on with the next batch.  An entry that is here already stays as it is, and what was deleted here stays
deleted (`placing.py` tells).  Rows are written many at a time, so entries are not made by `entries.insert`; decision
0081."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Any, Final

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import sanitize, urls
from mentions.model import Change, EntryState, Protocol, Reaction, Site
from mentions.moving import Moved, Skipped, UnreadableExport
from mentions.moving.url_map import UrlMap
from mentions.sites import SiteBook
from mentions.storage import audit, blocks, changes, collisions, entry_ids, imports, marks, pages, placing
from mentions.storage import tables as t
from mentions.storage.columns import key_of
from mentions.storage.engine import Database
from mentions.storage.entries import rows
from mentions.storage.imports import Import, Report, Result
from mentions.storage.placing import Identity, Known, Placed

BATCH: Final = 250
"""Records in one transaction: many enough to be quick, few enough to hold up nobody."""
MAX_LIKES: Final = 1_000
"""Likes that an entry brings along, at most."""


async def bring_in(
    db: Database,
    site: Site,
    records: Iterable[Moved | Skipped],
    *,
    form: str,
    digest: bytes,
    clock: Callable[[], datetime],
    moved_pages: UrlMap = placing.NO_MAP,
    on_begin: Callable[[Import], None] = lambda _importing: None,
    on_batch: Callable[[list[Result]], None] = lambda _results: None,
) -> Report:
    """Makes entries of the records, from where an earlier run of the same file was cut off; what became of them all.

    `digest` stands for the file and everything that changes how it is read.  `on_batch` hears of every batch before it
    is committed.  Raises UnreadableExport where the file breaks off, with all before that brought in, and Conflict when
    another process is at the same file."""
    async with db.write() as c:
        importing = await imports.begin(c, site.id, form, digest, now=clock())
    on_begin(importing)
    try:
        for batch in _batches(islice(iter(records), importing.position, None)):
            await take_all(db, importing, batch, site, moved_pages, now=clock(), on_taken=on_batch)
    except UnreadableExport as broken:
        await link_all(db, importing)
        before = f"the {importing.position} records before that are in" if importing.position else "nothing is in"
        raise UnreadableExport(f"{broken}; {before}") from broken
    await link_all(db, importing)
    async with db.write() as c:
        await imports.finish(c, importing, now=clock())
        what = f"{form}: {importing.report.moved} of {importing.report.total}"
        await audit.note(c, site.id, "owner", "imported", now=clock(), what=what)
    return importing.report


def _batches(records: Iterable[Moved | Skipped]) -> Iterator[list[Moved | Skipped]]:
    """Lists of records; what came before the place where a file breaks off is in the last one."""
    batch: list[Moved | Skipped] = []
    try:
        for record in records:
            batch.append(record)
            if len(batch) == BATCH:
                yield batch
                batch = []
    except UnreadableExport:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


async def link_all(db: Database, importing: Import) -> None:
    """Hangs what has been brought in below what it answers."""
    after: bytes | None = b""
    while after is not None:
        after = await collisions.retried(partial(_link_some, db, importing, after))


async def _link_some(db: Database, importing: Import, after: bytes) -> bytes | None:
    async with db.write() as c:
        return await imports.link(c, importing, after)


async def take_all(
    db: Database,
    importing: Import,
    batch: Sequence[Moved | Skipped],
    site: Site,
    moved_pages: UrlMap,
    *,
    now: datetime,
    cursor: dict[str, int] | None = None,
    on_taken: Callable[[list[Result]], None],
) -> None:
    """`take` as one transaction, which is done again where another one was in its way; keeps the `cursor` of an API.

    `on_taken` hears what became of the records last of all, before the commit."""

    async def once() -> Import:
        trial = replace(importing, report=deepcopy(importing.report))
        async with db.write() as c:
            rules = placing.Rules(site, SiteBook([site]), await blocks.for_site(c, site.id), moved_pages)
            results = await take(c, trial, batch, rules, now=now)
            if cursor is not None:
                await imports.keep_cursor(c, trial, cursor)
            on_taken(results)
        return trial

    done = await collisions.retried(once)
    importing.position, importing.report, importing.cursor = done.position, done.report, done.cursor


async def take(
    c: AsyncConnection, importing: Import, batch: Sequence[Moved | Skipped], rules: placing.Rules, *, now: datetime
) -> list[Result]:
    """Makes entries of the next records, in the order of the file, and keeps that they have been dealt with."""
    judged = [placing.place(record, rules, number) for number, record in enumerate(batch, importing.position)]
    placed = [one for one in judged if isinstance(one, Placed)]
    page_ids = await placing.page_ids_of(c, rules, placed, now)
    known = await placing.known_of(c, placed, page_ids)
    new: dict[Identity, Placed] = {}
    for candidate in placed:
        if (identity := candidate.identity(page_ids)) not in known:
            new.setdefault(identity, candidate)
    ids = await entry_ids.reserve(c, [one.record.wm_id for one in new.values()])
    made = dict(zip(new, ids, strict=True))
    entry_rows = [_row(new[identity], made[identity], identity[1], rules.site.id, now) for identity in new]
    await _insert(c, list(new.values()), entry_rows, now)
    results = []
    for one in judged:
        if isinstance(one, Placed):
            identity = one.identity(page_ids)
            is_new = new.get(identity) is one
            results.append(
                placing.result(one, known.get(identity) or Known(made[identity], is_dead=False), is_new=is_new)
            )
        else:
            results.append(one)
    await imports.advance(c, importing, results, now=now)
    shown = [row for row in entry_rows if row["state"] == EntryState.SHOWN.value]
    told = [(row["site_id"], row["page_id"], row["id"], Change.CREATED) for row in shown]
    await changes.append_many(c, told, now=now)
    return results


async def preview(
    db: Database, site: Site, records: Iterable[Moved | Skipped], *, moved_pages: UrlMap = placing.NO_MAP,
    on_batch: Callable[[list[Result]], None] = lambda _results: None,
) -> Report:  # fmt: skip
    """What `bring_in` would make of the records; changes nothing."""
    looking = Preview(db, site, moved_pages)
    for batch in _batches(records):
        on_batch(await looking.look(batch))
    return looking.report


class Preview:
    """Looks at records one batch after the other.  Remembers 8 bytes of each."""

    def __init__(self, db: Database, site: Site, moved_pages: UrlMap = placing.NO_MAP) -> None:
        self.report = Report()
        self._db = db
        self._site = site
        self._moved_pages = moved_pages
        self._seen = set[int]()

    async def look(self, batch: Sequence[Moved | Skipped]) -> list[Result]:
        """What `take` would make of a batch."""
        async with self._db.read() as c:
            rules = placing.Rules(
                self._site, SiteBook([self._site]), await blocks.for_site(c, self._site.id), self._moved_pages
            )
            judged = [placing.place(record, rules, at) for at, record in enumerate(batch, self.report.total)]
            placed = [one for one in judged if isinstance(one, Placed)]
            keys = {one.page_key for one in placed}
            page_ids = {key: page.id for key, page in (await pages.by_keys(c, keys)).items()}
            known = await placing.known_of(c, placed, page_ids)
        results = [self._foretell(one, known, page_ids) if isinstance(one, Placed) else one for one in judged]
        self.report.add(results)
        return results

    def _foretell(self, one: Placed, known: Mapping[Identity, Known], page_ids: Mapping[str, int]) -> Result:
        fingerprint = hash((one.source_key, one.page_key))
        found = known.get(one.identity(page_ids)) if one.page_key in page_ids else None
        is_new = found is None and fingerprint not in self._seen
        self._seen.add(fingerprint)
        return placing.result(one, found, is_new=is_new)


def _row(one: Placed, entry_id: int, page_id: int, site_id: int, now: datetime) -> dict[str, Any]:
    record = one.record
    is_dead = record.state is EntryState.DELETED
    reaction = Reaction(kind=record.reaction.kind) if is_dead else record.reaction
    received_at = record.received_at.astimezone(UTC)
    return {
        "id": entry_id,
        "site_id": site_id,
        "page_id": page_id,
        **rows.source_columns(record.source),
        "target": record.target,
        "targets": [] if is_dead else list(dict.fromkeys(record.targets or (record.target,))),
        "fragment": urls.fragment(record.target),
        "protocol": record.protocol.value,
        "state": record.state.value,
        "received_at": received_at,
        "updated_at": record.updated_at or received_at,
        "checked_at": now,  # the other system has looked at it; else all of them would be fetched again at once
        "deleted_at": received_at if is_dead else None,
        "deleted_by": imports.ACTOR if is_dead else None,
        "merged_into": None,
        "parent_id": None,
        "cluster_id": None,
        "private": record.private,
        "likes": 0 if is_dead else min(record.likes, MAX_LIKES),
        "avatar": None,
        "etag": None,
        "last_modified": None,
        "revision": 1,
        "policy_version": sanitize.POLICY_VERSION,
        **rows.reaction_columns(reaction),
    }


async def _insert(c: AsyncConnection, new: Sequence[Placed], made: Sequence[dict[str, Any]], now: datetime) -> None:
    """Writes the entries with all that hangs on them.  Raises IntegrityError when one of them came in meanwhile."""
    if not new:
        return
    await c.execute(insert(t.entries), made)
    marks.mark_all(c, ((row["page_id"], row["id"]) for row in made))
    known_by: list[dict[str, Any]] = []
    likes: list[dict[str, Any]] = []
    hidden: list[dict[str, Any]] = []
    for one, row in zip(new, made, strict=True):
        entry_id, record = row["id"], one.record
        if record.state is EntryState.DELETED:
            removed = rows.keys_of([record.source])
            known_by += ({"entry_id": entry_id, "role": rows.REMOVED, "key_hash": key} for key in removed)
            continue
        keys = rows.url_keys(record.source, record.reaction)
        known_by += ({"entry_id": entry_id, "role": role, "key_hash": key} for role, key in keys)
        likes += (
            {"entry_id": entry_id, "visitor": key_of(f"{imports.ACTOR}:{number}"), "at": now}
            for number in range(row["likes"])
        )
        if record.protocol is Protocol.COMMENT and (record.email or record.markdown):
            words = record.markdown or (record.reaction.content.text if record.reaction.content else "")
            hidden.append({"entry_id": entry_id, "markdown": words, "email": record.email})
    noted = {"number": 1, "at": now, "act": "created", "actor": imports.ACTOR, "state_before": None, "reaction": None}
    revisions = [{"entry_id": row["id"], "state_after": row["state"], **noted} for row in made]
    for table, values in (
        (t.entry_urls, known_by), (t.revisions, revisions), (t.likes, likes), (t.comments, hidden)
    ):  # fmt: skip
        if values:
            await c.execute(insert(table), values)
