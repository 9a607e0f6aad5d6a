"""How to tell a page that it was linked to: webmention where it takes them, else pingback.  (indieweb.org/reply)"""

from __future__ import annotations

from dataclasses import dataclass

from mentions.model import Fetched, Protocol, Url
from mentions.protocol import pingback, webmention


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who takes responses to a page, and by which protocol."""

    protocol: Protocol
    """WEBMENTION or PINGBACK."""
    endpoint: Url


def find_receiver(fetched: Fetched) -> Receiver | None:
    """The one receiver of a page; None when it advertises none.  ParserError for markup that is made to be slow."""
    if (endpoint := webmention.find_endpoint(fetched)) is not None:
        return Receiver(Protocol.WEBMENTION, endpoint)
    if (server := pingback.find_server(fetched)) is not None:
        return Receiver(Protocol.PINGBACK, server)
    return None
