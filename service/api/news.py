"""Wakes those who follow a page, once a change of it is on disk."""

from __future__ import annotations

from aiohttp import web

from config import logs
from mentions.errors import Unavailable
from service import keys

log = logs.get_logger(__name__)


async def announce(app: web.Application, page_id: int, cursor: int) -> None:
    """Tells whoever follows the page; while Redis is away they find out by themselves."""
    try:
        await app[keys.EVENTS].publish_change(page_id, cursor)
    except Unavailable:
        log.warning("change.untold", page_id=page_id)
