"""What a reading process is asked to do: pure functions of a fetched document, every result JSON-able by `codec.py`.

The journey of a page: is the link there, which entry responds, what kind of response is it, who wrote it, what may be
shown.  A page that has no microformats is read plainly, JSON by the dialect that it speaks; a page made to be slow is
refused with `ParserError`, which is the only thing that any of these raise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import orjson
from selectolax.lexbor import LexborHTMLParser

from mentions import urls
from mentions.charset import decode_text
from mentions.hypertext import base_of, read_hypertext
from mentions.interpret import author as authorship
from mentions.interpret import context, items, json_items, microformats, outgoing
from mentions.interpret.choice import Choice, Place, choose, entry_of_page, nodes_of
from mentions.interpret.dom import Tree
from mentions.interpret.entry import published_of, read_entry, read_words, url_of
from mentions.interpret.kind import classify
from mentions.interpret.plain import Plain, canonical_url, linked_author, page_language, page_title, read_plain
from mentions.links import find_link
from mentions.links.json_strings import load
from mentions.media import Media, media_of
from mentions.model import (
    Author,
    Authority,
    Document,
    Kind,
    Link,
    OutgoingLinks,
    Reaction,
    Reading,
    TargetFacts,
    Url,
)

MAX_MF2: Final = 256 << 10
"""Bytes of raw microformats that are kept; of a larger page only the entry's."""
_HYPERTEXT: Final = frozenset({Media.HTML, Media.XHTML})


def read_source(document: Document, *, source: str, target: str) -> Reading:
    """Looks for the link and reads what the page says to its target.  ParserError for markup made to be slow.

    `source` is the URL that was claimed, fragment and all; `document.url` is where it led."""
    parser = read_hypertext(document) if media_of(document) in _HYPERTEXT else None
    search = find_link(document, target, tree=parser)
    notes = search.notes
    if search.link is None:
        return Reading(None, search.near_misses, search.is_gone, notes=notes)
    if parser is not None:
        reading = _read_page(_tree_of(parser, document), search.link, source=source)
    elif media_of(document) is Media.JSON:
        reading = _read_json(document, search.link, source)
    else:
        reading = Reading(search.link, reaction=_read_text(document, search.link, source))
    return replace(reading, near_misses=search.near_misses, notes=(*notes, *reading.notes))


def read_author(document: Document, *, reading: Reading, requested: Url, source: str | None = None) -> Reading:
    """The reading with the author that his own page describes (authorship 7.1-7.3); as it was where that tells nothing.

    A page that names the site of `source` as its own makes the authorship `author-page`; without `source` nobody is
    vouched for."""
    if reading.reaction is None or media_of(document) not in _HYPERTEXT:
        return read_author_failed(reading)
    found = microformats.find(_tree(document))
    author = authorship.from_author_page(found, pages=tuple(dict.fromkeys((requested, document.url))))
    if author is None:
        return read_author_failed(reading)
    authority = reading.reaction.authority
    if authority is not Authority.BRIDGED:
        authority = authorship.authority(author, reading.reaction.url, source or "")
    is_about_itself = urls.origin(author.url or "") in (urls.origin(requested), urls.origin(document.url))
    if authority is Authority.CLAIMED and is_about_itself and authorship.vouches_for(found, source or ""):
        authority = Authority.AUTHOR_PAGE
    reaction = replace(reading.reaction, author=author, authority=authority)
    return replace(reading, author_page=None, reaction=reaction)


def read_author_failed(reading: Reading) -> Reading:
    """The reading when the author's page could not be read: what the entry's own page said holds (authorship 7.4)."""
    return replace(reading, author_page=None)


def read_target(document: Document) -> TargetFacts:
    """What a page of ours says of itself: the title of its thread, its canonical URL, author and language."""
    if media_of(document) not in _HYPERTEXT:
        return TargetFacts(url=document.url)
    tree = _tree(document)
    found = microformats.find(tree)
    canonical = canonical_url(tree)
    entry = entry_of_page(found, tree, canonical=canonical)
    plain = read_plain(tree)
    title, author = None, plain.author
    if entry is not None:
        words = read_words(entry.item, Kind.MENTION, base=tree.base, has_implied_name=entry.has_implied_name)
        title = None if entry.has_implied_name else words.name
        said = authorship.find_author(found, entry, is_permalink=True, same_page=(tree.url,)).author
        author = said if said != Author() else author
    return TargetFacts(
        url=document.url,
        title=title or plain.title,
        canonical=canonical,
        author=None if author == Author() else author,
        lang=plain.lang,
    )


def read_links(document: Document) -> OutgoingLinks:
    """The links of a page's entry, for sending; none for what is no HTML."""
    if media_of(document) not in _HYPERTEXT:
        return OutgoingLinks(url=document.url, notes=("not HTML: no links to send to",))
    return outgoing.links_of(_tree(document))


def _tree(document: Document) -> Tree:
    return _tree_of(read_hypertext(document), document)


def _tree_of(parser: LexborHTMLParser, document: Document) -> Tree:
    return Tree(parser, url=document.url, base=base_of(parser, document))


