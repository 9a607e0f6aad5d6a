"""What a page without microformats says of itself: title, author, time, language, picture.

Asked in the order of how seldom it is wrong: JSON-LD, OpenGraph and its kin, `meta`, microdata, elements.  Untrusted
JSON is read with limits; a page that tells nothing tells nothing."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from selectolax.lexbor import LexborNode

from mentions import urls
from mentions.interpret.dates import Moment, read_moment
from mentions.interpret.dom import Tree, ancestors, attribute, text_of, tokens
from mentions.interpret.entry import language
from mentions.model import Author, PlainText, Url
from mentions.sanitize import clean_text

MAX_TITLE: Final = 300
MAX_NAME: Final = 200
_MAX_MARKED: Final = 20
_MAX_SCRIPTS: Final = 8
_MAX_SCRIPT: Final = 128 << 10
_MAX_OBJECTS: Final = 500
_WORKS: Final = frozenset(
    {
        "article", "blogposting", "newsarticle", "socialmediaposting", "discussionforumposting", "techarticle",
        "report", "scholarlyarticle", "webpage", "creativework", "posting", "review", "recipe", "videoobject",
        "podcastepisode", "liveblogposting",
    }
)  # fmt: skip
"""Types of JSON-LD objects that are the page's own work, in lower case."""


@dataclass(slots=True)
class Plain:
    """What the page says of itself; every part may be missing."""

    title: PlainText | None = None
    author: Author = field(default_factory=Author)
    credited: Author = field(default_factory=Author)
    """The author by JSON-LD or `meta` alone, which are about the page and not about a link on it."""
    published: Moment | None = None
    lang: str | None = None
    image: Url | None = None


def read_plain(tree: Tree) -> Plain:
    """Everything that a page says of itself without microformats."""
    meta, (work, named) = _meta(tree), _work(tree)
    author = _credited_author(tree, meta, work, named)
    return Plain(
        title=page_title(tree, meta=meta, work=work),
        author=author if author != Author() else _shown_author(tree),
        credited=author,
        published=_published(tree, meta, work),
        lang=page_language(tree),
        image=_link(tree, meta.get("og:image") or meta.get("twitter:image")),
    )


def page_title(
    tree: Tree, *, meta: Mapping[str, str] | None = None, work: Mapping[str, Any] | None = None
) -> PlainText | None:
    """The page's title: what it gives to link previews, else its `title`, else its first heading."""
    meta = _meta(tree) if meta is None else meta
    for said in (meta.get("og:title"), meta.get("twitter:title"), _said((work or {}).get("headline"))):
        if title := clean_text(said or "", MAX_TITLE):
            return title
    for selector in ("head > title", "body title", "h1"):
        node = tree.first(selector)
        if node is None or (selector == "body title" and any(around.tag == "svg" for around in ancestors(node))):
            continue
        if title := clean_text(text_of(node, tree, images="alt", lines=True), MAX_TITLE):
            return title
    return None


def page_language(tree: Tree) -> str | None:
    """The language of the page as a whole."""
    body = tree.parser.body
    if found := language(tree.lang) or (language(tree.language(body)) if body is not None else None):
        return found
    meta = _meta(tree)
    return language(meta.get("content-language")) or language(meta.get("og:locale"))


def canonical_url(tree: Tree) -> Url | None:
    """The first `rel=canonical` in the page's head."""
    for node in tree.all("head link[rel][href]"):
        if "canonical" in tokens(attribute(node, "rel")):
            return _link(tree, attribute(node, "href"))
    return None


def _meta(tree: Tree) -> dict[str, str]:
    """Name, property or http-equiv of `meta` elements -> content; the first of a name counts."""
    found: dict[str, str] = {}
    for node in tree.all("meta[content]"):
        attributes = node.attributes
        name = (
            attributes.get("property")
            or attributes.get("name")
            or attributes.get("http-equiv")
            or attributes.get("itemprop")
        )
        content = attributes.get("content")
        if name and content and content.strip():
            found.setdefault(name.strip().lower(), content.strip())
    return found


def _credited_author(
    tree: Tree, meta: Mapping[str, str], work: Mapping[str, Any], named: Mapping[str, Mapping[str, Any]]
) -> Author:
    """JSON-LD's author, else that of `meta`."""
    for said in (work.get("author"), work.get("creator")):
        if (found := _credited(tree, said, named)) != Author():
            return found
    for name in ("author", "article:author", "dc.creator", "dcterms.creator", "twitter:creator", "parsely-author"):
        if said := meta.get(name):
            url = urls.attribute_safe(said)
            return Author(url=url) if url is not None else Author(name=clean_text(said, MAX_NAME) or None)
    return Author()


def _shown_author(tree: Tree) -> Author:
    """The author that the page's text names, by microdata or else by a link."""
    marked = _marked_author(tree)
    return marked if marked != Author() else linked_author(tree)


