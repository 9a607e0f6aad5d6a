"""Which responses are copies of one response, and which copy stands for the others.

The same words arrive twice: by http and https, from a page and its print version, from a post and from the bridge that
carried its copy back.  They are one cluster: one is shown, the others are listed beside it (`wm-also`).

Nobody may take another's place by naming its address.  Pages of one host are one trust domain; across hosts, copies
have to share an address, say the same, and one of them has to be vouched for: by a bridge, by naming each other, or by
one author.  Between different authors the earlier one stays in front.  Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mentions import urls
from mentions.model import Author, Authority, Entry, Kind, Protocol

SHORTEST_CUT: Final = 24
"""A copy may be cut off, but what is left has to be so long to say anything."""
_TRUST: Final = {
    Authority.SAME_ORIGIN: 0,
    Authority.AUTHOR_PAGE: 1,
    Authority.BRIDGED: 2,
    Authority.SIGNED_IN: 3,
    Authority.CLAIMED: 4,
}


def names_of(entry: Entry) -> tuple[str, ...]:
    """Every URL that the entry goes by: source, url, uid, canonical, syndication."""
    said = entry.reaction
    return tuple(name for name in (entry.source, said.url, said.uid, said.canonical, *said.syndication) if name)


def are_copies(a: Entry, b: Entry) -> bool:
    """Whether both are one response to the same page.  Symmetric; a comment that was typed here is never a copy."""
    if a.page_id != b.page_id or Protocol.COMMENT in (a.protocol, b.protocol):
        return False
    if urls.response_key(a.source) == urls.response_key(b.source):
        return True
    if not (_keys(names_of(a)) & _keys(names_of(b))) or not _say_the_same(a, b):
        return False
    return _is_one_host(a, b) or _is_vouched(a, b)


def stands_before(a: Entry, b: Entry) -> bool:
    """Whether, of two copies, `a` is the one to show."""
    if not _is_one_host(a, b) and not _have_one_author(a, b):
        return _age(a) < _age(b)
    return _rank(a) < _rank(b)


def first_of(copies: Iterable[Entry]) -> Entry:
    """The copy that stands for all of them, whatever order they come in."""
    ordered = sorted(copies, key=_age)
    best = ordered[0]
    for entry in ordered[1:]:
        if stands_before(entry, best):
            best = entry
    return best


def _keys(names: Iterable[str]) -> set[str]:
    return {key for name in names if (key := urls.response_key(name))}


def _is_one_host(a: Entry, b: Entry) -> bool:
    return urls.site_authority(a.source) == urls.site_authority(b.source)


def _is_vouched(a: Entry, b: Entry) -> bool:
    """Whether somebody besides one of the two says that they belong together."""
    if Authority.BRIDGED in (a.reaction.authority, b.reaction.authority):
        return True
    name_each_other = urls.response_key(a.source) in _keys(names_of(b)) and urls.response_key(b.source) in _keys(
        names_of(a)
    )
    return name_each_other or _have_one_author(a, b)


def _have_one_author(a: Entry, b: Entry) -> bool:
    mine, others = _person(a.reaction.author), _person(b.reaction.author)
    return mine is not None and mine == others


def _person(author: Author) -> str | None:
    return urls.response_key(author.url) if author.url else None


def _say_the_same(a: Entry, b: Entry) -> bool:
    """The same kind and the same words; one of them may be cut off.  Where there are no words, the same kind."""
    kinds = {a.reaction.kind, b.reaction.kind}
    if len(kinds) > 1 and Kind.MENTION not in kinds:
        return False
    mine, others = _words(a), _words(b)
    if mine == others:
        return True
    short, long = sorted((mine.rstrip("….[] "), others), key=len)
    return len(short) >= SHORTEST_CUT and long.startswith(short.rstrip("….[] "))


def _words(entry: Entry) -> str:
    said = entry.reaction
    text = said.content.text if said.content is not None else said.summary or said.name or ""
    return " ".join(text.split()).casefold()


def _rank(entry: Entry) -> tuple[int, bool, bool, float, int]:
    return (
        _TRUST[entry.reaction.authority],
        entry.protocol is not Protocol.WEBMENTION,
        not entry.source.startswith("https:"),
        *_age(entry),
    )


def _age(entry: Entry) -> tuple[float, int]:
    return entry.received_at.timestamp(), entry.id
