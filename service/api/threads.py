"""The thread of a page: tree, reactions and counts as JSON (contract §7).

`mentions/storage/layout` knows what stands where; this gives it its outside form."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from urllib.parse import urlencode

import orjson
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import threads
from mentions.authorship import is_post_author
from mentions.errors import InvalidInput
from mentions.model import Entry, EntryState, Page
from mentions.storage import changes, entries, layout, pages
from mentions.storage.layout import Window
from mentions.threads import Branch, Place, SortKey
from service import answers, keys
from service.api import jf2, query
from service.api.hearsay import Told, told_below
from service.api.jf2 import Jf2
from service.shelf import Body

Sort = Literal["oldest", "newest"]

DEFAULT_PER_PAGE: Final = 500
MOST_PER_PAGE: Final = 2_000
DEEPEST: Final = 64
"""Levels of nested `comment`; what is deeper stands beside its parent, with its true `wm-parent` and `wm-depth`."""
MOST_FACES: Final = 500
"""Reactions of one kind that are given, the newest; `/api/mentions?wm-property=` has all of them."""
MOST_ENTRIES: Final = 2_000
"""Entries of one answer."""
MOST_OF_ONE: Final = 500
"""Entries of one branch."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def setup(app: web.Application) -> None:
    """Adds the read address; closing a thread is moderation.py's."""
    app.router.add_get("/api/thread", show_thread)


async def show_thread(request: web.Request) -> web.Response:
    """GET /api/thread?target=URL[&sort=newest][&per-page=][&below=][&after=]."""
    target = request.query.get("target") or ""
    if not target:
        raise InvalidInput("A target URL is required")
    sort: Sort = "newest" if request.query.get("sort") == "newest" else "oldest"
    after = read_after(request.query.get("after"))
    below = read_below(request.query.get("below"))
    per_page = query.read_number(request, ("perPage", "per-page"), DEFAULT_PER_PAGE, MOST_PER_PAGE, least=1)

    async def make() -> bytes:
        found = await thread_of(request.app, target, sort=sort, below=below, after=after, per_page=per_page)
        return orjson.dumps(found)

    body = await kept_body(request.app, target, ("thread", sort, below, after, per_page), make)
    return answers.body_answer(request, body, "application/json")


async def kept_body(
    app: web.Application, target: str, shape: tuple[Hashable, ...], make: Callable[[], Awaitable[bytes]]
) -> Body:
    """What `make` makes of the target's thread, made once for as long as the thread stays as it is.

    `shape` names everything but the thread that the answer depends on.  Raises InvalidTarget as `find_page` does."""
    if (page := await find_page(app, target)) is None:
        return Body(await make())
    version = await settled_version(app, page)
    return await app[keys.SHELF].get((page.id, *shape), version, make)


async def settled_version(app: web.Application, page: Page) -> entries.Version:
    """The version of a page after what was written on it has its place, as far as that can be done now."""
    await app[keys.UPKEEP].bring_up_to_date(page.id)
    async with app[keys.DB].read() as c:
        return await entries.version(c, [page.id])


async def thread_of(
    app: web.Application,
    target: str,
    *,
    sort: Sort = "oldest",
    below: int | None = None,
    after: SortKey | None = None,
    per_page: int = DEFAULT_PER_PAGE,
) -> Jf2:
    """The thread of whatever page `target` belongs to; an empty one for a page that nobody has answered yet.

    Raises InvalidTarget when it belongs to no site of ours."""
    page = await find_page(app, target)
    if page is None:
        return _empty(target)
    return await build_thread(app, page, sort, below=below, after=after, per_page=per_page)


async def find_page(app: web.Application, target: str) -> Page | None:
    """The page that `target` names, by any of its names; None when nobody has answered it yet.

    Raises InvalidTarget when it belongs to no site of ours."""
    if not (key := query.page_key_of(target)):
        raise InvalidInput("target has to be an absolute http or https URL")
    async with app[keys.DB].read() as c:
        page = await pages.by_key(c, key)
    if page is None:
        await app[keys.SITES].place(query.absolute(target))
    return page


async def build_thread(
    app: web.Application,
    page: Page,
    sort: Sort = "oldest",
    *,
    below: int | None = None,
    after: SortKey | None = None,
    per_page: int = DEFAULT_PER_PAGE,
    most: int = MOST_ENTRIES,
    most_faces: int = MOST_FACES,
) -> Jf2:
    """A page of a page's thread in its outside form.

    `below` is the response whose answers are asked for, None for those of the post.  `cursor` is the change cursor of
    the page before it was read, or before what could not be given a place yet: events follow from there without a gap.
    `next` is what `after` has to be for the next page of responses right below it, None on the last one.  The newest
    reactions stand on the first page of the thread only; `reacted` says how many there are."""
    db, base = app[keys.DB], app[keys.SETTINGS].public_url
    async with db.read() as c:
        cursor = await changes.latest(c, page_id=page.id)
    shows_all = await app[keys.UPKEEP].bring_up_to_date(page.id)
    asked = Window(below, after, sort == "newest", per_page, max(most, per_page), MOST_OF_ONE)
    async with db.read() as c:
        if not shows_all and (before := await changes.before_unsettled(c, page.id)) is not None:
            cursor = min(cursor, before)
        counts = await layout.counts(c, page.id)
        places, following = await layout.window(c, page.id, asked)
        roots = await branches(c, places)
        told = await told_below(c, page, roots, base)
        is_first = below is None and after is None
        faces = await _reactions(c, page.id, counts.faces, most_faces) if is_first else []
    reactions: dict[str, list[Jf2]] = {}
    for entry in faces:
        reactions.setdefault(entry.reaction.kind.value, []).append(jf2.entry_to_jf2(entry, page, base))
    return {
        "type": "feed",
        "url": jf2.safe_url(page.url) or page.url,
        "name": page.title or "",
        "count": counts.readable,
        "counts": _by_kind(counts.shown),
        "reactions": reactions,
        "children": nest(roots, page, base, told),
        "cursor": cursor,
        "next": write_after(following),
        "closed": page.closed,
        "reacted": dict(counts.faces),
    }