def _marked_author(tree: Tree) -> Author:
    """The first author in the page's microdata (schema.org), but for those of comments."""
    for node in tree.all("[itemprop~=author]")[:_MAX_MARKED]:
        kinds = [(attribute(around, "itemtype") or "").rpartition("/")[2] for around in ancestors(node)]
        if any("comment" in kind.lower() for kind in kinds):
            continue
        named, linked = node.css_first("[itemprop~=name]"), node.css_first("[itemprop~=url]")
        name = (attribute(named or node, "content") or "").strip() or text_of(named or node, tree, images="alt")
        link = next((raw for one in (node, linked) if one is not None and (raw := _address(one))), None)
        found = Author(name=clean_text(name, MAX_NAME) or None, url=_link(tree, link))
        if found != Author():
            return found
    return Author()


def _address(node: LexborNode) -> str | None:
    return attribute(node, "href") or attribute(node, "content") if node.tag in ("a", "link", "meta") else None


def linked_author(tree: Tree) -> Author:
    """A `rel=author` link: its text is the name."""
    for node in tree.all("a[rel][href]"):
        if "author" in tokens(attribute(node, "rel")):
            name = clean_text(text_of(node, tree, images="alt"), MAX_NAME)
            return Author(name=name or None, url=_link(tree, attribute(node, "href")))
    return Author()


def _credited(tree: Tree, said: Any, named: Mapping[str, Mapping[str, Any]]) -> Author:
    """An author as JSON-LD writes it: a name, an object, a reference to an object elsewhere, or a list of these."""
    for one in said[:5] if isinstance(said, list) else [said]:
        if isinstance(one, str) and one and one not in named:
            url = urls.attribute_safe(one)
            return Author(url=url) if url is not None else Author(name=clean_text(html.unescape(one), MAX_NAME) or None)
        own = {"@id": one} if isinstance(one, str) else one if isinstance(one, dict) else {}
        identity = own.get("@id")
        whole = {**named.get(identity, {}), **own} if isinstance(identity, str) else own
        found = Author(
            name=clean_text(_said(whole.get("name")) or "", MAX_NAME) or None,
            url=_link(tree, _said(whole.get("url"))),
            photo=_link(tree, _said(whole.get("image"), "url", "contentUrl")),
        )
        if found != Author():
            return found
    return Author()


def _said(value: Any, *keys: str) -> str | None:
    """The text of a JSON-LD value: its own, that of its first member, or what `keys` say of an object.

    What was written for HTML, entities and all, is meant as text."""
    if isinstance(value, list):
        value = next(iter(value), None)
    if isinstance(value, dict):
        value = next((value[key] for key in keys if isinstance(value.get(key), str)), None)
    return html.unescape(value) if isinstance(value, str) else None


def _published(tree: Tree, meta: Mapping[str, str], work: Mapping[str, Any]) -> Moment | None:
    stated = _said(work.get("datePublished"))
    said = [stated] if stated else []
    said += [
        meta[name]
        for name in ("article:published_time", "date", "dc.date", "dcterms.date", "datepublished")
        if name in meta
    ]
    if (node := tree.first("time[pubdate],time[itemprop~=datePublished]")) is not None:
        said.append(attribute(node, "datetime") or "")
    return next((moment for text in said if (moment := read_moment(text)) is not None), None)


def _link(tree: Tree, raw: str | None) -> Url | None:
    url = urls.parse(raw, base=tree.base) if raw else None
    return None if url is None or urls.has_userinfo(url) else urls.attribute_safe(url)


def _work(tree: Tree) -> tuple[Mapping[str, Any], Mapping[str, Mapping[str, Any]]]:
    """The first JSON-LD object that is the page's own work and names its author, else the first that is one; and
    every object by its `@id`, for those that are only referred to."""
    found = list(_objects(tree))
    works = [one for one in found if _types(one) & _WORKS]
    work = next((one for one in works if one.get("author") or one.get("creator")), works[0] if works else {})
    named: dict[str, Mapping[str, Any]] = {}
    for one in found:
        if isinstance(identity := one.get("@id"), str) and len(one) > 1:
            named.setdefault(identity, one)
    return work, named


def _types(found: Mapping[str, Any]) -> set[str]:
    said = found.get("@type")
    return {
        name.rpartition("/")[2].lower()
        for name in (said if isinstance(said, list) else [said])
        if isinstance(name, str)
    }


def _objects(tree: Tree) -> Iterator[dict[str, Any]]:
    """The JSON-LD objects of a page: top level, `@graph` and `mainEntity`, as many as are looked at."""
    seen = 0
    for node in tree.all("script[type]")[:200]:
        kind = (attribute(node, "type") or "").partition(";")[0].strip().lower()
        text = node.text() if kind == "application/ld+json" and seen < _MAX_SCRIPTS else ""
        seen += bool(text)
        if not text or len(text) > _MAX_SCRIPT:
            continue
        try:
            waiting = [orjson.loads(text)]
        except orjson.JSONDecodeError:
            continue
        for _ in range(_MAX_OBJECTS):
            if not waiting:
                break
            current = waiting.pop(0)
            if isinstance(current, list):
                waiting[:0] = current[:_MAX_OBJECTS]
            elif isinstance(current, dict):
                yield current
                waiting.extend(current[key] for key in ("@graph", "mainEntity", "mainEntityOfPage") if key in current)
