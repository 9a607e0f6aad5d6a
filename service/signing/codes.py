"""The code that a pop-up hands to the page that opened it: good for a minute, for one session, and for one page.

Like an authorization code with PKCE (RFC 7636): whoever opened the pop-up has made a verifier and shown only its hash,
the challenge, so the code is worth nothing to anybody else, and nobody can be signed in by somebody else's code.
Decision 0111."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final

from mentions import codec
from mentions.errors import Forbidden, InvalidRequest
from mentions.identity import Identity
from mentions.streams.flows import Flows

LASTS_S: Final = 60
CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
"""RFC 7636 4.1 and 4.2; `S256` is the only method."""
_KIND: Final = "code"


@dataclass(frozen=True, slots=True)
class Proved:
    """What a code stands for."""

    identity: Identity
    site_id: int
    origin: str
    """Of the page that opened the pop-up."""


async def issue(flows: Flows, proved: Proved, challenge: str) -> str:
    """A code for somebody who has proved who they are."""
    return await flows.begin(_KIND, {"proved": codec.to_json(proved), "challenge": challenge}, lasts_s=LASTS_S)


async def redeem(flows: Flows, code: str, verifier: str) -> Proved:
    """What the code stands for; it is spent by that, and by a wrong verifier too.

    Raises InvalidRequest for a verifier that is none, Forbidden for a code that is not good, or not for this one."""
    if not VERIFIER.fullmatch(verifier):
        raise InvalidRequest("verifier has to be 43 to 128 unreserved characters (RFC 7636)")
    found = await flows.take(_KIND, code)
    if found is None or not hmac.compare_digest(challenge_of(verifier), found["challenge"]):
        raise Forbidden("The code is not good any more, or it is another page's.")
    return codec.from_json(Proved, found["proved"])


def challenge_of(verifier: str) -> str:
    """`S256` (RFC 7636 4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
