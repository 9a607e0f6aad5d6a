"""What does a stranger's server answer?

One GET under one budget: time, decoded bytes and hops, counted over all redirects.  Every hop is walked by hand, with
the guard and the pace asked anew, and recorded.  Expected outcomes are values (`Sighting`, `Posted`), never
exceptions; only `pace.HostBusy` is raised, when the first hop has to wait its turn.  What the document says is for
others (`mentions/links.py`); a `<meta http-equiv=refresh>` is never followed.  (Webmention 3.2.2, 4.1–4.5.)"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from mentions import urls
from mentions.model import (
    Document,
    Fetched,
    Gone,
    Hop,
    Refused,
    Sighting,
    Status,
    Unchanged,
    Unreachable,
    Url,
)
from workers.fetch import answers
from workers.fetch.decode import BodyReader, TooLarge
from workers.fetch.faults import EXPECTED, Fault, fault_of
from workers.fetch.guard import AddressPolicy, ForbiddenAddress
from workers.fetch.pace import HostBusy, Pace
from workers.fetch.resolver import Lookup
from workers.fetch.session import guarded_session
from workers.fetch.trail import Trail

BUDGET_S: Final = 20.0
MAX_BYTES: Final = 1 << 20
MAX_HOPS: Final = 10
MAX_POST_HOPS: Final = 5
MAX_ANSWER_BYTES: Final = 64 << 10
"""Of the answer to a POST: a status line would do."""
PIECE_BYTES: Final = 64 << 10
FIRST_HOP_PATIENCE_S: Final = 2.0
"""How long a job may wait for its turn at a host before it is put back into the queue."""
ACCEPT_PAGES: Final = (
    "text/html, application/xhtml+xml;q=0.9, application/json;q=0.7, application/activity+json;q=0.6, "
    "text/plain;q=0.5, */*;q=0.1"
)


@dataclass(frozen=True, slots=True)
class Posted:
    """What came of one POST.  `status` is None when there was no answer; `fault` then says why."""

    url: str
    status: int | None
    hops: tuple[Hop, ...]
    location: Url | None = None
    body: bytes = b""
    """At most MAX_ANSWER_BYTES of the answer, decoded."""
    fault: Fault | None = None
    retry_after_s: int | None = None
    was_asked: bool = True
    """False: others held all places at the host, and nothing was sent."""

    @property
    def is_accepted(self) -> bool:
        """Whether the answer is a 2xx."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_passing(self) -> bool:
        """Whether the same POST may succeed later."""
        if self.fault is not None:
            return self.fault.is_passing
        return self.status is not None and answers.is_passing(self.status)


@dataclass(frozen=True, slots=True)
class _Ask:
    """What one GET asks for, and how far it may go."""

    headers: Mapping[str, str]
    is_readable: Callable[[str], bool]
    max_bytes: int
    is_lenient: bool
    waits: bool


