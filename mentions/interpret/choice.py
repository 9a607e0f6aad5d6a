"""Which item of a page responds, and whether the link to the target is in its own words.

A fragment in the source's URL names an element; else the entry that gives the source as its URL is meant; else the one
that holds the link; else the only one.  A link that stands beside the chosen entry, or only in a comment that the page
carries, makes a bare mention: nobody's words are shown as another's.  Of entries that are elsewhere, such as those
that a page recommends, none responds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final
from urllib.parse import unquote

from selectolax.lexbor import LexborNode

from mentions import urls
from mentions.interpret import items
from mentions.interpret.dom import Tree, ancestors, attribute
from mentions.interpret.kind import RESPONSE_PROPERTIES
from mentions.interpret.microformats import Found, Root
from mentions.model import Link, Url

ENTRY_TYPES: Final = frozenset(
    {"h-entry", "h-event", "h-review", "h-recipe", "h-listing", "h-product", "h-resume", "h-news"}
)
"""Items that can respond.  A page that has only cards, feeds or citations has no entry."""
_NAMEABLE: Final = ENTRY_TYPES | {"h-cite"}
"""Items that a fragment can name: also a comment, which is somebody's entry elsewhere."""
OTHERS: Final = frozenset({"comment", "comments", "reply", "replies", "response", "responses", "mention", "mentions"})
"""Properties whose items are other people's words."""


class Place(Enum):
    """Where the link stands, seen from the chosen entry."""

    OWN = "own"
    COMMENT = "comment"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Choice:
    """The entry that responds, and where the link stands."""

    entry: Root
    place: Place
    is_permalink: bool
    """The entry is the only one of its page, or the one that the page is about."""


def choose(found: Found, tree: Tree, link: Link, *, source: str, canonical: str | None = None) -> Choice | None:
    """The entry of the page that responds to the link's target; None when the page has none.

    `canonical` is what the page calls itself: an entry of that URL is about the page, too."""
    entries = entries_of(found)
    linking = nodes_of(tree, link)
    by_node = {root.node.mem_id: root for root in found.roots}
    named, inside = _by_fragment(tree, by_node, entries, urls.fragment(source))
    if named is None and not entries:
        return None
    meant = inside or entries
    holding = [root for node in linking if (root := _holder(node, by_node, meant)) is not None]
    holding += [root for root in meant if _responds_to(root, Url(link.url))]
    page = _names_of_page(source, tree.url, canonical)
    about = _about(meant, page)
    chosen = named or next((root for root in about if root in holding), None) or next(iter(about or holding or meant))
    if not (named or about or holding) and (len(meant) > 1 or _is_elsewhere(chosen)):
        return None
    return Choice(chosen, _place(chosen, linking, by_node, Url(link.url)), len(entries) == 1 or chosen in about)


def entry_of_page(found: Found, tree: Tree, *, canonical: str | None = None) -> Root | None:
    """The entry that a page is about: the one with the page's URL, else the only one, unless that is elsewhere."""
    entries = entries_of(found)
    page = _names_of_page(tree.url, canonical)
    if about := _about(entries, page):
        return about[0]
    return entries[0] if len(entries) == 1 and not _is_elsewhere(entries[0]) else None


def entries_of(found: Found) -> list[Root]:
    """The page's own entries in document order: those that are no part of another item."""
    return [root for root in found.roots if ENTRY_TYPES & set(items.types(root.item)) and _is_free(root)]


def nodes_of(tree: Tree, link: Link) -> list[LexborNode]:
    """The elements that link to the target, in document order."""
    selector = link.found_in if "[" in link.found_in and ":" not in link.found_in else "a[href]"
    found = {node.mem_id: node for node in tree.all(selector) if _links(node, selector, link, tree.base)}
    if selector != "a[href]":
        found |= {node.mem_id: node for node in tree.all("a[href]") if _links(node, "a[href]", link, tree.base)}
    return list(found.values())


def own_words(node: LexborNode, entry: Root, by_node: dict[int, Root]) -> Place:
    """Where an element stands, seen from an entry."""
    inner = next((by_node[around.mem_id] for around in ancestors(node) if around.mem_id in by_node), None)
    while inner is not None and inner is not entry:
        if OTHERS & set(inner.names):
            return Place.COMMENT if _is_inside(inner, entry) else Place.OUTSIDE
        if not inner.names and ENTRY_TYPES & set(items.types(inner.item)):
            return Place.OUTSIDE
        inner = inner.parent
    return Place.OWN if inner is entry else Place.OUTSIDE


