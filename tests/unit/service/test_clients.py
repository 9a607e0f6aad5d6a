"""Whose address counts, and as what (service/clients.py)."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from service import clients

PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "expected"),
    [
        ("203.0.113.7", [], "203.0.113.7"),
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["192.0.2.66, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["192.0.2.66", "198.51.100.1, 10.9.9.9"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("fd00::1", ['"[2001:db8::1]:80"'], "2001:db8::1"),
        ("10.0.0.1", ["unknown"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1, nonsense"], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("::ffff:203.0.113.7", [], "203.0.113.7"),
        (None, [], None),
        ("", ["198.51.100.1"], None),
    ],
)
def test_the_address_is_the_last_one_that_a_trusted_proxy_saw(peer, forwarded_for, expected):
    found = clients.read_address(peer, forwarded_for, PROXIES)
    assert found == (ip_address(expected) if expected else None)


def test_a_household_with_ipv6_counts_as_one_client():
    one, two, other = (ip_address(a) for a in ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1"))
    assert clients.rate_key(one) == clients.rate_key(two) == "2001:db8:0:1::/64"
    assert clients.rate_key(one) != clients.rate_key(other)
    assert clients.rate_key(ip_address("203.0.113.7")) == "203.0.113.7"
    assert clients.rate_key(None) == "local"
