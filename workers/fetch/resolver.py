"""Which addresses does a name have?

The system's resolver, asked in threads of our own: a slow name server holds up nobody but the names that it is asked
for.  (uvloop's own getaddrinfo has four threads for everything.)  A name that answers with a public and a forbidden
address is refused as a whole: that is how rebinding looks.  The last word has `guard.py`, when the socket is made."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp.abc import AbstractResolver, ResolveResult

from workers.fetch.guard import AddressPolicy, ForbiddenAddress
from workers.threads import in_thread

AddressInfos = list[tuple[Any, ...]]
"""As socket.getaddrinfo tells them."""
Lookup = Callable[[str, int, int], Awaitable[AddressInfos]]

LOOKUPS_AT_A_TIME: Final = 64
"""Names that one process looks up at the same time; a thread that waits costs next to nothing."""


class GuardedResolver(AbstractResolver):
    """Resolves names with getaddrinfo, and refuses those that lead to a forbidden address."""

    def __init__(self, policy: AddressPolicy, lookup: Lookup | None = None) -> None:
        """`lookup` asks for the addresses of a name; by default the system does."""
        self._policy = policy
        self._lookup = lookup or look_up_in_thread
        self._free = asyncio.Semaphore(LOOKUPS_AT_A_TIME)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of `host` that may be connected to.

        Raises OSError when the name has none, ForbiddenAddress when all of them are forbidden or some that are stand
        beside public ones."""
        async with self._free:
            found = await self._lookup(host, port, family)
        permitted: list[ResolveResult] = []
        refusal: ForbiddenAddress | None = None
        for answer_family, _, protocol, _, sockaddr in found:
            address = str(sockaddr[0])
            try:
                self._policy.check(address, port)
            except ForbiddenAddress as error:
                refusal = error
                continue
            flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
            permitted.append(
                ResolveResult(hostname=host, host=address, port=port, family=answer_family, proto=protocol, flags=flags)
            )
        exempt = [self._policy.is_exempt(answer["host"], port) for answer in permitted]
        if refusal is not None and not (exempt and all(exempt)):
            raise refusal
        if not permitted:
            raise OSError(None, "the name has no address")
        return permitted

    async def close(self) -> None:
        """Nothing is kept open."""


async def look_up_in_thread(host: str, port: int, family: int) -> AddressInfos:
    """getaddrinfo in a thread that nobody waits for when the process ends."""

    def look_up() -> AddressInfos:
        try:
            return list(socket.getaddrinfo(host, port, family, socket.SOCK_STREAM))
        except UnicodeError as error:  # a label that is too long or empty
            raise OSError(None, str(error)) from None

    return await in_thread(look_up, f"resolve {host[:40]}")
