"""What a response is to its target: the first property that names the target decides.

The order from rsvp to mention is W3C Post Type Discovery's Response Type Algorithm; the other kinds are extensions
(indieweb.org/responses).  A property that names something else says nothing about us."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import regex  # type: ignore[import-untyped]

from mentions import urls
from mentions.interpret import items
from mentions.model import Kind, Url

RSVP_VALUES: Final = frozenset({"yes", "no", "maybe", "interested"})
_BEFORE_REPLY: Final[tuple[tuple[Kind, tuple[str, ...]], ...]] = (
    (Kind.REPOST, ("repost-of", "repost")),
    (Kind.LIKE, ("like-of", "like")),
)
_AFTER_REPLY: Final[tuple[tuple[Kind, tuple[str, ...]], ...]] = (
    (Kind.BOOKMARK, ("bookmark-of", "bookmark")),
    (Kind.QUOTATION, ("quotation-of",)),
    (Kind.FOLLOW, ("follow-of",)),
    (Kind.TAG, ("tag-of",)),
    (Kind.PERSON_TAG, ("category",)),
)
RESPONSE_PROPERTIES: Final = (
    "in-reply-to", "repost-of", "like-of", "bookmark-of", "quotation-of", "follow-of", "tag-of",
    "repost", "like", "bookmark",
)  # fmt: skip
"""The properties that name what an entry responds to."""
_EMOJI: Final = regex.compile(
    r"(?!\p{Regional_Indicator})\p{Emoji_Presentation}|\p{Extended_Pictographic}\ufe0f"
    r"|[\u2600-\u27bf\u2b00-\u2bff&&\p{Extended_Pictographic}]"
    r"|\p{Regional_Indicator}{2}|[0-9#*]\ufe0f?\u20e3",
    regex.V1,
)
_CLUSTERS: Final = regex.compile(r"\X")


class Classified(NamedTuple):
    """A kind, and the answer of an RSVP."""

    kind: Kind
    rsvp: str | None = None


def classify(item: items.Item, target: str, *, rel_reply_to: Iterable[str] = ()) -> Classified:
    """The kind of the response `item` to `target`; `mention` when no property names it.

    `rel_reply_to` are the URLs of the page's `rel=in-reply-to` links, for pages older than the property.  A reply
    that is one emoji becomes a reacji only where its text is known: see `is_reacji`."""

    wanted = urls.parse(target) or Url("")

    def is_named_by(*properties: str) -> bool:
        return any(items.names(value, wanted) for name in properties for value in items.values(item, name))

    is_reply = is_named_by("in-reply-to")
    answer = _rsvp(items.values(item, "rsvp"))
    if answer and is_reply:
        return Classified(Kind.RSVP, answer)
    is_invitation = is_named_by("invitee") or (is_reply and bool(items.values(item, "invitee")))
    candidates = (
        *((kind, is_named_by(*properties)) for kind, properties in _BEFORE_REPLY),
        (Kind.INVITE, is_invitation),
        (Kind.REPLY, is_reply),
        *((kind, is_named_by(*properties)) for kind, properties in _AFTER_REPLY),
        (Kind.REPLY, any(items.names(url, wanted) for url in rel_reply_to)),
    )
    return Classified(next((kind for kind, applies in candidates if applies), Kind.MENTION))


def is_reacji(text: str) -> bool:
    """Is the text one emoji, as people count them: skin tones, joined ones, flags and keycaps are one."""
    bare = text.strip()
    return 0 < len(bare) <= 40 and _CLUSTERS.fullmatch(bare) is not None and _EMOJI.search(bare) is not None


def _rsvp(found: list[Any]) -> str | None:
    for value in found:
        answer = items.text(value).strip().lower()
        if answer in RSVP_VALUES:
            return answer
    return None
