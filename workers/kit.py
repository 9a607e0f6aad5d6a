"""What every job works with: the stores, the way out, the reading processes, and the clock.  Made by `app.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

from mentions.storage import Database
from mentions.streams.events import Events
from mentions.streams.queue import Queue
from mentions.streams.traces import Traces
from workers.fetch.client import Fetcher
from workers.mailer import Mailer
from workers.reading import ReadingPool


def utc_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Kit:
    """The parts that jobs are made of."""

    db: Database
    queue: Queue
    events: Events
    fetcher: Fetcher
    pool: ReadingPool
    traces: Traces
    public_url: str
    """Base of every URL that we hand out, without a slash at the end."""
    mailer: Mailer | None = None
    """None where the operator has named no server for mail."""
    now: Callable[[], datetime] = utc_now
    rng: Random = field(default_factory=Random)
