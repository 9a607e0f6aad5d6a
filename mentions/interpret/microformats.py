"""Finds the microformats of a page: items, rels and rel-urls, as the microformats2 parsing specification says.

https://microformats.org/wiki/microformats2-parsing.  Works on the lexbor tree that the link was verified on, visits each
element once, and stops at limits instead of failing: a page may be hostile.  `Found.roots` tells beside the JSON which
element each item came from, so that a link can be placed in its item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from selectolax.lexbor import LexborNode

from mentions.interpret import classic, properties
from mentions.interpret.dom import WHITE, Tree, attribute, classes, following, resolve, text_of, tokens

MAX_NESTING: Final = 16
"""Items inside items; a thread of comments that goes deeper is cut there."""
MAX_ITEMS: Final = 2_000
MAX_CLASSES: Final = 64
"""Class names of one element that are looked at."""
MAX_TEXT: Final = 4 << 20
"""Characters of values in all: nested items repeat their text on every level."""


@dataclass(slots=True, eq=False)
class Root:
    """An item and where it stands: its element, the item around it, and the properties that it is there."""

    node: LexborNode
    item: dict[str, Any]
    parent: Root | None
    names: tuple[str, ...]
    """The properties of the parent whose value it is; empty for a child that is none."""
    has_implied_name: bool = False
    first: dict[str, Any] = field(default_factory=dict)
    """The first explicit `p-name` and `u-url`, which speak for the item where it is a property."""


@dataclass(slots=True)
class Found:
    """The microformats of one page.  `data` is the JSON that the specification describes."""

    data: dict[str, Any]
    roots: list[Root] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def parse_mf2(html: str, url: str) -> dict[str, Any]:
    """The microformats of a page as JSON: `items`, `rels`, `rel-urls`."""
    return find(Tree.of(html, url=url)).data


def find(tree: Tree) -> Found:
    """The microformats of a tree, and the elements that they came from.  Never raises."""
    return _Finder(tree).find()


@dataclass(slots=True)
class _Item:
    """An item while it is put together."""

    root: Root
    classic: tuple[str, ...]
    lang: str | None
    default_date: str | None = None
    has_text: bool = False
    """A p- or e- property or an item was met: the name is not implied."""
    has_url: bool = False
    """A u- property or an item was met: url and photo are not implied."""


class _Finder:
    """One walk over a tree; keeps the budget and the notes."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.base = tree.base
        self.lang = tree.lang
        self.found = Found({"items": [], "rels": {}, "rel-urls": {}})
        self.text_left = MAX_TEXT

    def find(self) -> Found:
        root = self.tree.root
        current = root
        while current is not None and root is not None:
            names = _names(current)
            inside = current.first_child
            if types := _roots(names):
                self.found.data["items"].append(self._item(current, types, (), None, ()).item)
                inside = None
            elif old := classic.roots(names):
                self.found.data["items"].append(self._item(current, classic.types(old), tuple(old), None, ()).item)
                inside = None
            elif current.tag == "template":
                inside = None
            current = inside if inside is not None else following(current, root)
        self._rels()
        return self.found

    def _item(
        self, node: LexborNode, types: list[str], old: tuple[str, ...], parent: Root | None, names: tuple[str, ...]
    ) -> Root:
        """One item with everything in it."""
        root = Root(node, {"type": sorted(types), "properties": {}}, parent, names)
        self.found.roots.append(root)
        item = _Item(root, old, attribute(node, "lang"))
        depth = 0
        while parent is not None:
            parent, depth = parent.parent, depth + 1
        if depth >= MAX_NESTING or len(self.found.roots) > MAX_ITEMS:
            self._note("items were left out: too many, or too deep")
        else:
            self._properties(item)
            if not old:
                self._imply(item)
        if identity := attribute(node, "id"):
            root.item["id"] = identity
        if node.tag == "area":
            root.item |= {name: value for name in ("shape", "coords") if (value := attribute(node, name)) is not None}
        if lang := item.lang or self.lang:
            root.item["lang"] = lang
        return root

    def _properties(self, item: _Item) -> None:
        """Walks over the elements of an item, not into items inside it."""
        within = item.root.node
        current = within.first_child
        while current is not None:
            inside = current.first_child
            if current.tag == "template" or (current.is_element_node and self._element(current, item)):
                inside = None
            current = inside if inside is not None else following(current, within)

    def _element(self, node: LexborNode, item: _Item) -> bool:
        """Reads one element of an item; says whether it is an item of its own."""
        written = _names(node)
        rels = tokens(attribute(node, "rel")) if item.classic else []
        if not written and not rels:
            return False
        names = classic.translate(written, rels, item.classic) if item.classic else written
        found = [match for name in names if (match := properties.PROPERTY.match(name))]
        types = _roots(written)
        old: tuple[str, ...] = ()
        if not types and (classic_roots := classic.roots(written)):
            types, old = classic.types(classic_roots), tuple(classic_roots)
        elif not types and item.classic:
            types = _roots(names)
            old = ("item",) if types == ["h-item"] else ()
        if types:
            self._nested(node, item, types, old, found)
            return True
        for match in found:
            self._add(item, node, match[1], match[2])
        return False

    def _add(self, item: _Item, node: LexborNode, prefix: str, name: str) -> None:
        """One property of an element that is no item."""
        value = self._value(item, node, prefix, name)
        if prefix in ("p", "e"):
            item.has_text = True
        elif prefix == "u":
            item.has_url = True
        item.root.item["properties"].setdefault(name, []).append(value)
        item.root.first.setdefault(f"{prefix}-{name}", value)

    def _value(self, item: _Item, node: LexborNode, prefix: str, name: str) -> Any:
        if self.text_left <= 0:
            self._note("values were left empty: too much text")
            return {"html": "", "value": ""} if prefix == "e" else ""
        value: Any
        if prefix == "p":
            value = _tag_of(node) if item.classic and name in ("category", "skill") else None
            value = properties.text_value(node, self.base) if value is None else value
        elif prefix == "u":
            value = properties.url_value(node, self.base)
        elif prefix == "dt":
            value, date = properties.time_value(node, self.base, item.default_date)
            item.default_date = date or item.default_date
        else:
            value = properties.html_value(node, self.base, item.lang or self.lang)
        self.text_left -= len(value) if isinstance(value, str) else len(value["value"]) + len(value.get("html", ""))
        return value

    def _nested(self, node: LexborNode, item: _Item, types: list[str], old: tuple[str, ...], found: list[Any]) -> None:
        """An item inside an item: the value of the properties that its element names, else a child."""
        item.has_text = item.has_url = True
        # the plain value is taken first: reading the inner item makes its URLs absolute and drops templates
        plain = {match[1]: self._value(item, node, match[1], match[2]) for match in found}
        root = self._item(node, types, old, item.root, tuple(match[2] for match in found))
        if not found:
            item.root.item.setdefault("children", []).append(root.item)
        for match in found:
            value = dict(root.item)
            value |= _nested_value(match[1], root, plain[match[1]])
            if len(found) == 1:
                root.item.update(value)
                value = root.item
            item.root.item["properties"].setdefault(match[2], []).append(value)
            item.root.first.setdefault(f"{match[1]}-{match[2]}", value)

    def _imply(self, item: _Item) -> None:
        """Name, photo and url of an item that does not give them."""
        found, node = item.root.item["properties"], item.root.node
        if "name" not in found and not item.has_text and self.text_left > 0:
            name = properties.implied_name(node, self.base)
            self.text_left -= len(name)
            found["name"] = [name]
            item.root.first["p-name"] = name
            item.root.has_implied_name = True
        if (
            "photo" not in found
            and not item.has_url
            and (photo := properties.implied_photo(node, self.base)) is not None
        ):
            found["photo"] = [photo]
        if "url" not in found and not item.has_url and (link := properties.implied_url(node, self.base)) is not None:
            found["url"] = [link]
            item.root.first["u-url"] = link

    def _rels(self) -> None:
        rels: dict[str, list[str]] = self.found.data["rels"]
        urls: dict[str, dict[str, Any]] = self.found.data["rel-urls"]
        for node in self.tree.all("a[rel],area[rel],link[rel]"):
            names = list(dict.fromkeys(tokens(attribute(node, "rel"))))
            href = attribute(node, "href")
            if not names or href is None:
                continue
            _rel(node, names, resolve(self.base, href), rels, urls)

    def _note(self, text: str) -> None:
        if text not in self.found.notes:
            self.found.notes.append(text)


