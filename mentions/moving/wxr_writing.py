"""Our entries as WordPress eXtended RSS 1.2, part by part: what WordPress' importer and `wxr.py` read.

A page is an item, a response a comment of it.  Webmentions carry the comment meta of the webmention plugin
(`protocol`, `webmention_source_url`, `semantic_linkbacks_*`), pingbacks their source as WordPress keeps it, in the
author's URL.  Names and titles are HTML for WordPress, and are escaped.  It has no private comments and no hidden
ones: both are written as waiting for approval."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final
from xml.sax.saxutils import escape

from mentions import urls
from mentions.model import Entry, EntryState, Kind, Page, Protocol, Site
from mentions.moving.wxr import OWN_AUTHOR, OWN_SOURCE

APPROVED: Final[Mapping[EntryState, str]] = {EntryState.SHOWN: "1", EntryState.SPAM: "spam"}
"""`wp:comment_approved`; everything else waits: `0`."""
_UNFIT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML 1.0 cannot hold."""
_ITEM_FIELDS: Final = (
    "<wp:comment_status>open</wp:comment_status><wp:ping_status>open</wp:ping_status>"
    "<wp:status>publish</wp:status><wp:post_parent>0</wp:post_parent><wp:menu_order>0</wp:menu_order>"
    "<wp:post_type>post</wp:post_type><wp:post_password></wp:post_password><wp:is_sticky>0</wp:is_sticky>"
)


def head(site: Site, *, now: datetime) -> str:
    """The beginning of a file."""
    link = escape(f"https://{site.authority}")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"'
        ' xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:wfw="http://wellformedweb.org/CommentAPI/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:wp="http://wordpress.org/export/1.2/">\n<channel>\n'
        f"<title>{escape(site.authority)}</title>\n<link>{link}</link>\n<description>Responses</description>\n"
        f"<pubDate>{_mail_date(now)}</pubDate>\n<wp:wxr_version>1.2</wp:wxr_version>\n"
        f"<wp:base_site_url>{link}</wp:base_site_url>\n<wp:base_blog_url>{link}</wp:base_blog_url>\n"
    )


TAIL: Final = "</channel>\n</rss>\n"


def item_head(page: Page, *, at: datetime) -> str:
    """The beginning of a page; `at` stands for when it was published, which we do not know."""
    title = page.title or urls.page_key(page.url)
    slug = page.url.partition("?")[0].rstrip("/").rpartition("/")[2]
    return (
        f"<item>\n<title>{_cdata(escape(title))}</title>\n<link>{escape(page.url)}</link>\n<pubDate>{_mail_date(at)}</pubDate>\n"
        f'<dc:creator>{_cdata("ymateb")}</dc:creator>\n<guid isPermaLink="false">{escape(page.url)}</guid>\n'
        "<description></description>\n<content:encoded><![CDATA[]]></content:encoded>\n"
        f"<excerpt:encoded><![CDATA[]]></excerpt:encoded>\n<wp:post_id>{page.id}</wp:post_id>\n"
        f"<wp:post_date>{_date(at)}</wp:post_date><wp:post_date_gmt>{_date(at)}</wp:post_date_gmt>\n"
        f"<wp:post_name>{_cdata(slug)}</wp:post_name>{_ITEM_FIELDS}\n"
    )


ITEM_TAIL: Final = "</item>\n"


def comment(entry: Entry, page: Page, *, number: int, parent: int = 0, email: str | None = None) -> str:
    """A response; `number` is what it is called in the file, `parent` the number of what it answers."""
    reaction = entry.reaction
    at = reaction.published_at or entry.received_at
    is_pingback = entry.protocol is Protocol.PINGBACK
    website = entry.source if is_pingback else reaction.author.url or ""
    form = "comment" if entry.protocol is Protocol.COMMENT or _is_plain_reply(entry) else "webmention"
    approved = "0" if entry.private else APPROVED.get(entry.state, "0")
    fields = {
        "comment_id": str(number),
        "comment_author": _cdata(escape(_shown_as(entry))),
        "comment_author_email": _cdata(email or ""),
        "comment_author_url": _cdata(website),
        "comment_author_IP": "",
        "comment_date": _date(at),
        "comment_date_gmt": _date(at),
        "comment_content": _cdata(_words(entry)),
        "comment_approved": approved,
        "comment_type": "pingback" if is_pingback else form,
        "comment_parent": str(parent),
        "comment_user_id": "0",
    }
    parts = [f"<wp:{name}>{value}</wp:{name}>" for name, value in fields.items()]
    return "<wp:comment>\n" + "\n".join([*parts, *_meta(entry, page, number)]) + "\n</wp:comment>\n"


def numbers(parents: Mapping[int, int | None]) -> dict[int, int]:
    """What each entry of a page is called in the file: the page's own ids, dealt out so that parents come first.

    WordPress puts comments in by number and only knows parents that are in already."""
    if all(parent is None or parent < own for own, parent in parents.items()):
        return {own: own for own in parents}
    order: dict[int, None] = {}
    for own in sorted(parents):
        chain = []
        up: int | None = own
        while up is not None and up in parents and up not in order and up not in chain:
            chain.append(up)
            up = parents[up]
        order |= dict.fromkeys(reversed(chain))
    return dict(zip(order, sorted(parents), strict=True))


def _shown_as(entry: Entry) -> str:
    """What stands where WordPress shows authors: of pingbacks, as it does itself, the title of the page."""
    said = entry.reaction
    if entry.protocol is Protocol.COMMENT:
        return said.author.name or ""
    title = said.name if entry.protocol is Protocol.PINGBACK else None
    return title or said.author.name or urls.authority(entry.source) or ""


def _is_plain_reply(entry: Entry) -> bool:
    return entry.reaction.kind is Kind.REPLY


def _words(entry: Entry) -> str:
    """What WordPress shows of a response."""
    said = entry.reaction
    if said.content is not None:
        return said.content.html or escape(said.content.text)
    return escape(said.summary or said.context or said.name or "")


def _meta(entry: Entry, page: Page, number: int) -> Iterable[str]:
    said = entry.reaction
    is_comment = _is_plain_reply(entry) and entry.protocol is not Protocol.PINGBACK
    kind = f"rsvp:{said.rsvp}" if said.kind is Kind.RSVP and said.rsvp else said.kind.value
    told: dict[str, str | None] = {"semantic_linkbacks_type": None if is_comment else kind}
    if entry.protocol is Protocol.WEBMENTION:
        told |= {
            "protocol": "webmention",
            "webmention_source_url": entry.source,
            "webmention_target_url": entry.target,
        }
    elif entry.protocol is Protocol.COMMENT and entry.source != f"{page.url}#comment-{number}":
        told[OWN_SOURCE] = entry.source
    told |= {"url": said.url, "avatar": said.author.photo}
    if entry.protocol is Protocol.PINGBACK or said.author.url == entry.source:
        told["semantic_linkbacks_author_url"] = said.author.url
    if entry.protocol is Protocol.PINGBACK:
        told[OWN_AUTHOR] = escape(said.author.name or "")
    for key, value in told.items():
        if value:
            pair = f"<wp:meta_key>{key}</wp:meta_key><wp:meta_value>{_cdata(value)}</wp:meta_value>"
            yield f"<wp:commentmeta>{pair}</wp:commentmeta>"


def _cdata(text: str) -> str:
    fit = _UNFIT.sub("\ufffd", text).replace("]]>", "]]]]><![CDATA[>")
    return f"<![CDATA[{fit}]]>"


def _date(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _mail_date(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC))
