"""How is a connection to a stranger made?

A guarded aiohttp session: our resolver, our socket factory, no cookies, no proxy from the environment, no redirect
that we did not look at, no decompression behind our back.  Facts found by trying (aiohttp 3.14): happy eyeballs can
merge several errors into one and hide the guard's own, so it is off; a DNS cache would outlive the check."""

from __future__ import annotations

from typing import Final

import aiohttp

from workers.fetch.decode import ACCEPT_ENCODING
from workers.fetch.guard import AddressPolicy
from workers.fetch.resolver import GuardedResolver, Lookup

CONNECT_TIMEOUT_S: Final = 7.0
"""For one address; a host with several then still has time for the next one within the budget."""
KEEP_ALIVE_S: Final = 10.0
MAX_HEADER_LINE: Final = 8190
MAX_HEADER_VALUE: Final = 16_380
"""Bytes of one header; Link headers of 10 kB are real."""
MAX_HEADERS: Final = 128


def guarded_session(policy: AddressPolicy, *, user_agent: str, lookup: Lookup | None = None) -> aiohttp.ClientSession:
    """A session that connects only where `policy` lets it.  To be made inside the event loop; the caller closes it."""
    connector = aiohttp.TCPConnector(
        limit=0,
        use_dns_cache=False,
        happy_eyeballs_delay=None,
        resolver=GuardedResolver(policy, lookup),
        socket_factory=policy.make_socket,
        keepalive_timeout=KEEP_ALIVE_S,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": user_agent, "Accept-Encoding": ACCEPT_ENCODING},
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
        auto_decompress=False,
        trust_env=False,
        requote_redirect_url=False,
        max_line_size=MAX_HEADER_LINE,
        max_field_size=MAX_HEADER_VALUE,
        max_headers=MAX_HEADERS,
    )
