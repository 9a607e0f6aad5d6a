"""What does the owner of a site want shown, and whom do they not want to hear from?

A new site shows whatever has verified; everything else is an option of the site (contract §7).  Options that are
missing or of a shape that this version does not know count as not set: an odd option never stops a mention.

    hold            "none" (default) | "all" | "strangers": what waits for approval
    hold_kinds      kinds that wait for approval whatever `hold` says, such as ["mention"]
    hold_protocols  protocols that do, such as ["pingback"]
    trusted         authorities whose responses never wait, such as ["friend.example"]"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar
from typing import Protocol as TypingProtocol

from mentions import urls
from mentions.model import Author, EntryState, Reaction
from mentions.model import Protocol as WmProtocol


class BlockRule(TypingProtocol):
    """A block as it is kept: what it compares (`authority`, `url_prefix`, `author`), and with what."""

    @property
    def kind(self) -> str: ...
    @property
    def value(self) -> str: ...


B = TypeVar("B", bound=BlockRule)


def initial_state(
    site_options: Mapping[str, Any],
    reaction: Reaction,
    protocol: WmProtocol,
    *,
    source: str = "",
    is_known: bool = False,
) -> EntryState:
    """Whether a new response is shown at once or held.

    `is_known`: this site has shown a response of the same source host before (what "strangers" asks for)."""
    trusted = {urls.site_authority(name) for name in _strings(site_options.get("trusted"))}
    if source and urls.site_authority(source) in trusted:
        return EntryState.SHOWN
    if reaction.kind.value in _strings(site_options.get("hold_kinds")):
        return EntryState.HELD
    if protocol.value in _strings(site_options.get("hold_protocols")):
        return EntryState.HELD
    hold = site_options.get("hold", "none")
    if hold == "all" or (hold == "strangers" and not is_known):
        return EntryState.HELD
    return EntryState.SHOWN


def is_blocked(blocks: Iterable[B], source: str, author: Author | None = None) -> B | None:
    """The first block that the source (or where it led to) or its author runs into; None: welcome."""
    return next((block for block in blocks if _hits(block, source, author)), None)


def _hits(block: BlockRule, source: str, author: Author | None) -> bool:
    match block.kind:
        case "authority":
            return _is_at_or_below(source, block.value) or bool(
                author and author.url and _is_at_or_below(author.url, block.value)
            )
        case "url_prefix":
            return _has_prefix(source, block.value)
        case "author":
            return author is not None and _is_author(author, block.value)
        case _:
            return False


def _is_at_or_below(url: str, authority: str) -> bool:
    """Whether the URL's host is the blocked one or below it: who has a domain has all names in it."""
    host, blocked = urls.site_authority(url), urls.site_authority(authority)
    return bool(blocked) and (host == blocked or host.endswith(f".{blocked}"))


def _has_prefix(url: str, prefix: str) -> bool:
    """Whether the page lies below the prefix, http and https, `www.` and not being one: as pages are told apart."""
    key, blocked = urls.page_key(url), urls.page_key(prefix)
    return bool(blocked) and key.startswith(blocked)


def _is_author(author: Author, blocked: str) -> bool:
    """Whether the author is the blocked one, named by URL or, where it is none, by name."""
    key = urls.page_key(blocked)
    if key:
        return author.url is not None and urls.page_key(author.url) == key
    return author.name is not None and author.name.strip().casefold() == blocked.strip().casefold()


def _strings(value: object) -> frozenset[str]:
    items = value if isinstance(value, list | tuple) else ()
    return frozenset(item for item in items if isinstance(item, str))
