"""Who has to hear that the responses below a comment have changed?  Those whom the comment answers.  (Salmention)

A comment that was typed here speaks from its permalink, and that page shows the responses below it.  When they change,
the permalink is sent again to all that took it before, who may then show them, too.  What counts is decided by
`mentions/protocol/salmention.py`; the deliveries are sent by `deliver.py`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import jf2
from mentions.model import Entry, EntryState
from mentions.protocol.salmention import plan_resend
from mentions.storage import deliveries, entries, upstream
from mentions.storage.deliveries import Delivery, DeliveryStatus
from workers.jobs.mentioning import is_typed_here

DEEPEST: Final = 64
"""Levels of comments between a response and the one that speaks of it, or the other way round."""
MOST: Final = 500
"""Responses of one comment that are looked at, oldest first: whom later ones concern has heard enough."""
_DEAF: Final = frozenset({DeliveryStatus.SKIPPED, DeliveryStatus.FAILED})
"""Targets that take no webmentions, or none of ours."""


async def plan_upstream(
    c: AsyncConnection, happened: Iterable[tuple[int, Entry]], public_url: str, *, now: datetime
) -> None:
    """Makes the deliveries that follow for the comments above the entries that changed; `happened`: (cursor, entry)."""
    posts: dict[int, tuple[int, Entry]] = {}
    for cursor, entry in happened:
        for post in await _comments_above(c, entry, public_url):
            posts[post.id] = cursor, post
    for cursor, post in posts.values():
        await _plan(c, post, cursor, public_url, now)


async def _plan(c: AsyncConnection, post: Entry, cursor: int, public_url: str, now: datetime) -> None:
    sent = await deliveries.mentioned_by(c, post.id)
    if not sent or post.state is not EntryState.SHOWN:
        return
    resend = plan_resend(
        post=jf2.permalink(public_url, post.id),
        targets=[each.target for each in sent if each.target is not None and _is_listening(each)],
        children=await _shown_below(c, post, public_url),
        told=await upstream.told(c, post.id),
        now=now,
    )
    if resend is None:
        return
    await upstream.keep(c, post.id, resend.told)
    for target in resend.targets:
        await deliveries.mention(
            c, site_id=post.site_id, entry_id=post.id, target=target, cursor=cursor, now=now, due_at=resend.due_at
        )


def _is_listening(sent: Delivery) -> bool:
    """Whether the target has been told of the comment; one that is still to be told is told all of it then."""
    return sent.tried_at is not None and sent.status not in _DEAF


async def _comments_above(c: AsyncConnection, entry: Entry, public_url: str) -> list[Entry]:
    """The comments typed here below which an entry stands, with nothing but such comments between."""
    found: list[Entry] = []
    above = entry.parent_id
    while above is not None and len(found) < DEEPEST:
        parent = await entries.get(c, above)
        if parent is None or not is_typed_here(parent, public_url):
            break
        found.append(parent)
        above = parent.parent_id
    return found


async def _shown_below(c: AsyncConnection, post: Entry, public_url: str) -> list[Entry]:
    """What the permalink shows that is not another site's to tell: answers, and the answers to those typed here."""
    found: list[Entry] = []
    level = [post.id]
    for _ in range(DEEPEST):
        if not level or len(found) >= MOST:
            break
        answers = await entries.shown_answers(c, level, MOST - len(found))
        found += answers
        level = [answer.id for answer in answers if is_typed_here(answer, public_url)]
    return found
