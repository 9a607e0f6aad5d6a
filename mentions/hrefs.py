"""Which links does a response carry?  Read from its sanitised HTML, for the rules that look at them."""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser

from mentions import urls
from mentions.model import Reaction, Url


def links_of(reaction: Reaction) -> tuple[Url, ...]:
    """The http(s) links in the content, in order, each once."""
    if reaction.content is None or not reaction.content.html:
        return ()
    nodes = LexborHTMLParser(reaction.content.html).css("a[href]")
    found = (urls.parse(node.attributes.get("href") or "") for node in nodes)
    return tuple(dict.fromkeys(url for url in found if url is not None))


def foreign_hosts(reaction: Reaction, *own: str) -> tuple[str, ...]:
    """The authorities that the content links to, without those of the URLs in `own`."""
    known = {urls.site_authority(url) for url in own if url}
    return tuple(dict.fromkeys(host for url in links_of(reaction) if (host := urls.site_authority(url)) not in known))
