"""What our export says beside webmention.io's jf2, so that nothing is lost on the way out and in again.

`write` adds it to an entry's jf2, `read` takes it back.  Read like a stranger's: whoever edits an export between the
two gets what the readers of other formats make of it, no more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final, TypeVar

from mentions import urls
from mentions.model import (
    Author,
    Authority,
    Entry,
    EntryState,
    Kind,
    Page,
    PlainText,
    Proof,
    Protocol,
    Reaction,
    Url,
    Way,
)
from mentions.moving import jf2
from mentions.moving.records import Moved, lines_of, moment_of, name_of, utc

KIND: Final = "wm-kind"
"""The key that webmention.io never writes and we always do."""
STATES: Final = (EntryState.SHOWN, EntryState.HELD, EntryState.HIDDEN, EntryState.SPAM)
"""What is exported, under `wm-status`; a tombstone says nothing that could be taken along."""
_CONTEXT: Final = 1_000
_MARKDOWN: Final = 64 << 10
_EMAIL: Final = 320
E = TypeVar("E", bound=Enum)


def write(
    said: dict[str, Any], entry: Entry, page: Page, *, markdown: str | None = None, email: str | None = None
) -> dict[str, Any]:
    """An entry's jf2 with all that it leaves out.  `markdown` and `email` are the hidden part of a comment."""
    reaction = entry.reaction
    more: dict[str, Any] = {
        "wm-status": entry.state.value,
        "wm-received-at": entry.received_at.isoformat() if entry.received_at.microsecond else None,
        "wm-updated": entry.updated_at.isoformat() if entry.updated_at != entry.received_at else None,
        "wm-page": page.url if urls.page_key(page.url) != urls.page_key(entry.target) else None,
        "wm-page-name": page.title,
        "wm-targets": _safe(entry.targets) if entry.targets != (entry.target,) else None,
        "wm-parent": entry.parent_id,
        "wm-copy-of": entry.cluster_id,
        "wm-markdown": markdown,
        "wm-email": email,
        "wm-exact": _exact_spellings(entry),
    }
    said = {key: value for key, value in said.items() if key != "wm-avatar"}  # a path in this instance's cache
    said |= _unsaid(reaction, jf2.answered_by_default(reaction.kind, entry.target))
    if reaction.comments:
        said["comment"] = [
            {**one, **_unsaid(comment, ()), "published_ts": _timestamp(comment)}
            for one, comment in zip(said["comment"], reaction.comments, strict=True)
        ]
    return said | {key: value for key, value in more.items() if value}


def read(moved: Moved, row: Mapping[str, Any]) -> Moved:
    """A record of webmention.io's form with what `write` added."""
    spellings = jf2.obj(row.get("wm-exact")).items()
    exact = {key: str(url) for key, url in spellings if urls.attribute_safe(str(url)) == key}
    kind = _member(Kind, row.get(KIND), moved.reaction.kind)
    target = exact.get(moved.target, moved.target)
    reaction = replace(_added(moved.reaction, row, kind, target), rsvp=_rsvp(kind, row.get("rsvp")))
    page, email, markdown = row.get("wm-page"), row.get("wm-email"), row.get("wm-markdown")
    likes = row.get("wm-likes")
    return replace(
        moved,
        source=exact.get(moved.source, moved.source),
        target=target,
        targets=tuple(exact.get(url, url) for url in jf2.url_list(row.get("wm-targets"))),
        protocol=_member(Protocol, row.get("wm-protocol"), moved.protocol),
        state=_state(row.get("wm-status")),
        received_at=utc(row.get("wm-received-at")) or moved.received_at,
        updated_at=utc(row.get("wm-updated")),
        parent_ref=_ref(row.get("wm-parent")),
        copy_of_ref=_ref(row.get("wm-copy-of")),
        page=urls.parse(page) if isinstance(page, str) else None,
        page_title=name_of(row.get("wm-page-name")),
        likes=likes if isinstance(likes, int) and likes > 0 else 0,
        email=name_of(email, _EMAIL) if isinstance(email, str) else None,
        markdown=markdown[:_MARKDOWN] if isinstance(markdown, str) else None,
        reaction=_exactly(reaction, exact),
    )


def _unsaid(reaction: Reaction, answered: tuple[str, ...]) -> dict[str, Any]:
    """What `service/api/jf2.py` does not say of a reaction, or not of one that another entry carries."""
    more = {
        "uid": reaction.uid,
        "wm-in-reply-to": _safe(reaction.in_reply_to) if reaction.in_reply_to != answered else None,
        "wm-authorship": reaction.authority.value,
        "wm-context": reaction.context,
        "wm-lang": reaction.lang,
        "category": list(reaction.categories),
        "wm-invitees": [_card(invitee) for invitee in reaction.invitees],
        "rels": {"canonical": _safe([reaction.canonical])[0]} if reaction.canonical else None,
        "rsvp": reaction.rsvp,
    }
    return {key: value for key, value in more.items() if value or (key == "wm-in-reply-to" and value is not None)}


