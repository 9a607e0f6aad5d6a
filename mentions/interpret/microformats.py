"""Finds the microformats of a page: items, rels and rel-urls, as the microformats2 parsing specification says.

https://microformats.org/wiki/microformats2-parsing.  Works on the lexbor tree that the link was verified on, visits
each element that can matter once, and stops at limits instead of failing: a page may be hostile.  `Found.roots` tells
beside the JSON which element each item came from, so that a link can be placed in its item.  Why this is ours and not
a library's: docs/decisions/0020-own-microformats-reader.md."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote

from selectolax.lexbor import LexborNode

from mentions.interpret import classic, properties
from mentions.interpret.dom import WHITE, Tree, attribute, classes, resolve, split, text_of, tokens

MAX_NESTING: Final = 16
"""Items inside items; a thread of comments that goes deeper is cut there."""
MAX_ITEMS: Final = 2_000
MAX_CLASSES: Final = 64
"""Class names of one element that are looked at."""
MAX_TEXT: Final = 4 << 20
"""Characters of values in all: nested items repeat their text on every level."""
MAX_WALKED: Final = 500_000
"""Nodes that are looked at for these in all: where text has pictures or lines, nested ones cost their nodes again."""
_MF2: Final = re.compile(r"(?:^|[ \t\n\f\r])(?:h|p|u|dt|e)-[a-z0-9]")
_CLASSIC_ROOT: Final = re.compile(r"(?:^|[ \t\n\f\r])(?:" + "|".join(classic.CLASSIC) + r")(?:[ \t\n\f\r]|$)")
_REL_LINKS: Final = "a[rel][href],area[rel][href],link[rel][href]"
_REL_DETAILS: Final = ("hreflang", "media", "title", "type")


@dataclass(slots=True, eq=False)
class Root:
    """An item and where it stands: its element, the item around it, and the properties that it is there."""

    node: LexborNode
    item: dict[str, Any]
    parent: Root | None
    names: tuple[str, ...]
    """The properties of the parent whose value it is; empty for a child that is none."""
    has_implied_name: bool = False
    has_implied_url: bool = False
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
    default_date: str | None = None
    has_text: bool = False
    """A p- or e- property or an item was met: the name is not implied."""
    has_url: bool = False
    """A u- property or an item was met: url and photo are not implied."""


@dataclass(slots=True)
class _Mark:
    """An element whose class names (or, inside classic items, rel values) may mean something, and those inside it."""

    node: LexborNode
    names: list[str]
    inside: list[_Mark] = field(default_factory=list)


class _Finder:
    """One walk over the marked elements of a tree; keeps the budget and the notes."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.found = Found({"items": [], "rels": {}, "rel-urls": {}})
        self.text_left = MAX_TEXT

    def find(self) -> Found:
        waiting = _marks(self.tree)[::-1]
        while waiting:
            mark = waiting.pop()
            types, old = _types(mark.names)
            if types:
                self.found.data["items"].append(self._item(mark, types, old, None, ()).item)
            else:
                waiting.extend(reversed(mark.inside))
        self._rels()
        return self.found

    def _item(
        self, mark: _Mark, types: list[str], old: tuple[str, ...], parent: Root | None, names: tuple[str, ...]
    ) -> Root:
        """One item with everything in it."""
        node = mark.node
        root = Root(node, {"type": sorted(types), "properties": {}}, parent, names)
        self.found.roots.append(root)
        attributes = node.attributes
        item = _Item(root, old)
        if _depth(root) >= MAX_NESTING or len(self.found.roots) > MAX_ITEMS:
            self._note("items were left out: too many, or too deep")
        else:
            self._properties(mark, item)
            if not old:
                self._imply(item)
        if identity := attributes.get("id"):
            root.item["id"] = identity
        if node.tag == "area":
            root.item |= {name: attributes[name] or "" for name in ("shape", "coords") if name in attributes}
        if lang := self.tree.language(node):
            root.item["lang"] = lang
        return root

    def _properties(self, mark: _Mark, item: _Item) -> None:
        """Walks over the marked elements of an item, not into items inside it."""
        waiting = mark.inside[::-1]
        while waiting:
            current = waiting.pop()
            if not self._element(current, item):
                waiting.extend(reversed(current.inside))

    def _element(self, mark: _Mark, item: _Item) -> bool:
        """Reads one element of an item; says whether it is an item of its own."""
        names = mark.names
        types, old = _types(names)
        if item.classic:
            names = classic.translate(names, tokens(attribute(mark.node, "rel")), item.classic)
            if not types:
                types = _roots(names)
                old = ("item",) if types == ["h-item"] else ()
        found = [(match[1], match[2]) for name in names if (match := properties.PROPERTY.match(name))]
        if types:
            self._nested(mark, item, types, old, found)
            return True
        for prefix, name in found:
            self._add(item, mark.node, prefix, name)
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
        if self._has_enough():
            self._note("values were left empty: too much text")
            return {"html": "", "value": ""} if prefix == "e" else ""
        value: Any
        if prefix == "p":
            value = _tag_of(node) if item.classic and name in ("category", "skill") else None
            value = properties.text_value(node, self.tree) if value is None else value
        elif prefix == "u":
            value = properties.url_value(node, self.tree)
        elif prefix == "dt":
            value, date = properties.time_value(node, self.tree, item.default_date)
            item.default_date = date or item.default_date
        else:
            value = properties.html_value(node, self.tree)
        self.text_left -= len(value) if isinstance(value, str) else len(value["value"]) + len(value.get("html", ""))
        return value

    def _has_enough(self) -> bool:
        return self.text_left <= 0 or self.tree.walked > MAX_WALKED

    def _nested(
        self, mark: _Mark, item: _Item, types: list[str], old: tuple[str, ...], found: list[tuple[str, str]]
    ) -> None:
        """An item inside an item: the value of the properties that its element names, else a child."""
        item.has_text = item.has_url = True
        root = self._item(mark, types, old, item.root, tuple(name for _, name in found))
        if not found:
            item.root.item.setdefault("children", []).append(root.item)
        for prefix, name in found:
            value = root.item if len(found) == 1 else dict(root.item)
            value |= self._worth(item, root, prefix, name)
            item.root.item["properties"].setdefault(name, []).append(value)
            item.root.first.setdefault(f"{prefix}-{name}", value)

    def _worth(self, item: _Item, root: Root, prefix: str, name: str) -> dict[str, Any]:
        """What an item is worth as a plain value: its name for p-, its URL for u-, else what its element says."""
        speaker = {"p": "p-name", "u": "u-url"}.get(prefix, "")
        if speaker in root.first:
            value = root.first[speaker]
            return {"value": value.get("value", "") if isinstance(value, Mapping) and "type" in value else value}
        if prefix == "u" and "url" in root.item["properties"]:
            # a url of another kind stands in the way; the suite wants the bare text
            return {"value": root.node.text().strip(WHITE)}
        value = self._value(item, root.node, prefix, name)
        return {"value": value["value"], "html": value["html"]} if prefix == "e" else {"value": value}

    def _imply(self, item: _Item) -> None:
        """Name, photo and url of an item that does not give them."""
        found, node = item.root.item["properties"], item.root.node
        if "name" not in found and not item.has_text and not self._has_enough():
            name = properties.implied_name(node, self.tree)
            self.text_left -= len(name)
            found["name"] = [name]
            item.root.first["p-name"] = name
            item.root.has_implied_name = True
        if item.has_url:
            return
        if "photo" not in found and (photo := properties.implied_photo(node, self.tree)) is not None:
            found["photo"] = [photo]
        if "url" not in found and (link := properties.implied_url(node, self.tree)) is not None:
            found["url"] = [link]
            item.root.has_implied_url = True
            item.root.first["u-url"] = link

    def _rels(self) -> None:
        """Every link with a rel: by rel value, and by URL with what describes it; the first of a URL counts."""
        rels: dict[str, list[str]] = self.found.data["rels"]
        urls: dict[str, dict[str, Any]] = self.found.data["rel-urls"]
        for node in self.tree.all(_REL_LINKS):
            attributes = node.attributes
            names = dict.fromkeys(tokens(attributes.get("rel")))
            if not names:
                continue
            url = resolve(self.tree.base, attributes["href"] or "")
            entry = urls.setdefault(url, {"rels": []})
            if "text" not in entry:
                entry["text"] = text_of(node, self.tree)
            for name in _REL_DETAILS:
                if value := attributes.get(name):
                    entry.setdefault(name, value)
            for name in names:
                if name not in entry["rels"]:
                    entry["rels"].append(name)
                    rels.setdefault(name, []).append(url)

    def _note(self, text: str) -> None:
        if text not in self.found.notes:
            self.found.notes.append(text)


