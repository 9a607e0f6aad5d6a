"""The Markdown subset that comments are written in -> what may be shown.  (CommonMark, by markdown-it-py.)

Emphasis, strong, code, fences, lists, quotes, links, and line breaks as they are typed.  Headings, rules, images and
HTML are not part of it: they stay the text, or the link, that they are.  The result passes `sanitize` like all foreign
HTML."""

from __future__ import annotations

from typing import Final

from markdown_it import MarkdownIt

from mentions import sanitize
from mentions.model import Content

MAX_TEXT: Final = 64 << 10
"""Characters that are read; what comes after is cut off."""
NOWHERE: Final = "about:blank"
"""A base against which relative links lead nowhere, and so are dropped."""

_MARKDOWN: Final = MarkdownIt(
    "commonmark", {"html": False, "linkify": False, "breaks": True, "maxNesting": 20}
).disable(["heading", "lheading", "hr", "html_block", "html_inline", "image"])


def render(text: str, *, base: str = NOWHERE) -> Content | None:
    """Markdown as content; None when nothing readable is left.  Relative links are resolved against `base`."""
    html = sanitize.safe_html(_MARKDOWN.render(text[:MAX_TEXT]), base=base)
    words = sanitize.plain_text(html)
    return Content(html=html, text=words) if sanitize.clean_text(words, MAX_TEXT) else None
