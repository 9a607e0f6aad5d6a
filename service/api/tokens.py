"""Who reads or moderates: the token of a request, and what it may do.  A token sees its own site and no other."""

from __future__ import annotations

from aiohttp import web

from mentions.errors import Forbidden, InsufficientScope
from mentions.model import Site
from mentions.storage import outages, tokens
from mentions.storage.tokens import Token
from service import keys
from service.intake.reception import now


def sent_token(request: web.Request) -> str | None:
    """The token as it was sent: in the header, or where webmention.io's clients put it."""
    return bearer_of(request) or request.query.get("token") or request.query.get("access_token") or None


def bearer_of(request: web.Request) -> str | None:
    """The token in the header, where sessions have theirs and nowhere else."""
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    return (bearer.strip() or None) if scheme.lower() == "bearer" else None


async def require(request: web.Request, scope: str) -> Token:
    """The request's token; raises Forbidden without a good one, InsufficientScope when it is not for this."""
    if (sent := sent_token(request)) is None:
        raise Forbidden("An access token is required.")
    db, at = request.app[keys.DB], now()
    async with db.read() as c:
        token = await tokens.check(c, sent, now=at)
    if token is None:
        raise Forbidden("Access token was not valid")
    if tokens.is_use_news(token, at):
        await outages.write_if_possible(db, lambda c: tokens.note_use(c, token, now=at))
    if scope not in token.scopes:
        raise InsufficientScope(f"The access token has no scope “{scope}”.")
    return token


async def site_of(request: web.Request, token: Token) -> Site:
    """The site that the token belongs to."""
    for site in (await request.app[keys.SITES].book()).sites:
        if site.id == token.site_id:
            return site
    raise Forbidden("Access token was not valid")
