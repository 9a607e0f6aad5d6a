"""The demo's first two responses, sent the way that strangers send theirs: by HTTP, through the front door.

While the demo is on and its post has no response yet, one webmention and one pingback go from the demo's second weblog
to its post, as soon as the service answers.  The pages are the service's (`service/pages/demo.py`)."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from mentions import urls
from mentions.errors import Unavailable
from mentions.model import Gone, Refused, Url
from mentions.protocol import pingback
from mentions.storage import entries, pages
from workers.kit import Kit
from workers.loop import DATABASE_AWAY, OUTAGE_PAUSE_S

POST: Final = "/demo/post"
MENTION_FROM: Final = "/demo/blog/reply"
PINGBACK_FROM: Final = "/demo/blog/links"
ASK_EVERY_S: Final = 1.0
GIVE_UP_AFTER_S: Final = 600.0

log = structlog.get_logger(__name__)


async def send_demo(kit: Kit) -> None:
    """Sends both, once, unless the demo's post has been answered already; an outage of a store puts it off."""
    while True:
        try:
            return await _send_both(kit)
        except (Unavailable, *DATABASE_AWAY) as outage:
            log.warning("demo.put_off", error=f"{type(outage).__name__}: {outage}"[:300])
            await asyncio.sleep(OUTAGE_PAUSE_S[1])


async def _send_both(kit: Kit) -> None:
    post = urls.parse(kit.public_url + POST)
    if post is None or not await _answers(kit, post):
        return
    if await _is_answered(kit, post):
        return
    fields = {"source": kit.public_url + MENTION_FROM, "target": post}
    mention = await kit.fetcher.post_form(Url(f"{kit.public_url}/webmention"), fields)
    call = pingback.call(kit.public_url + PINGBACK_FROM, post)
    ping = await kit.fetcher.post_xml(Url(f"{kit.public_url}/xmlrpc"), call)
    log.info("demo.sent", post=post, webmention=mention.status, pingback=ping.status)


async def _answers(kit: Kit, post: Url) -> bool:
    """Whether the demo's post is there; waits for a service that has not started yet."""
    deadline = asyncio.get_running_loop().time() + GIVE_UP_AFTER_S
    while asyncio.get_running_loop().time() < deadline:
        sighting = await kit.fetcher.get(post, budget_s=5.0, waits=True)
        if sighting.hops and sighting.hops[-1].status == 200:
            return True
        if isinstance(sighting, Gone | Refused):
            log.info("demo.is_not_there", post=post, hops=[hop.status for hop in sighting.hops])
            return False
        await asyncio.sleep(ASK_EVERY_S)
    return False


async def _is_answered(kit: Kit, post: Url) -> bool:
    async with kit.db.read() as c:
        page = await pages.by_key(c, urls.page_key(post))
        return page is not None and bool(await entries.count_by_page(c, [page.id]))
