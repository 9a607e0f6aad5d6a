"""The token that a form for comments carries: that the form came from us, for this page, and when.

It is no permission: fragments with it are cached, and built into static pages, so that it may be old or everybody's.
What it says, or that it is missing, is one sign among others (`typed.py`).  Pure; the keys are
`mentions/streams/signing.py`'s."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from mentions import urls

GOOD_FOR_S: Final = 12 * 3600
_PURPOSE: Final = b"form token"
_LONGEST: Final = 120


class Form(StrEnum):
    """What a token says of the form that it came with."""

    OURS = "ours"
    OLD = "old"
    """It came from us, too long ago."""
    FOREIGN = "foreign"
    """We never gave it out for this page."""
    MISSING = "missing"
    NONE = "none"
    """There was no form: a program wrote."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A form as its token tells it."""

    form: Form
    seconds: float | None = None
    """Since it was handed out; None when that is not known."""


NO_FORM: Final = Shown(Form.NONE)


def make(key_name: str, key: bytes, target: str, at: datetime) -> str:
    """A token for the form below `target`, handed out at that moment."""
    issued_ms = int(at.timestamp() * 1000)
    return f"{key_name}.{issued_ms}.{_mac(key, key_name, issued_ms, target)}"


def read(token: str | None, keys: Mapping[str, bytes], target: str, now: datetime) -> Shown:
    """What a token says; `keys` are those that may have made it, by name."""
    if not token:
        return Shown(Form.MISSING)
    name, _, rest = token.partition(".")
    issued, _, mac = rest.partition(".")
    key = keys.get(name)
    if len(token) > _LONGEST or key is None or not (issued.isascii() and issued.isdecimal()):
        return Shown(Form.FOREIGN)
    if not hmac.compare_digest(_mac(key, name, int(issued), target).encode(), mac.encode("utf-8", "surrogatepass")):
        return Shown(Form.FOREIGN)
    seconds = now.timestamp() - int(issued) / 1000
    return Shown(Form.OLD if seconds > GOOD_FOR_S else Form.OURS, seconds)


def _mac(key: bytes, name: str, issued_ms: int, target: str) -> str:
    own = hmac.digest(key, _PURPOSE, "sha256")
    said = f"{name}.{issued_ms}.{urls.page_key(target)}"
    return urlsafe_b64encode(hmac.digest(own, said.encode(), "sha256")[:18]).decode()
