"""JSON that is somebody's post -> the microformats2 item that its page would have held; None for any other JSON.

Four dialects say in their own words what h-entry says: microformats2 JSON, JF2 (W3C Note), ActivityStreams 2 (W3C
Recommendation) and JSON Feed 1.1.  Each is told by its shape, since most of it is served as `application/json`.
Whether the target is a value in it is asked of links/; what the item means, of kind.py, author.py and entry.py."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from mentions.interpret import items
from mentions.interpret.choice import ENTRY_TYPES

MAX_DEPTH: Final = 6
"""Objects inside objects that are read: a post, what it answers, whose that is."""
_LEVELS: Final = 3
"""Levels of JSON for one item inside another: its properties, a property's values, a value."""
MAX_POSTS: Final = 500
"""Posts of a feed that are looked at."""
_JF2_TYPES: Final = frozenset(name.removeprefix("h-") for name in ENTRY_TYPES) | {"cite"}
_JF2_WORDS: Final = frozenset({"type", "children", "references", "html", "text", "lang", "content-type"})
"""Keys of JF2 that are no properties (JF2, "Reserved properties")."""
_WRAPPERS: Final = frozenset({"Create", "Update"})
"""Activities that only say that their object is there."""
_ACTS: Final = {"Like": "like-of", "EmojiReact": "like-of", "Announce": "repost-of", "Follow": "follow-of"}
_AS2_POSTS: Final = frozenset({"Note", "Article", "Page", "Question", "Event", "Image", "Video", "Audio"})
_QUOTES: Final = ("quote", "quoteUrl", "quoteUri", "_misskey_quote")
_MEDIA: Final = {"image": "photo", "video": "video", "audio": "audio"}

Read = Callable[[Mapping[str, Any], int], "dict[str, Any] | None"]


def item_with(value: Any, wanted: Iterable[str]) -> items.Item | None:
    """The first post of `value` that holds one of the strings `wanted`, as an item; None when no dialect is spoken.

    `value` is parsed JSON of any shape.  Never raises; what is not read is left out."""
    texts = frozenset(wanted)
    for read, posts in ((_mf2, _mf2_posts), (_jf2, _jf2_posts), (_as2, _as2_posts), (_feed_item, _feed_posts)):
        found = [post for post in islice(posts(value), MAX_POSTS) if isinstance(post, dict)]
        if found:
            holding = next((post for post in found if _holds(post, texts)), None)
            return None if holding is None else read(holding, 0)
    return None


def _holds(value: Any, texts: frozenset[str]) -> bool:
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, str) and current in texts:
            return True
        if isinstance(current, dict | list):
            waiting.extend(current.values() if isinstance(current, dict) else current)
    return False


def _item(type_: str, properties: Mapping[str, Iterable[Any]]) -> dict[str, Any]:
    """An item without the properties that hold nothing."""
    kept = {name: listed for name, said in properties.items() if (listed := [value for value in said if value])}
    return {"type": [f"h-{type_}"], "properties": kept}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _many(value: Any) -> list[Any]:
    return value[: items.MAX_VALUES] if isinstance(value, list) else [] if value is None else [value]


# --- microformats2 JSON -------------------------------------------------------------------------------------------


def _mf2_posts(value: Any) -> Iterator[Any]:
    listed = value.get("items") if isinstance(value, dict) else value
    waiting = [one for one in (listed if isinstance(listed, list) else [value]) if items.is_item(one)][::-1]
    while waiting:
        one = waiting.pop()
        if "h-feed" in items.types(one):
            waiting.extend(reversed([child for child in _listed(one.get("children")) if items.is_item(child)]))
        elif ENTRY_TYPES & set(items.types(one)):
            yield one


def _mf2(post: Mapping[str, Any], _depth: int) -> dict[str, Any]:
    return {name: _cut(value, _LEVELS * MAX_DEPTH) for name, value in post.items()}


def _cut(value: Any, levels: int) -> Any:
    """The value down to so many levels; what writes JSON again goes no deeper than a few hundred."""
    if isinstance(value, dict):
        return {name: _cut(inner, levels - 1) for name, inner in value.items()} if levels > 0 else {}
    if isinstance(value, list):
        return [_cut(inner, levels - 1) for inner in value] if levels > 0 else []
    return value


# --- JF2 ----------------------------------------------------------------------------------------------------------


def _jf2_posts(value: Any) -> Iterator[Any]:
    if isinstance(value, dict) and value.get("type") == "feed":
        yield from _listed(value.get("children"))
    elif isinstance(value, dict) and isinstance(said := value.get("type"), str) and said in _JF2_TYPES:
        yield value


def _jf2(post: Mapping[str, Any], depth: int) -> dict[str, Any] | None:
    said = post.get("type")
    if depth >= MAX_DEPTH or not isinstance(said, str):
        return None
    properties = {
        name: [_jf2_value(one, depth) for one in _many(value)] for name, value in post.items() if name not in _JF2_WORDS
    }
    return _item(said, properties)


