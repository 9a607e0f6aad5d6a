"""Entries as Atom, for feed readers, and as HTML, for people who open an API address, as webmention.io has them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Final
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from service.api.jf2 import Jf2, permalink, zulu

HTML_POLICY: Final = "default-src 'none'; img-src 'self'; base-uri 'none'; form-action 'none'"
"""Framing is allowed, as webmention.io does; scripts and styles are not."""

_ATOM: Final = "http://www.w3.org/2005/Atom"
_THREADING: Final = "http://purl.org/syndication/thread/1.0"
_NO_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PROPERTIES: Final = ("in-reply-to", "like-of", "repost-of", "bookmark-of", "mention-of")
_VERBS: Final = {
    "like": "liked",
    "repost": "reposted",
    "reply": "replied to",
    "bookmark": "bookmarked",
    "follow": "follows",
    "quotation": "quoted",
}
_LONGEST_TITLE: Final = 200


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands among the others (RFC 4685)."""

    updated_at: datetime
    parent_id: int | None = None
    replies: int = 0
    replied_at: datetime | None = None


def atom(
    children: Sequence[Jf2],
    self_url: str,
    base: str,
    *,
    title: str = "Mentions",
    about: str | None = None,
    places: Mapping[int, Place] | None = None,
) -> bytes:
    """An Atom feed with `thr:in-reply-to` (RFC 4287, RFC 4685).

    `about` is the page that the feed belongs to; `places` tell more of the entries, by `wm-id`."""
    ET.register_namespace("", _ATOM)
    ET.register_namespace("thr", _THREADING)
    places = places or {}
    feed = ET.Element(f"{{{_ATOM}}}feed")
    _add(feed, "id", self_url)
    _add(feed, "title", title)
    _add(feed, "updated", max((_updated(child, places) for child in children), default="1970-01-01T00:00:00Z"))
    _add(feed, "link", rel="self", type="application/atom+xml", href=self_url)
    if about:
        _add(feed, "link", rel="alternate", type="text/html", href=about)
    _add(feed, "generator", "Ymateb", uri=base)
    for child in children:
        _add_entry(feed, child, base, self_url, places)
    text: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return text


def _add_entry(feed: ET.Element, child: Jf2, base: str, self_url: str, places: Mapping[int, Place]) -> None:
    entry, place = ET.SubElement(feed, f"{{{_ATOM}}}entry"), places.get(child["wm-id"])
    _add(entry, "id", _id_of(child["wm-id"], base))
    _add(entry, "title", sentence(child))
    _add(entry, "published", child["wm-received"])
    _add(entry, "updated", _updated(child, places))
    author = ET.SubElement(entry, f"{{{_ATOM}}}author")
    _add(author, "name", child["author"]["name"] or _host(child["url"]))
    if child["author"]["url"]:
        _add(author, "uri", child["author"]["url"])
    _add(entry, "link", rel="alternate", href=child["url"])
    _add(entry, "link", rel="related", href=child["wm-target"])
    _add_threading(entry, child, base, self_url, place)
    content = child.get("content") or {}
    if content.get("html"):
        _add(entry, "content", content["html"], type="html")
    elif text := content.get("text") or child.get("wm-context") or child.get("name"):
        _add(entry, "content", text, type="text")


def _add_threading(entry: ET.Element, child: Jf2, base: str, self_url: str, place: Place | None) -> None:
    """What the entry answers, and where its own answers are."""
    answered = {"ref": child["wm-target"], "href": child["wm-target"], "type": "text/html"}
    if place is not None and place.parent_id is not None:
        answered_at = permalink(base, place.parent_id)
        answered |= {"ref": _id_of(place.parent_id, base), "href": answered_at, "source": self_url}
    ET.SubElement(entry, f"{{{_THREADING}}}in-reply-to", answered)
    if place is None:
        return
    replies = {"rel": "replies", "type": "text/html", "href": permalink(base, child["wm-id"])}
    replies[f"{{{_THREADING}}}count"] = str(place.replies)
    if place.replied_at is not None:
        replies[f"{{{_THREADING}}}updated"] = zulu(place.replied_at)
    ET.SubElement(entry, f"{{{_ATOM}}}link", replies)
    ET.SubElement(entry, f"{{{_THREADING}}}total").text = str(place.replies)


