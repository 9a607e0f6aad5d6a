"""One response as a template sees it: jf2 read into names, times and words, and nothing left to decide in the template.

Pure: takes the outside form of an entry (contract §6, §7) and a language.  Foreign text leaves here as `str`, which the
templates escape; only `content.html`, made by the sanitiser, is `Markup`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from markupsafe import Markup

from mentions import jf2
from service.i18n import Catalogue
from service.pages.faces import face, seed_of
from service.pages.templating import trusted
from service.pages.words import how_signed_in

LONG_TEXT: Final = 1_600
"""Characters of a response that are shown in full; a longer one is cut and continues at its own place."""
CUT_TEXT: Final = 700
SHOWN_FACES: Final = 12
"""Faces of a reaction that stand open; the others wait behind "and … more"."""
MAX_CHAIN: Final = 200
"""Levels of nesting that are followed at all."""

Jf2 = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EntryView:
    """A response, ready to be written down."""

    id: int
    prop: str
    """The microformats property that it is to what it hangs below: `u-comment`, `u-like` …"""
    kind: str
    protocol: str
    author: str
    author_url: str | None
    avatar: str | None
    face: Markup
    is_post_author: bool
    url: str
    """Where it stands: at its own site, or at our permalink."""
    permalink: str
    host: str
    """The site that it came from; empty for what was typed here, and where the author has no other name."""
    when: str
    datetime: str
    is_published: bool
    """Whether the source says the time; otherwise it is when we received it."""
    lang: str | None
    """Its language; empty where it is not known, but that of what it hangs below is; None where neither is."""
    verb: str
    title: str
    html: Markup
    text: str
    context: str
    is_cut: bool
    in_reply_to: str
    rsvp: str
    emoji: str
    photos: tuple[str, ...]
    likes: int
    is_gone: bool
    proof: str
    """How the author of a comment had signed in, in words; empty for whoever had not."""
    children: tuple[EntryView, ...] = ()
    deeper: int = 0
    """Answers below this one that are not shown here."""
    more: int = 0
    """Answers right below this one that come after those that are shown."""
    more_url: str = ""
    """Where they are."""
    told_by: str = ""
    """The host that tells of it; nothing else vouches for it, and it has no `id`."""

    @property
    def anchor(self) -> str:
        """The id of its element; ours for ever, unless it is only told of."""
        return f"c-t{seed_of(self.told_by + self.url)}" if self.told_by else f"c-{self.id}"


@dataclass(frozen=True, slots=True)
class FaceGroup:
    """Everybody who reacted in one way."""

    kind: str
    label: str
    shown: list[EntryView] = field(default_factory=list)
    more: list[EntryView] = field(default_factory=list)
    beyond: int = 0
    """How many there are besides; `all_url` has them too."""
    all_url: str = ""


def view_of(
    entry: Jf2, *, thread: Jf2, words: Catalogue, base: str, depth: int, level: int = 1, above: Jf2 | None = None
) -> EntryView:
    """A readable response with its answers, `depth` levels of them; `above` is the response that it hangs below."""
    answers = (
        view_of(child, thread=thread, words=words, base=base, depth=depth, level=level + 1, above=entry)
        for child in entry.get("comment") or []
    )
    told = (_told(one, words=words, base=base, post=thread["url"], above=entry) for one in entry.get("wm-told") or [])
    shown = level < depth
    return _view(
        entry,
        prop="u-comment",
        words=words,
        base=base,
        post=thread["url"],
        above=above,
        children=(*answers, *told) if shown else (),
        deeper=0 if shown else count_below(entry),
        more=_left_out(entry) if shown else 0,
    )


def _told(one: Jf2, *, words: Catalogue, base: str, post: str, above: Jf2) -> EntryView:
    """A comment that the source of `above` carries."""
    view = _view({**one, "wm-id": 0}, prop="u-comment", words=words, base=base, post=post, above=above)
    return replace(view, told_by=host_of(one["wm-told-by"]), host="")


def count_below(entry: Jf2) -> int:
    """How many responses hang below an entry, at every level; tombstones are none."""
    total, level = _left_out(entry), list(entry.get("comment") or [])
    for _ in range(MAX_CHAIN):
        if not level:
            break
        total += sum(_left_out(each) + (not each.get("wm-deleted")) for each in level)
        level = [child for each in level for child in each.get("comment") or []]
    return total


def _left_out(entry: Jf2) -> int:
    """How many answers right below an entry are on another page."""
    return int((entry.get("wm-more") or {}).get("count") or 0)


def face_groups(thread: Jf2, *, words: Catalogue, base: str) -> list[FaceGroup]:
    """Reactions that have nothing to read, as groups of faces; in the order of REACTIONS, then others."""
    reactions: dict[str, list[Jf2]] = thread.get("reactions") or {}
    reacted: dict[str, int] = thread.get("reacted") or {}
    groups = []
    for kind in sorted(reactions, key=lambda kind: (_order(kind), kind)):
        views = [
            _view(entry, prop=_property(kind), words=words, base=base, post=thread["url"]) for entry in reactions[kind]
        ]
        for rsvp in _answers(kind, views):
            same = [view for view in views if kind != "rsvp" or view.rsvp == rsvp]
            total = max(reacted.get(f"rsvp-{rsvp}" if rsvp else kind, 0), len(same))
            label = reaction_label(words, rsvp if kind == "rsvp" else kind, total)
            asked = {"target": thread["url"], "wm-property": reactions[kind][0]["wm-property"], "per-page": 1000}
            beyond, all_url = total - len(same), f"{base}/api/mentions.html?{urlencode(asked)}"
            groups.append(FaceGroup(kind, label, same[:SHOWN_FACES], same[SHOWN_FACES:], beyond, all_url))
    return groups


def _answers(kind: str, views: list[EntryView]) -> list[str]:
    if not views:
        return []
    if kind != "rsvp":
        return [""]
    return [answer for answer in ("yes", "maybe", "interested", "no") if any(view.rsvp == answer for view in views)]


def _property(kind: str) -> str:
    return {"like": "u-like", "repost": "u-repost", "bookmark": "u-bookmark", "rsvp": "u-rsvp"}.get(kind, "u-mention")


def _order(kind: str) -> int:
    order = ("like", "reacji", "repost", "bookmark", "rsvp", "follow", "tag", "person-tag", "invite")
    return order.index(kind) if kind in order else len(order)


def reaction_label(words: Catalogue, kind: str, n: int) -> str:
    """`Liked by 3 people`, for a kind of reaction or an answer to an invitation."""
    ngettext = words.ngettext
    match kind:
        case "like":
            text = ngettext("Liked by %(num)s person", "Liked by %(num)s people", n)
        case "reacji":
            text = ngettext("%(num)s person reacted", "%(num)s people reacted", n)
        case "repost":
            text = ngettext("Shared by %(num)s person", "Shared by %(num)s people", n)
        case "bookmark":
            text = ngettext("Bookmarked by %(num)s person", "Bookmarked by %(num)s people", n)
        case "yes":
            text = ngettext("%(num)s person is going", "%(num)s people are going", n)
        case "maybe":
            text = ngettext("%(num)s person may go", "%(num)s people may go", n)
        case "interested":
            text = ngettext("%(num)s person is interested", "%(num)s people are interested", n)
        case "no":
            text = ngettext("%(num)s person cannot go", "%(num)s people cannot go", n)
        case _:
            text = ngettext("Mentioned by %(num)s person", "Mentioned by %(num)s people", n)
    return text % {"num": words.number(n)}


def verb_of(words: Catalogue, kind: str, protocol: str, *, has_content: bool) -> str:
    """What somebody did who has more to say than a reaction; empty for a plain reply."""
    gettext = words.gettext
    if protocol == "pingback" and not has_content:
        return gettext("Pingback")
    said = {
        "reply": "",
        "reacji": "",
        "like": gettext("liked this"),
        "repost": gettext("shared this"),
        "bookmark": gettext("bookmarked this"),
        "rsvp": gettext("answered the invitation"),
        "quotation": gettext("quoted this"),
        "tag": gettext("tagged this"),
        "person-tag": gettext("tagged somebody here"),
        "invite": gettext("invited somebody"),
        "follow": gettext("follows this"),
    }
    return said.get(kind, "" if protocol == "comment" else gettext("mentioned this"))


def _view(
    entry: Jf2,
    *,
    prop: str,
    words: Catalogue,
    base: str,
    post: str,
    above: Jf2 | None = None,
    children: tuple[EntryView, ...] = (),
    deeper: int = 0,
    more: int = 0,
) -> EntryView:
    entry_id = int(entry["wm-id"])
    permalink = jf2.permalink(base, entry_id)
    author = entry.get("author") or {}
    protocol = entry.get("wm-protocol") or "webmention"
    source = entry.get("wm-source") or entry.get("url") or ""
    url = permalink if protocol == "comment" else entry.get("url") or source or permalink
    host = "" if protocol == "comment" else host_of(source or url)
    kind = entry.get("wm-kind") or "mention"
    content, proof = entry.get("content") or {}, entry.get("wm-signed-in")
    name = author.get("name") or host_of(author.get("url") or "") or host or words.gettext("Somebody")
    html, text, is_cut = _body(content, _plain(entry.get("summary")))
    when, machine, is_published = _when(entry, words)
    return EntryView(
        id=entry_id,
        prop=prop,
        kind=kind,
        protocol=protocol,
        author=name,
        author_url=author.get("url") or None,
        avatar=entry.get("wm-avatar"),
        face=trusted(face(seed_of(author.get("url"), author.get("name"), host))),
        is_post_author=bool(entry.get("wm-post-author")),
        url=url,
        permalink=permalink,
        host=host if host != name else "",
        when=when,
        datetime=machine,
        is_published=is_published,
        lang=entry.get("wm-lang") or ("" if (above or {}).get("wm-lang") else None),
        verb=verb_of(words, kind, protocol, has_content=bool(content)),
        title=entry.get("name") or "",
        html=html,
        text=text,
        context="" if html or text else entry.get("wm-context") or "",
        is_cut=is_cut,
        in_reply_to=(above or {}).get("url") or entry.get("in-reply-to") or post,
        rsvp=(entry.get("rsvp") or "").lower(),
        emoji=content.get("text") or "" if kind == "reacji" else "",
        photos=tuple(entry.get("photo") or ()),
        likes=int(entry.get("wm-likes") or 0),
        is_gone=bool(entry.get("wm-deleted")),
        proof=how_signed_in(words, proof.get("way", ""), proof.get("by", "")) if proof else "",
        children=children,
        deeper=deeper,
        more=more,
        more_url=_more_url(entry, base=base, post=post, lang=words.lang) if more else "",
    )


def _more_url(entry: Jf2, *, base: str, post: str, lang: str) -> str:
    asked = {"target": post, "lang": lang, "below": entry["wm-id"], "after": entry["wm-more"]["after"]}
    return f"{base}/embed?{urlencode({name: value for name, value in asked.items() if value})}"


def _plain(summary: Any) -> str:
    """A jf2 summary is a string, or an object with its type."""
    return str(summary.get("value") or "") if isinstance(summary, dict) else str(summary or "")


def _body(content: Jf2, summary: str) -> tuple[Markup, str, bool]:
    """HTML, or else text; and whether it was cut because it is long."""
    text = content.get("text") or ""
    if len(text) > LONG_TEXT:
        return Markup(), summary[:CUT_TEXT] if summary else cut(text, CUT_TEXT), True
    if content.get("html"):
        return trusted(content["html"]), "", False
    return Markup(), text or summary, bool(summary and not text)


def cut(text: str, limit: int) -> str:
    """The text up to the last word that fits, with an ellipsis."""
    if len(text) <= limit:
        return text
    whole_words = text[: limit + 1].rsplit(None, 1)[0][:limit]
    return whole_words.rstrip(" ,;:–-") + " …"


def host_of(url: str) -> str:
    """The host that a person would name: without `www.` and port-less unless the port is unusual."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].removeprefix("www.")
    except ValueError:
        return ""


def _when(entry: Jf2, words: Catalogue) -> tuple[str, str, bool]:
    """When it was published (else received), for people and for machines; and whether the source said so."""
    for name in ("published", "wm-received"):
        value = entry.get(name)
        when = read_moment(value) if value else None
        if when is not None:
            return words.moment(when), str(value), name == "published"
    return "", "", False


def read_moment(value: str) -> date | None:
    """An RFC 3339 time, with its own offset, or a mere date; None when it is neither."""
    text = value.strip()
    try:
        if len(text) <= 10:
            return date.fromisoformat(text)
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)
