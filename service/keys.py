"""What the application and its requests carry: every key, declared once."""

from __future__ import annotations

import asyncio
from typing import Final

from aiohttp import web

from config.settings import Settings
from mentions.storage import Database
from mentions.streams.events import Events
from mentions.streams.limits import Limits
from mentions.streams.link import RedisLink
from mentions.streams.queue import Queue
from mentions.streams.tallies import Tallies
from service.places import SiteCache
from service.shelf import Shelf

SETTINGS: Final = web.AppKey("settings", Settings)
DB: Final = web.AppKey("db", Database)
REDIS: Final = web.AppKey("redis", RedisLink)
QUEUE: Final = web.AppKey("queue", Queue)
EVENTS: Final = web.AppKey("events", Events)
LIMITS: Final = web.AppKey("limits", Limits)
TALLIES: Final = web.AppKey("tallies", Tallies)
SITES: Final = web.AppKey("sites", SiteCache)
SHELF: Final = web.AppKey("shelf", Shelf)
CLOSING: Final = web.AppKey("closing", asyncio.Event)
"""Set when the process is to stop: answers that would go on for ever end then."""
PROBLEM: Final = web.RequestKey("problem", str)
"""What went wrong with a request, for its log line."""