def _marks(tree: Tree) -> list[_Mark]:
    """The elements that can be roots or properties, as a tree of their own; of a page with classic roots, every
    element with a class or a rel, because classic names are everyday words."""
    written = [(node, node.attributes["class"] or "") for node in tree.all("[class]")]
    if any(_CLASSIC_ROOT.search(names) for _, names in written):
        written = [(node, node.attributes.get("class") or "") for node in tree.all(":is([class],[rel])")]
    else:
        written = [(node, names) for node, names in written if _MF2.search(names)]
    tops: list[_Mark] = []
    around: dict[int, _Mark | None] = {}
    for node, names in written:
        if node.tag == "template":
            continue
        mark = _Mark(node, split(names)[:MAX_CLASSES])
        climbed: list[int] = []
        current = node.parent
        while current is not None and current.mem_id not in around:
            climbed.append(current.mem_id)
            current = current.parent
        outer = None if current is None else around[current.mem_id]
        around.update(dict.fromkeys(climbed, outer))
        around[node.mem_id] = mark
        (tops if outer is None else outer.inside).append(mark)
    return tops


def _types(names: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """The types that class names make an element, and the classic roots that stand for them where no h- name does."""
    return _types_of(tuple(names))


@lru_cache(maxsize=512)
def _types_of(names: tuple[str, ...]) -> tuple[list[str], tuple[str, ...]]:
    """A thread says `u-comment h-cite` a hundred times.  Nobody changes what is returned."""
    if types := _roots(names):
        return types, ()
    old = tuple(classic.roots(names))
    return classic.types(old), old


def _roots(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(filter(properties.is_root_name, names)))


def _depth(root: Root) -> int:
    depth, parent = 0, root.parent
    while parent is not None:
        parent, depth = parent.parent, depth + 1
    return depth


def _tag_of(node: LexborNode) -> str | None:
    """The tag that a classic `rel=tag` link without a class names: the last segment of its URL's path."""
    if "tag" not in tokens(attribute(node, "rel")) or {"category", "skill"} & set(classes(node)):
        return None
    path = (attribute(node, "href") or "").split("?")[0].split("#")[0]
    segments = [segment for segment in path.split("/") if segment]
    return unquote(segments[-1]) if segments else None
