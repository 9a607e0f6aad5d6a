"""Who wrote an entry: the authorship algorithm.  (https://indieweb.org/authorship-spec; step numbers are its)

The entry's page is read first; a page of the author that has to be fetched is named in `Authorship.page`, and read by
`from_author_page` once somebody has fetched it.  Names and pictures are claims: `authority` says whose."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mentions import urls
from mentions.interpret import items
from mentions.interpret.microformats import Found, Root
from mentions.model import Author, Authority, PlainText, Url
from mentions.sanitize import clean_text

MAX_NAME: Final = 200
BRIDGES: Final = frozenset(
    {"brid.gy", "fed.brid.gy", "bsky.brid.gy", "ap.brid.gy", "web.brid.gy", "granary.io", "twitter-atom.appspot.com"}
)
"""Hosts that render other networks' posts as microformats, on behalf of their authors."""
_LINK: Final = re.compile(
    r"(?:https?|javascript|vbscript|data|blob|file|ftp|about|mailto|tel|xmpp|acct|irc|sms)\s*:\S", re.IGNORECASE
)
"""A value that is meant as a link; one that we do not follow is no name either."""
_CARDS: Final = frozenset({"h-card", "hcard"})


@dataclass(frozen=True, slots=True)
class Authorship:
    """What the entry's own page tells: the author, or the page that has to be asked.

    With `page`, `author` is what holds if that page cannot be read (7.4, else what little the entry says)."""

    author: Author
    page: Url | None = None


def find_author(found: Found, entry: Root, *, is_permalink: bool, same_page: Iterable[str]) -> Authorship:
    """Steps 1 to 6, and 7 as far as the page itself goes.

    `is_permalink`: the entry is the only one of its page.  `same_page` are the URLs that the page itself goes by: an
    author page among them is not fetched again."""
    said = _author_values(entry)
    if (card := _first_card(said)) is not None:
        return Authorship(card)
    page, is_rel = _first_link(said), False
    if page is None and not said and is_permalink:
        page, is_rel = next(iter(items.links(_rel(found, "author"), limit=1)), None), True
    name = _first_name(said)
    if page is None:
        return Authorship(Author(name=name))
    cards = cards_of(found)
    if urls.without_fragment(page) in map(urls.without_fragment, same_page):
        own = author_on_page(cards, _rel(found, "me"), page) or _with_url(cards, page)
        return Authorship(own or Author(name=name, url=page))
    return Authorship(_with_url(cards, page) or Author(name=name, url=None if is_rel else page), page)


def author_of(item: items.Item) -> Authorship:
    """Steps 3 and 5 for an item that stands on no page, as in JSON: a card, the page of the author, or a name."""
    said = items.values(item, "author")
    if (card := _first_card(said)) is not None:
        return Authorship(card)
    page = _first_link(said)
    return Authorship(Author(name=_first_name(said), url=page), page)


def author_on_page(cards: Sequence[items.Item], rel_me: Iterable[str], page: Url) -> Author | None:
    """Steps 7.2 and 7.3 on the author's page: first all cards by url and uid, then all by rel-me."""
    for card in cards:
        if _is_named(card, page, "url") and _is_named(card, page, "uid"):
            return read_card(card, known_by=page)
    mine = {url for raw in rel_me if (url := urls.parse(raw)) is not None}
    for card in cards:
        own = [urls.parse(raw) for value in items.values(card, "url") for raw in items.raw_urls(value)]
        if (shared := next((url for url in own if url in mine), None)) is not None:
            return read_card(card, known_by=page if page in own else shared)
    return None


def from_author_page(found: Found, *, pages: Sequence[Url]) -> Author | None:
    """The author that a fetched page describes: 7.2, 7.3, then what other readers take too (a card with the page's own
    URL, or the only card of the page).  `pages` are the URLs it goes by, the one that was asked for first."""
    cards = cards_of(found)
    for page in pages:
        if author := author_on_page(cards, _rel(found, "me"), page):
            return author
    for page in pages:
        if author := _with_url(cards, page):
            return author
    top = [root.item for root in found.roots if root.parent is None and _CARDS & set(items.types(root.item))]
    if len(top) != 1:
        return None
    only = read_card(top[0])
    return Author(only.name, only.url or pages[0], only.photo) if only.name or only.photo else None


def vouches_for(found: Found, source: str) -> bool:
    """Does an author's page name the source's site as its own (rel=me, or url of a card)?"""
    mine = [*_rel(found, "me"), *(raw for card in cards_of(found) for raw in items.raw_urls(card))]
    own = urls.origin(source)
    return own != "" and any(urls.origin(raw) == own for raw in mine)


def read_card(card: Any, *, known_by: Url | None = None) -> Author:
    """Name, URL and picture of an h-card; what is no http(s) URL or no visible text is left out.

    Of several URLs it is `known_by`, the one by which the card was found, else the first."""
    said = [*items.values(card, "url"), *items.values(card, "uid")]
    own = items.links(said, limit=1 if known_by is None else items.MAX_VALUES)
    known = None if known_by is None else urls.attribute_safe(known_by)
    return Author(
        name=_name(card),
        url=known if known in own else next(iter(own), None),
        photo=next(iter(items.links(items.values(card, "photo", "logo"), limit=1)), None),
    )


def authority(author: Author, url: str | None, source: str) -> Authority:
    """How far the source may speak for this author and this URL (`AUTHOR_PAGE` is for who has read that page)."""
    if urls.authority(source) in BRIDGES:
        return Authority.BRIDGED
    claimed = [claim for claim in (author.url, url) if claim]
    is_own = all(urls.origin(claim) == urls.origin(source) for claim in claimed)
    return Authority.SAME_ORIGIN if is_own else Authority.CLAIMED


def cards_of(found: Found) -> list[items.Item]:
    """Every h-card of a page, in document order."""
    return [root.item for root in found.roots if _CARDS & set(items.types(root.item))]


def _author_values(entry: Root) -> list[Any]:
    """Step 3, then 4: the entry's author property, else that of the feed around it."""
    if said := items.values(entry.item, "author"):
        return said
    parent = entry.parent
    while parent is not None:
        if "h-feed" in items.types(parent.item) and (said := items.values(parent.item, "author")):
            return said
        parent = parent.parent
    return []


def _name(card: Any) -> PlainText | None:
    name = items.first_text(card, "name", "nickname", "org")
    if not name and not _LINK.match(said := items.text(card).strip()):
        name = said
    return clean_text(name, MAX_NAME) or None


def _first_card(said: list[Any]) -> Author | None:
    """5.1: a card anywhere among the values beats a URL."""
    cards = (read_card(value) for value in said if items.is_item(value))
    return next((card for card in cards if card != Author()), None)


def _first_name(said: list[Any]) -> PlainText | None:
    return next((text for value in said if (text := _name(value))), None)


def _first_link(said: list[Any]) -> Url | None:
    return next(iter(items.links([value for value in said if isinstance(value, str)], limit=1)), None)


def _with_url(cards: Sequence[items.Item], page: Url) -> Author | None:
    return next((read_card(card, known_by=page) for card in cards if _is_named(card, page, "url")), None)


def _is_named(card: items.Item, page: Url, name: str) -> bool:
    return any(items.names(value, page) for value in items.values(card, name))


def _rel(found: Found, name: str) -> list[str]:
    return list(found.data["rels"].get(name, ()))
