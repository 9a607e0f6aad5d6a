"""Puts the token of the form for comments (`mentions/form_tokens.py`) into HTML that was made before, for everybody.

The fragment of a thread is made once and kept; what differs each time is this one field."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from aiohttp import web

from mentions import form_tokens
from mentions.errors import Unavailable
from mentions.form_tokens import Form
from service import keys
from service.intake.reception import now
from service.shelf import Body

_EMPTY: Final = b'<input type="hidden" name="token" value="">'
"""As `_comment_form.html` writes it.  Nobody else's words can hold it: the sanitiser lets no field through."""
_RENEWED_S: Final = 3600


async def fresh(app: web.Application, target: str, *, ago_s: float = 0) -> str:
    """A token for the form below `target`, as if it had been handed out so many seconds ago."""
    at = now() - timedelta(seconds=ago_s)
    key = await app[keys.SIGNING].current(at)
    return form_tokens.make(key.name, key.secret, target, at)


async def for_reader(app: web.Application, target: str) -> str | None:
    """The same for who only reads so far; None while Redis is away, for nobody has to write."""
    try:
        return await fresh(app, target)
    except Unavailable:
        return None


async def renewed(app: web.Application, token: str, target: str) -> str:
    """The token, if it still says something, else one under which the form may be sent at once."""
    try:
        shown = form_tokens.read(token, await app[keys.SIGNING].recent(now()), target, now())
        if shown.form is Form.OURS:
            return token
        return await fresh(app, target, ago_s=app[keys.TEMPO].shortest_writing_s)
    except Unavailable:
        return token


def stamped(html: bytes, token: str) -> tuple[bytes, str | None]:
    """HTML with the token in its form, and its weak ETag: the same for an hour while everything else is.

    HTML without such a form stays what it is."""
    if _EMPTY not in html:
        return html, None
    hour = int(now().timestamp()) // _RENEWED_S
    return html.replace(_EMPTY, _EMPTY.replace(b'""', f'"{token}"'.encode())), f"{Body(html).digest}-{hour:x}"
