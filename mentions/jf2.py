"""The outside form of an entry: jf2 as webmention.io's clients read it, and the older `links` form.

The only place that builds them.  Every URL that leaves here is http(s) and safe inside an attribute, because clients
paste them into one.  Key order is webmention.io's, then ours (contract §6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from mentions import sanitize, urls
from mentions.model import WM_PROPERTY, Author, Change, Content, Entry, EntryState, Kind, Page, Proof, Reaction

Jf2 = dict[str, Any]

ACTIVITY: Final[Mapping[Kind, str]] = {
    Kind.REPLY: "reply",
    Kind.REACJI: "reply",
    Kind.LIKE: "like",
    Kind.REPOST: "repost",
    Kind.BOOKMARK: "bookmark",
    Kind.RSVP: "rsvp",
    Kind.INVITE: "invite",
}
"""`activity.type` of the kinds that webmention.io knows; every other kind is `link` there."""


def entry_to_jf2(entry: Entry, page: Page, base: str) -> Jf2:
    """An entry of `page` as jf2; `base` is the public URL, which the paths of cached avatars hang from.

    `wm-target` is the spelling that was verified, so a client finds what it asked for; without one, the page's URL."""
    reaction = entry.reaction
    source = safe_url(entry.source) or permalink(base, entry.id)
    target = safe_url(entry.target) or safe_url(page.url) or page.url
    out: Jf2 = {
        "type": "entry",
        "author": card(reaction.author),
        "url": safe_url(reaction.url) or source,
        "published": reaction.published,
        "published_ts": int(reaction.published_at.timestamp()) if reaction.published_at else None,
        "wm-received": zulu(entry.received_at),
        "wm-id": entry.id,
        "wm-source": source,
        "wm-target": target,
        "wm-protocol": entry.protocol.value,
    }
    if entry.fragment:
        out["wm-fragment"] = entry.fragment
    out |= _said(reaction, base=source, policy_version=entry.policy_version)
    out |= _named_target(reaction, target)
    out["wm-private"] = entry.private
    if canonical := safe_url(reaction.canonical):
        out["rels"] = {"canonical": canonical}
    return out | _ours(entry, base)


def entry_to_link(entry: Entry, page: Page, base: str) -> Jf2:
    """An entry in the older form, one element of `links`."""
    jf2 = entry_to_jf2(entry, page, base)
    author = {name: jf2["author"][name] or None for name in ("name", "url", "photo")}
    data: Jf2 = {"author": author} if any(author.values()) else {}
    content = jf2.get("content") or {}
    data |= {
        "url": jf2["url"],
        "name": jf2.get("name"),
        "content": content.get("html") or content.get("text"),
        "published": jf2["published"],
        "published_ts": jf2["published_ts"],
    }
    if "rsvp" in jf2:
        data["rsvp"] = jf2["rsvp"]
    out: Jf2 = {
        "source": jf2["wm-source"],
        "verified": True,
        "verified_date": entry.updated_at.astimezone(UTC).isoformat(timespec="seconds"),
        "id": entry.id,
        "private": entry.private,
        "data": data,
        "activity": {"type": ACTIVITY.get(entry.reaction.kind, "link")},
    }
    if "rels" in jf2:
        out["rels"] = jf2["rels"]
    return out | {"target": jf2["wm-target"]}


TOLD_WITH_ENTRY: Final = frozenset({Change.CREATED, Change.UPDATED, Change.APPROVED})
"""Changes that are told with the entry as it is now; the others only name what went."""


def change_facts(cursor: int, change: Change, at: datetime, entry_id: int) -> Jf2:
    """That something happened to an entry, and when."""
    return {"cursor": cursor, "change": change.value, "at": zulu(at), "wm-id": entry_id}


def change_to_jf2(cursor: int, change: Change, at: datetime, entry: Entry, page: Page | None, base: str) -> Jf2:
    """A change of an entry, as the change cursor and webhooks tell it: with the entry, or with what it was."""
    item = change_facts(cursor, change, at, entry.id)
    if page is None:
        return item
    if change in TOLD_WITH_ENTRY and entry.state is not EntryState.DELETED:
        return item | {"wm-status": entry.state.value, "entry": entry_to_jf2(entry, page, base)}
    if source := safe_url(entry.source):
        item |= {"wm-source": source, "wm-target": safe_url(entry.target) or page.url}
    return item


def feed(children: Iterable[Jf2], *, name: str = "Webmentions", **more: Any) -> Jf2:
    """A jf2 feed."""
    return {"type": "feed", "name": name, "children": list(children)} | more


