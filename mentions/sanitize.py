"""Untrusted HTML -> what may be shown as it is: `SafeHtml`.  The only place that makes it (text: plaintext.py).

One literal table says what may stay; nh3 (ammonia, an HTML5 tree builder in Rust) enforces it, and everything that is
not named goes.  Markup is measured before a tree is built from it and the result after, because conforming parsers
multiply some small inputs a thousandfold (docs/decisions/0021).  Raise POLICY_VERSION with every change of the table:
entries remember which policy made them."""

from __future__ import annotations

import html as entities
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

import nh3

from mentions import markup, urls
from mentions.model import SafeHtml
from mentions.plaintext import MAX_TEXT, UNSEEN, calm, clean_text, encodable, plain_text, shorten, text_of

__all__ = ["MAX_TEXT", "POLICY_VERSION", "clean_text", "plain_text", "safe_html", "shorten", "text_of"]

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
LINK_REL: Final = "nofollow ugc noopener"
SCHEMES: Final = {"http", "https", "mailto"}
URL_ATTRIBUTES: Final = {"href", "cite"}
MAX_ATTRIBUTE: Final = 2_048
"""Longer URLs and titles are dropped."""
MAX_OUTPUT: Final = 128 << 10
"""Characters of sanitised HTML; beyond, the content is shown as text."""
MAX_GROWTH: Final = 4
"""Times its input that sanitised HTML may be, beside the `rel` of its links."""
_REL_COST: Final = len(LINK_REL) + 8
_SETTLING: Final = 4
"""Rounds after which sanitised HTML has to come out of the sanitiser as it went in."""
_VALUES: Final[dict[str, re.Pattern[str]]] = {
    "colspan": re.compile(r"[0-9]{1,3}"),
    "rowspan": re.compile(r"[0-9]{1,3}"),
    "start": re.compile(r"-?[0-9]{1,6}"),
    "reversed": re.compile(r""),
    "dir": re.compile(r"ltr|rtl|auto", re.IGNORECASE),
    "scope": re.compile(r"row|col|rowgroup|colgroup", re.IGNORECASE),
    "lang": re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,4}"),
    "hreflang": re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,4}"),
    "datetime": re.compile(r"[0-9TtZzPpYyWwDdHhMmSs:+. -]{1,40}"),
}
_MAILTO: Final = re.compile(r"mailto:[^\s\"'<>`?\x00-\x20]{3,254}", re.IGNORECASE)


def safe_html(raw: str, *, base: str) -> SafeHtml:
    """`raw` reduced to the policy, its URLs made absolute against `base`; idempotent, at most MAX_OUTPUT characters.

    What is too much to be parsed, or comes out too large, is shown as escaped text instead.  Empty is a fine result."""
    raw = encodable(raw)
    if markup.objection(raw, markup.FRAGMENT) is not None:
        return _as_text(raw)
    cleaner = _cleaner(base)
    cleaned = calm(cleaner.clean(raw)).strip()
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


@lru_cache(maxsize=16)
def _cleaner(base: str) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(ALLOWED),
        attributes={name: allowed | EVERYWHERE for name, allowed in ALLOWED.items()},
        clean_content_tags=UNSEEN,
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
