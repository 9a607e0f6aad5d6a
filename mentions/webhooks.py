"""What does a webhook say, how is it signed, and when is it tried again?

The form of Standard Webhooks (standardwebhooks.com): an id, a timestamp and an HMAC over both and the body, one for
each secret that is valid, so that secrets can be changed without a gap.  Also webmention.io's older form, byte for
byte, and the rhythm of "rebuild my site" hooks.  Pure: the clock, chance and what is sent come in as arguments."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Any, Final

import orjson

from mentions import jf2
from mentions.errors import InvalidRequest
from mentions.model import Change, Entry, EntryState, Page

PAUSES_S: Final = (60, 300, 1_800, 7_200, 43_200)
"""After the first failed try, the second, …; after the sixth there is no other."""
JITTER: Final = 0.1
"""A pause is up to this part longer, so that what failed together does not come back together."""
LONGEST_RETRY_AFTER_S: Final = 86_400
SECRET_PREFIX: Final = "whsec_"  # noqa: S105  the form of secrets, not one
SECRET_BYTES: Final = 32
_SECRET_LENGTHS: Final = range(24, 65)
_LONGEST_LEGACY_SECRET: Final = 200
HELD: Final = "held"
"""The event of a response that waits for moderation: told only to hooks that name it."""
EVENTS: Final = (*(change.value for change in Change), HELD)
DEFAULT_EVENTS: Final = tuple(change.value for change in Change)
TEST: Final = "test"
REBUILD: Final = "rebuild"
_GOING: Final = frozenset({Change.HIDDEN, Change.DELETED})


class HookKind(StrEnum):
    """What a hook is sent."""

    STANDARD = "standard"
    LEGACY = "webmention.io"
    REBUILD = "rebuild"


@dataclass(frozen=True, slots=True)
class Secret:
    """What messages are signed with, as its owner was told it."""

    text: str
    expires_at: datetime | None = None
    """None: the newest; another signs beside it until then."""

    def is_valid(self, now: datetime) -> bool:
        """Whether it still signs."""
        return self.expires_at is None or now < self.expires_at


# --- what an owner asks for --------------------------------------------------------------------------------------


def read_events(named: Sequence[str]) -> tuple[str, ...]:
    """The events of a hook; every change when none is named.  Raises InvalidRequest."""
    if unknown := sorted(set(named) - set(EVENTS)):
        raise InvalidRequest(f"no such event: {', '.join(unknown)}; there are {', '.join(EVENTS)}")
    return tuple(event for event in EVENTS if event in named) or DEFAULT_EVENTS


def secret_of(random_bytes: bytes) -> str:
    """A secret in the form that consumers' libraries take."""
    return SECRET_PREFIX + base64.b64encode(random_bytes).decode()


def check_secret(text: str, kind: HookKind) -> str:
    """A secret that an owner brings along.  Raises InvalidRequest."""
    if kind is HookKind.LEGACY:
        if not text or len(text) > _LONGEST_LEGACY_SECRET or not text.isprintable():
            raise InvalidRequest(f"secret has to have 1 to {_LONGEST_LEGACY_SECRET} printable characters")
        return text
    if not text.startswith(SECRET_PREFIX) or len(_decoded(text) or b"") not in _SECRET_LENGTHS:
        raise InvalidRequest("secret has to be whsec_ and the base64 of 24 to 64 bytes")
    return text


def wants(events: Sequence[str], change: Change) -> bool:
    """Whether a hook with these events may have to hear of the change; what the entry is by then decides."""
    return change.value in events or (HELD in events and change not in _GOING)


def event_of(change: Change, state: EntryState) -> str | None:
    """The event that a change is by the time it is told; None when a later change tells what has become of it."""
    if change in _GOING:
        return change.value
    if state is EntryState.SHOWN:
        return change.value
    return HELD if state is EntryState.HELD else None


# --- what is sent ------------------------------------------------------------------------------------------------


