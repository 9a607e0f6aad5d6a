"""What went wrong on the way, in the words of `model.Status`?

The only place that knows aiohttp's exceptions.  The words are the same whoever asks, and say nothing about a forbidden
address that a stranger could learn from: not whether its port was open, nor what answered there."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp

from mentions.model import Status
from workers.fetch.decode import CutShort, Garbled, TooLarge
from workers.fetch.guard import ForbiddenAddress

EXPECTED = (ForbiddenAddress, aiohttp.ClientError, TimeoutError, OSError, ssl.SSLError, TooLarge, Garbled, CutShort)
"""What a stranger's server can do to a request; everything else is a defect of ours."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A request that came to nothing."""

    status: Status
    reason: str
    is_passing: bool


_FORBIDDEN = Fault(Status.FORBIDDEN_ADDRESS, "the address must not be connected to", is_passing=False)
_FAULTS: Final[Sequence[tuple[type[BaseException], Fault]]] = (
    (ForbiddenAddress, _FORBIDDEN),
    (aiohttp.InvalidURL, _FORBIDDEN),
    (TooLarge, Fault(Status.TOO_LARGE, "the page is too large", is_passing=False)),
    (Garbled, Fault(Status.INVALID_CONTENT, "the body is not encoded as its headers say", is_passing=False)),
    (CutShort, Fault(Status.CONNECT_ERROR, "the answer was cut short", is_passing=True)),
    (aiohttp.ClientPayloadError, Fault(Status.CONNECT_ERROR, "the answer was cut short", is_passing=True)),
    (TimeoutError, Fault(Status.TIMEOUT, "no complete answer in time", is_passing=True)),
    (aiohttp.ClientConnectorDNSError, Fault(Status.DNS_ERROR, "the name has no address", is_passing=True)),
    (ssl.SSLError, Fault(Status.SSL_ERROR, "no trusted TLS connection", is_passing=True)),
    (aiohttp.ClientSSLError, Fault(Status.SSL_ERROR, "no trusted TLS connection", is_passing=True)),
    (aiohttp.ClientConnectorError, Fault(Status.CONNECT_ERROR, "the connection failed", is_passing=True)),
    (aiohttp.ClientResponseError, Fault(Status.HTTP_ERROR, "the answer is not valid HTTP", is_passing=True)),
)
"""The first row that fits counts."""
_LOST = Fault(Status.CONNECT_ERROR, "the connection was lost", is_passing=True)


def fault_of(error: BaseException) -> Fault:
    """What `error`, one of EXPECTED, means for the claim."""
    return next((fault for kind, fault in _FAULTS if isinstance(error, kind)), _LOST)