def _updated(child: Jf2, places: Mapping[int, Place]) -> str:
    place = places.get(child["wm-id"])
    updated: str = zulu(place.updated_at) if place is not None else child["wm-received"]
    return updated


def _id_of(entry_id: int, base: str) -> str:
    return f"{base}/api/mention/{entry_id}"


def _add(parent: ET.Element, name: str, text: str | None = None, /, **attributes: str) -> None:
    element = ET.SubElement(parent, f"{{{_ATOM}}}{name}", {k: _NO_XML.sub("", v) for k, v in attributes.items()})
    if text is not None:
        element.text = _NO_XML.sub("", text)


def sentence(child: Jf2) -> str:
    """What happened, in the words of webmention.io: `{source host} {verb} {target path}`."""
    verb = f"RSVPed “{child['rsvp']}” to" if child.get("rsvp") else _VERBS.get(child["wm-kind"], "mentioned")
    return f"{_host(child['wm-source'])} {verb} {urlsplit(child['wm-target']).path or '/'}"[:_LONGEST_TITLE]


def html(children: Iterable[Jf2]) -> bytes:
    """An HTML page that parses as an h-feed, with the classes that webmention.io's has."""
    items = "".join(_item(child) for child in children)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex"><title>Mentions</title></head>
<body><div class="mentions h-feed"><h1 class="p-name">Mentions</h1>
{items}</div></body></html>
""".encode("utf-8", "replace")


def _item(child: Jf2) -> str:
    author, source = child["author"], escape(child["wm-source"])
    name = escape(author["name"] or _host(child["url"]))
    card = f'<span class="p-name">{name}</span>'
    if author["url"]:
        card = f'<a class="p-name u-url" href="{escape(author["url"])}">{name}</a>'
    when = escape(child["published"] or child["wm-received"])
    time = f'<time class="dt-published" datetime="{when}">{when}</time>'
    lang = f' lang="{escape(child["wm-lang"])}"' if child.get("wm-lang") else ""
    rsvp = f'<data class="p-rsvp" value="{escape(child["rsvp"])}"></data>' if child.get("rsvp") else ""
    return f"""<div class="h-entry mention"{lang}>
<div class="author p-author h-card">{_photo(child)}{card}</div>
<div class="context">{escape(sentence(child))}: {_context(child)}{rsvp}</div>
{_body(child)}<a class="u-url" href="{escape(child["url"])}">{time}</a>
<a class="source" href="{source}">{source}</a>
</div>
"""


def _photo(child: Jf2) -> str:
    """The picture from our cache; the original is only named, so that no reader's browser asks a stranger for it."""
    if avatar := child.get("wm-avatar"):
        return f'<img class="u-photo" src="{escape(avatar)}" alt="" width="48">'
    photo = child["author"]["photo"]
    return f'<data class="u-photo" value="{escape(photo)}"></data>' if photo else ""


def _context(child: Jf2) -> str:
    name = next((name for name in _PROPERTIES if name in child), "mention-of")
    target = escape(child["wm-target"])
    return f'<a class="u-{name}" href="{target}">{target}</a>'


def _body(child: Jf2) -> str:
    content = child.get("content") or {}
    title = f'<p class="p-name">{escape(child["name"])}</p>\n' if child.get("name") else ""
    if content.get("html"):
        return f'{title}<div class="e-content">{content["html"]}</div>\n'  # SafeHtml, made in mentions/sanitize.py
    text = content.get("text") or child.get("wm-context")
    return f'{title}<div class="p-content">{escape(text)}</div>\n' if text else title


def _host(url: str) -> str:
    return urlsplit(url).netloc
