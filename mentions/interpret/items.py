"""Asks mf2 JSON for values, whatever shape they have: strings for objects, objects for strings, nulls, no lists.

Our own parser makes well-formed JSON; what was stored by an older one, or written by hand, may not be.  Nothing here
raises, and nothing recurses deeper than an item's own values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from mentions import urls
from mentions.model import Url

Item = Mapping[str, Any]

MAX_VALUES: Final = 200
"""Values of one property that are looked at."""
MAX_URL: Final = 4_096
"""Characters of a URL; longer ones are none."""


def is_item(value: Any) -> bool:
    """Is the value an embedded item, and not a plain or an e- value?"""
    return isinstance(value, dict) and isinstance(value.get("properties"), dict)


def types(item: Any) -> tuple[str, ...]:
    """The types of an item, `h-entry` and the like."""
    found = item.get("type") if isinstance(item, dict) else None
    listed = [found] if isinstance(found, str) else found if isinstance(found, Sequence) else ()
    return tuple(name for name in listed if isinstance(name, str))


def values(item: Any, *names: str) -> list[Any]:
    """The values of the first of these properties that has any; nulls and empty strings are none."""
    properties = item.get("properties") if isinstance(item, dict) else None
    if not isinstance(properties, dict):
        return []
    for name in names:
        if (found := properties.get(name)) is not None:
            listed = found[:MAX_VALUES] if isinstance(found, list | tuple) else [found]
            if kept := [value for value in listed if value and isinstance(value, str | dict)]:
                return kept
    return []


def text(value: Any) -> str:
    """What a value says as text: itself, its `value`, or the name of an embedded item."""
    for _ in range(4):
        if not isinstance(value, dict):
            break
        inner = value.get("value")
        value = inner if inner and isinstance(inner, str | dict) else next(iter(values(value, "name")), "")
    return value if isinstance(value, str) else ""


def first_text(item: Any, *names: str) -> str:
    """The text of the first value that has one; empty when none has."""
    for name in names:
        for value in values(item, name):
            if said := text(value).strip():
                return said
    return ""


def raw_urls(value: Any) -> list[str]:
    """The URLs that a value goes by, as written: itself, or url and uid of an item, or else its value."""
    if isinstance(value, str):
        return [value]
    if not isinstance(value, dict):
        return []
    own = [found for name in ("url", "uid") for found in values(value, name) if not is_item(found)]
    found = [said for one in own if (said := text(one))]
    return found or ([said] if (said := text(value)) else [])


def links(found: Iterable[Any], *, limit: int = MAX_VALUES) -> tuple[Url, ...]:
    """The http(s) URLs that these values go by, safe in attributes, each once, in order."""
    seen: dict[Url, None] = {}
    for value in found:
        for raw in raw_urls(value):
            if len(seen) >= limit:
                return tuple(seen)
            if len(raw) <= MAX_URL and (url := _presentable(raw)) is not None:
                seen.setdefault(url)
    return tuple(seen)


def names(value: Any, target: Url) -> bool:
    """Does the value name the parsed URL `target`: as the URL that it is, or as url, uid or value of an item?"""
    return any(raw == target or (len(raw) <= MAX_URL and _parsed(raw) == target) for raw in raw_urls(value))


@lru_cache(maxsize=1024)
def _parsed(raw: str) -> Url | None:
    """The same URLs are asked about again and again on one page."""
    return urls.parse(raw)


@lru_cache(maxsize=1024)
def _presentable(raw: str) -> Url | None:
    url = urls.attribute_safe(raw)
    return None if url is None or ("@" in url and urls.has_userinfo(url)) else url
