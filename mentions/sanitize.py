"""Untrusted HTML and text -> what may be shown: `SafeHtml` and `PlainText`.  The only place that makes either.

One literal table says what may stay; nh3 (ammonia, an HTML5 tree builder in Rust) enforces it, and everything that is
not named goes.  Markup is measured before a tree is built from it and the result after, because conforming parsers
multiply some small inputs a thousandfold (docs/decisions/0021).  Raise POLICY_VERSION with every change of the table:
entries remember which policy made them."""

from __future__ import annotations

import html as entities
import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Final

import nh3
import regex  # type: ignore[import-untyped]
from selectolax.lexbor import LexborHTMLParser, LexborNode

from mentions import markup, urls
from mentions.model import PlainText, SafeHtml

POLICY_VERSION: Final = 1

ALLOWED: Final[dict[str, set[str]]] = {
    # inline
    "a": {"href", "hreflang", "title"},
    "abbr": {"title"},
    "b": set(),
    "bdi": {"dir"},
    "bdo": {"dir"},
    "br": set(),
    "cite": set(),
    "code": set(),
    "del": {"cite", "datetime"},
    "dfn": set(),
    "em": set(),
    "i": set(),
    "ins": {"cite", "datetime"},
    "kbd": set(),
    "mark": set(),
    "q": {"cite"},
    "rp": set(),
    "rt": set(),
    "ruby": set(),
    "s": set(),
    "samp": set(),
    "small": set(),
    "span": set(),
    "strong": set(),
    "sub": set(),
    "sup": set(),
    "time": {"datetime"},
    "u": set(),
    "var": set(),
    "wbr": set(),
    # blocks
    "blockquote": {"cite"},
    "dd": set(),
    "details": set(),
    "div": set(),
    "dl": set(),
    "dt": set(),
    "figcaption": set(),
    "figure": set(),
    "h1": set(),
    "h2": set(),
    "h3": set(),
    "h4": set(),
    "h5": set(),
    "h6": set(),
    "hr": set(),
    "li": set(),
    "ol": {"reversed", "start"},
    "p": set(),
    "pre": set(),
    "summary": set(),
    "ul": set(),
    # tables
    "caption": set(),
    "table": set(),
    "tbody": set(),
    "td": {"colspan", "rowspan"},
    "tfoot": set(),
    "th": {"colspan", "rowspan", "scope"},
    "thead": set(),
    "tr": set(),
}
"""Element -> attributes beside `lang` and `dir`.  No images (they are data: `photo`), no style, class, id or name."""
EVERYWHERE: Final = {"lang", "dir"}
DROPPED_WITH_CONTENT: Final = {
    "script", "style", "template", "iframe", "object", "embed", "applet", "noscript", "noembed", "noframes", "frameset",
    "svg", "math", "select", "textarea", "option", "button", "title", "head", "audio", "video", "canvas", "map",
    "dialog", "xmp", "plaintext", "portal",
}  # fmt: skip
"""Elements whose inside is not text for readers either."""
LINK_REL: Final = "nofollow ugc noopener"
SCHEMES: Final = {"http", "https", "mailto"}
URL_ATTRIBUTES: Final = {"href", "cite"}
MAX_ATTRIBUTE: Final = 2_048
"""Longer URLs and titles are dropped."""
MAX_OUTPUT: Final = 256 << 10
"""Characters of sanitised HTML; beyond, the content is shown as text."""
MAX_GROWTH: Final = 4
"""Times its input that sanitised HTML may be, beside the `rel` of its links."""
MAX_TEXT: Final = 64 << 10
"""Characters of a plain text."""

_REL_COST: Final = len(LINK_REL) + 8
_SETTLING: Final = 4
"""Rounds after which sanitised HTML has to come out of the sanitiser as it went in."""
_VALUES: Final[dict[str, re.Pattern[str]]] = {
    "colspan": re.compile(r"\d{1,3}"),
    "rowspan": re.compile(r"\d{1,3}"),
    "start": re.compile(r"-?\d{1,6}"),
    "reversed": re.compile(r""),
    "dir": re.compile(r"ltr|rtl|auto", re.IGNORECASE),
    "scope": re.compile(r"row|col|rowgroup|colgroup", re.IGNORECASE),
    "lang": re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,4}"),
    "hreflang": re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,4}"),
    "datetime": re.compile(r"[0-9TtZzPpYyWwDdHhMmSs:+. -]{1,40}"),
}
_MAILTO: Final = re.compile(r"mailto:[^\s\"'<>`?\x00-\x20]{3,254}", re.IGNORECASE)
_INVISIBLE: Final = re.compile(
    # controls but tab and line breaks; bidirectional embeddings, overrides and isolates; invisible operators; byte
    # order marks; annotations; lone surrogates; noncharacters
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]+"
)
_TAG_CHARACTERS: Final = re.compile("[\U000e0000-\U000e007f]+")
_NO_FLAG: Final = re.compile("(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0000-\U000e007f]+")
"""Tag characters spell hidden text, but for the flags of countries that are part of others."""
_MARKS: Final = regex.compile(r"\p{M}{5}")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_PILED: Final = regex.compile(r"(\p{M}{4})\p{M}+")
"""More than four combining marks on one character: an attack on the lines around it."""
_EMPTY_LINES: Final = re.compile(r"\n{3,}")
_TAGS: Final = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1|\Z)|<[/!?a-z][^>]*(?:>|\Z)", re.IGNORECASE | re.DOTALL
)
_PARAGRAPHS: Final = frozenset(
    {"p", "blockquote", "pre", "ul", "ol", "dl", "table", "h1", "h2", "h3", "h4", "h5", "h6"}
)
_BLOCKS: Final = _PARAGRAPHS | frozenset(
    [
        "address",
        "article",
        "aside",
        "body",
        "caption",
        "dd",
        "details",
        "div",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "section",
        "summary",
        "tbody",
        "tfoot",
        "thead",
        "tr",
    ]
)
_CELLS: Final = frozenset({"td", "th"})
_PARAGRAPH, _BREAK = "\x02", "\x03"
_MARK_OF: Final = {
    **dict.fromkeys(_BLOCKS, "\n"),
    **dict.fromkeys(_PARAGRAPHS, f"\n{_PARAGRAPH}\n"),
    **dict.fromkeys(_CELLS, " "),
    "br": f"\n{_BREAK}\n",
}
"""What stands in a text for the beginning and the end of an element."""
_SAFE_TAG: Final = re.compile(r'</?([a-z0-9]+)(?:[^">]|"[^"]*")*>')


