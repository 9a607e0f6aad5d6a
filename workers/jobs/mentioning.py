"""To whom does a comment that was typed here speak?  Its permalink sends webmentions, as posts do.  (Webmention 3.1)

To the source of the response that it answers, and to the links in its words; to all that were told before, when it
changes or goes.  Comments that were brought in from elsewhere spoke to nobody then and do not now."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import jf2, urls
from mentions.interpret.dom import Tree
from mentions.interpret.outgoing import links_of
from mentions.model import Entry, EntryState, Page, Protocol, Url
from mentions.storage import comments, deliveries, entries, pages
from mentions.storage.changes import Changed

MOST_LINKS: Final = 10
"""Links of a comment that are sent to: more is what spam has."""
WAIT: Final = timedelta(seconds=30)
"""Between a change and its telling, so that a comment that is corrected at once is told once."""


async def plan_mentions(c: AsyncConnection, changed: Changed, entry: Entry, public_url: str, *, now: datetime) -> None:
    """Makes the deliveries that follow from a change of a comment; none for any other entry."""
    if not is_typed_here(entry, public_url):
        return
    permalink = jf2.permalink(public_url, entry.id)
    before = await deliveries.mentioned_by(c, entry.id)
    told = [Url(each.target) for each in before if each.target is not None and each.tried_at is not None]
    for each in before:
        if entry.state is not EntryState.SHOWN and each.tried_at is None:
            await deliveries.withdraw(c, each)
    speaks_to = await _speaks_to(c, entry, permalink, public_url) if changed.change in jf2.TOLD_WITH_ENTRY else ()
    for target in dict.fromkeys((*speaks_to, *told)):
        await deliveries.mention(
            c,
            site_id=entry.site_id,
            entry_id=entry.id,
            target=target,
            cursor=changed.cursor,
            now=now,
            due_at=changed.at + WAIT,
        )


def is_typed_here(entry: Entry, public_url: str) -> bool:
    """Whether it is a comment that stands nowhere else: its source is its permalink here."""
    return entry.protocol is Protocol.COMMENT and entry.source == jf2.permalink(public_url, entry.id)


async def _speaks_to(c: AsyncConnection, entry: Entry, permalink: str, public_url: str) -> tuple[Url, ...]:
    hidden = await comments.get(c, entry.id)
    if entry.state is not EntryState.SHOWN or entry.private or hidden is None or hidden.edit_hash is None:
        return ()
    page = await pages.by_id(c, entry.page_id)
    found = [url for url in (await _answered(c, entry), *_links(entry, permalink)) if url is not None]
    return tuple(url for url in found if not _is_ours(url, page, public_url))


async def _answered(c: AsyncConnection, entry: Entry) -> Url | None:
    """The source of the response that the comment answers, where that stands elsewhere."""
    parent = await entries.get(c, entry.parent_id) if entry.parent_id is not None else None
    if parent is None or parent.state is not EntryState.SHOWN or parent.protocol is Protocol.COMMENT:
        return None
    return urls.parse(parent.source)


def _links(entry: Entry, permalink: str) -> tuple[Url, ...]:
    content = entry.reaction.content
    if content is None or content.html is None:
        return ()
    return links_of(Tree.of(content.html, url=permalink)).links[:MOST_LINKS]


def _is_ours(url: Url, page: Page | None, public_url: str) -> bool:
    """Whether it is the post below which the comment stands, or something of ours: they know already."""
    is_post = page is not None and urls.page_key(url) == urls.page_key(page.url)
    return is_post or urls.origin(url) == urls.origin(public_url)
