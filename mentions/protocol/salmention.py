"""Salmention: what has to be sent again, and to whom, when the responses shown on a post change.

(indieweb.org/Salmention; Webmention 3.1.4: showing a response "updates" the post.)  A post of ours that is itself a
response shows a reply of its own: those whom it answered are told again, and may show that reply below it.  Two guards
keep sites that show each other from telling each other for ever: only what is new on our own page counts, never the
nested hearsay of others; and a post speaks at most so often in an hour.  Nothing is sent or remembered here
(`workers/jobs/upstream.py`, `storage/upstream.py`)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from mentions import urls
from mentions.model import Entry, EntryState, Url

DEBOUNCE: Final = timedelta(seconds=60)
"""Responses come in swarms; those of a minute are told in one go."""
HOUR: Final = timedelta(hours=1)
MAX_PER_HOUR: Final = 6
"""How often a post may be sent again in an hour, whatever happens below it."""


@dataclass(frozen=True, slots=True)
class Told:
    """What upstream was last told of a post."""

    fingerprint: str
    at: tuple[datetime, ...]
    """When it was told, or is to be; oldest first, the last MAX_PER_HOUR."""


@dataclass(frozen=True, slots=True)
class Resend:
    """Webmentions that are due: from the post to each of `targets` at `due_at`; what is told by then."""

    targets: tuple[Url, ...]
    due_at: datetime
    told: Told


def fingerprint(children: Iterable[Entry]) -> str:
    """A digest of what a post's page shows of its direct responses; equal when a reader would see no difference.

    Order, likes, pictures, times of receipt and the comments that a response itself carries do not count."""
    shown = sorted(json.dumps(_shown(child), sort_keys=True) for child in children if child.state is EntryState.SHOWN)
    return hashlib.sha256("\n".join(shown).encode()).hexdigest()


NOTHING: Final = fingerprint(())
"""The fingerprint of a post without responses: what upstream was told first."""


def upstream(post: str, targets: Iterable[str]) -> tuple[Url, ...]:
    """Whom a change is told: every page that the post was sent to before, each once, in order, itself excepted.

    `targets` are all that were ever notified, those included whose link has left the post (Webmention 3.1.4)."""
    own = urls.page_key(post)
    parsed = (urls.parse(target) for target in targets)
    return tuple(dict.fromkeys(url for url in parsed if url is not None and urls.page_key(url) != own))


def plan_resend(
    *, post: str, targets: Iterable[str], children: Iterable[Entry], told: Told | None, now: datetime
) -> Resend | None:
    """What follows when the thread below `post` has changed at `now`; None when a reader of it sees no difference.

    Without `targets` nobody is told, but what was there to tell is known for the next time."""
    now_shown = fingerprint(children)
    if now_shown == (told.fingerprint if told is not None else NOTHING):
        return None
    listeners = upstream(post, targets)
    told_at = told.at if told is not None else ()
    if not listeners:
        return Resend((), now, Told(now_shown, told_at))
    if told_at and told_at[-1] > now:  # what waits to be told tells this too
        return Resend(listeners, told_at[-1], Told(now_shown, told_at))
    due_at = _due_at(now, told_at)
    return Resend(listeners, due_at, Told(now_shown, (*told_at, due_at)[-MAX_PER_HOUR:]))


def _due_at(now: datetime, told_at: tuple[datetime, ...]) -> datetime:
    has_had_its_hour = len(told_at) >= MAX_PER_HOUR
    return max(now + DEBOUNCE, told_at[-MAX_PER_HOUR] + HOUR) if has_had_its_hour else now + DEBOUNCE


def _shown(child: Entry) -> list[str | None]:
    reaction = child.reaction
    return [
        child.source,
        reaction.kind,
        reaction.author.name,
        reaction.author.url,
        reaction.url,
        reaction.name,
        reaction.summary,
        reaction.content.text if reaction.content is not None else None,
        reaction.published,
        reaction.rsvp,
    ]