def message_id(hook_id: int, cursor: int) -> str:
    """The id of what a hook hears of a change: the same whenever it is sent, so that it is dealt with once."""
    return f"msg_{hook_id}_{cursor}"


def entry_body(event: str, item: Mapping[str, Any], page: Page) -> bytes:
    """A change of an entry; `item` is `jf2.change_to_jf2`."""
    data = {**item, "page": {"url": jf2.safe_url(page.url) or page.url, "name": page.title}}
    return orjson.dumps({"type": f"entry.{event}", "timestamp": item["at"], "data": data})


def test_body(authority: str, at: datetime) -> bytes:
    """What an owner sends to see whether it arrives."""
    return orjson.dumps({"type": TEST, "timestamp": jf2.zulu(at), "data": {"site": authority}})


def rebuild_body(cursor: int | None, at: datetime) -> bytes:
    """ "Build the site again": with the cursor up to which it is worth reading."""
    return orjson.dumps({"type": REBUILD, "timestamp": jf2.zulu(at), "data": {"cursor": cursor}})


def legacy_body(secret: str, change: Change, entry: Entry, page: Page, base: str) -> bytes:
    """webmention.io's own: the secret, source, target, then the entry, or that it is gone (also when it is hidden)."""
    told = jf2.entry_to_jf2(entry, page, base)
    facts = {"secret": secret, "source": told["wm-source"], "target": told["wm-target"], "private": entry.private}
    return orjson.dumps({**facts, "deleted": True} if change in _GOING else {**facts, "post": told})


def legacy_test_body(secret: str, base: str) -> bytes:
    """In the older form a test is the deletion of something that nobody has."""
    facts = {"secret": secret, "source": f"{base}/", "target": f"{base}/", "private": False}
    return orjson.dumps({**facts, "deleted": True})


def signed_headers(message: str, at: datetime, body: bytes, secrets: Sequence[Secret]) -> dict[str, str]:
    """`webhook-id`, `webhook-timestamp` and `webhook-signature`, one signature for each secret that is valid."""
    seconds = str(int(at.timestamp()))
    content = b".".join((message.encode(), seconds.encode(), body))
    signatures = [_signature(secret.text, content) for secret in secrets if secret.is_valid(at)]
    return {"webhook-id": message, "webhook-timestamp": seconds, "webhook-signature": " ".join(signatures)}


def legacy_headers(message: str, body: bytes, secret: str) -> dict[str, str]:
    """webmention.io's signature; the id is ours, for whoever wants to deal with a message once."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Webmention-Signature": f"sha256={digest}", "webhook-id": message}


def _signature(secret: str, content: bytes) -> str:
    digest = hmac.new(_decoded(secret) or b"", content, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def _decoded(secret: str) -> bytes | None:
    try:
        return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return None


# --- when --------------------------------------------------------------------------------------------------------


def next_try_at(tries: int, now: datetime, retry_after_s: int | None, rng: Random) -> datetime | None:
    """When to try again after so many failed tries (from 1); None: not any more.

    The receiver's Retry-After makes a pause longer, never shorter, and at most a day."""
    if tries > len(PAUSES_S):
        return None
    pause_s = PAUSES_S[tries - 1] * (1 + JITTER * rng.random())
    return now + timedelta(seconds=max(pause_s, min(retry_after_s or 0, LONGEST_RETRY_AFTER_S)))


def rebuild_at(
    *, changed_at: datetime, first_at: datetime, last_at: datetime | None, quiet: timedelta, every: timedelta
) -> datetime:
    """When to have a site built again: once it has been quiet, and not sooner than `every` after the last time.

    Where it never gets quiet it is built `every` so often all the same, counted from `first_at`, the first change that
    waits."""
    due = min(changed_at + quiet, first_at + max(every, quiet))
    due = due if last_at is None else max(due, last_at + every)
    return due.astimezone(UTC)
