"""WordPress eXtended RSS (WXR 1.0 to 1.2): the comments of a WordPress site, pingbacks and webmentions among them.

Elements are known by their local names, because each version has a namespace of its own.  The webmention plugin keeps
kind, source and author in comment meta (`webmention_source_url`, `semantic_linkbacks_*`, `protocol`)."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import IO, Final
from xml.etree.ElementTree import Element  # a type; parsing is xml.py's

from mentions import urls
from mentions.model import Author, EntryState, Kind, PlainText, Protocol, Reaction, Url
from mentions.moving import xml
from mentions.moving.records import Moved, Skipped, content_of, name_of, url_of, utc

STATES: Final[Mapping[str, EntryState]] = {
    "1": EntryState.SHOWN,
    "approved": EntryState.SHOWN,
    "0": EntryState.HELD,
    "hold": EntryState.HELD,
    "spam": EntryState.SPAM,
}
"""`wp:comment_approved`; anything else (trash, post-trashed) is left out."""
KINDS: Final[Mapping[str, Kind]] = {
    "like": Kind.LIKE,
    "favorite": Kind.LIKE,
    "repost": Kind.REPOST,
    "bookmark": Kind.BOOKMARK,
    "tag": Kind.TAG,
    "follow": Kind.FOLLOW,
    "mention": Kind.MENTION,
    "invited": Kind.INVITE,
    "invite": Kind.INVITE,
    "reacji": Kind.REACJI,
    "quote": Kind.QUOTATION,
    "quotation": Kind.QUOTATION,
    "person-tag": Kind.PERSON_TAG,
}
OWN_SOURCE: Final = "_ymateb_source"
"""Comment meta of our own export: the source of a comment that has another one than its place in the page."""
OWN_AUTHOR: Final = "_ymateb_author"
"""Comment meta of our own export: the author of a pingback, in whose place WordPress shows the title of the page."""
_CONTEXT: Final = 1_000
_DATE: Final = ("%Y-%m-%d %H:%M:%S",)


def read(file: IO[bytes]) -> Iterator[Moved | Skipped]:
    """Every comment of every item, in the file's order."""
    for item in xml.elements(file, ("item",)):
        link = xml.text(item, "link")
        title = _text_of(xml.text(item, "title"))
        for comment in item:
            if xml.local(comment.tag) == "comment":
                yield _comment(comment, link, title)


def _comment(comment: Element, link: str, title: str | None) -> Moved | Skipped:
    ref = xml.text(comment, "comment_id") or "?"
    page = urls.parse(link)
    if page is None:
        return Skipped(ref, f"its post has no http(s) address: {link[:100]!r}")
    state = STATES.get(xml.text(comment, "comment_approved"))
    if state is None:
        return Skipped(ref, f"it is {xml.text(comment, 'comment_approved') or 'without a state'}")
    at = _date(comment)
    if at is None:
        return Skipped(ref, "it has no date")
    meta = _meta(comment)
    form = xml.text(comment, "comment_type") or "comment"
    website = url_of(xml.text(comment, "comment_author_url"))
    protocol = _protocol(form, meta)
    pinging = website if protocol is Protocol.PINGBACK else None
    source = _source(meta) or urls.parse(meta.get(OWN_SOURCE, "")) or pinging or f"{page}#comment-{ref}"
    linked = urls.parse(meta.get("webmention_target_url", ""))
    parent = xml.text(comment, "comment_parent")
    return Moved(
        ref=ref,
        source=source,
        target=linked if linked and urls.page_key(linked) == urls.page_key(page) else page,
        protocol=protocol,
        state=state,
        received_at=at,
        parent_ref=parent if parent not in ("", "0") else None,
        page_title=title,
        email=name_of(xml.text(comment, "comment_author_email")),
        reaction=_reaction(comment, page, source, website if website != source else None, protocol, at, meta),
    )


def _reaction(
    comment: Element, page: Url, source: str, website: Url | None, protocol: Protocol, at: datetime,
    meta: Mapping[str, str],
) -> Reaction:  # fmt: skip
    named = meta.get("semantic_linkbacks_type") or xml.text(comment, "comment_type") or "comment"
    kind = _kind(named)
    name, title = _names(comment, protocol, source, meta)
    content = content_of(xml.text(comment, "comment_content"), base=source)
    is_excerpt = protocol is Protocol.PINGBACK and "semantic_linkbacks_type" not in meta
    return Reaction(
        kind=kind,
        author=Author(
            name=name,
            url=url_of(meta.get("semantic_linkbacks_author_url")) or website,
            photo=url_of(meta.get("avatar") or meta.get("semantic_linkbacks_avatar")),
        ),
        url=url_of(meta.get("url") or meta.get("semantic_linkbacks_canonical")),
        name=title,
        content=None if is_excerpt else content,
        context=name_of(content.text, _CONTEXT) if is_excerpt and content else None,
        published=at.isoformat(),
        published_at=at,
        rsvp=(named.partition(":")[2] or None) if kind is Kind.RSVP else None,
        in_reply_to=(page,),
    )


def _names(
    comment: Element, protocol: Protocol, source: str, meta: Mapping[str, str]
) -> tuple[PlainText | None, PlainText | None]:
    """Author and title.  WordPress has one place for both, and shows pingbacks by their title."""
    shown = _text_of(xml.text(comment, "comment_author"))
    if protocol is Protocol.COMMENT:
        return shown, None
    if shown == urls.authority(source):
        shown = None
    if protocol is Protocol.WEBMENTION:
        return shown, None
    author = _text_of(meta.get(OWN_AUTHOR, ""))
    return author, shown if shown != author else None


def _text_of(words: str) -> PlainText | None:
    """Names and titles: WordPress keeps them as HTML."""
    return name_of(html.unescape(words))


def _date(comment: Element) -> datetime | None:
    named = (xml.text(comment, "comment_date_gmt"), xml.text(comment, "comment_date"))
    return next((at for text in named if (at := utc(text, formats=_DATE))), None)


def _meta(comment: Element) -> dict[str, str]:
    metas = [found for found in comment if xml.local(found.tag) == "commentmeta"]
    return {xml.text(one, "meta_key"): xml.text(one, "meta_value") for one in metas}


def _source(meta: Mapping[str, str]) -> str | None:
    for key in ("webmention_source_url", "semantic_linkbacks_source"):
        if found := urls.parse(meta.get(key, "")):
            return found
    return None


def _protocol(form: str, meta: Mapping[str, str]) -> Protocol:
    if meta.get("protocol") == "webmention" or _source(meta) or form == "webmention":
        return Protocol.WEBMENTION
    return Protocol.PINGBACK if form in ("pingback", "trackback") else Protocol.COMMENT


def _kind(named: str) -> Kind:
    if named.startswith("rsvp:"):
        return Kind.RSVP
    if named in KINDS:
        return KINDS[named]
    return Kind.MENTION if named in ("pingback", "trackback", "webmention") else Kind.REPLY
