"""Disqus' XML export: threads first, then posts that name their thread and parent by `dsq:id`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO
from xml.etree.ElementTree import Element  # a type; parsing is xml.py's

from mentions import urls
from mentions.model import Author, EntryState, Kind, Protocol, Reaction, Url
from mentions.moving import xml
from mentions.moving.records import Moved, Skipped, content_of, name_of, utc


def read(file: IO[bytes]) -> Iterator[Moved | Skipped]:
    """Every post, in the file's order.  Addresses and titles of threads are all that is remembered."""
    pages: dict[str, tuple[Url | None, str | None]] = {}
    for element in xml.elements(file, ("thread", "post")):
        ref = xml.attribute(element, "id")
        if xml.local(element.tag) == "post":
            yield _post(element, ref, pages)
        elif len(element):
            pages[ref] = (urls.parse(xml.text(element, "link")), xml.text(element, "title") or None)


def _post(post: Element, ref: str, pages: dict[str, tuple[Url | None, str | None]]) -> Moved | Skipped:
    page, title = pages.get(xml.attribute(xml.child(post, "thread"), "id"), (None, None))
    if page is None:
        return Skipped(ref, "its thread has no http(s) address")
    if xml.text(post, "isDeleted") == "true":
        return Skipped(ref, "it was deleted there")
    at = utc(xml.text(post, "createdAt"))
    if at is None:
        return Skipped(ref, "it has no date")
    author = xml.child(post, "author")
    source = f"{page}#comment-{ref}"
    return Moved(
        ref=ref,
        source=source,
        target=page,
        protocol=Protocol.COMMENT,
        state=EntryState.SPAM if xml.text(post, "isSpam") == "true" else EntryState.SHOWN,
        received_at=at,
        parent_ref=xml.attribute(xml.child(post, "parent"), "id") or None,
        page_title=title,
        email=name_of(xml.text(author, "email")),
        reaction=Reaction(
            kind=Kind.REPLY,
            author=Author(name=name_of(xml.text(author, "name"))),
            content=content_of(xml.text(post, "message"), base=page),
            published=at.isoformat(),
            published_at=at,
            in_reply_to=(page,),
        ),
    )
