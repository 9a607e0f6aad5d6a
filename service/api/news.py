"""Changes of what people have typed here, told to whoever follows: kept with the change itself, then woken up for."""

from __future__ import annotations

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from config import logs
from mentions.errors import Unavailable
from mentions.model import Change, Entry, EntryState
from mentions.storage import changes
from service import keys
from service.intake.reception import now

log = logs.get_logger(__name__)


async def announce(app: web.Application, page_id: int, cursor: int) -> None:
    """Tells whoever follows the page; while Redis is away they find out by themselves."""
    try:
        await app[keys.EVENTS].publish_change(page_id, cursor)
    except Unavailable:
        log.warning("change.untold", page_id=page_id)


async def tell(c: AsyncConnection, new: Entry, *, before: Entry | None) -> int | None:
    """Appends to the change cursor what the public sees of it; None when it sees nothing."""
    was, is_shown = before is not None and before.state is EntryState.SHOWN, new.state is EntryState.SHOWN
    if not was and not is_shown:
        return None
    change = {
        (False, True): Change.CREATED,
        (True, True): Change.UPDATED,
        (True, False): Change.DELETED if new.state is EntryState.DELETED else Change.HIDDEN,
    }[was, is_shown]
    facts = {"site_id": new.site_id, "page_id": new.page_id, "entry_id": new.id}
    return await changes.append(c, **facts, change=change, now=now())
