"""What every authorization code flow has in common: the way there, with PKCE, and the check of who comes back.

(RFC 6749 4.1; RFC 7636: S256 only; RFC 9207: the issuer; RFC 9700.)  What is kept between going and coming is `Kept`,
which stays on our side and is never shown to a browser."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from mentions import urls
from mentions.model import Url
from mentions.signin.faults import Fault, Refusal

VERIFIER_BYTES: Final = 48
"""Of chance in a code verifier: 64 characters, of the 43 to 128 that are allowed (RFC 7636 4.1)."""
_CODE: Final = re.compile(r"[\x20-\x7e]{1,4096}")
"""What a code is made of (RFC 6749 A.11), and no longer than anybody's."""
_SAFE: Final = re.compile(r"[^\x20-\x7e]")


@dataclass(frozen=True, slots=True)
class Kept:
    """What has to be known again when somebody comes back from a server."""

    state: str
    verifier: str
    issuer: str | None
    """None for a server that does not say how it is called; then nothing can be compared."""
    must_name_issuer: bool = True
    """Whether an answer without a name is refused: the server has said that it always names itself."""


def challenge_of(verifier: str) -> str:
    """The S256 code challenge (RFC 7636 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def way_to(endpoint: Url, parameters: Mapping[str, str]) -> str:
    """Where to send the browser: the endpoint with these parameters behind its own query (RFC 6749 3.1)."""
    base = urls.without_fragment(endpoint)
    joint = "" if base.endswith(("?", "&")) else "&" if "?" in base else "?"
    return f"{base}{joint}{urlencode(parameters)}"


def read_return(parameters: Mapping[str, Any], kept: Kept) -> str | Refusal:
    """The code of somebody who came back, once it is certain that they come from where they were sent.

    The order matters: whoever comes without our state learns nothing, and an error is believed only of the server that
    was asked."""
    state, issuer = _text(parameters, "state"), _text(parameters, "iss")
    if not hmac.compare_digest(state.encode("utf-8", "surrogatepass"), kept.state.encode()):
        return Refusal(Fault.STATE_MISMATCH, "the state is not the one that was sent")
    error = _text(parameters, "error")
    is_expected = bool(issuer) or (kept.must_name_issuer and not error)
    if is_expected and kept.issuer is not None and issuer != kept.issuer:
        return Refusal(Fault.ISSUER_MISMATCH, f"the answer names {printable(issuer) or 'no issuer'}")
    if error == "access_denied":
        return Refusal(Fault.DENIED, "the person did not agree")
    if error:
        return Refusal(Fault.PROVIDER_ERROR, f"the server answered {printable(error)}")
    code = _text(parameters, "code")
    if not _CODE.fullmatch(code):
        return Refusal(Fault.PROVIDER_ERROR, "the server sent no code")
    return code


def read_object(body: bytes) -> Mapping[str, Any] | None:
    """A server's JSON object; None for anything else."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def endpoint_of(said: Mapping[str, Any], name: str, *, base: str) -> Url | None:
    """A URL that a server names, resolved; None where there is none, or one with a user name in it."""
    value = said.get(name)
    url = urls.parse(value, base=base) if isinstance(value, str) and len(value) <= urls.MAX_CLAIM_BYTES else None
    return None if url is None or urls.has_userinfo(url) else urls.without_fragment(url)


def printable(text: str) -> str:
    """Somebody else's word, fit for a line of a log."""
    return _SAFE.sub("?", text)[:200]


def _text(parameters: Mapping[str, Any], name: str) -> str:
    value = parameters.get(name)
    return value if isinstance(value, str) else ""
