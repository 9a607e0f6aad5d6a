"""URLs that name one response: our permalinks, and on the page of its post what people and weblogs write.

`https://post.example/doors#c-7` is what our fragments make of a response; `?replytocom=7` is WordPress' link to answer
a comment without script, `?c=7` what its webmention plugin is moving to.  Pure: whether there is such a response on
that page, its caller finds out."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from mentions import urls
from mentions.jf2 import permalink_base

_ID: Final = re.compile(r"([0-9]{1,18})")
_ANCHOR: Final = re.compile(r"c-([0-9]{1,18})")
_QUERY: Final = re.compile(r"(?:^|&)(?:replytocom|c)=([0-9]{1,18})(?=&|$)")


def named_comment(url: str) -> tuple[str, int] | None:
    """The post's URL and the `wm-id` that it names there; None for a URL that names no response."""
    if urls.parse(url) is None:
        return None
    parts = urlsplit(url)
    if found := _QUERY.search(parts.query):
        query = (parts.query[: found.start()] + parts.query[found.end() :]).removeprefix("&")
        return urlunsplit((parts.scheme, parts.netloc, parts.path, query, "")), int(found[1])
    if found := _ANCHOR.fullmatch(parts.fragment):
        return urlunsplit((parts.scheme, parts.netloc, parts.path, parts.query, "")), int(found[1])
    return None


def permalink_id(url: str, public_url: str) -> int | None:
    """The `wm-id` in one of our permalinks, http or https; None for any other URL."""
    key, base = urls.page_key(url), urls.page_key(permalink_base(public_url))
    found = _ID.fullmatch(key.removeprefix(base)) if key.startswith(base) else None
    return int(found[1]) if found else None