def safe_html(raw: str, *, base: str) -> SafeHtml:
    """`raw` reduced to the policy, its URLs made absolute against `base`; idempotent, at most MAX_OUTPUT characters.

    What is too much to be parsed, or comes out too large, is shown as escaped text instead.  Empty is a fine result."""
    if markup.objection(raw, markup.FRAGMENT) is not None:
        return _as_text(raw)
    cleaner = _cleaner(base)
    cleaned = _calm(cleaner.clean(raw)).strip()
    for _ in range(_SETTLING):
        before, cleaned = cleaned, cleaner.clean(cleaned).strip()
        if cleaned == before:
            break
    allowed = MAX_GROWTH * len(raw) + 1_000 + (_REL_COST + len(base)) * cleaned.count("<a ")
    if cleaned != before or len(cleaned) > min(MAX_OUTPUT, allowed):
        return _as_text(raw)
    if markup.objection(cleaned, markup.FRAGMENT) is not None:
        return _as_text(raw)
    return SafeHtml(cleaned)


def plain_text(raw_html: str, *, limit: int = MAX_TEXT) -> PlainText:
    """The text that a reader sees: blocks on lines of their own, white space collapsed, at most `limit` characters."""
    if markup.objection(raw_html, markup.FRAGMENT) is not None:
        return _tidy(entities.unescape(_TAGS.sub(" ", raw_html[: 4 * limit])), limit)
    if "<" not in raw_html and "&" not in raw_html:
        return _tidy(raw_html.replace("\n", " "), limit)
    body = LexborHTMLParser(f"<!DOCTYPE html><body>{raw_html}").body
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
    line = _tidy(text.replace("\n", " "), limit)
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
    lines = [" ".join(line.split()) for line in _calm(text).split("\n")]
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


def _calm(text: str) -> str:
    """Without characters that are not seen but do something to what is."""
    is_ascii = text.isascii()
    if not text.replace("\n", "").replace("\t", "").replace("\xa0", "").isprintable():
        text = (_CONTROLS if is_ascii else _INVISIBLE).sub("", text)
        if not is_ascii and _TAG_CHARACTERS.search(text):
            text = _NO_FLAG.sub("", text)
    if is_ascii:
        return text
    return str(_PILED.sub(r"\1", text)) if _MARKS.search(text) else text


@lru_cache(maxsize=16)
def _cleaner(base: str) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(ALLOWED),
        attributes={name: allowed | EVERYWHERE for name, allowed in ALLOWED.items()},
        clean_content_tags=DROPPED_WITH_CONTENT,
        url_schemes=SCHEMES,
        link_rel=LINK_REL,
        strip_comments=True,
        attribute_filter=_attribute_filter(base),
    )


def _attribute_filter(base: str) -> Callable[[str, str, str], str | None]:
    """What an allowed attribute may say; None drops it.  `rel` is the sanitiser's own."""

    def keep(tag: str, name: str, value: str) -> str | None:
        if len(value) > MAX_ATTRIBUTE:
            return None
        if name in URL_ATTRIBUTES:
            return _url(value, base, tag)
        if name == "title":
            return clean_text(value, 300) or None
        if name in _VALUES:
            return value if _VALUES[name].fullmatch(value) else None
        return LINK_REL if name == "rel" else None

    return keep


@lru_cache(maxsize=512)
def _url(value: str, base: str, tag: str) -> str | None:
    if tag == "a" and _MAILTO.fullmatch(value.strip()):
        return value.strip()
    parsed = urls.parse(value, base=base)
    if parsed is None or ("@" in parsed and urls.has_userinfo(parsed)):
        return None
    safe = urls.attribute_safe(parsed)
    return safe if safe is not None and len(safe) <= MAX_ATTRIBUTE else None


def _as_text(raw: str) -> SafeHtml:
    """The text of `raw`, escaped; its paragraphs are kept."""
    text = plain_text(raw, limit=MAX_TEXT // 4)
    parts = [entities.escape(part, quote=False) for part in text.split("\n\n") if part]
    return SafeHtml("".join(f"<p>{part.replace(chr(10), '<br>')}</p>" for part in parts))


def _text(body: LexborNode) -> str:
    """The text below an element, without recursion; a line for a block, an empty one between paragraphs."""
    parts: list[str] = []
    preformatted = 0
    waiting = [(body, False)]
    while waiting:
        node, is_left = waiting.pop()
        tag = node.tag or ""
        if node.is_text_node:
            text = _calm(node.text_content or "")
            parts.append(text if preformatted else text.replace("\n", " "))
        elif tag == "br":
            parts.append(_MARK_OF["br"])
        elif tag not in DROPPED_WITH_CONTENT:
            parts.append(_MARK_OF.get(tag, ""))
            preformatted += (tag == "pre") * (-1 if is_left else 1)
            if not is_left:
                waiting.append((node, True))
                child = node.last_child
                while child is not None:
                    waiting.append((child, False))
                    child = child.prev
    return "".join(parts)