def _jf2_value(value: Any, depth: int) -> Any:
    if not isinstance(value, dict):
        return value if isinstance(value, str) else None
    if "type" in value:
        return _jf2(value, depth + 1)
    html, text = (value.get(key) if isinstance(value.get(key), str) else "" for key in ("html", "text"))
    return {"html": html, "value": text} if html else text


# --- ActivityStreams 2 --------------------------------------------------------------------------------------------


def _as2_posts(value: Any) -> Iterator[Any]:
    if not isinstance(value, dict):
        return
    kinds = _kinds(value)
    if kinds & {"Collection", "OrderedCollection", "CollectionPage", "OrderedCollectionPage"}:
        yield from (*_listed(value.get("items")), *_listed(value.get("orderedItems")))
    elif kinds & (_WRAPPERS | _AS2_POSTS) or kinds & _ACTS.keys():
        yield value


def _kinds(value: Mapping[str, Any]) -> set[str]:
    return {one for one in _many(value.get("type") or value.get("@type")) if isinstance(one, str)}


def _as2(post: Mapping[str, Any], depth: int) -> dict[str, Any] | None:
    if depth >= MAX_DEPTH:
        return None
    kinds = _kinds(post)
    if kinds & _WRAPPERS:
        return _as2({"attributedTo": post.get("actor"), **_object(post.get("object"))}, depth + 1)
    properties: dict[str, list[Any]] = {
        "url": _addresses(post.get("url")) or _addresses(post.get("id")),
        "uid": _addresses(post.get("id")),
        "name": [_text(post, "name")],
        "summary": [_text(post, "summary")],
        "content": [{"html": html, "value": ""} for html in [_text(post, "content")] if html],
        "published": [_text(post, "published")],
        "author": [_actor(one) for one in _many(post.get("actor") or post.get("attributedTo"))],
        "in-reply-to": _addresses(post.get("inReplyTo")),
        "quotation-of": [address for name in _QUOTES for address in _addresses(post.get(name))],
        "category": [_tag(one) for one in _many(post.get("tag"))],
    }
    properties |= {name: _addresses(post.get("object")) for kind, name in _ACTS.items() if kind in kinds}
    for one in map(_object, _many(post.get("attachment")) + _many(post.get("image"))):
        kind = _text(one, "mediaType").partition("/")[0] or next(iter(_kinds(one)), "").lower()
        if kind in _MEDIA:
            properties.setdefault(_MEDIA[kind], []).extend(_addresses(one.get("url") or one.get("href")))
    return _item("event" if "Event" in kinds else "entry", properties)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Mapping[str, Any], name: str) -> str:
    """A property as text; of several languages (`nameMap`) the first."""
    said = value.get(name)
    if not isinstance(said, str):
        said = next(iter(_object(value.get(f"{name}Map")).values()), None)
    return said if isinstance(said, str) else ""


def _addresses(value: Any) -> list[str]:
    """The URLs that a value stands for: strings, links by `href`, objects by `id` and `url`."""
    found: list[str] = []
    for one in _many(value):
        said = [one] if isinstance(one, str) else [_object(one).get(key) for key in ("href", "url", "id")]
        found += [text for text in said if isinstance(text, str)]
    return found


def _actor(value: Any) -> Any:
    if not isinstance(value, dict):
        return value if isinstance(value, str) else None
    name = _text(value, "name") or _text(value, "preferredUsername")
    links = _addresses(value.get("url")) or _addresses(value.get("id"))
    return _item("card", {"name": [name], "url": links, "photo": _addresses(value.get("icon"))})


def _tag(value: Any) -> Any:
    tag = _object(value)
    if "Mention" in _kinds(tag):
        return _item("card", {"name": [_text(tag, "name")], "url": _addresses(tag.get("href"))})
    return _text(tag, "name")


# --- JSON Feed ----------------------------------------------------------------------------------------------------


def _feed_posts(value: Any) -> Iterator[Any]:
    version = value.get("version") if isinstance(value, dict) else None
    if isinstance(version, str) and version.startswith("https://jsonfeed.org/version/"):
        whole = {key: value.get(key) for key in ("authors", "author") if value.get(key)}
        yield from ({**whole, **post} for post in _listed(value.get("items")) if isinstance(post, dict))


def _feed_item(post: Mapping[str, Any], _depth: int) -> dict[str, Any]:
    html = _text(post, "content_html")
    authors = map(_object, _many(post.get("authors") or post.get("author")))
    return _item(
        "entry",
        {
            "url": [_text(post, "url")],
            "uid": [_text(post, "id")],
            "name": [_text(post, "title")],
            "summary": [_text(post, "summary")],
            "content": [{"html": html, "value": ""} if html else _text(post, "content_text")],
            "published": [_text(post, "date_published")],
            "author": [
                _item("card", {"name": [_text(a, "name")], "url": [_text(a, "url")], "photo": [_text(a, "avatar")]})
                for a in authors
            ],
            "category": [tag for tag in _many(post.get("tags")) if isinstance(tag, str)],
            "photo": [_text(post, "image")],
        },
    )
