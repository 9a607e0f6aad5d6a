"""A blog whose posts respond to others' pages: written, edited, deleted, moved, out of order for a while."""

from __future__ import annotations

import asyncio
import itertools
from html import escape
from typing import Literal

from aiohttp import web

from tests.peers.peer import Peer

Kind = Literal["reply", "like", "repost", "bookmark", "mention", "rsvp", "plain"]
_CLASS = {
    "reply": "u-in-reply-to",
    "rsvp": "u-in-reply-to",
    "like": "u-like-of",
    "repost": "u-repost-of",
    "bookmark": "u-bookmark-of",
    "mention": "",
    "plain": "",
}


class Blog(Peer):
    """Posts with microformats (`plain`: without), one author per post, at paths of their own."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(address, port)
        self._numbers = itertools.count(1)

    def page(self, path: str = "/post", *, title: str = "A post worth answering", text: str = "Something.") -> str:
        """A post of the blog's own, that others may respond to."""
        body = (
            f'<article class="h-entry"><h1 class="p-name">{escape(title)}</h1><p class="e-content">{text}</p></article>'
        )
        return self.serve(path, _document(title, body))

    def post(
        self,
        *,
        links_to: str | None,
        kind: Kind = "reply",
        author: str = "Ann Author",
        text: str = "I think so too.",
        path: str | None = None,
        home: str = "/",
    ) -> str:
        """A new post that responds to `links_to` (None: to nothing), by somebody whose page is `home`; its URL."""
        path = path or f"/responses/{next(self._numbers)}"
        return self.serve(path, self._response(links_to, kind, author, text, home))

    def edit(
        self,
        url: str,
        *,
        links_to: str | None,
        kind: Kind = "reply",
        author: str = "Ann Author",
        text: str = "I have thought again.",
    ) -> str:
        """The same post with other words, or without its link (`links_to=None`)."""
        return self.serve(url, self._response(links_to, kind, author, text))

    def delete(self, url: str) -> str:
        """The post says that it is gone (410)."""
        return self.serve(url, "gone\n", status=410, content_type="text/plain")

    def lose(self, url: str) -> str:
        """The post is not found any more (404)."""
        return self.serve(url, "not found\n", status=404, content_type="text/plain")

    def move(self, url: str, *, to: str | None = None, status: int = 301) -> str:
        """The post goes to `to` (a URL; none: a new path here) and redirects there; the new URL."""
        new = to or self.url(f"/moved/{next(self._numbers)}")
        if to is None:
            self._answers[self.path(new)] = self._answers[self.path(url)]
        self.serve(url, status=status, headers={"Location": new})
        return new

    def break_down(self, url: str, *, status: int = 503, retry_after_s: int | None = None) -> str:
        """The post answers an error that may pass; `edit` repairs it."""
        headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
        return self.serve(url, "out of order\n", status=status, content_type="text/plain", headers=headers)

    def hold_back(self, url: str) -> asyncio.Event:
        """The post is answered only when the returned event is set: for tests that need a job under way."""
        path, gate = self.path(url), asyncio.Event()
        answer = self._answers[path]

        async def wait_then_answer(request: web.Request) -> web.StreamResponse:
            await gate.wait()
            self._answers[path] = answer
            if callable(answer):
                return await answer(request)
            return web.Response(status=answer.status, body=answer.body, headers=answer.headers)

        self._answers[path] = wait_then_answer
        return gate

    def _response(self, links_to: str | None, kind: Kind, author: str, text: str, home: str = "/") -> str:
        link = "" if links_to is None else f'<a class="{_CLASS[kind]}" href="{escape(links_to)}">in answer to</a>'
        if kind == "plain":
            return _document("Links of the day", f"<p>{escape(text)} {link}</p>")
        inside = f'<p class="e-content">{escape(text)}{link if kind == "mention" else ""}</p>'
        rsvp = '<data class="p-rsvp" value="yes"></data>' if kind == "rsvp" else ""
        card = f'<a class="p-author h-card" href="{escape(home)}">{escape(author)}</a>'
        head = "" if kind == "mention" else link
        return _document("A response", f'<article class="h-entry">{card}{head}{rsvp}{inside}</article>')


def _document(title: str, body: str) -> str:
    return f'<!doctype html><html lang="en"><head><title>{escape(title)}</title></head><body>{body}</body></html>'
