"""Which addresses may be connected to?

The decision is made on the exact address and port of each connection, at the moment the socket is made: after DNS, on
every hop, for IP literals too, so that neither a redirect nor a name that changes its address gets around it.
`resolver.py` asks the same policy earlier, for names that answer with a mix of addresses.

`ipaddress.is_global` is wrong on Python 3.11 for multicast, NAT64, 6to4, fec0::/10 and more, so the table below stands
for itself (IANA IPv4 and IPv6 Special-Purpose Address Registries; RFC 6890, 6052, 3056, 4380, 3879, 9637, 9602)."""

from __future__ import annotations

import socket
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

FORBIDDEN: Final[Sequence[IPNetwork]] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by carriers
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local: cloud metadata lives here
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relay anycast, deprecated
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "::/96",  # unspecified, loopback, IPv4-compatible
        "64:ff9b:1::/48",  # local-use NAT64
        "100::/64",  # discard
        "100:0:0:1::/64",  # dummy
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarking …
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, deprecated: the IPv4 inside may be anything
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fc00::/7",  # unique local
        "fe80::/10",  # link-local
        "fec0::/10",  # site-local, deprecated
        "ff00::/8",  # multicast
    )
)
"""Special-purpose networks: nothing in them is a stranger's public page."""
GLOBAL_UNICAST: Final = ip_network("2000::/3")
"""The only IPv6 block that is handed out to the public Internet."""
NAT64: Final = IPv6Network("64:ff9b::/96")
"""The well-known NAT64 prefix (RFC 6052): judged by the IPv4 address in its last four bytes."""


class ForbiddenAddress(Exception):
    """A connection that must not be made.  No OSError, so that nothing on the way takes it for a failed connection."""

    def __init__(self, address: object, port: int, why: str) -> None:
        super().__init__(why)
        self.address, self.port, self.why = str(address), port, why


def unwrapped(address: IPAddress) -> IPAddress:
    """The IPv4 address that an IPv4-mapped or NAT64 address stands for; every other address as it is."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_public(address: IPAddress) -> bool:
    """Whether the address can belong to a stranger's public server."""
    address = unwrapped(address)
    if isinstance(address, IPv6Address) and address not in GLOBAL_UNICAST:
        return False
    return not any(address in network for network in FORBIDDEN if network.version == address.version)


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Which addresses and ports may be connected to."""

    allowed_networks: Sequence[IPNetwork] = ()
    """Networks that may be reached although they are not public, on any port."""
    public_ports: Collection[int] = frozenset({80, 443, 8080, 8443})
    """Ports that may be used of public addresses."""
    loopback_port: int | None = None
    """One port of the loopback addresses that may be reached: our own, where the demo blog lives."""

    def is_exempt(self, host: str, port: int) -> bool:
        """Whether the operator, or the demo, lets this address through although it may not be public."""
        address = unwrapped(ip_address(host.partition("%")[0]))
        if any(address in network for network in self.allowed_networks if network.version == address.version):
            return True
        return port == self.loopback_port and address.is_loopback

    def check(self, host: str, port: int) -> None:
        """Raises ForbiddenAddress unless `host`, an IP address as text, may be connected to at `port`."""
        try:
            address = unwrapped(ip_address(host.partition("%")[0]))
        except ValueError:
            raise ForbiddenAddress(host, port, "not an IP address") from None
        if self.is_exempt(host, port):
            return
        if not is_public(address):
            raise ForbiddenAddress(address, port, "the address is not public")
        if port not in self.public_ports:
            raise ForbiddenAddress(address, port, f"port {port} is not allowed")

    def make_socket(self, addr_info: tuple[Any, ...]) -> socket.socket:
        """A socket for the address that is about to be connected to (aiohttp's `socket_factory`)."""
        family, kind, protocol, _, sockaddr = addr_info
        self.check(str(sockaddr[0]), int(sockaddr[1]))
        return socket.socket(family=family, type=kind, proto=protocol)
