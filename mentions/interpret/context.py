"""The text around a link: what a page without microformats says about its target (`wm-context`).

The sentence or paragraph that the link stands in, cut at words to about 300 characters, white space collapsed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import orjson
from selectolax.lexbor import LexborNode

from mentions.interpret.dom import BLOCKS, following, is_parted
from mentions.model import PlainText
from mentions.plaintext import UNSEEN, clean_text, plain_text

LENGTH: Final = 300
_OUTER: Final = frozenset({"body", "html", "main", "article"})
_FEW: Final = 12
"""Characters beside the link's own text that make a context; with fewer, the block around is taken."""
_MAX_WIDER: Final = 2
_MAX_SCAN: Final = 20_000
"""Characters of a block that are looked at, from its beginning and after the link."""
_SAID: Final = ("content_html", "content_text", "content", "summary", "text", "description", "articleBody")


def around_link(node: LexborNode) -> PlainText | None:
    """The text around an element; None when there is none, as around a `link` in the head."""
    block = _block(node)
    for _ in range(_MAX_WIDER + 1):
        if block is None:
            return None
        before, own, after = _texts(block, node)
        parent = block.parent
        if len((before + after).strip()) >= _FEW or parent is None or parent.tag in _OUTER:
            break
        block = _block(parent)
    return excerpt(before, own, after) or None


def around_text(text: str, written: str) -> PlainText | None:
    """The text around a URL in plain text: its paragraph."""
    at = text.find(written)
    if at < 0:
        return None
    start = max(text.rfind("\n\n", 0, at), at - _MAX_SCAN, 0)
    end = text.find("\n\n", at)
    end = min(len(text) if end < 0 else end, at + _MAX_SCAN)
    return excerpt(text[start:at], written, text[at + len(written) : end]) or None


def around_json(text: str, target_texts: Iterable[str]) -> tuple[PlainText | None, PlainText | None]:
    """Title and text of the object in which a URL is a value: what a JSON Feed or ActivityStreams item says."""
    try:
        waiting: list[Any] = [orjson.loads(text)]
    except orjson.JSONDecodeError:
        return None, None
    wanted = frozenset(target_texts)
    while waiting:
        current = waiting.pop()
        if isinstance(current, dict):
            if any(isinstance(value, str) and value in wanted for value in current.values()):
                return _described(current)
            waiting.extend(reversed(list(current.values())))
        elif isinstance(current, list):
            waiting.extend(reversed(current))
    return None, None


def excerpt(before: str, own: str, after: str) -> PlainText:
    """About LENGTH characters around `own`, beginning with a sentence where one begins, cut at words with ellipses."""
    before, own, after = (" ".join(part.split()) if part.strip() else "" for part in _spaced(before, own, after))
    own = own if len(own) <= LENGTH // 2 else own[: LENGTH // 2].rstrip() + "\u2026"
    room = max(LENGTH - len(own), 0)
    left = min(len(before), max(room // 2, room - len(after)))
    right = min(len(after), room - left)
    head = before if left >= len(before) else _tail(before, left)
    tail = after if right >= len(after) else _head(after, right)
    return clean_text(" ".join(part for part in (head, own, tail) if part).replace("\x00", ""), LENGTH + 40)


def _spaced(before: str, own: str, after: str) -> tuple[str, str, str]:
    """Letters that stand against the link without a space stay there: they go to the link's own part."""
    if before and not before[-1].isspace() and own:
        cut = max(before.rfind(" "), before.rfind("\n")) + 1
        before, own = before[:cut], before[cut:] + own
    if after and not after[0].isspace() and own:
        cut = next((i for i, c in enumerate(after) if c.isspace()), len(after))
        own, after = own + after[:cut], after[cut:]
    return before, own, after


def _tail(text: str, length: int) -> str:
    """The end of a text: from a sentence's beginning if that leaves enough, else from a word's."""
    kept = text[len(text) - length :]
    for mark in (". ", "! ", "? ", "\u3002"):
        at = kept.find(mark)
        if 0 <= at < length // 2:
            return kept[at + len(mark) :]
    at = kept.find(" ")
    return "\u2026" + (kept[at + 1 :] if 0 <= at < length // 2 else kept)


def _head(text: str, length: int) -> str:
    kept = text[:length]
    at = kept.rfind(" ")
    return (kept[:at] if at > length // 2 else kept).rstrip(" ,;:") + "\u2026"


def _block(node: LexborNode) -> LexborNode | None:
    current: LexborNode | None = node
    while current is not None:
        if current.tag in BLOCKS or current.tag == "body":
            return current
        if current.tag in ("head", "html"):
            return None
        current = current.parent
    return None


def _texts(block: LexborNode, link: LexborNode) -> tuple[str, str, str]:
    """The text of a block before, in and after an element of it."""
    before: list[str] = []
    own: list[str] = []
    after: list[str] = []
    part, length = before, 0
    behind = following(link, block)
    current = block.first_child
    while current is not None and length < _MAX_SCAN:
        if current.mem_id == link.mem_id:
            part = own
        elif behind is not None and current.mem_id == behind.mem_id:
            part, length = after, 0
        if is_parted(current):
            part.append(" ")
        text = (current.text_content if current.is_text_node else "") or ""
        part.append(text)
        length += len(text) if part is after else 0
        inside = None if current.tag in UNSEEN else current.first_child
        current = inside if inside is not None else following(current, block)
    return "".join(before)[-_MAX_SCAN:], "".join(own), "".join(after)


def _described(found: dict[str, Any]) -> tuple[PlainText | None, PlainText | None]:
    title = next((value for key in ("title", "name", "headline") if isinstance(value := found.get(key), str)), "")
    said = next((value for key in _SAID if isinstance(value := found.get(key), str) and value), "")
    return clean_text(title, LENGTH) or None, excerpt("", "", plain_text(said[:_MAX_SCAN])) or None