def _place(entry: Root, linking: Iterable[LexborNode], by_node: dict[int, Root], target: Url) -> Place:
    places = {own_words(node, entry, by_node) for node in linking}
    if Place.OWN in places or _responds_to(entry, target):
        return Place.OWN
    return Place.COMMENT if Place.COMMENT in places else Place.OUTSIDE


def _by_fragment(
    tree: Tree, by_node: dict[int, Root], entries: Sequence[Root], fragment: str | None
) -> tuple[Root | None, list[Root]]:
    """The item that the fragment's element is or is in; where it is in none, the entries that it holds."""
    element = None if fragment is None else _indicated(tree, fragment)
    if element is None:
        return None, []
    for around in ancestors(element):
        root = by_node.get(around.mem_id)
        if root is not None and _NAMEABLE & set(items.types(root.item)):
            return root, []
    inside = {node.mem_id for node in element.css("[class]")}
    return None, [root for root in entries if root.node.mem_id in inside]


def _indicated(tree: Tree, fragment: str) -> LexborNode | None:
    """The element that a fragment names: by its id or, on older pages, by the name of an anchor (HTML 7.4.6.3)."""
    wanted = (fragment, unquote(fragment))
    for selector, name in (("[id]", "id"), ("a[name]", "name")):
        found = next((node for node in tree.all(selector) if attribute(node, name) in wanted), None)
        if found is not None:
            return found
    return None


def _holder(node: LexborNode, by_node: dict[int, Root], entries: Sequence[Root]) -> Root | None:
    """The innermost entry around an element, when the element is not in a comment of it."""
    for around in ancestors(node):
        root = by_node.get(around.mem_id)
        if root is not None and root in entries:
            return root
    return None


def _is_free(root: Root) -> bool:
    current: Root | None = root
    while current is not None:
        if current.names and not _is_listed(current):
            return False
        current = current.parent
    return True


def _is_listed(root: Root) -> bool:
    """Is the item what its feed, or its news article, consists of?  The `item` of a review is what it speaks of."""
    if "entry" in root.names:
        return True
    return "item" in root.names and root.parent is not None and "h-feed" in items.types(root.parent.item)


def _is_inside(root: Root, entry: Root) -> bool:
    current: Root | None = root
    while current is not None and current is not entry:
        current = current.parent
    return current is entry


def _names_of_page(*pages: str | None) -> frozenset[Url]:
    """The URLs that the page goes by, with and without a fragment."""
    parsed = [url for page in pages if page and (url := urls.parse(page)) is not None]
    return frozenset((*parsed, *map(urls.without_fragment, parsed)))


def _has_url(root: Root, page: frozenset[Url]) -> bool:
    own = [value for value in items.values(root.item, "url") if isinstance(value, str)]
    return any(raw in page or urls.parse(raw) in page for raw in own)


def _about(entries: Sequence[Root], page: frozenset[Url]) -> list[Root]:
    """The entries that give one of the page's URLs as theirs, to the letter or nearly."""
    if about := [root for root in entries if _has_url(root, page)]:
        return about
    keys = {_like(url) for url in page}
    return [root for root in entries if any(_like(url) in keys for url in items.links(items.values(root.item, "url")))]


def _like(url: Url) -> str:
    """The same for URLs that differ in scheme, `www.` or a slash at the end, which themes get wrong."""
    return urls.page_key(url).rstrip("/")


def _is_elsewhere(root: Root) -> bool:
    """Does the entry say that it stands on another page?  An implied URL says nothing: it is any link."""
    return "u-url" in root.first and not root.has_implied_url and bool(items.links(items.values(root.item, "url")))


def _responds_to(root: Root, target: Url) -> bool:
    return any(items.names(value, target) for name in RESPONSE_PROPERTIES for value in items.values(root.item, name))


def _links(node: LexborNode, selector: str, link: Link, base: str) -> bool:
    name = selector.partition("[")[2].rstrip("]")
    value = attribute(node, name) or ""
    if name.endswith("srcset"):
        return link.raw in value
    if value == link.raw and len(value) < 500:
        return True
    host = urls.authority(link.url)
    is_plainly_elsewhere = host not in value.lower() and ("//" in value[:8] or host not in base)
    return not is_plainly_elsewhere and urls.parse(value, base=base) == link.url
