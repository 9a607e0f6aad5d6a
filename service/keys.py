"""What the application and its requests carry: every key, declared once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from config.settings import Settings
from mentions.storage import Database
from mentions.storage.layout import Upkeep
from mentions.streams.errands import Errands
from mentions.streams.events import Events
from mentions.streams.flows import Flows
from mentions.streams.limits import Limits
from mentions.streams.link import RedisLink
from mentions.streams.proofs import Proofs
from mentions.streams.queue import Queue
from mentions.streams.signing import Signing
from mentions.streams.tallies import Tallies
from mentions.streams.traces import Traces
from mentions.streams.visitors import Visitors
from mentions.typed import SHORTEST_WRITING_S
from service.places import SiteCache
from service.shelf import Shelf


@dataclass(frozen=True, slots=True)
class Tempo:
    """How long the service waits, and how many may wait: fixed by the contract or by experience, not by operators."""

    pingback_wait_s: float = 8.0
    """How long a pingback waits for its outcome (contract §4)."""
    heartbeat_s: float = 15.0
    """A stream that has nothing to tell shows that it lives, and looks for itself, this often."""
    page_to_come_s: float = 3.0
    """The same for a page that nobody has answered yet."""
    errand_s: float = 20.0
    """How long somebody who signs in waits for a worker that asks others, or sends a mail."""
    streams_of_one: int = 40
    """Streams that one client may have open."""
    shortest_writing_s: float = SHORTEST_WRITING_S
    """What is written in less time was written by no person."""


USUAL: Final = Tempo()
SETTINGS: Final = web.AppKey("settings", Settings)
TEMPO: Final = web.AppKey("tempo", Tempo)
DB: Final = web.AppKey("db", Database)
UPKEEP: Final = web.AppKey("upkeep", Upkeep)
REDIS: Final = web.AppKey("redis", RedisLink)
QUEUE: Final = web.AppKey("queue", Queue)
EVENTS: Final = web.AppKey("events", Events)
LIMITS: Final = web.AppKey("limits", Limits)
FLOWS: Final = web.AppKey("flows", Flows)
ERRANDS: Final = web.AppKey("errands", Errands)
TALLIES: Final = web.AppKey("tallies", Tallies)
SIGNING: Final = web.AppKey("signing", Signing)
VISITORS: Final = web.AppKey("visitors", Visitors)
PROOFS: Final = web.AppKey("proofs", Proofs)
TRACES: Final = web.AppKey("traces", Traces)
SITES: Final = web.AppKey("sites", SiteCache)
SHELF: Final = web.AppKey("shelf", Shelf)
CLOSING: Final = web.AppKey("closing", asyncio.Event)
"""Set when the process is to stop: answers that would go on for ever end then."""
PROBLEM: Final = web.RequestKey("problem", str)
"""What went wrong with a request, for its log line."""
