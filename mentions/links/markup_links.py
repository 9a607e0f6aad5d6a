"""Links of HTML and XHTML: which attributes of which elements hold the URL of something that the page refers to.

An attribute counts when a reader or the browser follows it to another resource that the page names, cites, shows or
embeds.  Left out, each for its reason: `form[action]`, `button[formaction]` (where input goes, not what is spoken of),
`a[ping]` (a tracker), `script[src]` (code; the contract leaves scripts out), `base[href]` (no resource at all),
`meta[content]` and JSON-LD (talk about the page itself), `iframe[srcdoc]` (another document), `style` and
`[background]` (decoration), `itemid`, `about`, `resource`, `id`, `name`, `data-*` (names, not links)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from mentions.charset import query_encoding
from mentions.hypertext import base_of, read_hypertext, value_of
from mentions.links.search import Search
from mentions.model import Document

URL_ATTRIBUTES: Final[Mapping[str, tuple[str, ...]]] = {
    "a": ("href", "xlink:href"),  # SVG's `a` has the second
    "area": ("href",),
    "link": ("href", "imagesrcset"),
    "img": ("src", "srcset"),
    "image": ("href", "xlink:href"),  # SVG
    "input": ("src",),  # only of an image button
    "video": ("src", "poster"),
    "audio": ("src",),
    "source": ("src", "srcset"),
    "track": ("src",),
    "iframe": ("src",),
    "frame": ("src",),
    "embed": ("src",),
    "object": ("data",),
    "blockquote": ("cite",),
    "q": ("cite",),
    "ins": ("cite",),
    "del": ("cite",),
}
"""Element -> its attributes that hold a URL (HTML, "Attributes"; SVG 2 for `image` and `xlink:href`)."""

_SELECTOR: Final = ",".join(URL_ATTRIBUTES)
_LISTS: Final = frozenset({"srcset", "imagesrcset"})
_GONE: Final = re.compile(r"\s*410(?![0-9])")
_CANDIDATE: Final = re.compile(r"[\s,]*([^\s]+)")
_DESCRIPTORS: Final = re.compile(r"(?:[^,(]++|\([^)]*+\)?)*+,?")


def search_markup(search: Search, document: Document, tree: LexborHTMLParser | None = None) -> None:
    """Shows every link of the document to `search`, in document order, until one is found."""
    tree = read_hypertext(document) if tree is None else tree
    search.is_gone = _says_it_is_gone(tree)
    search.resolve_against(base_of(tree, document))
    search.query_encoding = lambda: query_encoding(document)
    for node in tree.css(_SELECTOR):
        if any(search.is_found(raw, found_in) for raw, found_in in _links_of(node)):
            return


def srcset_urls(value: str) -> Iterator[str]:
    """The URLs of a `srcset`, as HTML 4.8.4.2 splits it: a comma ends a URL only where white space could follow it."""
    position = 0
    while match := _CANDIDATE.match(value, position):
        url, position = match[1], match.end()
        if url.endswith(","):
            url = url.rstrip(",")
        elif descriptors := _DESCRIPTORS.match(value, position):
            position = descriptors.end()
        if url:
            yield url


def _links_of(node: LexborNode) -> Iterator[tuple[str, str]]:
    tag = node.tag or ""
    if tag == "input" and (value_of(node, "type") or "").lower() != "image":
        return
    attributes = node.attributes
    for name in URL_ATTRIBUTES.get(tag, ()):
        if name not in attributes:
            continue
        value = attributes[name] or ""
        for raw in srcset_urls(value) if name in _LISTS else (value,):
            yield raw, f"{tag}[{name}]"


def _says_it_is_gone(tree: LexborHTMLParser) -> bool:
    """`<meta http-equiv="status" content="410 Gone">`, for hosts that cannot answer 410 (indieweb.org)."""
    return any(
        (value_of(meta, "http-equiv") or "").strip().lower() == "status"
        and _GONE.match(value_of(meta, "content") or "") is not None
        for meta in tree.css("meta[http-equiv]")
    )