class Fetcher:
    """The one guarded client.  Made inside the event loop; an async context manager."""

    def __init__(
        self,
        policy: AddressPolicy,
        *,
        pace: Pace,
        user_agent: str,
        own_authority: str | None = None,
        own_port: int = 0,
        lookup: Lookup | None = None,
    ) -> None:
        """`own_authority` (while the demo is on) may be reached on loopback at `own_port`, by exactly that name.
        `lookup` asks for the addresses of names; by default the system does."""
        self._pace = pace
        self._policy = policy
        self._strangers = guarded_session(policy, user_agent=user_agent, lookup=lookup)
        self._own_authority = own_authority
        self._own: aiohttp.ClientSession | None = None
        if own_authority is not None:
            own_policy = AddressPolicy(policy.allowed_networks, policy.public_ports, loopback_port=own_port)
            self._own = guarded_session(own_policy, user_agent=user_agent, lookup=lookup)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes every connection."""
        await self._strangers.close()
        if self._own is not None:
            await self._own.close()

    def is_opened(self, authority: str) -> bool:
        """Whether the operator opened this very address, or the demo's own name, though it is no public one."""
        if authority == self._own_authority:
            return True
        host, _, port = authority.rpartition(":") if re.search(r":[0-9]+$", authority) else (authority, "", "0")
        try:
            return self._policy.is_exempt(host.strip("[]"), int(port))
        except ValueError:
            return False  # a name, whose addresses are only known when it is connected to

    async def get(
        self,
        url: Url,
        *,
        accept: str = ACCEPT_PAGES,
        authorization: str | None = None,
        etag: str | None = None,
        last_modified: str | None = None,
        budget_s: float = BUDGET_S,
        max_bytes: int = MAX_BYTES,
        max_hops: int = MAX_HOPS,
        is_readable: Callable[[str], bool] = bool,
        is_lenient: bool = False,
        waits: bool = False,
    ) -> Sighting:
        """One GET, redirects followed.

        A body of a media type that not `is_readable` (by default: that is not named) is refused unread, one over
        `max_bytes` is refused.  A lenient caller, who wants the headers most, gets an empty body instead of the first
        and the beginning of the second.  Who sends an `authorization` allows no hop: it must not go elsewhere.
        Raises pace.HostBusy when the first hop has to wait for its turn; one who `waits` does so within the budget."""
        headers = {"Accept": accept}
        if authorization is not None:
            headers["Authorization"] = authorization
        if etag is not None:
            headers["If-None-Match"] = etag
        if last_modified is not None:
            headers["If-Modified-Since"] = last_modified
        ask = _Ask(headers, is_readable, max_bytes, is_lenient, waits)
        trail = Trail(budget_s)
        at = url
        for _ in range(max_hops + 1):
            outcome = await self._hop(at, ask, trail)
            if not isinstance(outcome, str):
                return outcome
            at = outcome
        return Refused(Status.TOO_MANY_REDIRECTS, f"more than {max_hops} redirects", trail.hops)

    async def _hop(self, url: Url, ask: _Ask, trail: Trail) -> Sighting | Url:
        """One request of a GET: the outcome, or where the page is instead."""
        is_first = not trail.hops and not ask.waits
        trail.begin(url)
        patience_s = FIRST_HOP_PATIENCE_S if is_first else trail.left_s
        try:
            async with self._pace.place(urls.authority(url), patience_s=patience_s, is_first=is_first):
                trail.begin(url)
                async with asyncio.timeout_at(trail.deadline), self._request("GET", url, ask.headers) as response:
                    trail.answered(response.status)
                    return await _see(url, response, ask, trail)
        except HostBusy:
            if is_first:
                raise
            return Unreachable(Status.TIMEOUT, "no complete answer in time", trail.end("no turn at this host in time"))
        except EXPECTED as error:
            fault = fault_of(error)
            hops = trail.end(fault.reason)
            if fault.is_passing:
                return Unreachable(fault.status, fault.reason, hops)
            return Refused(fault.status, fault.reason, hops)

    def _request(
        self, method: str, url: Url, headers: Mapping[str, str], body: bytes | None = None
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """A request of one hop, with the URL as it is: yarl would rewrite %2F, %7E and %3B.

        Raises ForbiddenAddress for a URL that carries a user name: we log in nowhere."""
        if urls.has_userinfo(url):
            raise ForbiddenAddress(urls.authority(url), 0, "a user name in the URL")
        is_own = self._own_authority is not None and urls.authority(url) == self._own_authority
        session = self._own if is_own and self._own is not None else self._strangers
        wire_url = URL(urls.without_fragment(url), encoded=True)
        return session.request(method, wire_url, headers=headers, data=body, allow_redirects=False)

    async def post_form(
        self,
        url: Url,
        fields: Mapping[str, str],
        *,
        headers: Mapping[str, str] | None = None,
        budget_s: float = BUDGET_S,
        max_hops: int = MAX_POST_HOPS,
    ) -> Posted:
        """POSTs a form.  See `post`."""
        return await self.post(
            url,
            urlencode(fields).encode(),
            content_type="application/x-www-form-urlencoded",
            headers=headers,
            budget_s=budget_s,
            max_hops=max_hops,
        )

    async def post_xml(self, url: Url, body: bytes, *, budget_s: float = BUDGET_S) -> Posted:
        """POSTs an XML-RPC call.  See `post`."""
        return await self.post(url, body, content_type="text/xml", budget_s=budget_s)

    async def post(
        self,
        url: Url,
        body: bytes,
        *,
        content_type: str,
        headers: Mapping[str, str] | None = None,
        budget_s: float = BUDGET_S,
        max_hops: int = MAX_POST_HOPS,
    ) -> Posted:
        """One POST.  307 and 308 are POSTed again, each under the guard; 301, 302 and 303 are the answer: whoever
        follows them with a GET has delivered nothing.  Who sends a secret allows no hop."""
        sent = {"Content-Type": content_type, "Accept": "*/*", **(headers or {})}
        trail = Trail(budget_s)
        at = url
        for _ in range(max_hops + 1):
            outcome = await self._post_hop(at, sent, body, trail)
            if isinstance(outcome, Posted):
                return outcome
            at = outcome
        fault = Fault(Status.TOO_MANY_REDIRECTS, f"more than {max_hops} redirects", is_passing=False)
        return Posted(at, None, trail.hops, fault=fault)

    async def _post_hop(self, url: Url, headers: Mapping[str, str], body: bytes, trail: Trail) -> Posted | Url:
        """One request of a POST: the outcome, or where to POST instead."""
        trail.begin(url)
        try:
            async with (
                self._pace.place(urls.authority(url), patience_s=trail.left_s, is_first=False),
                asyncio.timeout_at(trail.deadline),
                self._request("POST", url, headers, body) as response,
            ):
                trail.answered(response.status)
                named = response.headers.get("Location")
                location = urls.resolve_redirect(url, named) if named is not None else None
                if response.status in {307, 308} and location is not None:
                    trail.end()
                    return location
                content = await _read(response, MAX_ANSWER_BYTES, is_lenient=True)
                return Posted(
                    url,
                    response.status,
                    trail.end(),
                    location=location,
                    body=content,
                    retry_after_s=answers.retry_after_s(response.headers, now=datetime.now(UTC)),
                )
        except HostBusy:
            fault = Fault(Status.TIMEOUT, "no turn at this host in time", is_passing=True)
            return Posted(url, None, trail.end(fault.reason), fault=fault, was_asked=False)
        except EXPECTED as error:
            fault = fault_of(error)
            return Posted(url, None, trail.end(fault.reason), fault=fault)


async def _see(url: Url, response: aiohttp.ClientResponse, ask: _Ask, trail: Trail) -> Sighting | Url:
    """What one answer to a GET means.  Reads the body only of a page that is wanted."""
    if answers.is_redirect(response.status) and "Location" in response.headers:
        target = urls.resolve_redirect(url, response.headers["Location"])
        hops = trail.end()
        return target or Refused(Status.FORBIDDEN_ADDRESS, "a redirect to what is no http(s) URL", hops)
    if 200 <= response.status < 300 and response.status != 206:
        return await _see_page(url, response, ask, trail)
    return _see_no_page(response, trail.end())


def _see_no_page(response: aiohttp.ClientResponse, hops: tuple[Hop, ...]) -> Sighting:
    """What an answer without a page means: unchanged, gone, later, or never."""
    status = response.status
    if status == 304:
        return Unchanged(hops)
    if status in answers.GONE:
        return Gone(answers.GONE[status], hops)
    words = f"the server answered {status}"
    if answers.is_passing(status):
        wait_s = answers.retry_after_s(response.headers, now=datetime.now(UTC))
        return Unreachable(Status.HTTP_ERROR, words, hops, wait_s)
    return Refused(Status.HTTP_ERROR, words, hops)


async def _see_page(url: Url, response: aiohttp.ClientResponse, ask: _Ask, trail: Trail) -> Sighting:
    """The page, unless its media type says that it is none for us."""
    headers = response.headers
    media_type, charset = answers.media_type(headers)
    is_readable = ask.is_readable(media_type)
    if not is_readable and not ask.is_lenient:
        return Refused(Status.UNSUPPORTED_CONTENT_TYPE, f"{media_type or 'no type'} holds no links", trail.end())
    body = await _read(response, ask.max_bytes, is_lenient=ask.is_lenient) if is_readable else b""
    return Fetched(
        Document(url, media_type, charset, body),
        trail.end(),
        etag=_validator(headers.get("ETag")),
        last_modified=_validator(headers.get("Last-Modified")),
        links=answers.link_values(headers),
        headers=answers.kept_headers(headers),
    )


async def _read(response: aiohttp.ClientResponse, max_bytes: int, *, is_lenient: bool) -> bytes:
    """The decoded body, piece by piece.  Raises decode.TooLarge, unless the beginning is enough for the caller."""
    reader = BodyReader(response.headers.get("Content-Encoding", ""), max_bytes=max_bytes)
    try:
        async for piece in response.content.iter_chunked(PIECE_BYTES):
            reader.feed(piece)
    except TooLarge:
        response.close()
        if not is_lenient:
            raise
        return reader.so_far()
    return reader.finish()


def _validator(value: str | None) -> str | None:
    """An ETag or Last-Modified that can be stored and sent back."""
    return value if value and len(value) <= 200 and value.isascii() and value.isprintable() else None
