"""Which addresses may be connected to: a table, then real connections that must not be made."""

from __future__ import annotations

import socket
from ipaddress import ip_address, ip_network

import pytest

from mentions import urls
from mentions.model import Fetched, Refused, Status, Unreachable, Url
from tests.peers import Peer
from workers.fetch.client import Fetcher
from workers.fetch.guard import AddressPolicy, ForbiddenAddress, is_public
from workers.fetch.pace import Pace

FORBIDDEN = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.255.255.254",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.8", "192.0.0.170", "192.0.2.1",
    "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1",
    "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
    "64:ff9b:1::1", "64:ff9b:1::808:808", "100::1", "2001::1", "2001:0:7f00:1::", "2001:10::1", "2001:2::1",
    "2001:db8::1", "2002:7f00:1::", "2002:a00:1::", "2002:808:808::", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254",
    "fe80::1", "febf::1", "fec0::1", "feff::1", "ff02::1", "ff0e::1", "4000::1", "1000::1",
]  # fmt: skip
PUBLIC = [
    "1.1.1.1", "8.8.8.8", "93.184.216.34", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.0.1.1",
    "198.17.0.1", "223.255.255.254", "2606:2800:220:1:248:1893:25c8:1946", "2a00:1450::1", "2001:200::1", "2003::1",
    "::ffff:8.8.8.8", "64:ff9b::808:808",
]  # fmt: skip


@pytest.mark.parametrize("address", FORBIDDEN)
def test_special_addresses_are_nobodys_public_page(address):
    assert not is_public(ip_address(address))
    with pytest.raises(ForbiddenAddress):
        AddressPolicy().check(address, 80)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_connected_to(address):
    assert is_public(ip_address(address))
    AddressPolicy().check(address, 443)


@pytest.mark.parametrize("port", [0, 21, 22, 23, 25, 110, 3306, 5432, 6379, 8000, 11211, 65535])
def test_other_ports_of_public_addresses_are_refused(port):
    with pytest.raises(ForbiddenAddress):
        AddressPolicy().check("8.8.8.8", port)


def test_allowed_networks_may_be_reached_on_any_port_and_nothing_beside_them():
    policy = AddressPolicy(allowed_networks=(ip_network("10.1.0.0/16"),))
    policy.check("10.1.2.3", 6379)
    policy.check("::ffff:10.1.2.3", 6379)
    with pytest.raises(ForbiddenAddress):
        policy.check("10.2.0.1", 80)


def test_the_demos_port_is_open_on_loopback_only():
    policy = AddressPolicy(loopback_port=8080)
    policy.check("127.0.0.1", 8080)
    policy.check("::1", 8080)
    for address, port in (("127.0.0.1", 8081), ("10.0.0.1", 8080), ("169.254.169.254", 8080)):
        with pytest.raises(ForbiddenAddress):
            policy.check(address, port)


def test_a_scoped_address_and_what_is_none_are_refused():
    for odd in ("fe80::1%eth0", "localhost", "", "1.2.3"):
        with pytest.raises(ForbiddenAddress):
            AddressPolicy().check(odd, 80)


SPELLINGS = [
    "127.0.0.1", "localhost", "0.0.0.0", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.0.0.1.", "localhost.",
    "①②⑦.0.0.1", "127。0。0。1", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "[::ffff:7f00:1]",
]  # fmt: skip


@pytest.mark.parametrize("host", SPELLINGS)
async def test_no_spelling_of_loopback_is_connected_to(host, peer: Peer, public_fetcher: Fetcher):
    peer.serve("/secret", "secret")
    url = urls.parse(f"http://{host}:{peer.port}/secret")
    assert url is not None
    seen = await public_fetcher.get(url)
    assert isinstance(seen, Refused | Unreachable), seen
    assert seen.status in (Status.FORBIDDEN_ADDRESS, Status.DNS_ERROR)
    assert peer.requests == []


