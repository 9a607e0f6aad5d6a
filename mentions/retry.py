"""When is a claim tried again after a fault that may pass?

Back-off that doubles, with jitter so that the claims of a host that was down do not come back in one moment, for a
day; then the fault is the outcome.  A server's Retry-After moves the next try later, never sooner.  (Contract §5.)"""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Final

FIRST_PAUSE_S: Final = 30.0
LONGEST_PAUSE_S: Final = 4 * 3600.0
GIVE_UP_AFTER: Final = timedelta(days=1)
"""Since the first try.  One last try stands at the end of the day, so that a host that is down over night gets one."""


def pause_s(attempts: int, rng: Random) -> float:
    """Seconds to wait after that many failed tries (from 1): doubling from 30 s to 4 h, give or take a quarter."""
    doubled = FIRST_PAUSE_S * 2.0 ** min(max(attempts, 1) - 1, 16)
    return min(doubled, LONGEST_PAUSE_S) * (0.75 + 0.5 * rng.random())


def next_try(
    attempts: int, first_tried_at: datetime, now: datetime, retry_after_s: int | None, rng: Random
) -> datetime | None:
    """When to try again after `attempts` failed tries, the first of them at `first_tried_at`; None: not any more."""
    end = first_tried_at + GIVE_UP_AFTER
    if now >= end:
        return None
    wait_s = max(pause_s(attempts, rng), float(retry_after_s or 0))
    return min(now + timedelta(seconds=wait_s), max(end, now + timedelta(seconds=retry_after_s or 0)))
