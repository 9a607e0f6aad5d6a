"""A sum that costs a browser a moment, and so makes many comments dear: a challenge, and whether it was solved.

Find the number below a bound whose SHA-256, after a salt, is the goal.  Signed, so that nothing has to be kept of it
but that it was used (`mentions/streams/proofs.py`); bound to what is to be said and where; good for ten minutes.  Pure.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from mentions import urls

ALGORITHM: Final = "SHA-256"
GOOD_FOR: Final = timedelta(minutes=10)
LEAST: Final = 20_000
"""Numbers that the first challenge is hidden among: half of them are tried, a third of a second's work."""
MOST: Final = 640_000
_PURPOSE: Final = b"proof of work"
_LONGEST: Final = 400


@dataclass(frozen=True, slots=True)
class Challenge:
    """What is to be worked out."""

    salt: str
    goal: str
    """Hash of the salt and the number, in hexadecimal."""
    most: int
    """The number is no larger."""
    token: str
    """What comes back, with a dot and the number."""


def subject_of(target: str, name: str, markdown: str) -> bytes:
    """What a challenge is bound to: the page and the comment."""
    return sha256("\0".join((urls.page_key(target), name, markdown)).encode("utf-8", "surrogatepass")).digest()


def bound(times: int) -> int:
    """How many numbers to hide it among, for who is asked for the n-th time within an hour: each time twice as many."""
    return min(MOST, LEAST << min(max(times - 1, 0), 10))


def issue(key_name: str, key: bytes, subject: bytes, *, salt: str, number: int, most: int, now: datetime) -> Challenge:
    """A challenge about `subject` whose answer is `number`, between 0 and `most`."""
    goal, until = _hash(salt, str(number)), int((now + GOOD_FOR).timestamp())
    said = f"{key_name}.{until}.{most}.{salt}.{goal}"
    return Challenge(salt, goal, most, f"{said}.{_mac(key, said, subject)}")


def solved(answer: str, keys: Mapping[str, bytes], subject: bytes, now: datetime) -> str | None:
    """The salt of the challenge that the answer solves, by which it is spent; None: it solves none of ours about this,
    or too late."""
    said, _, rest = answer.rpartition(".")
    said, _, mac = said.rpartition(".")
    parts = said.split(".")
    if len(answer) > _LONGEST or len(parts) != 5 or (key := keys.get(parts[0])) is None:
        return None
    if not hmac.compare_digest(_mac(key, said, subject).encode(), mac.encode("utf-8", "surrogatepass")):
        return None
    _, until, _, salt, goal = parts
    is_right = int(until) >= now.timestamp() and hmac.compare_digest(_hash(salt, rest), goal)
    return salt if is_right else None


def _hash(salt: str, number: str) -> str:
    return sha256(f"{salt}{number}".encode("utf-8", "surrogatepass")).hexdigest()


def _mac(key: bytes, said: str, subject: bytes) -> str:
    own = hmac.digest(key, _PURPOSE, "sha256")
    return urlsafe_b64encode(hmac.digest(own, subject + said.encode("utf-8", "surrogatepass"), "sha256")[:24]).decode()
