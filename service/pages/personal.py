"""What `/embed` says to one reader only: what has become of their comment or like, and how they take it back.

For browsers without our script, which come here by the 303 of a form (`commenting.to_thread`).  Threads are made once
for everybody; an answer like this is kept by nobody, and no other site is told its address, because the key of a
comment is in it.  What the address says is believed only as far as the database knows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from mentions import jf2
from mentions.reasons import Cause
from mentions.storage import comments, likes
from service import clients, i18n, keys
from service.intake.reception import now
from service.pages.words import why_it_waits

_MARKS: Final = ("new", "held", "changed", "removed", "liked", "unliked", "key")
HEADERS: Final[Mapping[str, str]] = {"Cache-Control": "no-store", "Referrer-Policy": "strict-origin"}
"""Not `no-referrer`: browsers would then hide from us, too, that its forms are sent from our own page."""


@dataclass(frozen=True, slots=True)
class Personal:
    """What one reader is told beside the thread."""

    notice: str = ""
    why: list[str] = field(default_factory=list)
    """Why their comment waits."""
    liked: int | None = None
    """What they have just liked, and can take back."""
    own: int | None = None
    """Their comment, while they may change it."""
    edit_url: str = ""

    @property
    def marks_thread(self) -> bool:
        """Whether the thread itself looks different to them."""
        return self.liked is not None or self.own is not None


async def read_personal(request: web.Request, lang: str) -> Personal | None:
    """What the address is about; None for an address that is anybody's."""
    if not any(name in request.query for name in _MARKS):
        return None
    words = i18n.catalogue(lang)
    own, liked = await _own(request), await _liked(request)
    why = why_it_waits(words, _causes(request)) if "held" in request.query else []
    edit_url = edit_address(request, own, lang) if own is not None else ""
    return Personal(_notice(request, words), why, liked, own, edit_url)


def edit_address(request: web.Request, entry_id: int, lang: str) -> str:
    """Where the author of a comment changes it, by the key in the address of this request."""
    query = urlencode({"key": request.query.get("key", ""), "lang": lang})
    return f"{jf2.permalink(request.app[keys.SETTINGS].public_url, entry_id)}/edit?{query}"


def _notice(request: web.Request, words: i18n.Catalogue) -> str:
    told = {
        "held": words.gettext("Your comment is awaiting moderation."),
        "changed": words.gettext("Your comment has been changed."),
        "new": words.gettext("Your comment has been posted."),
        "removed": words.gettext("Your comment has been deleted."),
    }
    return next((text for name, text in told.items() if name in request.query), "")


def _causes(request: web.Request) -> list[Cause]:
    named = request.query.get("held", "").split()
    return [cause for cause in Cause if cause.value in named]


async def _own(request: web.Request) -> int | None:
    """The comment that the key in the address still opens."""
    entry_id = _number(request, "own")
    if entry_id is None:
        return None
    async with request.app[keys.DB].read() as c:
        hidden = await comments.get(c, entry_id)
    is_theirs = hidden is not None and hidden.may_be_edited_with(request.query.get("key", ""), now())
    return entry_id if is_theirs else None


async def _liked(request: web.Request) -> int | None:
    entry_id = _number(request, "liked")
    if entry_id is None:
        return None
    visitor = await clients.visitor_of(request)
    async with request.app[keys.DB].read() as c:
        return entry_id if await likes.is_liked_by(c, entry_id, visitor) else None


def _number(request: web.Request, name: str) -> int | None:
    text = request.query.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None
