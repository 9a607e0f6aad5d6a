"""`GET /entries/{wm-id}`: one response as a page of its own, which another site can answer.

An `h-entry` for what was typed here, an `h-cite` for what came from elsewhere; its answers nested as `u-comment`; our
endpoints advertised.  410 for what was removed."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from mentions import urls
from mentions.errors import NotFound
from mentions.model import Entry, EntryState, Page, Protocol
from mentions.storage import entries, layout, pages
from mentions.storage.layout import Window
from mentions.threads import Branch, Part
from service import i18n, keys
from service.api.hearsay import told_below
from service.api.jf2 import Jf2, permalink, safe_url
from service.api.threads import branches, is_public, nest
from service.pages import stamp
from service.pages.answer import advertised, language_of, render
from service.pages.entries import cut, view_of
from service.pages.fragment import Look
from service.pages.threads import as_the_owner_wants

DEPTH = 6
"""Levels of answers below the response."""
EXCERPT = 200
"""Characters that a preview shows of it."""


def setup(app: web.Application) -> None:
    """Adds the permalinks."""
    app.router.add_get(r"/entries/{id:\d{1,18}}", show_entry)


async def show_entry(request: web.Request) -> web.StreamResponse:
    """GET: the response, what it answers, and what answers it."""
    entry, page = await _load(request.app, int(request.match_info["id"]))
    if entry.state is EntryState.DELETED:
        return render(request, "error.html", {"status": 410, "code": "gone", "message": None}, status=410)
    if entry.state is not EntryState.SHOWN or entry.private:
        raise NotFound("There is no such response here.")
    base, lang = request.app[keys.SETTINGS].public_url, language_of(request)
    branch, parent = await _stand(request.app, entry)
    async with request.app[keys.DB].read() as c:
        told = await told_below(c, page, [branch], base)
    [made] = nest([branch], page, base, told)
    post = {"url": page.url, "name": page.title or page.url}
    words = i18n.catalogue(lang)
    look = await as_the_owner_wants(request.app, page.url, Look())
    context: dict[str, Any] = {
        "post": post,
        "view": view_of(made, thread=post, words=words, base=base, depth=DEPTH),
        "is_ours": made["wm-protocol"] == "comment",
        "answered": _answered(parent, base, words),
        "excerpt": _excerpt(made),
        "permalink": permalink(base, entry.id),
        "look": look,
        "takes_comments": not page.closed and look.comments_open,
    }
    token = await stamp.for_reader(request.app, page.url) if context["takes_comments"] else None
    return render(request, "permalink.html", context, headers=advertised(request), token=token)


async def _load(app: web.Application, entry_id: int) -> tuple[Entry, Page]:
    async with app[keys.DB].read() as c:
        entry = await entries.get(c, entry_id)
        page = await pages.by_id(c, entry.page_id) if entry else None
    if entry is None or page is None:
        raise NotFound("There is no such response here.")
    return entry, page


async def _stand(app: web.Application, entry: Entry) -> tuple[Branch, Entry | None]:
    """The entry in its place in the thread, and what it answers; a reaction, or a copy that another one stands for,
    stands alone."""
    db = app[keys.DB]
    await app[keys.UPKEEP].bring_up_to_date(entry.page_id)
    async with db.read() as c:
        place = await layout.place_of(c, entry.id)
        if place is None or place.part is not Part.TREE:
            return Branch(entry), None
        answers, _ = await layout.window(c, entry.page_id, Window(entry.id))
        [branch] = await branches(c, [place, *answers])
        parent = await entries.get(c, branch.parent_id) if branch.parent_id is not None else None
    return branch, parent if parent is not None and is_public(parent) else None


def _excerpt(entry: Jf2) -> str:
    """The first words of the response, for previews of its page elsewhere."""
    content = entry.get("content") or {}
    said = content.get("text") or entry.get("name") or entry.get("wm-context") or ""
    return cut(" ".join(said.split()), EXCERPT)


def _answered(parent: Entry | None, base: str, words: i18n.Catalogue) -> dict[str, str]:
    """The response that this one answers, by its author's name; nothing for what answers the post itself.

    What came from elsewhere is linked there too, for that is what our webmention to it says."""
    if parent is None:
        return {}
    name = parent.reaction.author.name or parent.reaction.name or words.gettext("Somebody")
    answered = {"url": permalink(base, parent.id), "name": name}
    source = safe_url(parent.source)
    if source is not None and parent.protocol is not Protocol.COMMENT:
        answered |= {"source": source, "host": urls.authority(source)}
    return answered
