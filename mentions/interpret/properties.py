"""The value of a property element, by its prefix (microformats2 parsing: p-, u-, dt-, e-, value-class, implied).

https://microformats.org/wiki/microformats2-parsing and https://microformats.org/wiki/value-class-pattern."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final, cast

from selectolax.lexbor import LexborNode

from mentions.interpret.dom import WHITE, Tree, attribute, classes, elements, following, inner_html, resolve, text_of

ROOT: Final = re.compile(r"h-(?:[a-z0-9]+-)?[a-z]+(?:-[a-z]+)*\Z")
NO_ROOTS: Final = frozenset(
    {
        "h-auto", "h-fit", "h-full", "h-max", "h-min", "h-px", "h-screen", "h-lh",
        "h-dvh", "h-lvh", "h-svh", "h-dvw", "h-lvw", "h-svw",
    }
)  # fmt: skip
"""Class names of a widespread style library that look like roots and would swallow the items in them."""
PROPERTY: Final = re.compile(r"(p|u|dt|e)-((?:[a-z0-9]+-)?[a-z]+(?:-[a-z]+)*)\Z")
_DATE: Final = re.compile(r"\d{4}-(?:\d{2}-\d{2}|\d{3}|\d{2})\Z")
_TIME: Final = re.compile(
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?(?::(?P<second>\d{2}(?:\.\d+)?))?"
    r"\s*(?P<half>[ap]\.?m\.?)?\s*(?P<zone>Z|[+-]\d{1,2}:?(?:\d{2})?)?\Z",
    re.IGNORECASE,
)
_ZONE: Final = re.compile(r"(?:Z|[+-]\d{1,2}:?(?:\d{2})?)\Z", re.IGNORECASE)
_MOMENT: Final = re.compile(r"(\d{4}-(?:\d{2}-\d{2}|\d{3}))([T ])(.+)\Z", re.IGNORECASE | re.DOTALL)
_MAX_SRCSET: Final = 8_192
_LINKING: Final = {
    **dict.fromkeys(("a", "area", "link"), ("href",)),
    **dict.fromkeys(("audio", "source", "iframe"), ("src",)),
    "video": ("src", "poster"),
    "object": ("data",),
}
_TIMED: Final = {
    "time": "datetime",
    "ins": "datetime",
    "del": "datetime",
    "abbr": "title",
    "data": "value",
    "input": "value",
}


def text_value(node: LexborNode, tree: Tree) -> str:
    """The value of a `p-` element."""
    if (value := _value_class(node, tree)) is not None:
        return value
    name = {"abbr": "title", "link": "title", "data": "value", "input": "value", "img": "alt", "area": "alt"}.get(
        node.tag or ""
    )
    if name and (value := attribute(node, name)) is not None:
        return value
    return text_of(node, tree, lines=True)


def url_value(node: LexborNode, tree: Tree) -> str | dict[str, Any]:
    """The value of a `u-` element: a URL, or URL, alt text and srcset of a picture."""
    if node.tag == "img" and attribute(node, "src") is not None:
        return _picture(node, tree)
    if (link := _link(node)) is not None:
        return resolve(tree.base, link)
    value = _value_class(node, tree)
    if value is None and (said := {"abbr": "title", "data": "value", "input": "value"}.get(node.tag or "")):
        value = attribute(node, said)
    return resolve(tree.base, text_of(node, tree, images="none") if value is None else value)


def _link(node: LexborNode) -> str | None:
    """What an element links to or embeds; of a video or sound without `src`, the first of its sources."""
    names = _LINKING.get(node.tag or "", ())
    if node.tag in ("video", "audio") and attribute(node, "src") is None:
        for inner in elements(node):
            if inner.tag == "source" and (source := attribute(inner, "src")) is not None:
                return source
    return next((link for name in names if (link := attribute(node, name)) is not None), None)


def html_value(node: LexborNode, tree: Tree) -> dict[str, Any]:
    """The value of an `e-` element: its HTML and its text."""
    value = text_of(node, tree)
    found = {"html": inner_html(node, tree.base), "value": value}
    if spoken := tree.language(node):
        found["lang"] = spoken
    return found


def time_value(node: LexborNode, tree: Tree, default_date: str | None) -> tuple[str, str | None]:
    """The value of a `dt-` element, and the date in it, for later elements that only have a time."""
    value = _value_class_time(node, tree, default_date)
    if value is None:
        name = _TIMED.get(node.tag or "")
        value = attribute(node, name) if name else None
        value = _whole(text_of(node, tree, images="none") if value is None else value, default_date)
    date = value[:10] if _DATE.match(value[:10]) else None
    return value, date


def implied_name(node: LexborNode, tree: Tree) -> str:
    """The name of an item that gives no property of its own: alt, title or text."""
    if (own := _label(node)) is not None:
        return own
    child = _only(node)
    grandchild = None if child is None else _only(child)
    label = (child is not None and _label(child)) or (grandchild is not None and _label(grandchild))
    return label or text_of(node, tree, images="alt", lines=True)


def _label(node: LexborNode) -> str | None:
    name = {"img": "alt", "area": "alt", "abbr": "title"}.get(node.tag or "")
    value = attribute(node, name) if name else None
    return None if value is None else value.strip(WHITE)


def implied_photo(node: LexborNode, tree: Tree) -> str | dict[str, Any] | None:
    """The picture of an item that gives no `u-` property: itself, its only img or object, or its only child's."""
    return cast("str | dict[str, Any] | None", _implied(node, lambda found: _photo_of(found, tree), ("img", "object")))


