"""Webmention: a form becomes a claim, and a target's answer tells its endpoint.  (W3C Recommendation, 3.1.2 and 3.2.1)

Whether the target is ours is asked of sites.py; whether an endpoint's address may be connected to, of
workers/fetch/guard.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from mentions import urls
from mentions.errors import InvalidRequest
from mentions.hypertext import base_of, read_hypertext, value_of
from mentions.media import Media, media_of
from mentions.model import Claim, Document, Fetched, Protocol, Url
from mentions.protocol.link_header import read_links, relation_types

REL: Final = "webmention"
"""Compared in lower case, as a whole relation type."""


def read_claim(form: Mapping[str, Sequence[str]], *, id: str, received_at: datetime) -> Claim:  # noqa: A002
    """The claim of a request's form; InvalidRequest names the parameter that is missing, repeated or malformed.

    Other parameters (`vouch`, `code`, anything) are ignored, as senders rely on.  URLs are kept as they were sent, less
    the spaces around them."""
    source, target = _single(form, "source"), _single(form, "target")
    urls.check_claim_url(source, what="source")
    urls.check_claim_url(target, what="target")
    if urls.page_key(source) == urls.page_key(target):
        raise InvalidRequest("source and target are the same page")
    return Claim(id=id, source=source, target=target, via=Protocol.WEBMENTION, received_at=received_at)


def find_endpoint(fetched: Fetched) -> Url | None:
    """Where webmentions for this page go: its first Link header, else the first `<link>` or `<a>`, of rel webmention.

    None when there is none, and when the first one is no http(s) URL or carries userinfo: an endpoint further down is
    not the one that the page names first.  Without fragment; the query stays as it is written."""
    document = fetched.document
    for link in read_links(fetched.links):
        if REL in link.rels and _is_about(link.anchor, document):
            return _usable(urls.parse(urls.from_header(link.target), base=document.url))
    if media_of(document) not in {Media.HTML, Media.XHTML}:
        return None
    tree = read_hypertext(document)
    for node in tree.css("link[rel][href],a[rel][href]"):
        if REL in relation_types(value_of(node, "rel") or ""):
            return _usable(urls.parse(value_of(node, "href") or "", base=base_of(tree, document)))
    return None


def _single(form: Mapping[str, Sequence[str]], name: str) -> str:
    """A parameter that has to be there exactly once; `name[]` and `name[0]` are attempts at several."""
    if any(key.startswith(name + "[") for key in form):
        raise InvalidRequest(f"{name} has to be given once, as {name}")
    values = form.get(name, ())
    if len(values) > 1:
        raise InvalidRequest(f"{name} is given more than once")
    value = values[0].strip(" ") if values else ""
    if not value:
        raise InvalidRequest(f"{name} is missing")
    return value


def _is_about(anchor: str | None, document: Document) -> bool:
    """A link with another context says nothing about the page that was asked for (RFC 8288 3.2)."""
    if anchor is None:
        return True
    context = urls.parse(urls.from_header(anchor), base=document.url)
    return context is not None and "#" not in context and context == urls.without_fragment(document.url)


def _usable(url: Url | None) -> Url | None:
    return None if url is None or urls.has_userinfo(url) else urls.without_fragment(url)