async def branches(c: AsyncConnection, places: Sequence[Place]) -> list[Branch]:
    """The places with the entries that stand in them."""
    copies = await layout.copies(c, [place.id for place in places])
    found = await entries.many(c, {*(place.id for place in places), *copies})
    readable = [place for place in places if place.id in found]
    also: dict[int, list[Entry]] = {}
    for copy_id, own in copies.items():
        if copy_id in found and is_public(found[copy_id]):
            also.setdefault(own, []).append(found[copy_id])
    standing = {place.id: _as_shown(found[place.id]) for place in readable}
    return threads.plant(readable, standing, also)


async def _reactions(c: AsyncConnection, page_id: int, kinds: Iterable[str], most: int) -> list[Entry]:
    places = await layout.faces(c, page_id, kinds, most)
    found = await entries.many(c, [place.id for place in places])
    return [entry for place in places if (entry := found.get(place.id)) is not None and is_public(entry)]


def _as_shown(entry: Entry) -> Entry:
    """The entry, or a tombstone of what may be shown no more."""
    return entry if is_public(entry) else replace(entry, state=EntryState.HIDDEN)


def is_public(entry: Entry) -> bool:
    """Whether it may be shown still: its place was read a moment before it."""
    return entry.state is EntryState.SHOWN and not entry.private


def _by_kind(counts: Mapping[str, int]) -> dict[str, int]:
    by_kind: Counter[str] = Counter()
    for name, number in counts.items():
        by_kind[threads.kind_of(name)] += number
    return dict(sorted(by_kind.items()))


def nest(roots: Iterable[Branch], page: Page, base: str, told: Told | None = None) -> list[Jf2]:
    """Branches as entries with their replies in `comment`, and what is told below them in `wm-told`.

    Deep chains without recursion, and cut to DEEPEST levels."""
    out: list[Jf2] = []
    holders: dict[int, tuple[list[Jf2], int]] = {}
    for branch in threads.walk(roots):
        made = _branch(branch, page, base)
        if told and branch.entry.id in told:
            made["wm-told"] = told[branch.entry.id]
        holder, level = (out, 0) if branch.parent_id is None else holders.get(branch.parent_id, (out, 0))
        holder.append(made)
        holders[branch.entry.id] = (made["comment"], level + 1) if level < DEEPEST else (holder, level)
    return out


def _branch(branch: Branch, page: Page, base: str) -> Jf2:
    made = jf2.entry_to_jf2(branch.entry, page, base) if branch.is_shown else jf2.grave(branch.entry, base)
    made |= {"wm-parent": branch.parent_id, "wm-depth": branch.depth, "comment": []}
    if branch.is_shown and is_post_author(branch.entry, page.url):
        made["wm-post-author"] = True
    if branch.more:
        made["wm-more"] = _more(branch, page, base)
    if branch.also:
        made["wm-also"] = [url for copy in branch.also if (url := jf2.safe_url(copy.source))]
    return made


def _more(branch: Branch, page: Page, base: str) -> Jf2:
    """How many answers right below an entry are left out, and where they are."""
    after = write_after(branch.replies[-1].key) if branch.replies else ""
    asked = {"target": page.url, "below": branch.entry.id, **({"after": after} if after else {})}
    return {"count": branch.more, "after": after, "url": f"{base}/api/thread?{urlencode(asked)}"}


def _empty(target: str) -> Jf2:
    url = jf2.safe_url(query.absolute(target)) or target
    nothing: Jf2 = {"counts": {}, "reactions": {}, "children": [], "reacted": {}}
    return {"type": "feed", "url": url, "name": "", "count": 0} | nothing | {"cursor": 0, "next": None, "closed": False}


def write_after(key: SortKey | None) -> str | None:
    """A place in the thread as text: microseconds since 1970, then the entry's id."""
    return None if key is None else f"{(key[0] - _EPOCH) // timedelta(microseconds=1)}.{key[1]}"


def read_below(text: str | None) -> int | None:
    """The id of the response whose answers are asked for; raises InvalidInput."""
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise InvalidInput("below is no id of a response")
    return int(text)


def read_after(text: str | None) -> SortKey | None:
    """The inverse; raises InvalidInput."""
    if not text:
        return None
    if not (match := re.fullmatch(r"(-?\d{1,17})\.(\d{1,18})", text)):
        raise InvalidInput("after is no place in a thread")
    try:
        return _EPOCH + timedelta(microseconds=int(match[1])), int(match[2])
    except OverflowError:
        raise InvalidInput("after is no place in a thread") from None
