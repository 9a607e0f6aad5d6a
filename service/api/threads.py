"""The thread of a page: tree, reactions and counts as JSON (contract §7).

`mentions/threads.py` lays it out; this gives it its outside form and its pages."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Hashable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import orjson
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import threads
from mentions.authorship import is_post_author
from mentions.errors import InvalidInput, NotFound
from mentions.model import Entry, EntryState, Page
from mentions.storage import Database, changes, entries, pages
from mentions.threads import Branch, SortKey
from service import answers, keys
from service.api import jf2, query
from service.api.jf2 import Jf2
from service.shelf import Body

Sort = Literal["oldest", "newest"]

DEFAULT_PER_PAGE: Final = 500
MOST_PER_PAGE: Final = 2_000
DEEPEST: Final = 64
"""Levels of nested `comment`; what is deeper stands beside its parent, with its true `wm-parent` and `wm-depth`."""
MOST_ENTRIES: Final = 20_000
"""Entries of one page that are laid out; a thread beyond that shows its first ones."""
_BONES: Final = (EntryState.SHOWN, EntryState.HIDDEN, EntryState.DELETED)
"""What is needed to hang replies; only SHOWN ones appear."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def setup(app: web.Application) -> None:
    """Adds the read address; closing a thread is moderation.py's."""
    app.router.add_get("/api/thread", show_thread)


async def show_thread(request: web.Request) -> web.Response:
    """GET /api/thread?target=URL[&sort=newest][&per-page=][&after=]."""
    target = request.query.get("target") or ""
    if not target:
        raise InvalidInput("A target URL is required")
    sort: Sort = "newest" if request.query.get("sort") == "newest" else "oldest"
    after = read_after(request.query.get("after"))
    per_page = query.read_number(request, ("perPage", "per-page"), DEFAULT_PER_PAGE, MOST_PER_PAGE, least=1)

    async def make() -> bytes:
        return orjson.dumps(await thread_of(request.app, target, sort=sort, after=after, per_page=per_page))

    body = await kept_body(request.app, target, ("thread", sort, after, per_page), make)
    return answers.body_answer(request, body, "application/json")


async def kept_body(
    app: web.Application, target: str, shape: tuple[Hashable, ...], make: Callable[[], Awaitable[bytes]]
) -> Body:
    """What `make` makes of the target's thread, made once for as long as the thread stays as it is.

    `shape` names everything but the thread that the answer depends on.  Raises InvalidTarget as `find_page` does."""
    if (page := await find_page(app, target)) is None:
        return Body(await make())
    async with app[keys.DB].read() as c:
        version = await entries.version(c, [page.id])
    return await app[keys.SHELF].get((page.id, *shape), version, make)


async def thread_of(
    app: web.Application,
    target: str,
    *,
    sort: Sort = "oldest",
    after: SortKey | None = None,
    per_page: int = DEFAULT_PER_PAGE,
) -> Jf2:
    """The thread of whatever page `target` belongs to; an empty one for a page that nobody has answered yet.

    Raises InvalidTarget when it belongs to no site of ours."""
    db, base = app[keys.DB], app[keys.SETTINGS].public_url
    page = await find_page(app, target)
    if page is None:
        return _empty(target)
    return await build_thread(db, page, sort, base=base, after=after, per_page=per_page)


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


async def require_page(app: web.Application, target: str) -> Page:
    """The same, where a page has to be there; raises NotFound."""
    if (page := await find_page(app, target)) is None:
        raise NotFound("Nothing is known about this page.")
    return page


async def build_thread(
    db: Database,
    page: Page,
    sort: Sort = "oldest",
    *,
    base: str = "",
    after: SortKey | None = None,
    per_page: int = DEFAULT_PER_PAGE,
) -> Jf2:
    """The thread of a page in its outside form.

    `cursor` is the change cursor of the page when it was read: events follow from there without a gap.  `next` is what
    `after` has to be for the next page of top-level responses, None on the last one.  Reactions stand on the first
    page only."""
    async with db.read() as c:
        cursor = await changes.latest(c, page_id=page.id)
        found = await find_entries(c, page.id)
    thread = threads.build(found, permalink_base=f"{base}/entries/")
    shown, following = threads.page_of(thread.roots, after=after, limit=per_page, newest_first=sort == "newest")
    reactions = {} if after else thread.reactions
    return {
        "type": "feed",
        "url": jf2.safe_url(page.url) or page.url,
        "name": page.title or "",
        "count": thread.readable,
        "counts": {kind.value: n for kind, n in sorted(thread.counts.items())},
        "reactions": {
            kind.value: [jf2.entry_to_jf2(entry, page, base) for entry in them] for kind, them in reactions.items()
        },
        "children": nest(shown, page, base),
        "cursor": cursor,
        "next": write_after(following),
        "closed": page.closed,
    }


async def find_entries(c: AsyncConnection, page_id: int) -> list[Entry]:
    """All that is needed to lay out a page's thread: what is shown, and what it may hang from."""
    return await entries.thread(c, page_id, _BONES, limit=MOST_ENTRIES)


def nest(roots: Iterable[Branch], page: Page, base: str) -> list[Jf2]:
    """Branches as entries with their replies in `comment`; deep chains without recursion, and cut to DEEPEST levels."""
    out: list[Jf2] = []
    holders: dict[int, list[Jf2]] = {}
    for branch in threads.walk(roots):
        made = _branch(branch, page, base)
        holder = out if branch.parent_id is None else holders.get(branch.parent_id, out)
        holder.append(made)
        holders[branch.entry.id] = made["comment"] if branch.depth < DEEPEST else holder
    return out


def _branch(branch: Branch, page: Page, base: str) -> Jf2:
    made = jf2.entry_to_jf2(branch.entry, page, base) if branch.is_shown else jf2.grave(branch.entry, base)
    made |= {"wm-parent": branch.parent_id, "wm-depth": branch.depth, "comment": []}
    if branch.is_shown and is_post_author(branch.entry, page.url):
        made["wm-post-author"] = True
    if branch.also:
        made["wm-also"] = [url for copy in branch.also if (url := jf2.safe_url(copy.source))]
    return made


def _empty(target: str) -> Jf2:
    url = jf2.safe_url(query.absolute(target)) or target
    empty: Jf2 = {"counts": {}, "reactions": {}, "children": [], "cursor": 0, "next": None, "closed": False}
    return {"type": "feed", "url": url, "name": "", "count": 0} | empty


def write_after(key: SortKey | None) -> str | None:
    """A place in the thread as text: microseconds since 1970, then the entry's id."""
    return None if key is None else f"{(key[0] - _EPOCH) // timedelta(microseconds=1)}.{key[1]}"


def read_after(text: str | None) -> SortKey | None:
    """The inverse; raises InvalidInput."""
    if not text:
        return None
    if not (match := re.fullmatch(r"(-?\d{1,17})\.(\d{1,18})", text)):
        raise InvalidInput("after is no place in a thread")
    return _EPOCH + timedelta(microseconds=int(match[1])), int(match[2])
