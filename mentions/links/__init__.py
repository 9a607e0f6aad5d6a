"""Does a fetched document link to the target?  (Webmention 3.2.2; Pingback 1.0, "verify that the source links")

Looks at HTML and XHTML (`hypertext.py` beside the table of attributes in `attributes.py`), JSON string values and plain
text, and compares with the standard's serialisation of both URLs, fragment kept.  Knows nothing of fetching
(workers/fetch) or of what the link means (interpret/)."""

from __future__ import annotations

from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser

from mentions.links.json_strings import search_json
from mentions.links.markup_links import search_markup
from mentions.links.plain_text import search_text
from mentions.links.search import MAX_NEAR_MISSES, Search
from mentions.media import Media, media_of
from mentions.model import Document, Link, NearMiss

__all__ = ["MAX_NEAR_MISSES", "LinkSearch", "find_link"]


@dataclass(frozen=True, slots=True)
class LinkSearch:
    """What was found: at most one link, the first in document order that is the target."""

    link: Link | None
    near_misses: tuple[NearMiss, ...] = ()
    """Links to another spelling of the target, up to `MAX_NEAR_MISSES`, in document order."""
    is_gone: bool = False
    """The page says of itself that it is gone (`<meta http-equiv=status content=410>`); `link` is None then."""
    unsupported: bool = False
    """The document is of a type in which no link is looked for."""
    notes: tuple[str, ...] = ()


def find_link(document: Document, target: str, *, tree: LexborHTMLParser | None = None) -> LinkSearch:
    """Looks for `target` in `document`; ParserError for markup that is made to be slow.

    `tree` is what `read_hypertext` made of the document, if somebody needed it before."""
    search = Search(target)
    match media_of(document):
        case Media.HTML | Media.XHTML:
            search_markup(search, document, tree)
        case Media.JSON:
            search_json(search, document)
        case Media.TEXT:
            search_text(search, document)
        case _:
            return LinkSearch(link=None, unsupported=True)
    return LinkSearch(
        link=None if search.is_gone else search.link,
        near_misses=tuple(search.near_misses),
        is_gone=search.is_gone,
        notes=tuple(search.notes),
    )
