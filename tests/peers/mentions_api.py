"""webmention.io's reading API: as it was (`cap = None`, no totals) and as it is (`cap = 1000`), and out of order.

Oldest first or not, since_id, page and per-page, tokens; rows may vanish or come while somebody pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import web

from tests.peers.peer import Peer

TOKEN = "t0ken-that-nobody-may-see"


class MentionsApi(Peer):
    """`rows` are jf2 entries, oldest first."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(address, port)
        self.rows: list[dict[str, Any]] = []
        self.cap: int | None = 1000
        self.tells_total = True
        self.failures: list[web.Response] = []
        """Answers that come first, one for each request."""
        self.before_page: Callable[[int], None] = lambda _page: None
        self.pages_asked: list[dict[str, str]] = []
        self.handle("/api/mentions.jf2", self._answer)
        self.handle("/api/mentions.json", self._answer)

    def address_of(self, form: str = "jf2", **parameters: str) -> str:
        """What an owner types."""
        query = "".join(f"&{name}={value}" for name, value in parameters.items())
        return self.url(f"/api/mentions.{form}?domain=site.example&token={TOKEN}{query}")

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        asked = dict(request.query)
        self.pages_asked.append(asked)
        if self.failures:
            return self.failures.pop(0)
        if asked.get("token") != TOKEN:
            return web.json_response({"error": "forbidden"}, status=401)
        page, size = int(asked.get("page", 0)), int(asked.get("perPage", asked.get("per-page", 20)))
        size = min(size, self.cap) if self.cap else size
        self.before_page(page)
        found = [row for row in self.rows if row["wm-id"] > int(asked.get("since_id", 0))]
        if asked.get("sort-dir", "down") == "down":
            found.reverse()
        shown = found[page * size : (page + 1) * size]
        said: dict[str, Any] = {"type": "feed", "name": "Webmentions", "children": shown}
        if request.path.endswith(".json"):
            said = {"links": [_link(row) for row in shown]}
        if self.tells_total:
            pages = -(-len(found) // size)
            said["paging"] = {"per-page": size, "page": page, "total": len(found), "total-pages": pages}
        return web.Response(body=orjson.dumps(said), content_type="application/json")


def _link(row: dict[str, Any]) -> dict[str, Any]:
    """A row in the older form."""
    return {
        "id": row["wm-id"],
        "source": row["wm-source"],
        "target": row["wm-target"],
        "verified": True,
        "verified_date": row["wm-received"],
        "private": False,
        "data": {"url": row["url"], "name": None, "content": None, "published": None},
        "activity": {"type": "link"},
    }


def mention(number: int, **facts: Any) -> dict[str, Any]:
    """A row of webmention.io's."""
    home = f"https://ann{number % 97}.example/"
    source, target = f"{home}re/{number}", f"https://site.example/post/{number % 50}"
    return {
        "type": "entry",
        "author": {"type": "card", "name": f"Ann {number % 97}", "photo": "", "url": home},
        "url": source,
        "published": None,
        "wm-received": "2024-05-01T08:00:01Z",
        "wm-id": 1000 + number,
        "wm-source": source,
        "wm-target": target,
        "wm-protocol": "webmention",
        "content": {"html": f"<p>Well said, {number}.</p>", "text": f"Well said, {number}."},
        "in-reply-to": target,
        "wm-property": "in-reply-to",
        "wm-private": False,
        **facts,
    }
