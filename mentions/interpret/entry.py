"""An item -> what it says: title, content, times, links and the comments it carries, sanitised.

Which of name, summary and content is the title and which the text follows indieweb.org/comments-display and W3C Post
Type Discovery: a name that only begins the text is no title.  Who wrote it is told by author.py, what kind it is by
kind.py, which item it is by choice.py."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from mentions import markup, urls
from mentions.interpret import items
from mentions.interpret.author import read_card
from mentions.interpret.dates import Moment, read_moment
from mentions.interpret.dom import attribute, tokens
from mentions.interpret.kind import RESPONSE_PROPERTIES, is_reacji
from mentions.model import Author, Content, Kind, PlainText, Reaction, Url
from mentions.sanitize import clean_text, safe_html, text_of

MAX_NAME: Final = 300
MAX_SUMMARY: Final = 2_000
MAX_TEXT: Final = 32 << 10
MAX_MEDIA: Final = 20
MAX_CATEGORIES: Final = 50
MAX_COMMENTS: Final = 100
MAX_LINKS: Final = 50
_TALKATIVE: Final = frozenset({Kind.REPLY, Kind.REACJI, Kind.RSVP, Kind.INVITE, Kind.QUOTATION})
"""Kinds whose only name is what they say; a name of a like or a bookmark is its title."""
_WORDLESS: Final = frozenset({Kind.LIKE, Kind.REPOST, Kind.BOOKMARK, Kind.FOLLOW, Kind.TAG, Kind.PERSON_TAG})
"""Kinds for which the text of the whole item, which stands for a missing name, says nothing of its own."""
_CONTENT: Final = ("content", "description")
"""What an item says; events, products and listings call it their description."""
_OF_COMMENTS: Final = ((Kind.LIKE, "like-of"), (Kind.REPOST, "repost-of"), (Kind.BOOKMARK, "bookmark-of"))
_LANG: Final = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")
_ELLIPSIS: Final = re.compile(r"(?:\s*(?:\u2026|\.{3,}))+\Z")
_MEDIA_TAGS: Final = ("<img", "<video", "<audio")
_PICTOGRAMS: Final = frozenset({"emoji", "wp-smiley", "custom-emoji"})
"""Classes of images that are characters of the text."""


@dataclass(frozen=True, slots=True)
class Words:
    """The readable parts of an item, each in its place."""

    name: PlainText | None = None
    summary: PlainText | None = None
    content: Content | None = None
    lang: str | None = None
    media: dict[str, tuple[Url, ...]] | None = None
    """Pictures, videos and sounds that stand in the content, by `photo`, `video`, `audio`."""


def read_entry(
    item: items.Item,
    *,
    kind: Kind,
    rsvp: str | None,
    author: Author,
    source: str,
    page: str,
    target: str,
    has_implied_name: bool,
) -> Reaction:
    """The reaction that an item is, all but `authority`, `canonical` and `context`, which the page decides."""
    words = read_words(item, kind, base=page, has_implied_name=has_implied_name)
    if kind is Kind.REPLY and words.content is not None and is_reacji(words.content.text):
        kind = Kind.REACJI
    published = published_of(item)
    media = words.media or {}
    pages = frozenset(map(urls.without_fragment, (source, page)))
    return Reaction(
        kind=kind,
        author=author,
        url=url_of(item, (source, page), target=target),
        uid=_plain_line(items.first_text(item, "uid"), 500),
        name=words.name,
        summary=words.summary,
        content=words.content,
        published=None if published is None else published.text,
        published_at=None if published is None else published.at,
        lang=words.lang,
        rsvp=rsvp,
        in_reply_to=items.links(items.values(item, "in-reply-to"), limit=MAX_LINKS),
        syndication=items.links(items.values(item, "syndication"), limit=MAX_LINKS),
        photos=_merged(_media(item, pages, "photo", "featured"), media.get("photo", ())),
        videos=_merged(_media(item, pages, "video"), media.get("video", ())),
        audios=_merged(_media(item, pages, "audio"), media.get("audio", ())),
        categories=_categories(item),
        invitees=tuple(
            card for value in items.values(item, "invitee")[:MAX_LINKS] if (card := _invitee(value)) != Author()
        ),
        comments=read_comments(item, page=page),
    )


def read_words(item: items.Item, kind: Kind, *, base: str, has_implied_name: bool) -> Words:
    """Title, summary and content of an item."""
    content, raw, lang = _content(item, base)
    summary = _plain_block(_as_text(item, "summary"), MAX_SUMMARY)
    said = items.first_text(item, "name")
    if has_implied_name and kind in _WORDLESS:
        said = ""
    name = clean_text(said, MAX_NAME) or None
    if content is None and summary:
        content, summary = Content(None, summary), None
    if content is None and name and (kind in _TALKATIVE or has_implied_name):
        content, name = Content(None, _plain_block(said, MAX_TEXT) or name), None
    if name and any(_begins(text, name) for text in (content and content.text, raw, summary) if text):
        name = None
    if summary and content and _squashed(summary) == _squashed(content.text):
        summary = None
    return Words(name, summary, content, language(lang) or language(item.get("lang")), _media_in(item, base))


def read_comments(item: items.Item, *, page: str) -> tuple[Reaction, ...]:
    """The responses that an item carries (Salmention): entries, or URLs only.  Hearsay, and not looked into deeper."""
    found: list[Reaction] = []
    seen: set[int] = set()
    for name in ("comment", "comments", "reply", "replies"):
        for value in items.values(item, name):
            same = id(value["properties"] if items.is_item(value) else value)
            if same in seen or len(found) >= MAX_COMMENTS:
                continue  # `u-comment p-comment` gives one item twice
            seen.add(same)
            if (comment := _comment(value, page)) is not None:
                found.append(comment)
    return tuple(found)


def published_of(item: items.Item) -> Moment | None:
    """When an item was published: the first value that is a time."""
    said = (read_moment(items.text(value)) for value in items.values(item, "published"))
    return next((moment for moment in said if moment is not None), None)


def url_of(item: items.Item, pages: tuple[str, ...], *, target: str = "") -> Url | None:
    """The permalink of an item: of several the page itself, else one of the page's origin, else the first.

    The page of `target` is nobody's answer to itself: an item that names it (a title that links to what it speaks of,
    or the one link that it holds, which microformats2 takes for its URL) has not said where it stands."""
    own = items.links([value for value in items.values(item, "url") if not items.is_item(value)])
    if target:
        theirs = urls.page_key(target)
        own = tuple(url for url in own if urls.page_key(url) != theirs)
    if len(own) < 2:
        return next(iter(own), None)
    same = next((url for url in own if url in map(urls.attribute_safe, pages)), None)
    near = next((url for url in own if urls.origin(url) in map(urls.origin, pages)), None)
    return same or near or own[0]


def language(value: Any) -> str | None:
    """A language tag that is one; `en_GB`, as programmers and OpenGraph write it, is `en-GB`."""
    said = value.strip().replace("_", "-") if isinstance(value, str) else ""
    return said if _LANG.fullmatch(said) else None


def response_links(item: items.Item) -> tuple[Url, ...]:
    """Every URL that an item responds to, for sending."""
    found = [value for name in (*RESPONSE_PROPERTIES, "invitee", "category") for value in items.values(item, name)]
    return items.links(found)


def _content(item: items.Item, base: str) -> tuple[Content | None, str, Any]:
    """The first content that says something: sanitised, as the text that its own page sees, and its language."""
    for value in items.values(item, *_CONTENT):
        raw = value.get("html") if isinstance(value, dict) else None
        seen = items.text(value)
        if isinstance(raw, str):
            html = safe_html(_with_characters(raw), base=base)
            text = text_of(html)
            if text:
                return Content(html, text), seen, value.get("lang")
        elif text := _plain_block(seen, MAX_TEXT) or PlainText(""):
            return Content(None, text), seen, None
    return None, "", None


def _as_text(item: items.Item, name: str) -> str:
    """A property as text, also where somebody wrote it as `e-`."""
    return items.first_text(item, name)


def _comment(value: Any, page: str) -> Reaction | None:
    if not items.is_item(value):
        url = next(iter(items.links([value], limit=1)), None)
        return None if url is None else Reaction(kind=Kind.REPLY, url=url)
    kind = next((kind for kind, name in _OF_COMMENTS if items.values(value, name)), Kind.REPLY)
    words = read_words(value, kind, base=page, has_implied_name=False)
    published = published_of(value)
    author = next((read_card(one) for one in items.values(value, "author")), Author())
    url = url_of(value, (page,))
    if url is None and words.content is None and author == Author():
        return None
    return Reaction(
        kind=kind,
        author=author,
        url=url,
        name=words.name,
        content=words.content,
        lang=words.lang,
        published=None if published is None else published.text,
        published_at=None if published is None else published.at,
        in_reply_to=items.links(items.values(value, "in-reply-to"), limit=MAX_LINKS),
    )


def _categories(item: items.Item) -> tuple[PlainText, ...]:
    """Tags as text: a person by name, a tag without its `#`; a bare URL is a person's, not a tag."""
    said = (items.first_text(value, "name") or items.text(value) for value in items.values(item, "category"))
    tags = (clean_text(text.strip().removeprefix("#"), 100) for text in said if urls.parse(text) is None)
    return tuple(dict.fromkeys(tag for tag in tags if tag))[:MAX_CATEGORIES]


