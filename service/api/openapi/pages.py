"""Operations of what people, and the pages of others, read as HTML; and what is published of the widget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from service.api.openapi.parts import STRING, Part, answer, choice, media, number, operation, path, query

_LANG: Final = query("lang", "Language of the words around; English where it is not spoken here.")
_ALSO: Final = query("also", "A second language, for headings beside the first.")
_LOOK: Final = (
    "page_target",
    _LANG,
    _ALSO,
    query("within", "The fragment stands inside the post's own h-entry.", choice("h-entry")),
    query("level", "Level of the heading.", number(1, None, 5)),
    query("sort", "", choice("oldest", "newest", default="oldest")),
    query("after", "`next` of the page before."),
)

PAGES: Final[Mapping[str, Part]] = {
    "/thread.html": {
        "get": operation(
            "threadHtml",
            "The thread of a page as a fragment that parses as microformats, for an include at build time or the edge.",
            {200: answer("The fragment.", media(html=STRING)), 304: "Known", 400: "Malformed"},
            _LOOK,
        )
    },
    "/embed": {
        "get": operation(
            "embed",
            "The same as a complete page, for an iframe or for no script at all.",
            {200: answer("The page.", media(html=STRING)), 304: "Known", 400: "Malformed"},
            _LOOK,
        )
    },
    "/entries/{id}": {
        "get": operation(
            "permalink",
            "A response as a page of its own, with its answers.",
            {
                200: answer("An h-entry, or an h-cite of what came from elsewhere.", media(html=STRING)),
                304: "Known",
                404: "Missing",
                410: answer("It was removed.", media(html=STRING)),
            },
            (path("id", "`wm-id`", {"type": "integer"}), _LANG),
        )
    },
    "/feed.atom": {
        "get": operation(
            "siteFeed",
            "The responses to all pages of a site, with `thr:in-reply-to`.",
            {
                200: answer("Atom, the newest response first.", media(atom=STRING)),
                304: "Known",
                400: "Malformed",
                404: "Missing",
            },
            (query("domain", "The site.", required=True), query("per-page", "", number(1, 50, 500))),
        )
    },
    "/widget/integrity.json": {
        "get": operation(
            "integrity",
            "The published versions of the widget with their addresses and hashes.",
            {200: answer("By version and name.", media(json={"type": "object"})), 304: "Known"},
        )
    },
}