def implied_url(node: LexborNode, tree: Tree) -> str | None:
    """The URL of an item that gives no `u-` property: itself, its only link, or its only child's."""
    return cast("str | None", _implied(node, lambda found: _link_of(found, tree), ("a", "area")))


def _implied(node: LexborNode, read: Callable[[LexborNode], Any], tags: tuple[str, str]) -> Any:
    if (value := read(node)) is not None:
        return value
    for parent in [node] if (child := _only(node)) is None else [node, child]:
        for tag in tags:
            same = [child for child in elements(parent) if child.tag == tag]
            if len(same) == 1 and not is_root(same[0]) and (value := read(same[0])) is not None:
                return value
    return None


def _photo_of(node: LexborNode, tree: Tree) -> str | dict[str, Any] | None:
    if node.tag == "img" and attribute(node, "src") is not None:
        return _picture(node, tree)
    if node.tag == "object" and (data := attribute(node, "data")) is not None:
        return resolve(tree.base, data)
    return None


def _link_of(node: LexborNode, tree: Tree) -> str | None:
    href = attribute(node, "href") if node.tag in ("a", "area") else None
    return None if href is None else resolve(tree.base, href)


def is_root(node: LexborNode) -> bool:
    """Is the element a microformats2 item of its own?"""
    return any(map(is_root_name, classes(node)))


def is_root_name(name: str) -> bool:
    """Is this class name the type of an item?"""
    return name[:2] == "h-" and ROOT.match(name) is not None and name not in NO_ROOTS


def _only(node: LexborNode) -> LexborNode | None:
    """The only child element, unless it is an item of its own."""
    children = list(elements(node))
    return children[0] if len(children) == 1 and not is_root(children[0]) else None


def _picture(node: LexborNode, tree: Tree) -> str | dict[str, Any]:
    source = resolve(tree.base, attribute(node, "src") or "")
    alt, srcset = attribute(node, "alt"), attribute(node, "srcset")
    found: dict[str, Any] = {"value": source}
    if alt is not None:
        found["alt"] = alt
    if srcset:
        found["srcset"] = _srcset(srcset, tree.base)
    return found if len(found) > 1 else source


