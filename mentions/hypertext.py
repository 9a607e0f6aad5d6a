"""HTML and XHTML -> a tree in which links and endpoints are looked for; refused when building it would take too long.

lexbor builds the tree by the HTML standard, so comments, scripts, `template` contents and duplicate attributes are what
they are in a browser.  `noscript` is read as its contents: that is what a reader without scripts sees.  XHTML goes the
same way after the few things in which its syntax differs are written as HTML; DTDs are cut, never expanded."""

from __future__ import annotations

import html
import re
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from mentions import markup, urls
from mentions.charset import decode_text
from mentions.errors import ParserError
from mentions.media import Media, media_of
from mentions.model import Document

_FEW_TAGS: Final = 2_000
"""A page with fewer start tags is built in milliseconds, however they are nested."""
_LONG_TAG: Final = 16_384
"""A tag that is shorter has too few attributes to be slow."""
_TAG_START: Final = re.compile(r"<[A-Za-z]")
_SELF_CLOSED: Final = re.compile(r"""<([A-Za-z][^\s/>]*+)((?:[^<>"'/]++|"[^"]*+"|'[^']*+'|/(?!>))*+)/>""")
_CDATA: Final = re.compile(r"<!\[CDATA\[(.*?)(?:\]\]>|\Z)", re.DOTALL)
_DOCTYPE: Final = re.compile(r"\A((?:\s|<\?[^>]*>)*+)<!DOCTYPE[^>\[]*+\[.*?\]\s*>", re.DOTALL)
"""A document type with an internal subset, which HTML would end at the first `>`."""
_VOID: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)


def read_hypertext(document: Document) -> LexborHTMLParser:
    """The tree of an HTML or XHTML document; ParserError for markup that is made to be slow."""
    text = decode_text(document)
    if media_of(document) is Media.XHTML:
        text = _as_html(text)
    if _may_be_slow(text) and (objection := markup.objection(text, markup.PAGE)) is not None:
        raise ParserError(objection)
    return LexborHTMLParser(text)


def base_of(tree: LexborHTMLParser, document: Document) -> str:
    """What relative URLs of the document are resolved against: its first `<base href>`, else its own URL."""
    element = tree.css_first("base[href]")
    return urls.document_base(document.url, None if element is None else value_of(element, "href"))


def value_of(node: LexborNode, name: str) -> str | None:
    """An attribute's value; empty when it is written without one, None when it is not there."""
    attributes = node.attributes
    return (attributes[name] or "") if name in attributes else None


def _may_be_slow(text: str) -> bool:
    """A cheap upper bound: only such a page is measured tag by tag."""
    if text.count("<") - text.count("</") > _FEW_TAGS:
        return True
    if len(text) <= _LONG_TAG:
        return False
    return any(len(piece) > _LONG_TAG and _TAG_START.search(piece) for piece in text.split(">"))


def _as_html(text: str) -> str:
    text = _DOCTYPE.sub(r"\1", text)
    text = _CDATA.sub(lambda m: html.escape(m[1]), text)
    return _SELF_CLOSED.sub(lambda m: m[0] if m[1].lower() in _VOID else f"<{m[1]}{m[2]}></{m[1]}>", text)
