"""Untrusted HTML or text -> `PlainText`: what a reader sees, and nothing that plays tricks on him.

The only place that makes `PlainText`.  Control characters, direction overrides, hidden characters and piles of
combining marks go; lines and paragraphs of HTML stay lines and paragraphs.  Nothing here recurses."""

from __future__ import annotations

import html as entities
import re
import unicodedata
from typing import Final

import regex  # type: ignore[import-untyped]
from selectolax.lexbor import LexborHTMLParser, LexborNode

from mentions import markup
from mentions.model import PlainText, SafeHtml

MAX_TEXT: Final = 32 << 10
"""Characters of a plain text."""
UNSEEN: Final = {
    "script", "style", "template", "iframe", "object", "embed", "applet", "noscript", "noembed", "noframes", "frameset",
    "svg", "math", "select", "textarea", "option", "button", "title", "head", "audio", "video", "canvas", "map",
    "dialog", "xmp", "plaintext", "portal",
}  # fmt: skip
"""Elements whose inside is not text for readers."""
_INVISIBLE: Final = re.compile(
    # controls but tab and line breaks; bidirectional embeddings, overrides and isolates; invisible operators; byte
    # order marks; annotations; lone surrogates; noncharacters
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]+"
)
_TAG_CHARACTERS: Final = re.compile("[\U000e0000-\U000e007f]+")
_NO_FLAG: Final = re.compile("(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0000-\U000e007f]+")
"""Tag characters spell hidden text, but for the flags of countries that are part of others."""
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_MARKS: Final = regex.compile(r"\p{M}{5}")
_PILED: Final = regex.compile(r"(\p{M}{4})\p{M}+")
"""More than four combining marks on one character: an attack on the lines around it."""
_EMPTY_LINES: Final = re.compile(r"\n{3,}")
_TAGS: Final = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1|\Z)|<[/!?a-z][^>]*(?:>|\Z)", re.IGNORECASE | re.DOTALL
)
_SAFE_TAG: Final = re.compile(r'</?([a-z0-9]+)(?:[^">]|"[^"]*")*>')
_PARAGRAPHS: Final = frozenset(
    {"p", "blockquote", "pre", "ul", "ol", "dl", "table", "h1", "h2", "h3", "h4", "h5", "h6"}
)
_BLOCKS: Final = frozenset(
    {
        "address", "article", "aside", "body", "caption", "dd", "details", "div", "dt", "fieldset", "figcaption",
        "figure", "footer", "form", "header", "hr", "li", "main", "nav", "section", "summary", "tbody", "tfoot",
        "thead", "tr",
    }
)  # fmt: skip
_PARAGRAPH, _BREAK = "\x02", "\x03"
_MARK_OF: Final = {
    **dict.fromkeys(_BLOCKS, "\n"),
    **dict.fromkeys(_PARAGRAPHS, f"\n{_PARAGRAPH}\n"),
    "td": " ",
    "th": " ",
    "br": f"\n{_BREAK}\n",
}
"""What stands in a text for the beginning and the end of an element."""


def plain_text(raw_html: str, *, limit: int = MAX_TEXT) -> PlainText:
    """The text that a reader sees: blocks on lines of their own, white space collapsed, at most `limit` characters."""
    if markup.objection(raw_html, markup.FRAGMENT) is not None:
        return _tidy(entities.unescape(_TAGS.sub(" ", raw_html[: 4 * limit])), limit)
    if "<" not in raw_html and "&" not in raw_html:
        return _tidy(raw_html.replace("\n", " "), limit)
    body = LexborHTMLParser(f"<!DOCTYPE html><body>{encodable(raw_html)}").body
    return PlainText("") if body is None else _laid_out(_text(body), limit)


def text_of(safe: SafeHtml, *, limit: int = MAX_TEXT) -> PlainText:
    """The same of HTML that has been sanitised: its tags are known and well formed, so no tree is needed."""
    if "<pre" in safe:
        return plain_text(safe, limit=limit)
    marked = _SAFE_TAG.sub(lambda tag: _MARK_OF.get(tag[1], ""), safe.replace("\n", " "))
    return _laid_out(entities.unescape(marked), limit)


def clean_text(text: str, limit: int) -> PlainText:
    """`text` on one line, without control and direction characters, at most `limit` characters, cut at a word.

    Empty when nothing visible is left.  Markup in it is text like any other."""
    text = text[: 4 * limit + 256]
    if text.isascii() and text.isprintable():
        return PlainText(shorten(" ".join(text.split()), limit))
    line = PlainText(shorten(" ".join(calm(text).split()), limit))
    visible = any(unicodedata.category(c)[0] not in "CZM" for c in line)
    return line if visible else PlainText("")


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, cut at a word where there is one, with an ellipsis."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    at = max(kept.rfind(" "), kept.rfind("\n"))
    if at > limit // 2:
        kept = kept[:at]
    return kept.rstrip().rstrip("\u200d,;:") + "\u2026"


def _tidy(text: str, limit: int) -> PlainText:
    """Plain text with one space between words and at most one empty line between lines."""
    for mark in ("\r\n", "\r", "\u2028", "\u2029", "\x0c", "\x85"):
        if mark in text:
            text = text.replace(mark, "\n")
    lines = [" ".join(line.split()) for line in calm(text).split("\n")]
    return PlainText(shorten(_EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip(), limit))


def _laid_out(marked: str, limit: int) -> PlainText:
    """Lines and paragraphs out of a text in which marks stand for the edges of elements."""
    parts: list[str] = []
    gap, breaks = "", 0
    for line in marked.split("\n"):
        words = " ".join(line.split())
        if words == _PARAGRAPH:
            gap = "\n\n"
        elif words == _BREAK:
            breaks += 1
            gap = "\n\n" if breaks > 1 else gap or "\n"
        elif words:
            parts.append((gap or "\n") + words)
            gap, breaks = "", 0
    return PlainText(shorten("".join(parts).strip(), limit))


def calm(text: str) -> str:
    """Without characters that are not seen but do something to what is."""
    is_ascii = text.isascii()
    if not text.replace("\n", "").replace("\t", "").replace("\xa0", "").isprintable():
        text = (_CONTROLS if is_ascii else _INVISIBLE).sub("", text)
        if not is_ascii and _TAG_CHARACTERS.search(text):
            text = _NO_FLAG.sub("", text)
    if is_ascii:
        return text
    return str(_PILED.sub(r"\1", text)) if _MARKS.search(text) else text


def for_terminal(text: str) -> str:
    """Strangers' words as they may be printed: without what a terminal obeys, a return to the line's beginning too."""
    return calm(text.replace("\r", " "))


def encodable(text: str) -> str:
    """Without lone surrogates, which no parser written in another language takes."""
    return text if text.isascii() else text.encode("utf-8", "ignore").decode()


def _text(body: LexborNode) -> str:
    """The text below an element, without recursion; a line for a block, an empty one between paragraphs."""
    parts: list[str] = []
    preformatted = 0
    waiting = [(body, False)]
    while waiting:
        node, is_left = waiting.pop()
        tag = node.tag or ""
        if node.is_text_node:
            text = calm(node.text_content or "")
            parts.append(text if preformatted else text.replace("\n", " "))
        elif tag == "br":
            parts.append(_MARK_OF["br"])
        elif tag not in UNSEEN:
            parts.append(_MARK_OF.get(tag, ""))
            preformatted += (tag == "pre") * (-1 if is_left else 1)
            if not is_left:
                waiting.append((node, True))
                child = node.last_child
                while child is not None:
                    waiting.append((child, False))
                    child = child.prev
    return "".join(parts)
