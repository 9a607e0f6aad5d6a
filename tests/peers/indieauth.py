"""A website that vouches for its owner: profile, metadata and endpoints, well behaved unless told otherwise.

`IndieAuthSite` answers at once with yes; with `asks = True` it shows a page with two buttons, for a browser.  What it
says and does is set by its fields, so that each may be wrong by itself."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import itertools
from html import escape
from typing import Any
from urllib.parse import urlencode

import orjson
from aiohttp import web

from tests.peers.peer import Peer


class IndieAuthSite(Peer):
    """`me` is the profile.  `codes` are those that were handed out and not redeemed yet."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(address, port)
        self.asks = False
        self.cuts_off_openers = False
        """Whether its page says that the window that opened it is none of its business."""
        self.has_metadata = True
        self.in_header = False
        self.card: str | None = '<div class="h-card"><a class="p-name u-url u-uid" href="/">Gwen Prosser</a></div>'
        self.profile: dict[str, Any] | None = None
        """What is told of the person beside `me`."""
        self.says: dict[str, Any] = {}
        """Parameters of the way back that are other than they should be; None leaves one out."""
        self.says_me: Any = None
        """Whom the endpoint vouches for; None: `me`."""
        self.metadata_says: dict[str, Any] = {}
        self.redeems_at = "/auth"
        self.answer: web.Response | None = None
        """What a redemption is answered instead."""
        self.delay_s = 0.0
        self.codes: dict[str, dict[str, str]] = {}
        self.questions: list[dict[str, str]] = []
        self.redemptions: list[dict[str, str]] = []
        self._numbers = itertools.count(1)
        self.handle("/", self._profile_page)
        self.handle("/.well-known/oauth-authorization-server", self._metadata)
        self.handle("/auth", self._authorize)
        self.handle("/decide", self._decide)
        self.handle("/token", self._token)

    @property
    def me(self) -> str:
        return self.url("/")

    @property
    def issuer(self) -> str:
        return self.url("/")

    async def _profile_page(self, _: web.Request) -> web.StreamResponse:
        rel, path = (
            ("indieauth-metadata", "/.well-known/oauth-authorization-server")
            if self.has_metadata
            else ("authorization_endpoint", "/auth")
        )
        token = "" if self.has_metadata else '<link rel="token_endpoint" href="/token">'
        link = "" if self.in_header else f'<link rel="me {rel}" href="{path}">{token}'
        headers = {"Link": f'<{path}>; rel="{rel}"'} if self.in_header else {}
        page = f"<!doctype html><title>Gwen</title>{link}{self.card or ''}"
        return web.Response(text=page, content_type="text/html", headers=headers)

    async def _metadata(self, _: web.Request) -> web.StreamResponse:
        said: dict[str, Any] = {
            "issuer": self.issuer,
            "authorization_endpoint": self.url("/auth"),
            "token_endpoint": self.url("/token"),
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            **self.metadata_says,
        }
        said = {name: value for name, value in said.items() if value is not None}
        return web.Response(body=orjson.dumps(said), content_type="application/json")

    async def _authorize(self, request: web.Request) -> web.StreamResponse:
        if request.method == "POST":
            return await self._redeem(request, "/auth")
        question = dict(request.query)
        self.questions.append(question)
        if not self.asks:
            raise web.HTTPFound(self._way_back(question, agrees=True))
        hidden = "".join(f'<input type="hidden" name="{escape(k)}" value="{escape(v)}">' for k, v in question.items())
        page = (
            "<!doctype html><html lang=en><title>Sign in?</title><h1>Sign in to "
            f'{escape(question["client_id"])}?</h1><form action="/decide">{hidden}'
            '<button name="agrees" value="yes">Allow</button><button name="agrees" value="no">Deny</button></form>'
        )
        headers = {"Cross-Origin-Opener-Policy": "same-origin"} if self.cuts_off_openers else {}
        return web.Response(text=page, content_type="text/html", headers=headers)

    async def _decide(self, request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(self._way_back(dict(request.query), agrees=request.query["agrees"] == "yes"))

    def _way_back(self, question: dict[str, str], *, agrees: bool) -> str:
        said: dict[str, Any] = {"state": question["state"]}
        if self.has_metadata:
            said["iss"] = self.issuer
        if agrees:
            said["code"] = f"code-{next(self._numbers)}"
            self.codes[said["code"]] = question
        else:
            said["error"] = "access_denied"
        said = {name: value for name, value in {**said, **self.says}.items() if value is not None}
        return f"{question['redirect_uri']}{'&' if '?' in question['redirect_uri'] else '?'}{urlencode(said)}"

    async def _token(self, request: web.Request) -> web.StreamResponse:
        return await self._redeem(request, "/token")

    async def _redeem(self, request: web.Request, at: str) -> web.StreamResponse:
        if at != self.redeems_at:
            return web.Response(status=405, text="not here\n")
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.redemptions.append(form)
        await asyncio.sleep(self.delay_s)
        if self.answer is not None:
            return self.answer
        question = self.codes.pop(form.get("code", ""), None)
        if question is None or not _is_for(question, form):
            return web.json_response({"error": "invalid_grant"}, status=400)
        told: dict[str, Any] = {"me": self.me if self.says_me is None else self.says_me}
        if self.profile is not None:
            told["profile"] = self.profile
        return web.json_response(told)


def _is_for(question: dict[str, str], form: dict[str, str]) -> bool:
    """Whether a redemption comes from whoever asked the question (RFC 7636 4.6)."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
    return (
        form.get("grant_type") == "authorization_code"
        and challenge.decode().rstrip("=") == question.get("code_challenge")
        and all(form.get(name) == question.get(name) for name in ("client_id", "redirect_uri"))
    )