def _invitee(value: Any) -> Author:
    return read_card(value) if items.is_item(value) else Author(url=next(iter(items.links([value])), None))


def _media(item: items.Item, pages: frozenset[Url], *names: str) -> tuple[Url, ...]:
    """What properties give as pictures, videos or sounds.  An element without an address gives the page's own, which
    is none of them."""
    given = items.links([value for name in names for value in items.values(item, name)])
    return tuple(url for url in given if urls.without_fragment(url) not in pages)


def _media_in(item: items.Item, base: str) -> dict[str, tuple[Url, ...]]:
    """Pictures, videos and sounds in the content; tracking pixels and pictures of characters are none."""
    html = next(
        (v["html"] for v in items.values(item, *_CONTENT) if isinstance(v, dict) and isinstance(v.get("html"), str)), ""
    )
    if not any(tag in html for tag in _MEDIA_TAGS) or markup.objection(html, markup.FRAGMENT) is not None:
        return {}
    found: dict[str, list[Url]] = {"photo": [], "video": [], "audio": []}
    for node in LexborHTMLParser(html).css("img[src],video,audio"):
        source = _source(node)
        url = urls.parse(source, base=base) if source and not _is_trifle(node) else None
        if url is not None and (safe := urls.attribute_safe(url)) is not None:
            found[{"img": "photo"}.get(node.tag or "", node.tag or "")].append(safe)
    return {name: tuple(listed) for name, listed in found.items()}


