"""Whether a response was written by the author of the post that it answers.  (Decision 0077.)"""

from __future__ import annotations

from urllib.parse import urlsplit

from mentions import urls
from mentions.model import Authority, Entry, Protocol


def is_post_author(entry: Entry, post: str) -> bool:
    """Whether the response's page and its author's URL are both on the post's site, and the post lies below the
    author's URL, so that two people of one host are told apart.

    Whoever types a comment may claim any URL.  Who has signed in by one (decision 0112) need not have a page there, and
    is the owner of what lies below it, and of nothing beside it: `/~ann` and `/?author=2` are no whole site."""
    author, is_comment = entry.reaction.author.url, entry.protocol is Protocol.COMMENT
    if author is None or (is_comment and entry.reaction.authority is not Authority.SIGNED_IN):
        return False
    place = author if is_comment else entry.source
    if not urls.site_authority(post) == urls.site_authority(author) == urls.site_authority(place):
        return False
    parts = urlsplit(author)
    if is_comment:
        return not parts.query and f"{urlsplit(post).path}/".startswith(f"{parts.path.rstrip('/')}/")
    home = parts.path.rpartition("/")[0] + "/"
    return urlsplit(post).path.startswith(home)