async def test_a_redirect_to_a_forbidden_address_is_refused_at_that_hop(peer: Peer):
    peer.serve("/away", status=302, headers={"Location": f"http://127.0.0.2:{peer.port}/inner"})
    policy = AddressPolicy(allowed_networks=(ip_network("127.0.0.1/32"),))
    async with Peer("127.0.0.2", peer.port) as inner:
        inner.serve("/inner", "secret")
        async with Fetcher(policy, pace=Pace(None, per_authority=4), user_agent="x") as fetcher:
            seen = await fetcher.get(Url(peer.url("/away")))
    assert isinstance(seen, Refused)
    assert seen.status is Status.FORBIDDEN_ADDRESS
    assert [hop.status for hop in seen.hops] == [302, None]
    assert inner.requests == []


async def test_a_post_is_guarded_at_every_hop_too(peer: Peer):
    peer.serve("/endpoint", status=307, headers={"Location": f"http://127.0.0.2:{peer.port}/inner"})
    policy = AddressPolicy(allowed_networks=(ip_network("127.0.0.1/32"),))
    pace = Pace(None, per_authority=4)
    async with Peer("127.0.0.2", peer.port) as inner, Fetcher(policy, pace=pace, user_agent="x") as fetcher:
        posted = await fetcher.post_form(Url(peer.url("/endpoint")), {"source": "a"})
    assert posted.fault is not None
    assert posted.fault.status is Status.FORBIDDEN_ADDRESS
    assert inner.requests == []


class Rebinding:
    """A name server that answers each question with the next of its answers."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, _host: str, port: int, _family: int) -> list[tuple[object, ...]]:
        self.asked += 1
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]


async def fetch_by_name(lookup: Rebinding, port: int, *, allowed: str = "127.0.0.1/32", path: str = "/page"):
    policy = AddressPolicy(allowed_networks=(ip_network(allowed),), public_ports={port})
    async with Fetcher(policy, pace=Pace(None, per_authority=4), user_agent="x", lookup=lookup) as fetcher:
        return await fetcher.get(Url(f"http://rebinding.example:{port}{path}"), budget_s=3)


async def test_a_name_that_changes_its_address_between_hops_is_looked_at_again(peer: Peer):
    peer.serve("/page", status=302, headers={"Location": "/inner", "Connection": "close"})
    lookup = Rebinding(["127.0.0.1"], ["127.0.0.2"])
    async with Peer("127.0.0.2", peer.port) as inner:
        inner.serve("/inner", "secret")
        seen = await fetch_by_name(lookup, peer.port)
    assert isinstance(seen, Refused)
    assert seen.status is Status.FORBIDDEN_ADDRESS
    assert (lookup.asked, inner.requests) == (2, [])


async def test_a_name_with_a_public_and_a_forbidden_address_is_refused_as_a_whole(peer: Peer):
    seen = await fetch_by_name(Rebinding(["8.8.8.8", "10.0.0.1"]), peer.port)
    assert isinstance(seen, Refused)
    assert seen.status is Status.FORBIDDEN_ADDRESS


async def test_an_allowed_address_beside_a_forbidden_one_is_used(peer: Peer):
    peer.serve("/page", "hello")
    seen = await fetch_by_name(Rebinding(["10.0.0.1", "127.0.0.1"]), peer.port)
    assert isinstance(seen, Fetched)


async def test_a_name_without_an_address_may_have_one_later(fetcher: Fetcher):
    seen = await fetcher.get(Url("http://no-such-name.invalid/"))
    assert isinstance(seen, Unreachable)
    assert seen.status is Status.DNS_ERROR


async def test_the_demo_is_reached_by_its_own_name_and_no_other(peer: Peer):
    peer.serve("/page", "hello")
    fetcher = Fetcher(
        AddressPolicy(),
        pace=Pace(None, per_authority=4),
        user_agent="x",
        own_authority=f"localhost:{peer.port}",
        own_port=peer.port,
    )
    async with fetcher:
        assert isinstance(await fetcher.get(Url(f"http://localhost:{peer.port}/page")), Fetched)
        assert isinstance(await fetcher.get(Url(f"http://127.0.0.1:{peer.port}/page")), Refused)
    assert len(peer.requests) == 1


@pytest.mark.parametrize("scheme", ["https", "http"])
async def test_a_url_with_a_user_name_is_never_asked(scheme, peer: Peer, fetcher: Fetcher):
    seen = await fetcher.get(Url(f"{scheme}://user:pw@{peer.authority}/"))
    assert isinstance(seen, Refused)
    assert seen.status is Status.FORBIDDEN_ADDRESS
    assert peer.requests == []
