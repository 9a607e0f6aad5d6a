"""How far a file has been brought in, and what came of its records: kept with every batch, so that a run that was
killed goes on where it was.  What a record becomes is `moving.py`'s affair.

A file is known by site, format and digest.  While it is brought in, `import_refs` keeps which entry each of its
responses has become; when all are there, those that name a parent are hung below it, and the refs go."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions.errors import Conflict
from mentions.storage import marks
from mentions.storage import tables as t
from mentions.storage.columns import key_of
from mentions.storage.inserting import insert_or

ACTOR: Final = "import"
"""Who made an entry that was brought in, in its first revision."""
REFS_SHOWN: Final = 20
"""Records of each reason that a report names; the others are counted."""
LINKED_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one record of the file."""

    number: int
    """Its place in the file, from 0."""
    ref: str
    outcome: Literal["moved", "present", "skipped"]
    reason: str = ""
    """Why it was skipped."""
    entry_id: int | None = None
    parent_ref: str | None = None
    copy_of_ref: str | None = None

    @property
    def kind_of_reason(self) -> str:
        """The reason without what is of this record only, which stands behind a colon."""
        return self.reason.partition(": ")[0]


@dataclass(slots=True)
class Report:
    """What became of the records so far."""

    moved: int = 0
    present: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    """How many for each reason."""
    refs: dict[str, list[str]] = field(default_factory=dict)
    """The first of them."""

    def add(self, results: Sequence[Result]) -> None:
        """Counts what became of further records."""
        for result in results:
            if result.outcome == "skipped":
                reason = result.kind_of_reason
                self.skipped[reason] = self.skipped.get(reason, 0) + 1
                refs = self.refs.setdefault(reason, [])
                if len(refs) < REFS_SHOWN:
                    refs.append(result.ref)
            else:
                self.moved += result.outcome == "moved"
                self.present += result.outcome == "present"

    @property
    def total(self) -> int:
        """How many records there were."""
        return self.moved + self.present + sum(self.skipped.values())

    def to_json(self) -> dict[str, Any]:
        """As it is kept."""
        return {"moved": self.moved, "present": self.present, "skipped": self.skipped, "refs": self.refs}


@dataclass(slots=True)
class Import:
    """A file that is being brought in."""

    id: int
    site_id: int
    position: int
    """Records that have been dealt with."""
    report: Report
    cursor: dict[str, int] | None = None
    """Where an API stands (`moving/api_pages.py`); None for a file, and for an API that was never asked."""


async def begin(c: AsyncConnection, site_id: int, form: str, digest: bytes, *, now: datetime) -> Import:
    """Where to go on with the file: at its start, unless the last run was cut off."""
    known = {"site_id": site_id, "format": form, "digest": digest}
    fresh = {"position": 0, "report": Report().to_json(), "started_at": now, "updated_at": now, "finished_at": None}
    insertion = insert_or(c, t.imports).values(**known, **fresh)
    again = insertion.on_conflict_do_update(
        index_elements=list(known), set_=fresh, where=t.imports.c.finished_at.is_not(None)
    )
    await c.execute(again)
    row = (
        await c.execute(select(t.imports).where(*(t.imports.c[name] == value for name, value in known.items())))
    ).one()
    return Import(row.id, site_id, row.position, Report(**row.report), row.cursor)


async def keep_cursor(c: AsyncConnection, importing: Import, cursor: dict[str, int]) -> None:
    """Keeps where an API stands, in the transaction that dealt with what is before it."""
    importing.cursor = cursor
    await c.execute(update(t.imports).where(t.imports.c.id == importing.id).values(cursor=cursor))


async def cursor_of(c: AsyncConnection, site_id: int, form: str, digest: bytes) -> dict[str, int] | None:
    """Where an API stands; None when it was never asked."""
    i = t.imports.c
    query = select(i.cursor).where(i.site_id == site_id, i.format == form, i.digest == digest)
    found: dict[str, int] | None = (await c.execute(query)).scalar_one_or_none()
    return found