def _read_page(tree: Tree, link: Link, *, source: str) -> Reading:
    found = microformats.find(tree)
    canonical = canonical_url(tree)
    choice = choose(found, tree, link, source=source, canonical=canonical)
    if choice is None:
        reaction = _read_plainly(tree, link, source)
        return Reading(
            link, reaction=replace(reaction, canonical=canonical), mf2=_kept(found, None), notes=tuple(found.notes)
        )
    own_urls = (source, tree.url, *((canonical,) if canonical else ()))
    by = authorship.find_author(found, choice.entry, is_permalink=choice.is_permalink, same_page=own_urls)
    author = by.author
    if author == Author() and choice.is_permalink:
        author = _named_plainly(tree, by.page)
    reaction = _read_choice(found, choice, tree, link, author, source)
    reaction = replace(
        reaction,
        authority=authorship.authority(Author(url=author.url or by.page), reaction.url, source),
        canonical=canonical,
        lang=reaction.lang or page_language(tree),
    )
    return Reading(link, reaction=reaction, author_page=by.page, mf2=_kept(found, choice), notes=tuple(found.notes))


def _named_plainly(tree: Tree, page: Url | None) -> Author:
    """Whom the page names beside its microformats, as the themes of WordPress do: in its head, else by the text of the
    link to `page`, his own, which may still tell more of him."""
    credited = read_plain(tree).credited
    if credited != Author():
        return replace(credited, url=credited.url or page)
    linked = linked_author(tree) if page is not None else Author()
    return linked if linked.url == page else Author()


def _read_choice(
    found: microformats.Found, choice: Choice, tree: Tree, link: Link, author: Author, source: str
) -> Reaction:
    """What the chosen entry says; a bare mention where the link is not in its own words."""
    entry = choice.entry
    if choice.place is not Place.OWN:
        return _read_bare_mention(choice, tree, link, author, source)
    kind, rsvp = classify(entry.item, link.url, rel_reply_to=found.data["rels"].get("in-reply-to", ()))
    read = read_entry(
        entry.item,
        kind=kind,
        rsvp=rsvp,
        author=author,
        source=source,
        page=tree.url,
        target=link.url,
        has_implied_name=entry.has_implied_name,
    )
    if read.kind is Kind.MENTION and read.content is None:
        return replace(read, name=read.name or page_title(tree), context=_around(tree, link))
    return read


def _read_bare_mention(choice: Choice, tree: Tree, link: Link, author: Author, source: str) -> Reaction:
    """The page links, but its entry does not say it: title, author and date, none of the entry's words."""
    item = choice.entry.item
    words = read_words(item, Kind.MENTION, base=tree.url, has_implied_name=choice.entry.has_implied_name)
    published = published_of(item)
    return Reaction(
        kind=Kind.MENTION,
        author=author,
        url=url_of(item, (source, tree.url), target=link.url),
        name=words.name or page_title(tree),
        context=None if choice.place is Place.COMMENT else _around(tree, link),
        published=None if published is None else published.text,
        published_at=None if published is None else published.at,
        lang=words.lang,
        syndication=items.links(items.values(item, "syndication")),
    )


def _read_plainly(tree: Tree, link: Link, source: str) -> Reaction:
    """A page without an entry: its title, its author, the words around the link."""
    plain: Plain = read_plain(tree)
    return Reaction(
        kind=Kind.MENTION,
        author=plain.author,
        authority=authorship.authority(plain.author, None, source),
        name=plain.title,
        context=_around(tree, link),
        published=None if plain.published is None else plain.published.text,
        published_at=None if plain.published is None else plain.published.at,
        lang=plain.lang,
        photos=() if plain.image is None else (plain.image,),
    )


def _read_json(document: Document, link: Link, source: str) -> Reading:
    """A JSON document: the post that it is, where it speaks a dialect for posts; else a mention with the title and the
    text of the object that names the target."""
    text, spellings = decode_text(document), (link.raw, link.url)
    name, around = context.around_json(text, spellings)
    item = json_items.item_with(load(text), spellings)
    if item is None:
        authority = authorship.authority(Author(), None, source)
        return Reading(link, reaction=Reaction(kind=Kind.MENTION, authority=authority, name=name, context=around))
    kind, rsvp = classify(item, link.url)
    by = authorship.author_of(item)
    read = read_entry(
        item,
        kind=kind,
        rsvp=rsvp,
        author=by.author,
        source=source,
        page=document.url,
        target=link.url,
        has_implied_name=False,
    )
    if read.kind is Kind.MENTION and read.content is None:
        read = replace(read, name=read.name or name, context=around)
    authority = authorship.authority(Author(url=by.author.url or by.page), read.url, source)
    whole = {"items": [item], "rels": {}, "rel-urls": {}}
    return Reading(
        link,
        reaction=replace(read, authority=authority),
        author_page=by.page,
        mf2=whole if len(orjson.dumps(whole)) <= MAX_MF2 else None,
    )


def _read_text(document: Document, link: Link, source: str) -> Reaction:
    """A text document: a mention with what stands around the URL."""
    return Reaction(
        kind=Kind.MENTION,
        authority=authorship.authority(Author(), None, source),
        context=context.around_text(decode_text(document), link.raw),
    )


def _around(tree: Tree, link: Link) -> Any:
    """The text around the first link to the target that has any."""
    return next((text for node in nodes_of(tree, link)[:5] if (text := context.around_link(node))), None)


def _kept(found: microformats.Found, choice: Choice | None) -> dict[str, Any] | None:
    """The raw microformats, as far as they are kept: the whole page's, else the entry's, else none."""
    if not found.data["items"]:
        return None
    if len(orjson.dumps(found.data)) <= MAX_MF2:
        return found.data
    entry = None if choice is None else {"items": [choice.entry.item], "rels": {}, "rel-urls": {}}
    return entry if entry is not None and len(orjson.dumps(entry)) <= MAX_MF2 else None
