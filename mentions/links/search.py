"""One search for one target: every URL of a document is shown to it, in order, until one is the target."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from mentions import urls
from mentions.model import Link, NearMiss, Url

MAX_NEAR_MISSES: Final = 10
"""Enough to see what went wrong; a page may link a thousand times to its own pages."""
MAX_RAW: Final = 500
"""Characters of a link's own spelling that are kept."""
MAX_URL: Final = 2048
"""Characters of a near miss that are kept; the target itself is no longer than that."""

_PLAIN_ABSOLUTE: Final = re.compile(r"https?://((?:[a-z0-9-]+\.)+[a-z]+)(?::[0-9]{1,5})?(?:[/?#]|\Z)")
"""A URL whose host the standard leaves as it is written."""
_PLAIN_RELATIVE: Final = re.compile(r"[#?]|/(?![/\\\t\r\n])|[A-Za-z0-9_.~%-]+(?:[/?#]|\Z)")
"""A reference that cannot leave the host of its base."""


class Search:
    """What is wanted, and what has been found so far."""

    def __init__(self, target: str) -> None:
        wanted = urls.parse(target)
        self.wanted = None if wanted is None or urls.has_userinfo(wanted) else wanted
        self.link: Link | None = None
        self.near_misses: list[NearMiss] = []
        self.is_gone = False
        self.notes: list[str] = []
        self.query_encoding: Callable[[], str | None] = lambda: None
        """That of the document where it is not UTF-8: browsers write the queries of its links in it."""
        self._site = urls.site_authority(self.wanted or "")
        self._host = re.sub(r":\d+\Z", "", self._site)
        self._base: str | None = None
        self._base_is_elsewhere = True
        self._seen: set[str] = set()

    def resolve_against(self, base: str) -> None:
        """From now on references are relative to `base`; before, only absolute URLs count."""
        self._base = base
        self._base_is_elsewhere = urls.site_authority(base) != self._site

    def is_found(self, raw: str, found_in: str) -> bool:
        """Looks at one URL as written; True when it is the target, which ends the search."""
        if self.wanted is None or raw in self._seen:
            return False
        self._seen.add(raw)
        if self._is_plainly_elsewhere(raw):
            return False
        url = urls.parse(raw, base=self._base)
        if url is None:
            return False
        if url == self.wanted or self._is_wanted_in_its_encoding(raw):
            self.link = Link(url=self.wanted, raw=raw[:MAX_RAW], found_in=found_in)
            return True
        if len(self.near_misses) < MAX_NEAR_MISSES and self._host in url:
            self._note_near_miss(url, raw, found_in)
        return False

    def _is_wanted_in_its_encoding(self, raw: str) -> bool:
        if raw.isascii() or (encoding := self.query_encoding()) is None:
            return False
        meant = urls.in_encoding(raw, encoding)
        return meant is not None and urls.parse(meant, base=self._base) == self.wanted

    def _note_near_miss(self, url: Url, raw: str, found_in: str) -> None:
        reason = urls.near_miss_reason(url, self.wanted or "")
        if reason is not None and all(url != miss.link.url for miss in self.near_misses):
            self.near_misses.append(NearMiss(Link(url=url[:MAX_URL], raw=raw[:MAX_RAW], found_in=found_in), reason))

    def _is_plainly_elsewhere(self, raw: str) -> bool:
        """Most links of a page are; asking the URL parser about each would be half the cost of a search."""
        if absolute := _PLAIN_ABSOLUTE.match(raw):
            host = absolute[1]
            return host != self._host and not host.endswith("." + self._host)
        return self._base_is_elsewhere and _PLAIN_RELATIVE.match(raw) is not None
