"""Signing in: the pop-up on our own origin, the ways through it, and the code that it ends with.

asked.py       who asks for a sign-in: for which site, from which page, in which language; and whether they may
popup.py       the first page, with every way that is open, and the pages that all ways share
email.py       by a link in a mail, and a number that only who asked for it has seen
returning.py   by one's own domain or at a provider: there, and back to us
client.py      who we are, for those who are asked to vouch for somebody
words.py       what went wrong, in words
codes.py       what a pop-up that has ended well gives to the page that opened it, and what that gets for it

No cookie anywhere.  What is under way lies in Redis, under secrets that only its own window (or mail) has.
Decisions 0111, 0114, 0115."""

from __future__ import annotations

from aiohttp import web

from service.signing import client, email, popup, returning

__all__ = ["setup"]


def setup(app: web.Application) -> None:
    """Adds every page."""
    for part in (popup, email, returning, client):
        part.setup(app)