def tombstone(entry: Entry, page: Page) -> Jf2:
    """A deleted entry: that it was there, and when it went; nothing of what it said."""
    return {
        "wm-id": entry.id,
        "wm-source": safe_url(entry.source),
        "wm-target": safe_url(entry.target) or page.url,
        "wm-deleted": zulu(entry.deleted_at or entry.updated_at),
    }


def grave(entry: Entry, base: str) -> Jf2:
    """A deleted entry in its place in a thread, for the sake of what hangs below it."""
    return {
        "type": "entry",
        "author": card(Author()),
        "url": permalink(base, entry.id),
        "wm-id": entry.id,
        "wm-kind": entry.reaction.kind.value,
        "wm-protocol": entry.protocol.value,
        "wm-deleted": zulu(entry.deleted_at or entry.updated_at),
    }


def permalink(base: str, entry_id: int) -> str:
    """Where an entry is shown by itself."""
    return f"{permalink_base(base)}{entry_id}"


def permalink_base(base: str) -> str:
    """What every permalink of ours begins with: the id of the entry follows.  `base` is the public URL."""
    return f"{base}/entries/"


def zulu(at: datetime) -> str:
    """UTC to the second, as webmention.io writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=8192)  # the same targets and authors are handed out over and over
def safe_url(url: str | None) -> str | None:
    """The URL if it is http(s), so that it may stand inside an attribute; None else."""
    return urls.attribute_safe(url) if url else None


def safe_urls(them: Iterable[str]) -> list[str]:
    """Those of the URLs that may be handed out."""
    return [url for each in them if (url := safe_url(each))]


def card(author: Author) -> Jf2:
    """An author; what is not known is an empty string, which every known client takes for that."""
    return {
        "type": "card",
        "name": author.name or "",
        "photo": safe_url(author.photo) or "",
        "url": safe_url(author.url) or "",
    }


def _said(reaction: Reaction, *, base: str, policy_version: int) -> Jf2:
    """What the response itself says: everything but who, when and to what."""
    lists = {
        "syndication": safe_urls(reaction.syndication),
        "photo": safe_urls(reaction.photos),
        "video": safe_urls(reaction.videos),
        "audio": safe_urls(reaction.audios),
    }
    out: Jf2 = {}
    if reaction.name:
        out["name"] = reaction.name
    if lists["syndication"]:
        out["syndication"] = lists["syndication"]
    if reaction.summary:
        out["summary"] = {"content-type": "text/plain", "value": reaction.summary}
    out |= {key: lists[key] for key in ("photo", "video", "audio") if lists[key]}
    if reaction.content is not None:
        out["content"] = _content(reaction.content, base=base, policy_version=policy_version)
    return out


def _content(content: Content, *, base: str, policy_version: int) -> Jf2:
    """Content; HTML that an older policy let through is sanitised again on its way out."""
    if content.html is None:
        return {"text": content.text}
    html = content.html
    if policy_version < sanitize.POLICY_VERSION:
        html = sanitize.safe_html(html, base=base)
    return {"html": html, "text": content.text}


def _named_target(reaction: Reaction, target: str) -> Jf2:
    """The property that names the target, and `wm-property`, which names that property."""
    name = WM_PROPERTY.get(reaction.kind, "mention-of")
    if name == "rsvp":
        return {"rsvp": reaction.rsvp, "in-reply-to": target, "wm-property": name}
    return {name: target, "wm-property": name}


def _ours(entry: Entry, base: str) -> Jf2:
    """What webmention.io does not have."""
    reaction = entry.reaction
    more: Jf2 = {
        "wm-context": reaction.context,
        "wm-lang": reaction.lang,
        "wm-avatar": f"{base}/{entry.avatar.lstrip('/')}" if entry.avatar else None,
        "category": list(reaction.categories),
        "wm-invitees": [card(invitee) for invitee in reaction.invitees],
        "comment": [hearsay(comment, entry) for comment in reaction.comments],
        "wm-likes": entry.likes,
        "wm-signed-in": _proof(reaction.proof),
    }
    return {"wm-kind": reaction.kind.value, "wm-authorship": reaction.authority.value} | {
        key: value for key, value in more.items() if value
    }


def _proof(proof: Proof | None) -> Jf2 | None:
    """How the author of a comment had signed in: `way`, and what may be shown of it."""
    return None if proof is None else {"way": proof.way.value, "by": proof.by or ""}


def hearsay(comment: Reaction, entry: Entry) -> Jf2:
    """A comment that the source of `entry` carries; the source answers for it, nobody has looked at the original."""
    source = safe_url(entry.source) or ""
    return {
        "type": "entry",
        "author": card(comment.author),
        "url": safe_url(comment.url) or source,
        "published": comment.published,
        **_said(comment, base=source, policy_version=entry.policy_version),
        "wm-kind": comment.kind.value,
        **({"wm-lang": comment.lang} if comment.lang else {}),
    }
