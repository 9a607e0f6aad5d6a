"""GET /api/queue: what waits for the owner of a site, is spam, or was hidden by them, each with the reasons."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from mentions.errors import InvalidRequest
from mentions.model import Entry, EntryState, Page
from mentions.storage import doubts, entries, pages
from service import answers, keys
from service.api import jf2, lists, query, tokens
from service.api.jf2 import Jf2

STATES: Final = (EntryState.HELD, EntryState.SPAM)
"""What is listed when no state is named."""
NAMED: Final = (*STATES, EntryState.HIDDEN)
DEFAULT_PER_PAGE: Final = 50
MOST_PER_PAGE: Final = 500


def setup(app: web.Application) -> None:
    """Adds the address."""
    app.router.add_get("/api/queue", show_queue)


async def show_queue(request: web.Request) -> web.Response:
    """GET: held entries and spam, or those of one `state`, oldest first, with `wm-status` and `wm-doubts`.

    `next` is what `after` has to be for the next page, null on the last one."""
    token = await tokens.require(request, "moderate")
    per_page = query.read_number(request, ("perPage", "per-page"), DEFAULT_PER_PAGE, MOST_PER_PAGE, least=1)
    after = query.read_number(request, ("after",), 0, 2**63 - 1)
    states = _states(request)
    async with request.app[keys.DB].read() as c:
        found = await entries.of_site(c, token.site_id, states=states, after=after, limit=per_page + 1)
        more, found = len(found) > per_page, found[:per_page]
        of = await pages.by_ids(c, {entry.page_id for entry in found})
        reasons = await doubts.of(c, [entry.id for entry in found])

    def with_reasons(entry: Entry, page: Page, base: str) -> Jf2:
        told = {"wm-status": entry.state.value, "wm-doubts": list(reasons.get(entry.id, ()))}
        return jf2.entry_to_jf2(entry, page, base) | told

    children = await lists.outside(found, of, request.app[keys.SETTINGS].public_url, with_reasons)
    body: dict[str, Any] = {**jf2.feed(children, name="Queue"), "next": found[-1].id if more else None}
    return answers.json_answer(request, body, cache=answers.PRIVATE)


def _states(request: web.Request) -> tuple[EntryState, ...]:
    wanted = request.query.get("state")
    if not wanted:
        return STATES
    if wanted not in {state.value for state in NAMED}:
        raise InvalidRequest(f"state has to be {' or '.join(state.value for state in NAMED)}")
    return (EntryState(wanted),)
