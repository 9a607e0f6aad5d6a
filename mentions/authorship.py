"""Whether a response was written by the author of the post that it answers.  (Decision 0077.)"""

from __future__ import annotations

from urllib.parse import urlsplit

from mentions import urls
from mentions.model import Entry, Protocol


def is_post_author(entry: Entry, post: str) -> bool:
    """Whether the response's page and its author's URL are both on the post's site, and the post lies below the
    author's URL, so that two people of one host are told apart.  Whoever types a comment may claim any URL."""
    author = entry.reaction.author.url
    if author is None or entry.protocol is Protocol.COMMENT:
        return False
    if not urls.site_authority(post) == urls.site_authority(author) == urls.site_authority(entry.source):
        return False
    home = urlsplit(author).path.rpartition("/")[0] + "/"
    return urlsplit(post).path.startswith(home)
