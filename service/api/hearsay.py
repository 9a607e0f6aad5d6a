"""What the sources of a thread's responses tell of others, in its outside form.

What may be told is `mentions/hearsay.py`'s to say."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import hearsay, jf2, threads
from mentions.model import Entry, Page, Reaction
from mentions.storage import blocks, entries, sites
from mentions.threads import Branch

Told = dict[int, list[jf2.Jf2]]
"""`wm-id` -> what is told below it."""


async def told_below(c: AsyncConnection, page: Page, roots: Iterable[Branch], base: str) -> Told:
    """What is told below the entries of these branches; costs nothing where no source carries comments."""
    standing = {branch.entry.id: branch.entry for branch in threads.walk(roots)}
    addresses = {one.url for entry in standing.values() for one in hearsay.carried(entry.reaction) if one.url}
    if not addresses or (site := await sites.by_id(c, page.site_id)) is None:
        return {}
    found = hearsay.tell(
        standing.values(),
        page_url=page.url,
        is_known=await entries.known_among(c, page.id, addresses),
        blocks=await blocks.for_site(c, page.site_id),
        site_options=site.options,
        permalink_base=jf2.permalink_base(base),
    )
    return {entry_id: [_told(one, standing[entry_id]) for one in told] for entry_id, told in found.items()}


def _told(one: Reaction, entry: Entry) -> jf2.Jf2:
    return {**jf2.hearsay(one, entry), "wm-told-by": jf2.safe_url(entry.source) or ""}
