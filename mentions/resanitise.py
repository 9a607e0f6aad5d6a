"""What an older sanitising policy made of an entry -> what the current one makes of it.

The raw microformats that were kept say what the author wrote, so a policy that allows more gives more back; without
them the HTML that is shown is sanitised again, which can only take away.  Meant for reading processes: what is read
here is a stranger's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from mentions import sanitize
from mentions.model import Content, Reaction

MAX_VALUES: Final = 20_000
"""Objects and lists of the raw microformats that are looked through."""


def refresh(reaction: Reaction, *, base: str, mf2: Mapping[str, Any] | None = None) -> Reaction:
    """`reaction` with its HTML, and that of the comments that its source carries, as the current policy has it.

    `base` is the source; the rest of the reaction stays, and so does content that comes out as it was."""
    raw = _raw_contents(mf2 or {})
    comments = tuple(replace(one, content=_again(one.content, base, raw)) for one in reaction.comments)
    return replace(reaction, content=_again(reaction.content, base, raw), comments=comments)


def _again(content: Content | None, base: str, raw: Mapping[str, str]) -> Content | None:
    if content is None or content.html is None:
        return content
    html = sanitize.safe_html(raw.get(_squashed(content.text), content.html), base=base)
    if html == content.html:
        return content
    text = sanitize.text_of(html)
    return Content(html, text) if text else None


def _raw_contents(mf2: Mapping[str, Any]) -> dict[str, str]:
    """The HTML of every `content` in the microformats, by its text; the first of a text counts."""
    found: dict[str, str] = {}
    for value in _objects(mf2):
        html, text = value.get("html"), value.get("value")
        if isinstance(html, str) and isinstance(text, str):
            found.setdefault(_squashed(text), html)
    return found


def _objects(mf2: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every object in the microformats, outer ones first."""
    waiting: list[Any] = [mf2]
    for _ in range(MAX_VALUES):
        if not waiting:
            return
        current = waiting.pop()
        if isinstance(current, Mapping):
            yield current
            waiting.extend(reversed(list(current.values())))
        elif isinstance(current, list):
            waiting.extend(reversed(current))


def _squashed(text: str) -> str:
    """Without any white space, which HTML and text lay out differently."""
    return "".join(text.split())
