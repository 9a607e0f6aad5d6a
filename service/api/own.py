"""A comment as its author gets it: with whether it is shown, and why it is not, as far as they may know."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from mentions.model import Entry, EntryState, Page
from mentions.reasons import Cause, Reason
from service import keys
from service.api import jf2
from service.i18n import catalogue
from service.pages.answer import language_of
from service.pages.words import why_it_waits


def told(request: web.Request, entry: Entry, page: Page, reasons: Iterable[Reason] | None = None) -> dict[str, Any]:
    """The entry with its `wm-status`, and, as far as they are given, the `wm-reasons` why it waits, in the language of
    the request.

    Spam is told that it waits, like everything that waits, and never why."""
    body = jf2.entry_to_jf2(entry, page, request.app[keys.SETTINGS].public_url)
    parent = {"wm-parent": entry.parent_id} if entry.parent_id is not None else {}
    if entry.state is EntryState.SHOWN:
        return {**body, **parent, "wm-status": "approved"}
    if reasons is None:
        return {**body, **parent, "wm-status": "held"}
    why = why_it_waits(catalogue(language_of(request)), causes_of(entry, reasons))
    return {**body, **parent, "wm-status": "held", "wm-reasons": why}


def causes_of(entry: Entry, reasons: Iterable[Reason]) -> list[Cause]:
    """Why the comment waits, as far as its author is told."""
    return [reason.cause for reason in reasons] if entry.state is EntryState.HELD else []
