"""A thread as HTML: the fragment that stands in somebody's page, marked up so that the page parses with its responses.

Takes the outside form of a thread (contract §7) and gives light-DOM HTML: an `h-feed` of `u-comment h-cite`, nested;
reactions as `u-like h-cite` and so on.  What is foreign in it is either plain text, escaped by the template, or
`content.html`, which `mentions/sanitize.py` has made.  Knows nothing of requests or storage; how one entry is looked at
is `entries.py`'s business."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any, Final, Literal
from urllib.parse import urlencode

from markupsafe import Markup

from service.i18n import Catalogue, catalogue
from service.pages.entries import EntryView, FaceGroup, face_groups, view_of
from service.pages.personal import Personal
from service.pages.templating import phrase, render
from service.pages.words import like_forms

MARKUP_VERSION: Final = 3
"""Told to the script, which takes over only what it knows."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a thread is to be shown; every part has a value that suits a post's page."""

    also: str | None = None
    """A second language for headings, shown beside the first."""
    within: str | None = None
    """`h-entry`: the fragment stands inside the post's own h-entry, so its comments belong to that, not to a feed."""
    level: int = 2
    """Level of the thread's heading."""
    comments_open: bool = False
    """Whether the form for comments typed here is shown."""
    signs_in: bool = False
    """Whether it offers to sign in; without script it cannot."""
    needs_email: bool = False
    """Whether who comments without signing in has to give an address."""
    sort: Literal["oldest", "newest"] = "oldest"
    after: str | None = None
    """Where this page of the thread begins; None: at its beginning."""
    below: int | None = None
    """The response whose answers are shown; None: those of the post."""
    depth: int = 5
    """Levels that are shown nested; deeper ones are reached by "continue this thread"."""


def render_thread(
    thread: dict[str, Any], lang: str, base: str, look: Look | None = None, personal: Personal | None = None
) -> str:
    """The fragment for a thread as `GET /api/thread` gives it; `base` is what our own URLs start with.

    `personal`: as one reader sees it, who has no script to mark what is theirs."""
    look = look or Look()
    words = catalogue(lang)
    tongues = [words, *([catalogue(look.also)] if look.also and look.also != lang else [])]
    return render(
        "thread.html",
        lang,
        thread=_facts(thread, base, lang, look),
        look=look,
        personal=personal,
        headings=[(each.lang, heading(each, thread)) for each in tongues],
        invitations=[(each.lang, each.gettext("Leave a reply")) for each in tongues],
        base=base,
        entries=[
            view_of(child, thread=thread, words=words, base=base, depth=look.depth) for child in thread["children"]
        ],
        groups=face_groups(thread, words=words, base=base),
        likes=like_forms(words),
        news=json.dumps(news_forms(words), ensure_ascii=False),
    )


def news_forms(words: Catalogue) -> dict[str, str]:
    """What the script announces when responses arrive, for every plural category of the language."""
    return words.forms("%(num)s new response – show it", "%(num)s new responses – show them")


def heading(words: Catalogue, thread: dict[str, Any]) -> Markup:
    """`4 thoughts on “Title”`."""
    count, title = int(thread.get("count") or 0), thread.get("name") or ""
    if not count:
        return Markup.escape(words.gettext("No responses yet"))
    if title:
        return phrase(words, "One thought on “%(title)s”", "%(num)s thoughts on “%(title)s”", count, title=title)
    return phrase(words, "One thought", "%(num)s thoughts", count)


def _shape(lang: str, look: Look) -> dict[str, str]:
    """What a URL has to say so that the thread looks as it does here; what is as usual is left out."""
    usual = Look()
    said = {"also": look.also, "within": look.within, "level": look.level, "sort": look.sort}
    said |= {"below": look.below, "after": look.after}
    return {"lang": lang} | {name: str(value) for name, value in said.items() if value != getattr(usual, name)}


def _facts(thread: dict[str, Any], base: str, lang: str, look: Look) -> dict[str, Any]:
    url, shape = thread["url"], _shape(lang, look)
    return {
        "url": url,
        "key": hashlib.sha256(url.encode()).hexdigest()[:8],
        "name": thread.get("name") or "",
        "count": int(thread.get("count") or 0),
        "cursor": thread.get("cursor") or 0,
        "closed": bool(thread.get("closed")),
        "markup": MARKUP_VERSION,
        "endpoint": f"{base}/webmention",
        "shape": urlencode(shape),
        "next": f"{base}/embed?{urlencode({'target': url, **shape, 'after': after})}"
        if (after := thread.get("next"))
        else "",
        "whole": f"{base}/embed?{urlencode({'target': url, **_shape(lang, replace(look, below=None, after=None))})}"
        if look.below or look.after
        else "",
    }


__all__ = ["EntryView", "FaceGroup", "Look", "news_forms", "render_thread"]
