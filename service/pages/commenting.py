"""The form for comments as a page of its own: with what went wrong, or with a preview, and all that was typed.

For browsers without our script; the script says the same in place.  May be framed, because `/embed` may be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from mentions import errors, urls
from mentions.model import Page, SafeHtml
from service import i18n, keys
from service.pages import stamp, whereabouts
from service.pages.answer import ANYBODY, language_of, render
from service.pages.fragment import Look
from service.pages.templating import trusted
from service.pages.threads import as_the_owner_wants
from service.pages.words import complaint

TYPED: Final = ("name", "url", "email", "content", "parent")


async def to_entry(request: web.Request, page: Page, lang: str | None, entry_id: int, **more: str) -> web.Response:
    """303 to a response in the embedded thread, on whichever of its pages it stands."""
    where = await whereabouts.wishes(request.app, page, entry_id)
    return to_thread(request, page, lang, f"c-{entry_id}", **where, **more)


def to_thread(request: web.Request, page: Page, lang: str | None, fragment: str, **more: str) -> web.Response:
    """303 to the embedded thread; `more` says there what has happened (pages/personal.py)."""
    wishes = {"target": page.url, **({"lang": lang} if lang else {}), **more}
    location = f"{request.app[keys.SETTINGS].public_url}/embed?{urlencode(wishes)}#{fragment}"
    return web.Response(status=303, headers={"Location": location, "Cache-Control": "no-store"})


async def form_page(
    request: web.Request,
    fields: Mapping[str, object],
    *,
    error: errors.YmatebError | None = None,
    status: int = 200,
    preview: SafeHtml | None = None,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """The form with what was typed; with `error`, what is wrong and where, else with a preview."""
    target = urls.parse(_text(fields, "target")) or ""
    lang = i18n.spoken(_text(fields, "lang")) or language_of(request)
    context: dict[str, Any] = {
        "lang": lang,
        "target": target,
        "look": await as_the_owner_wants(request.app, target, Look()),
        "typed": {
            **{name: _text(fields, name) for name in TYPED},
            "token": await stamp.renewed(request.app, _text(fields, "token"), target),
        },
        "preview": trusted(preview) if preview is not None else None,
        "wrong": None if error is None else _wrong(i18n.catalogue(lang), error),
    }
    out = {"Cache-Control": "no-store", **(headers or {})}
    return render(request, "comment.html", context, status=status, headers=out, framed_by=ANYBODY)


def _wrong(words: i18n.Catalogue, error: errors.YmatebError) -> dict[str, str | None]:
    """What is wrong, in words, and the field that it is about; in English where only programs can help it."""
    said = complaint(words, error)
    field = error.field if isinstance(error, errors.InvalidField) else None
    return {"field": field, "message": said or str(error), "lang": None if said else i18n.SOURCE_LANGUAGE}


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""
