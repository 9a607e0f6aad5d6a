"""Who asks: the address of the client, behind proxies that we trust; by what it is counted, and how much it may do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from aiohttp import web

from mentions.errors import RateLimited
from service import keys

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def address_of(request: web.Request) -> Address | None:
    """The client's address; X-Forwarded-For is believed only as far as trusted proxies wrote it."""
    return read_address(
        request.remote,
        request.headers.getall("X-Forwarded-For", ()),
        request.app[keys.SETTINGS].trusted_proxies,
    )


def read_address(peer: str | None, forwarded_for: Sequence[str], trusted: Sequence[Network]) -> Address | None:
    """The right-most address that no trusted proxy has; None when there is no address at all (a Unix socket)."""
    chain = [part.strip() for header in forwarded_for for part in header.split(",")] + [peer or ""]
    known: Address | None = None
    for part in reversed(chain):
        if (address := _parse(part)) is None:
            break
        known = address
        if not any(address in network for network in trusted):
            break
    return known


def rate_key(address: Address | None) -> str:
    """What a client is counted by: its IPv4 address, or the /64 that its IPv6 address is in."""
    if isinstance(address, IPv6Address):
        return str(ip_network((int(address) >> 64 << 64, 64)))
    return str(address or "local")


async def visitor_of(request: web.Request) -> bytes:
    """Hash of who asks, by which they are the same visitor for a month at most; raises Unavailable."""
    return await request.app[keys.VISITORS].hash(rate_key(address_of(request)))


async def limit(request: web.Request, what: str, *, rate: float, burst: int) -> None:
    """Raises RateLimited when the client did more of it than `burst` at once and then `rate` a second."""
    await limit_of(request, f"{what}:{rate_key(address_of(request))}", rate=rate, burst=burst)


async def limit_of(request: web.Request, key: str, *, rate: float, burst: int) -> None:
    """The same for whatever `key` names, whoever asks."""
    if not request.app[keys.SETTINGS].rate_limits:
        return
    now = datetime.now(UTC)
    if wait_s := await request.app[keys.LIMITS].allow(key, rate=rate, burst=burst, now=now):
        raise RateLimited("That was a little fast; please try again in a moment.", retry_after_s=wait_s)


def _parse(text: str) -> Address | None:
    """An address, without port or brackets; IPv4 in IPv6 is IPv4."""
    bare = text.strip('"')
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ip_address(bare)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