def _names(node: LexborNode) -> list[str]:
    """The class names of an element, as many as are looked at."""
    return classes(node)[:MAX_CLASSES] if node.is_element_node else []


def _roots(names: list[str]) -> list[str]:
    return list(dict.fromkeys(name for name in names if properties.ROOT.match(name)))


def _tag_of(node: LexborNode) -> str | None:
    """The tag that a classic `rel=tag` link without a class names: the last segment of its URL's path."""
    if "tag" not in tokens(attribute(node, "rel")) or {"category", "skill"} & set(classes(node)):
        return None
    path = (attribute(node, "href") or "").split("?")[0].split("#")[0]
    segments = [segment for segment in path.split("/") if segment]
    return unquote(segments[-1]) if segments else None


def _nested_value(prefix: str, root: Root, plain: Any) -> dict[str, Any]:
    """What an item is worth as a plain value: its name for p-, its URL for u-, else what its element says."""
    value = root.first.get({"p": "p-name", "u": "u-url"}.get(prefix, ""), plain)
    if prefix == "u" and "u-url" not in root.first and "url" in root.item["properties"]:
        value = root.node.text().strip(WHITE)  # a url of another kind stands in the way; the suite wants the bare text
    if prefix == "e" and isinstance(plain, Mapping):
        return {"value": plain["value"], "html": plain["html"]}
    if isinstance(value, Mapping) and "type" in value:
        value = value.get("value", "")
    return {"value": value}


def _rel(
    node: LexborNode, names: list[str], url: str, rels: dict[str, list[str]], urls: dict[str, dict[str, Any]]
) -> None:
    """Files one link by its rel values and by its URL; the first one with a URL describes it."""
    entry = urls.setdefault(url, {"rels": []})
    entry.setdefault("text", text_of(node, base=url))
    for name in ("hreflang", "media", "title", "type"):
        if value := attribute(node, name):
            entry.setdefault(name, value)
    for name in names:
        if url not in rels.setdefault(name, []):
            rels[name].append(url)
        if name not in entry["rels"]:
            entry["rels"].append(name)
