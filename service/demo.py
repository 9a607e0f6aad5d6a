"""The demo site: while the demo is on, the public URL's own authority is a registered site with the option `demo`."""

from __future__ import annotations

from aiohttp import web

from config import logs
from mentions import urls
from mentions.errors import Conflict
from mentions.storage import sites
from service import keys
from service.intake.reception import now

log = logs.get_logger(__name__)


async def ensure_site(app: web.Application) -> None:
    """Registers the demo site unless it is there; two processes that start together agree."""
    settings = app[keys.SETTINGS]
    if not settings.demo_is_on:
        return
    authority = urls.site_authority(settings.public_url)
    db = app[keys.DB]
    async with db.read() as c:
        if await sites.by_authority(c, authority) is not None:
            return
    try:
        async with db.write() as c:
            await sites.add(c, authority, (), options={"demo": True}, now=now())
    except Conflict:
        return
    app[keys.SITES].forget()
    log.info("site.added", site=authority, demo=True)
