"""jf2 objects of strangers -> our words.  Whatever is missing, null or of another shape is read as not said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mentions import urls
from mentions.model import Author, Content, Kind, PlainText, Reaction, Url
from mentions.moving.records import content_of, content_of_text, lines_of, name_of, url_of

Jf2 = Mapping[str, Any]


def reaction(
    said: Jf2,
    *,
    kind: Kind,
    content: Content | None,
    published: str | None,
    published_at: datetime | None,
    rsvp: str | None = None,
    in_reply_to: tuple[Url, ...] = (),
) -> Reaction:
    """What an entry says; the arguments are what each form writes in its own way."""
    return Reaction(
        kind=kind,
        author=author(said.get("author")),
        url=url_of(said.get("url")),
        name=name_of(said.get("name")),
        summary=_summary(said.get("summary")),
        content=content,
        published=published,
        published_at=published_at,
        rsvp=rsvp,
        in_reply_to=in_reply_to,
        syndication=url_list(said.get("syndication")),
        canonical=url_of(obj(said.get("rels")).get("canonical")),
        photos=url_list(said.get("photo")),
        videos=url_list(said.get("video")),
        audios=url_list(said.get("audio")),
        categories=tuple(name for one in many(said.get("category")) if (name := name_of(one))),
    )


def answered_by_default(kind: Kind, target: str) -> tuple[Url, ...]:
    """What a response replies to where it says nothing of it."""
    return tuple(url for url in [urls.parse(target)] if url and kind in (Kind.REPLY, Kind.RSVP))


def author(card: object) -> Author:
    """An author, whose parts may all be missing."""
    held = obj(card)
    return Author(name=name_of(held.get("name")), url=url_of(held.get("url")), photo=url_of(held.get("photo")))


def content(said: Jf2, *, base: str) -> Content | None:
    """Content in any of its three shapes: `{html, text}`, the older `{content-type, value}`, a string."""
    held = obj(said.get("content"))
    if isinstance(said.get("content"), str):
        return content_of_text(said["content"])
    html = held.get("html") or (held.get("value") if held.get("content-type") == "text/html" else None)
    text = held.get("text")
    if isinstance(html, str) and html:
        return content_of(html, base=base, text=text if isinstance(text, str) else None)
    words = text or held.get("value")
    return content_of_text(words) if isinstance(words, str) else None


def url_list(value: object) -> tuple[Url, ...]:
    """The http(s) URLs among one value or several."""
    return tuple(url for one in many(value) if (url := url_of(one)))


def many(value: object) -> list[Any]:
    """One value or several as a list."""
    return value if isinstance(value, list) else [] if value is None else [value]


def obj(value: object) -> Jf2:
    """An object; an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def _summary(value: object) -> PlainText | None:
    words = value.get("value") if isinstance(value, Mapping) else value
    return (lines_of(words, limit=10_000) or None) if isinstance(words, str) else None
