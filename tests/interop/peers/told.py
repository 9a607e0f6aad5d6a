"""The same responses as our export and as a WordPress tell of them, in one form that can be compared."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import urlsplit

from tests.interop.peers.doors import Jf2
from tests.interop.peers.wordpress import WordPress

STATUS = {"shown": "approved", "held": "hold", "hidden": "hold", "spam": "spam"}


def words(text: str) -> str:
    """Text as it is read, however it is marked up."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", text))).strip()


Told = tuple[str, str, str, str, str, str, str]
"""Slug of the post, author, moment, words, state, type, and the words of what it answers."""


def told_by_us(entries: Iterable[Jf2]) -> Counter[Told]:
    by_id = {entry["wm-id"]: entry for entry in entries}
    return Counter(_told(entry, by_id.get(entry.get("wm-parent"))) for entry in by_id.values())


def _told(entry: Jf2, parent: Jf2 | None) -> Told:
    at = datetime.fromisoformat(entry["published"] or entry["wm-received"]).astimezone(UTC)
    is_pingback = entry["wm-protocol"] == "pingback"
    is_comment = entry["wm-protocol"] == "comment" or entry["wm-kind"] == "reply"
    title = (is_pingback and entry.get("name")) or ""
    host = "" if entry["wm-protocol"] == "comment" else urlsplit(entry["wm-source"]).netloc
    return (
        entry["wm-target"].rstrip("/").rpartition("/")[2],
        title or entry["author"]["name"] or host,
        at.strftime("%Y-%m-%dT%H:%M:%S"),
        _says(entry),
        "hold" if entry["wm-private"] else STATUS[entry.get("wm-status", "shown")],
        "pingback" if is_pingback else "comment" if is_comment else "webmention",
        _says(parent) if parent else "",
    )


def _says(entry: Jf2) -> str:
    content = entry.get("content") or {}
    plain = content.get("text") or entry.get("wm-context") or entry.get("name") or ""
    return words(content.get("html") or html.escape(plain))


async def told_by_wordpress(wordpress: WordPress) -> Counter[Told]:
    comments = {each["id"]: each for each in await wordpress.comments()}
    posts = {post["id"]: post for post in await wordpress.rest("posts", per_page=100)}

    def says(each: Jf2) -> str:
        return words(each["content"]["raw"])

    return Counter(
        (
            posts[each["post"]]["slug"],
            html.unescape(each["author_name"]),
            each["date_gmt"],
            says(each),
            each["status"],
            each["type"],
            says(comments[each["parent"]]) if each["parent"] else "",
        )
        for each in comments.values()
    )
