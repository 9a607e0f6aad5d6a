"""`/entries/{wm-id}/edit`: the author of a comment changes it, or takes it back, without our script.

Opened by the comment's edit token, as `key`: it comes in the address that the form's answer leads to, and goes on in
the form.  Nobody keeps these answers, no other site is told their address, and the log names no query.  The token is
the permission, so it does not matter which page the form was sent from."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from mentions import errors, typed
from mentions.model import EntryState
from service import i18n, keys, problems
from service.api import own, owning
from service.api.owning import Mine
from service.forms import read_fields
from service.pages.answer import ANYBODY, language_of, render
from service.pages.commenting import to_entry, to_thread
from service.pages.words import complaint

_HEADERS: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


def setup(app: web.Application) -> None:
    """Adds the address."""
    app.router.add_get(r"/entries/{id:\d{1,18}}/edit", show_form)
    app.router.add_post(r"/entries/{id:\d{1,18}}/edit", take_form)


async def show_form(request: web.Request) -> web.StreamResponse:
    """GET: the words of the comment in a form, for who has its key."""
    key = request.query.get("key", "")
    try:
        its = await _mine(request, key)
    except errors.RequestError as error:
        return _page(request, "", "", error=error)
    return _page(request, key, its.hidden.markdown, its=its)


async def take_form(request: web.Request) -> web.StreamResponse:
    """POST: saves the words, or, with `do=delete`, takes the comment back; then back to the thread."""
    fields = await read_fields(request)
    key, content = _text(fields.get("key")), _text(fields.get("content"))
    entry_id, lang = int(request.match_info["id"]), language_of(request)
    its = None
    try:
        its = await _mine(request, key)
        if fields.get("do") == "delete":
            page = await owning.take_back(request.app, entry_id, key)
            return to_thread(request, page, lang, "held", removed="1")
        await owning.limit_changes(request)
        markdown, words = typed.read_words(fields)
        done = await owning.rewrite(request.app, entry_id, key, markdown, words)
    except (errors.RequestError, errors.Unavailable) as error:
        return _page(request, key, content, its=its, error=error)
    told = {"changed": "1", "own": str(entry_id), "key": key}
    if done.entry.state is EntryState.SHOWN:
        return await to_entry(request, done.page, lang, entry_id, **told)
    why = " ".join(own.causes_of(done.entry, done.reasons or ())) or "1"
    return to_thread(request, done.page, lang, "held", held=why, **told)


async def _mine(request: web.Request, key: str) -> Mine:
    """The comment, for its author only: this page is no moderator's.  Raises NotFound, Forbidden or Conflict."""
    async with request.app[keys.DB].read() as c:
        its = await owning.mine(c, int(request.match_info["id"]), key)
    if its.actor != "author":
        raise errors.Forbidden("The key is not this comment's.")
    return its


def _page(
    request: web.Request, key: str, content: str, *, its: Mine | None = None, error: errors.YmatebError | None = None
) -> web.Response:
    """The form with these words; without a comment that may be changed, only the words, so that they are not lost."""
    lang = language_of(request)
    words = i18n.catalogue(lang)
    context: dict[str, Any] = {
        "lang": lang,
        "entry_id": request.match_info["id"],
        "key": key,
        "content": content,
        "page": its.page if its is not None else None,
        "is_shown": its is not None and its.entry.state is EntryState.SHOWN,
        "said": None if error is None else _said(words, error),
        "is_field": isinstance(error, errors.InvalidField),
    }
    status = 200 if error is None else problems.status_of(error)
    if error is not None:
        request[keys.PROBLEM] = error.code
    headers = _HEADERS if error is None else {**_HEADERS, **problems.headers_of(error)}
    return render(request, "edit.html", context, status=status, headers=headers, framed_by=ANYBODY)


def _said(words: i18n.Catalogue, error: errors.YmatebError) -> str:
    match error:
        case errors.NotFound() | errors.Conflict():
            return words.gettext("This comment is no longer there.")
        case errors.Forbidden():
            return words.gettext("The time for changing this comment is over.")
    return complaint(words, error) or str(error)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
