"""Which links of a page are sent to: those of its entry's own words, and what it responds to.

Not the navigation, not the author's card, not the comments that the page shows (they have been sent by their authors),
not the copies that it names, not itself; each once; `rel=nofollow` makes no difference."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from selectolax.lexbor import LexborNode

from mentions import urls
from mentions.interpret.choice import Place, entries_of, entry_of_page, own_words
from mentions.interpret.dom import Tree, ancestors, attribute, classes, tokens
from mentions.interpret.entry import response_links
from mentions.interpret.microformats import Root, find
from mentions.model import OutgoingLinks, Url

MAX_LINKS: Final = 500
_FRAME: Final = frozenset({"nav", "header", "footer", "aside", "form"})
"""Elements around the content of a page without microformats."""
_NOT_SPOKEN_OF: Final = frozenset({"u-url", "u-uid", "u-syndication", "p-author", "u-author", "u-photo", "u-featured"})
"""Properties whose links are about the entry and not spoken of in it."""
_NOT_SPOKEN_OF_RELS: Final = frozenset(
    {"author", "bookmark", "me", "syndication", "webmention", "pingback", "shortlink", "license"}
)
_LINKS: Final = (
    ("a[href]", "href"),
    ("area[href]", "href"),
    ("blockquote[cite]", "cite"),
    ("q[cite]", "cite"),
    ("ins[cite]", "cite"),
    ("del[cite]", "cite"),
)


def links_of(tree: Tree) -> OutgoingLinks:
    """The links of the page's entry, in document order, responses first."""
    found = find(tree)
    notes = tuple(found.notes)
    own = {urls.without_fragment(tree.url)}
    entries = entries_of(found)
    entry = entries[0] if len(entries) == 1 else entry_of_page(found, tree)
    if entry is None:
        return OutgoingLinks(
            Url(tree.url), _kept(_of_page(tree), own, tree.base), (*notes, "no entry: links of the page's text")
        )
    by_node = {root.node.mem_id: root for root in found.roots}
    own |= {urls.without_fragment(raw) for raw in entry.item["properties"].get("url", []) if isinstance(raw, str)}
    spoken = (*response_links(entry.item), *_of_entry(entry, by_node))
    return OutgoingLinks(Url(tree.url), _kept(spoken, own, tree.base), notes)


def _of_entry(entry: Root, by_node: dict[int, Root]) -> Iterable[str]:
    """The links in the entry's content; of an entry without one, those in its own words."""
    contents = [node for node in entry.node.css("[class]") if {"e-content", "entry-content"} & set(classes(node))]
    mine = [node for node in contents if own_words(node, entry, by_node) is Place.OWN]
    for scope in mine or [entry.node]:
        for node, raw in _links_in(scope):
            if own_words(node, entry, by_node) is Place.OWN and not _is_about_entry(node, entry.node):
                yield raw


def _of_page(tree: Tree) -> Iterable[str]:
    scope = tree.first("article") or tree.first("main") or tree.parser.body
    for node, raw in _links_in(scope) if scope is not None else ():
        if not any(around.tag in _FRAME for around in ancestors(node)):
            yield raw


def _links_in(scope: LexborNode) -> Iterable[tuple[LexborNode, str]]:
    names = dict(selector.rstrip("]").split("[") for selector, _ in _LINKS)
    for node in scope.css(",".join(selector for selector, _ in _LINKS)):
        if (raw := attribute(node, names[node.tag or ""])) is not None:
            yield node, raw


def _is_about_entry(node: LexborNode, within: LexborNode) -> bool:
    if _NOT_SPOKEN_OF_RELS & set(tokens(attribute(node, "rel"))):
        return True
    for around in ancestors(node):
        if around.mem_id == within.mem_id:
            return False
        if _NOT_SPOKEN_OF & set(classes(around)):
            return True
    return False


def _kept(found: Iterable[str], own: set[Url], base: str) -> tuple[Url, ...]:
    """Resolved, each once, none that leads to the page itself."""
    kept: dict[Url, None] = {}
    for raw in found:
        url = urls.parse(raw, base=base)
        if url is not None and urls.without_fragment(url) not in own and not urls.has_userinfo(url):
            kept.setdefault(url)
        if len(kept) >= MAX_LINKS:
            break
    return tuple(kept)