def _added(reaction: Reaction, row: Mapping[str, Any], kind: Kind, target: str | None) -> Reaction:
    """The reaction with what `_unsaid` wrote; `target` is what it replies to if it does not say."""
    answered = row.get("wm-in-reply-to")
    default = jf2.answered_by_default(kind, target) if target else ()
    uid, context, lang = row.get("uid"), row.get("wm-context"), row.get("wm-lang")
    return replace(
        reaction,
        kind=kind,
        authority=_member(Authority, row.get("wm-authorship"), Authority.CLAIMED),
        url=None if reaction.url == row.get("wm-source") else reaction.url,
        uid=uid if isinstance(uid, str) else None,
        context=name_of(context, _CONTEXT),
        lang=name_of(lang, 35),
        in_reply_to=default if answered is None else jf2.url_list(answered),
        published_at=reaction.published_at if row.get("published_ts") is not None else None,
        invitees=tuple(jf2.author(card) for card in jf2.many(row.get("wm-invitees"))),
        comments=tuple(_comment(jf2.obj(one), str(row.get("wm-source"))) for one in jf2.many(row.get("comment"))),
        proof=_proof(row.get("wm-signed-in")),
    )


def _proof(value: object) -> Proof | None:
    """That somebody had signed in where this comes from; here nobody has, so it proves nothing about the next."""
    said = jf2.obj(value)
    way = next((way for way in Way if way.value == said.get("way")), None)
    return None if way is None else Proof(way, name_of(said.get("by"), 200))


def _comment(row: Mapping[str, Any], source: str) -> Reaction:
    published, published_at = moment_of(row.get("published"))
    kind = _member(Kind, row.get(KIND), Kind.REPLY)
    content = jf2.content(row, base=source)
    read = jf2.reaction(row, kind=kind, content=content, published=published, published_at=published_at)
    said = replace(_added(read, {**row, "comment": None}, kind, None), rsvp=_rsvp(kind, row.get("rsvp")))
    return replace(said, url=None if said.url == source else said.url)


def _exact_spellings(entry: Entry) -> dict[str, str]:
    """The URLs of an entry that are written otherwise in the export: an apostrophe there is `%27`, for one."""
    reaction = entry.reaction
    said = (url for each in (reaction, *reaction.comments) for url in _urls(each))
    return {
        safe: url
        for url in (entry.source, entry.target, *entry.targets, *said)
        if (safe := urls.attribute_safe(url)) and safe != url
    }


def _urls(reaction: Reaction) -> Iterator[str]:
    cards = (reaction.author, *reaction.invitees)
    several = (reaction.in_reply_to, reaction.syndication, reaction.photos, reaction.videos, reaction.audios)
    for url in (reaction.url, reaction.canonical, *(url for card in cards for url in (card.url, card.photo))):
        if url:
            yield url
    for them in several:
        yield from them


def _exactly(reaction: Reaction, exact: Mapping[str, str]) -> Reaction:
    """The reaction with its URLs spelt as they were."""
    if not exact:
        return reaction

    def one(url: Url | None) -> Url | None:
        return None if url is None else urls.parse(exact.get(url, url))

    def some(them: Iterable[Url]) -> tuple[Url, ...]:
        return tuple(url for each in them if (url := one(each)))

    def card(author: Author) -> Author:
        return Author(author.name, one(author.url), one(author.photo))

    return replace(
        reaction,
        author=card(reaction.author),
        url=one(reaction.url),
        canonical=one(reaction.canonical),
        in_reply_to=some(reaction.in_reply_to),
        syndication=some(reaction.syndication),
        photos=some(reaction.photos),
        videos=some(reaction.videos),
        audios=some(reaction.audios),
        invitees=tuple(card(each) for each in reaction.invitees),
        comments=tuple(_exactly(each, exact) for each in reaction.comments),
    )


def _card(author: Author) -> dict[str, str]:
    known = {
        "url": author.url and urls.attribute_safe(author.url),
        "photo": author.photo and urls.attribute_safe(author.photo),
    }
    return {"type": "card", "name": author.name or ""} | {key: url or "" for key, url in known.items()}


def _safe(them: Iterable[str]) -> list[str]:
    return [url for each in them if (url := urls.attribute_safe(each))]


def _timestamp(reaction: Reaction) -> int | None:
    at: datetime | None = reaction.published_at
    return int(at.astimezone(UTC).timestamp()) if at else None


def _rsvp(kind: Kind, value: object) -> PlainText | None:
    return (lines_of(value, 20) or None) if kind is Kind.RSVP and isinstance(value, str) else None


def _state(value: object) -> EntryState:
    return next((state for state in STATES if state.value == value), EntryState.SHOWN)


def _ref(value: object) -> str | None:
    return str(value) if isinstance(value, int) and value > 0 else None


def _member(kind: type[E], value: object, default: E) -> E:
    return next((member for member in kind if member.value == value), default)
