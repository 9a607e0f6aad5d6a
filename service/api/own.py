"""A comment as its author gets it: with whether it is shown, and never with why it is not."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from mentions.model import Entry, EntryState, Page
from service import keys
from service.api import jf2


def told(request: web.Request, entry: Entry, page: Page) -> dict[str, Any]:
    """The entry with its `wm-status`; spam is told that it waits, like everything that waits."""
    body = jf2.entry_to_jf2(entry, page, request.app[keys.SETTINGS].public_url)
    parent = {"wm-parent": entry.parent_id} if entry.parent_id is not None else {}
    return {**body, **parent, "wm-status": "approved" if entry.state is EntryState.SHOWN else "held"}
