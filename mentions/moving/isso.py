"""Isso's SQLite database: threads are paths of one site, comments are Markdown with at most one level of parents."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from mentions import urls
from mentions.model import Author, Content, EntryState, Kind, Protocol, Reaction
from mentions.moving.records import Moved, Skipped, UnreadableExport, name_of, url_of

STATES: Final[Mapping[int, EntryState]] = {1: EntryState.SHOWN, 2: EntryState.HELD, 4: EntryState.DELETED}
"""`comments.mode`; 4 is a removed comment that still has answers."""
_SQL: Final = """
    SELECT c.id, c.parent, c.created, c.modified, c.mode, c.text, c.author, c.email, c.website, c.likes, t.uri, t.title
    FROM comments c LEFT JOIN threads t ON t.id = c.tid ORDER BY c.id
"""


def read(path: Path, *, base: str, render: Callable[[str], Content | None]) -> Iterator[Moved | Skipped]:
    """Every comment by id; `base` is the URL of the site whose paths the threads name, `render` reads its Markdown."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
            db.text_factory = _readable
            for row in db.execute(_SQL):
                yield _comment(_Row(*row), base, render)
    except sqlite3.Error as problem:
        raise UnreadableExport(_words(problem)) from problem


def _words(problem: sqlite3.Error) -> str:
    if getattr(problem, "sqlite_errorname", "").startswith("SQLITE_BUSY"):
        return "Isso's database is locked by another process: try again, or stop that meanwhile"
    if "malformed" in str(problem):
        return f"Isso's database is damaged: {problem}"
    return f"not an Isso database: {problem}"


def _readable(text: bytes) -> str:
    return text.decode("utf-8", "replace")


class _Row(NamedTuple):
    """As it is there: SQLite keeps anything in any column."""

    id: int
    parent: Any
    created: Any
    modified: Any
    mode: Any
    text: Any
    author: Any
    email: Any
    website: Any
    likes: Any
    uri: Any
    title: Any


def _comment(row: _Row, base: str, render: Callable[[str], Content | None]) -> Moved | Skipped:
    ref = str(row.id)
    page = urls.parse(row.uri, base=base) if isinstance(row.uri, str) else None
    if page is None:
        return Skipped(ref, f"its thread has no http(s) address: {str(row.uri)[:100]!r}")
    words = row.text if isinstance(row.text, str) else ""
    state = STATES.get(row.mode)
    if state is None:
        return Skipped(ref, f"it has the unknown mode {row.mode}")
    at = _moment(row.created)
    if at is None:
        return Skipped(ref, "it has no date")
    return Moved(
        ref=ref,
        source=f"{page}#isso-{ref}",
        target=page,
        protocol=Protocol.COMMENT,
        state=state,
        received_at=at,
        updated_at=_moment(row.modified),
        parent_ref=str(row.parent) if row.parent is not None else None,
        page_title=name_of(row.title),
        likes=max(0, row.likes) if isinstance(row.likes, int) else 0,
        email=name_of(row.email),
        markdown=words or None,
        reaction=Reaction(
            kind=Kind.REPLY,
            author=Author(name=name_of(row.author), url=url_of(row.website)),
            content=render(words),
            published=at.isoformat(),
            published_at=at,
            in_reply_to=(page,),
        ),
    )


def _moment(seconds: Any) -> datetime | None:
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