async def advance(c: AsyncConnection, importing: Import, results: Sequence[Result], *, now: datetime) -> None:
    """Keeps what became of the next records.  Raises Conflict when somebody else brings in the same file."""
    is_ours = (t.imports.c.id == importing.id) & (t.imports.c.position == importing.position)
    importing.position += len(results)
    importing.report.add(results)
    values = {"position": importing.position, "report": importing.report.to_json(), "updated_at": now}
    if (await c.execute(update(t.imports).where(is_ours).values(**values))).rowcount != 1:
        raise Conflict("another process is bringing in this very file")
    refs = [_ref(importing.id, result) for result in results if result.entry_id is not None]
    if refs:
        await c.execute(insert_or(c, t.import_refs).on_conflict_do_nothing(), refs)


async def link(c: AsyncConnection, importing: Import, after: bytes) -> bytes | None:
    """Hangs some of the entries of the file below their parents; `after` is empty, then what was returned.

    None when all have been looked at.  A parent that was not brought in, or is on another page, is no parent; what
    hangs somewhere already stays there."""
    own, up = t.import_refs, t.import_refs.alias()
    stands_for = t.import_refs.alias()
    child, parent, original = t.entries, t.entries.alias(), t.entries.alias()
    query = (
        select(own.c.ref_key, own.c.entry_id, child.c.page_id)
        .add_columns(parent.c.id.label("parent_id"), original.c.id.label("cluster_id"))
        .join(child, child.c.id == own.c.entry_id)
        .outerjoin(up, (up.c.import_id == own.c.import_id) & (up.c.ref_key == own.c.parent_key))
        .outerjoin(
            parent, (parent.c.id == up.c.entry_id) & (parent.c.page_id == child.c.page_id) & (parent.c.id != child.c.id)
        )
        .outerjoin(
            stands_for, (stands_for.c.import_id == own.c.import_id) & (stands_for.c.ref_key == own.c.copy_of_key)
        )
        .outerjoin(
            original,
            (original.c.id == stands_for.c.entry_id)
            & (original.c.page_id == child.c.page_id)
            & (original.c.id != child.c.id),
        )
        .where(own.c.import_id == importing.id, own.c.ref_key > after)
        .where(own.c.parent_key.is_not(None) | own.c.copy_of_key.is_not(None))
        .where(child.c.parent_id.is_(None), child.c.cluster_id.is_(None))
        .order_by(own.c.ref_key)
        .limit(LINKED_AT_ONCE)
    )
    rows = (await c.execute(query)).all()
    linked = [
        {"child": row.entry_id, "parent": row.parent_id, "cluster": row.cluster_id}
        for row in rows
        if row.parent_id is not None or row.cluster_id is not None
    ]
    if linked:
        hanging = update(t.entries).where(t.entries.c.id == bindparam("child"))
        await c.execute(hanging.values(parent_id=bindparam("parent"), cluster_id=bindparam("cluster")), linked)
        marks.mark_all(c, ((row.page_id, row.entry_id) for row in rows))
    return rows[-1].ref_key if len(rows) == LINKED_AT_ONCE else None


async def finish(c: AsyncConnection, importing: Import, *, now: datetime, keep_refs: bool = False) -> None:
    """The file has been brought in.  What comes later from the same place may answer what came now: `keep_refs`."""
    if not keep_refs:
        await c.execute(delete(t.import_refs).where(t.import_refs.c.import_id == importing.id))
    await c.execute(update(t.imports).where(t.imports.c.id == importing.id).values(finished_at=now, updated_at=now))


async def brought_in(c: AsyncConnection, entry_ids: Collection[int]) -> set[int]:
    """Those of the entries that came by an import, and did not happen here."""
    r = t.revisions.c
    query = select(r.entry_id).where(r.entry_id.in_(entry_ids), r.number == 1, r.actor == ACTOR)
    return set((await c.execute(query)).scalars())


def _ref(import_id: int, result: Result) -> dict[str, Any]:
    return {
        "import_id": import_id,
        "ref_key": key_of(result.ref),
        "entry_id": result.entry_id,
        "parent_key": key_of(result.parent_ref) if result.parent_ref else None,
        "copy_of_key": key_of(result.copy_of_ref) if result.copy_of_ref else None,
    }