def _srcset(value: str, base: str) -> dict[str, str]:
    """Descriptor -> URL; the first of a kind counts, none means 1x."""
    found: dict[str, str] = {}
    for candidate in re.split(r",\s+|,$", value[:_MAX_SRCSET]):
        parts = candidate.split()
        if parts:
            found.setdefault(parts[1] if len(parts) > 1 else "1x", resolve(base, parts[0]))
    return found


def _value_parts(node: LexborNode, tree: Tree) -> list[LexborNode]:
    """The `value` and `value-title` elements of a property, not those inside another property or item."""
    found: list[LexborNode] = []
    current = node.first_child if tree.has_value_class else None
    while current is not None:
        names = classes(current) if current.is_element_node else []
        inside = current.first_child
        if "value" in names or "value-title" in names:
            found.append(current)
            inside = None
        elif current.tag == "template" or any(PROPERTY.match(name) or is_root_name(name) for name in names):
            inside = None
        current = inside if inside is not None else following(current, node)
    return found


def _part_text(node: LexborNode, *, timed: bool) -> str:
    names = classes(node)
    if "value-title" in names and "value" not in names:
        return attribute(node, "title") or ""
    sources = {"img": "alt", "area": "alt", "data": "value", "abbr": "title"}
    if timed:
        sources |= {"time": "datetime", "ins": "datetime", "del": "datetime"}
    name = sources.get(node.tag or "")
    value = attribute(node, name) if name else None
    return node.text() if value is None else value


def _value_class(node: LexborNode, tree: Tree) -> str | None:
    parts = _value_parts(node, tree)
    return "".join(_part_text(part, timed=False) for part in parts) if parts else None


def _value_class_time(node: LexborNode, tree: Tree, default_date: str | None) -> str | None:
    """Date, time and zone out of separate parts; the first of each counts."""
    parts = [part for part in (_part_text(part, timed=True).strip() for part in _value_parts(node, tree)) if part]
    date = time = zone = None
    for part in parts:
        if _MOMENT.match(part) and _TIME.match(_MOMENT.match(part)[3]):  # type: ignore[index]
            if date is None and time is None:
                return _whole(part, None)
        elif _ZONE.match(part):
            zone = zone or part
        elif _TIME.match(part) and not _DATE.match(part):
            time = time or _clock(part)
        elif _DATE.match(part):
            date = date or _calendar(part)
    if time and (date := date or default_date):
        return f"{date} {time}{zone.replace(':', '') if zone and not _zoned(time) else ''}"
    return date or time


def _whole(value: str, default_date: str | None) -> str:
    """A date and time as it stands, its clock in 24 hours; a bare time gets the date that stood before."""
    if (match := _MOMENT.match(value)) and _TIME.match(match[3]):
        return f"{_calendar(match[1])}{match[2]}{_clock(match[3])}"
    if default_date and _TIME.match(value) and ":" in value:
        return f"{default_date} {_clock(value)}"
    return value


def _clock(value: str) -> str:
    match = _TIME.match(value)
    if match is None:
        return value
    hour = int(match["hour"])
    if half := match["half"]:
        hour = hour % 12 + (12 if half.lower().startswith("p") else 0)
    shown = f"{hour:02d}" if half or len(match["hour"]) == 1 else match["hour"]
    shown += f":{match['minute'] or '00'}" + (f":{match['second']}" if match["second"] else "")
    return shown + (match["zone"] or "")


def _zoned(value: str) -> bool:
    return value[-1:] in "Zz" or "+" in value or "-" in value


def _calendar(value: str) -> str:
    """An ordinal date (2014-281) as year, month, day."""
    if re.fullmatch(r"\d{4}-\d{3}", value):
        day = int(value[5:])
        if 1 <= day <= 366 and value[:4] != "0000":
            return (date(int(value[:4]), 1, 1) + timedelta(days=day - 1)).isoformat()
    return value
