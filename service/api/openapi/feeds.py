"""Operations of the Atom feeds with threading (RFC 4685)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from service.api.openapi.parts import STRING, Part, answer, media, number, operation, query

_FEED: Final = answer("Atom, the newest response first.", media(atom=STRING))
_PER_PAGE: Final = query("per-page", "", number(1, 50, 500))

FEEDS: Final[Mapping[str, Part]] = {
    "/api/thread.atom": {
        "get": operation(
            "threadFeed",
            "The responses to a page, with `thr:in-reply-to`; also `/thread.atom`.",
            {200: _FEED, 304: "Known", 400: "Malformed"},
            ("page_target", _PER_PAGE),
        )
    },
}
