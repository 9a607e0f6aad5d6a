"""A stranger's HTML as a tree, and the few questions that the readers ask of it.

The tree is lexbor's (selectolax), built by the HTML standard's own algorithm.  Nothing here recurses, so depth costs no
stack; `mentions.markup` has measured the markup before any tree is built from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser, LexborNode

from mentions import urls

WHITE: Final = " \t\n\f\r"
"""ASCII white space, which separates class names and surrounds attribute values (HTML standard)."""
_SILENT: Final = frozenset({"script", "style", "template"})
"""Elements whose text nobody sees (microformats2 parsing, text content)."""
BLOCKS: Final = frozenset(
    {
        "p", "li", "td", "th", "dd", "dt", "blockquote", "figcaption", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "div",
        "article", "section", "aside", "header", "footer", "main", "nav", "figure", "caption", "details", "summary",
        "address",
    }
)  # fmt: skip
"""Elements that stand apart from the text around them, as a reader sees it."""
_PARTING: Final = BLOCKS | {"br", "hr", "tr", "ul", "ol", "dl", "table"}
_SPECIAL_TEXT: Final = "img,script,style,template"
_SPLIT: Final = re.compile(r"[ \t\n\f\r]+")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_URL_ATTRIBUTES: Final = ("href", "src", "cite", "data", "poster")
_WITH_LANGUAGE: Final = r"html [lang],html [xml\:lang]"
_WITH_URL: Final = ",".join(f"[{name}]" for name in _URL_ATTRIBUTES)


class Tree:
    """A parsed page: its root element, and the URL that its relative links are relative to."""

    __slots__ = ("_has_value_class", "_languages", "_pictured", "base", "lang", "parser", "url", "walked")

    def __init__(self, parser: LexborHTMLParser, *, url: str, base: str) -> None:
        self.parser = parser
        self.url = url
        self.base = base
        self.walked = 0
        """Nodes that were looked at one by one for the text of elements; those in nested ones count for each."""
        self._pictured: set[int] | None = None
        self._has_value_class: bool | None = None
        self._languages: dict[int, str | None] | None = None
        root = parser.root
        self.lang: str | None = None if root is None else _language(root) or None
        """The language that the page gives on its root element."""

    @classmethod
    def of(cls, html: str, *, url: str) -> Tree:
        """The tree of HTML that is already text."""
        parser = LexborHTMLParser(html)
        element = parser.css_first("base[href]")
        return cls(
            parser, url=url, base=urls.document_base(url, None if element is None else attribute(element, "href"))
        )

    @property
    def root(self) -> LexborNode | None:
        """The `html` element."""
        return self.parser.root

    def all(self, selector: str) -> list[LexborNode]:
        """The elements that match, in document order; none inside `template`."""
        return self.parser.css(selector)

    def first(self, selector: str) -> LexborNode | None:
        """The first element that matches, or None."""
        return self.parser.css_first(selector)

    def language(self, node: LexborNode) -> str | None:
        """The language of an element: its own, else that of the nearest element around it that gives one; an empty
        `lang` says that it is not known (HTML 3.2.6.2)."""
        if self._languages is None:
            said = self.all(_WITH_LANGUAGE)
            self._languages = {giver.mem_id: _language(giver) for giver in said}
        if not self._languages:
            return self.lang
        climbed: list[int] = []
        found: str | None = None
        for around in ancestors(node):
            if around.mem_id in self._languages:
                found = self._languages[around.mem_id]
                break
            climbed.append(around.mem_id)
        else:
            found = self.lang
        self._languages.update(dict.fromkeys(climbed, found))
        return found or None

    @property
    def has_value_class(self) -> bool:
        """Does any element of the page use the value-class pattern?"""
        if self._has_value_class is None:
            self._has_value_class = self.first(".value") is not None or self.first(".value-title") is not None
        return self._has_value_class

    def has_special_text(self, node: LexborNode) -> bool:
        """Is there anything inside the element whose text is not simply its characters (pictures, scripts)?"""
        if self._pictured is None:
            self._pictured = set()
            for special in self.all(_SPECIAL_TEXT):
                for around in ancestors(special):
                    if around.mem_id in self._pictured:
                        break
                    self._pictured.add(around.mem_id)
        return node.mem_id in self._pictured


def _language(node: LexborNode) -> str | None:
    """What an element says of its language; XHTML may say it as `xml:lang`."""
    attributes = node.attributes
    return (attributes["lang"] or "") if "lang" in attributes else attributes.get("xml:lang")


def attribute(node: LexborNode, name: str) -> str | None:
    """The value of an attribute; empty when it is there without one, None when it is not there."""
    attributes = node.attributes
    return (attributes[name] or "") if name in attributes else None


def classes(node: LexborNode) -> list[str]:
    """The class names of an element, in order, split at ASCII white space only."""
    return split(node.attributes.get("class"))


def split(value: str | None) -> list[str]:
    """The parts of a space-separated attribute, in order, split at ASCII white space only."""
    return [part for part in _SPLIT.split(value) if part] if value else []


def tokens(value: str | None) -> list[str]:
    """The parts of a space-separated attribute such as rel, in lower case."""
    return split(value.lower()) if value else []


def elements(node: LexborNode) -> Iterator[LexborNode]:
    """The child elements of a node, without `template`."""
    child = node.first_child
    while child is not None:
        if child.is_element_node and child.tag != "template":
            yield child
        child = child.next


def following(node: LexborNode, within: LexborNode) -> LexborNode | None:
    """The next node in document order that is not inside `node`; None at the end of `within`."""
    current: LexborNode | None = node
    end = within.mem_id  # comparing nodes with == would compare their HTML
    while current is not None and current.mem_id != end:
        if current.next is not None:
            return current.next
        current = current.parent
    return None


def ancestors(node: LexborNode) -> Iterator[LexborNode]:
    """The node itself and every element around it, inner first."""
    current: LexborNode | None = node
    while current is not None:
        yield current
        current = current.parent


def text_of(node: LexborNode, tree: Tree, *, images: str = "source", lines: bool = False) -> str:
    """The text content of an element as microformats2 wants it: trimmed, scripts and styles left out.

    `images` says what stands for a picture: its alt text or else its address ("source"), its alt text or nothing
    ("alt"), or nothing ("none").  With `lines`, words that `br` or the end of a block part are parted in the text."""
    lines = lines and _has_lines(node, tree)
    if not lines and not tree.has_special_text(node):
        return node.text().strip(WHITE)
    parts: list[str] = []
    current = None if node.tag in _SILENT else node.first_child
    while current is not None:
        tree.walked += 1
        if lines and parts and parts[-1][-1:] not in ("", *WHITE) and is_parted(current):
            parts.append("\n")
        if current.is_text_node:
            parts.append(current.text_content or "")
        elif current.tag == "img":
            parts.append(_picture(current, tree.base, images))
        inside = None if current.tag in _SILENT else current.first_child
        current = inside if inside is not None else following(current, node)
    return "".join(parts).strip(WHITE)


def _has_lines(node: LexborNode, tree: Tree) -> bool:
    current = node.first_child
    if current is not None and current.is_text_node and current.next is None:
        return False  # most properties are one piece of text
    while current is not None:
        tree.walked += 1
        if current.tag in _PARTING:
            return True
        inside = current.first_child
        current = inside if inside is not None else following(current, node)
    return False


def is_parted(node: LexborNode) -> bool:
    """Does a line end before the node: is it a block or a break, or was the one before it?"""
    return node.tag in _PARTING or (node.prev is not None and node.prev.tag in _PARTING)


def _picture(node: LexborNode, base: str, images: str) -> str:
    if images == "none":
        return ""
    if (alt := attribute(node, "alt")) is not None:
        return alt
    source = attribute(node, "src") if images == "source" else None
    return "" if source is None else f" {resolve(base, source)} "


def inner_html(node: LexborNode, base: str) -> str:
    """What is inside an element as HTML, its URLs made absolute, without templates."""
    for inner in node.css(_WITH_URL):
        attributes = inner.attributes
        for name in _URL_ATTRIBUTES:
            if name in attributes:
                inner.attrs[name] = resolve(base, attributes[name] or "")
    for template in node.css("template"):
        template.decompose()
    return (node.inner_html or "").strip(WHITE)


def resolve(base: str, reference: str) -> str:
    """An absolute reference as it stands, another one joined with `base`; whatever cannot be joined stays."""
    reference = reference.strip(WHITE)
    if _SCHEME.match(reference):
        return reference
    if reference[:1] == "/" and reference[1:2] not in ("/", "\\") and "/." not in reference:
        return base[: base.find("/", base.find("//") + 2)] + reference if base.count("/") > 2 else base + reference
    try:
        return urljoin(base, reference)
    except ValueError:
        return reference
