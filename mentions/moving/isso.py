"""Isso's SQLite database: threads are paths of one site, comments are Markdown with at most one level of parents."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from mentions import urls
from mentions.model import Author, Content, EntryState, Kind, Protocol, Reaction
from mentions.moving.records import Moved, Skipped, UnreadableExport, name_of, url_of

STATES: Final[Mapping[int, EntryState]] = {1: EntryState.SHOWN, 2: EntryState.HELD, 4: EntryState.DELETED}
"""`comments.mode`; 4 is a removed comment that still has answers."""
_SQL: Final = """
    SELECT c.id, c.parent, c.created, c.mode, c.text, c.author, c.website, t.uri, t.title
    FROM comments c JOIN threads t ON t.id = c.tid ORDER BY c.id
"""


def read(path: Path, *, base: str, render: Callable[[str], Content | None]) -> Iterator[Moved | Skipped]:
    """Every comment by id; `base` is the URL of the site whose paths the threads name, `render` reads its Markdown."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
            for row in db.execute(_SQL):
                yield _comment(row, base, render)
    except sqlite3.Error as problem:
        raise UnreadableExport(f"not an Isso database: {problem}") from problem


def _comment(
    row: tuple[int, int | None, float, int, str | None, str | None, str | None, str, str | None],
    base: str,
    render: Callable[[str], Content | None],
) -> Moved | Skipped:
    number, parent, created, mode, text, author, website, uri, title = row
    ref = str(number)
    page = urls.parse(uri, base=base)
    if page is None:
        return Skipped(ref, f"its thread has no http(s) address: {uri[:100]!r}")
    state = STATES.get(mode)
    if state is None:
        return Skipped(ref, f"it has the unknown mode {mode}")
    try:
        at = datetime.fromtimestamp(created, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return Skipped(ref, "it has no date")
    return Moved(
        ref=ref,
        source=f"{page}#isso-{ref}",
        target=page,
        protocol=Protocol.COMMENT,
        state=state,
        received_at=at,
        parent_ref=str(parent) if parent is not None else None,
        page_title=title,
        reaction=Reaction(
            kind=Kind.REPLY,
            author=Author(name=name_of(author), url=url_of(website)),
            content=render(text or ""),
            published=at.isoformat(),
            published_at=at,
            in_reply_to=(page,),
        ),
    )