def _with_characters(html: str) -> str:
    """Pictures that stand for characters of the text become these characters."""
    if "<img" not in html or not any(name in html for name in _PICTOGRAMS):
        return html
    if markup.objection(html, markup.FRAGMENT) is not None:
        return html
    body = LexborHTMLParser(f"<!DOCTYPE html><body>{html}").body
    if body is None:
        return html
    for node in body.css("img[alt][class]"):
        if _PICTOGRAMS & set(tokens(attribute(node, "class"))):
            node.replace_with(attribute(node, "alt") or "")
    return body.inner_html or ""


def _source(node: LexborNode) -> str | None:
    source = attribute(node, "src")
    if source is None and (inner := node.css_first("source[src]")) is not None:
        source = attribute(inner, "src")
    return source


def _is_trifle(node: LexborNode) -> bool:
    sizes = (attribute(node, "width"), attribute(node, "height"))
    return any(size in ("0", "1", "2") for size in sizes) or bool(_PICTOGRAMS & set(tokens(attribute(node, "class"))))


def _merged(first: tuple[Url, ...], second: tuple[Url, ...]) -> tuple[Url, ...]:
    return tuple(dict.fromkeys((*first, *second)))[:MAX_MEDIA]


def _plain_line(text: str, limit: int) -> str | None:
    return clean_text(text, limit) or None


def _plain_block(text: str, limit: int) -> PlainText | None:
    """Text that is already without markup, its paragraphs kept."""
    kept = [clean_text(line, limit) for line in text[: 4 * limit].split("\n")]
    block = "\n".join(kept).strip()
    return PlainText(block[:limit]) or None if any(kept) else None


def _begins(text: str, name: str) -> bool:
    """Is the name, an ellipsis at its end left aside, how the text begins?"""
    begun = _squashed(_ELLIPSIS.sub("", name))
    return _squashed(text[: 4 * len(name) + 64]).startswith(begun)


def _squashed(text: str) -> str:
    return " ".join(text.split()).casefold()
