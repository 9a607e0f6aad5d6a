"""GET /api/count: how many responses pages have (contract §6).

As webmention.io answers it today: all targets together, by type.  Of several targets each is counted by itself, too, so
that a list of posts needs one request.  And as webmention.io's scripts for `data-webmention-count` still ask it: `base`
and `targets=/a,/b`, answered by URL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import urls
from mentions.errors import InvalidInput
from mentions.model import Kind
from mentions.storage import entries, pages
from mentions.storage.entries import MentionQuery, Target
from service import answers, keys
from service.api import jf2, query


def setup(app: web.Application) -> None:
    """Adds the address, with and without its ending."""
    for path in ("/api/count", "/api/count.json"):
        app.router.add_get(path, show_count)


async def show_count(request: web.Request) -> web.Response:
    """GET: how many entries the targets have, by type; of several, also how many each has."""
    named = _named(request)
    if not named:
        raise InvalidInput("A target URI is required")
    async with request.app[keys.DB].read() as c:
        if request.query.get("base"):
            return answers.json_answer(request, {"count": await _each(c, named)})
        counted = await entries.count_of(c, MentionQuery(targets=query.targets_of(named), include_copies=False))
        each = await _each(c, named) if len(named) > 1 else {}
    body = _by_type(counted) | ({"targets": each} if each else {})
    return answers.json_answer(request, body)


def _named(request: web.Request) -> Sequence[str]:
    """The pages that are asked for, as they are written there, each once.  Raises InvalidInput for too many."""
    base, listed = request.query.get("base", ""), request.query.get("targets", "")
    if len(base) > urls.MAX_CLAIM_BYTES:
        raise InvalidInput("base is too long")
    parts = [part for part in listed.split(",") if part.strip()]
    named = parts if base else [*(each for each in query.read_list(request, "target") if each.strip()), *parts]
    query.require_few(named)
    return list(dict.fromkeys(f"{base}{each}" if base and each.startswith("/") else each for each in named))


async def _each(c: AsyncConnection, named: Sequence[str]) -> dict[str, int]:
    """How many entries each of the pages has; 0 for what nobody has answered."""
    targets = {each: target for each in named for target in query.targets_of([each])}
    known = await pages.by_keys(c, {target.key for target in targets.values()})
    counted = await entries.count_by_page(c, {page.id for page in known.values()})
    totals = {key: sum(counted.get(page.id, {}).values()) for key, page in known.items()}
    return {each: await _of(c, targets.get(each), totals) for each in named}


async def _of(c: AsyncConnection, target: Target | None, totals: Mapping[str, int]) -> int:
    if target is None or target.fragment is None:
        return totals.get(target.key, 0) if target else 0
    of_part = await entries.count_of(c, MentionQuery(targets=(target,), include_copies=False))
    return sum(of_part.values())


def _by_type(counted: Mapping[str, int]) -> dict[str, Any]:
    by_type: dict[str, int] = {}
    for kind, number in counted.items():
        name = count_type(kind)
        by_type[name] = by_type.get(name, 0) + number
    return {"count": sum(by_type.values()), "type": dict(sorted(by_type.items()))}


def count_type(kind: str) -> str:
    """The type under which webmention.io counts a kind: what it does not know is a mention."""
    if kind.startswith("rsvp"):
        return kind
    name = jf2.ACTIVITY.get(Kind(kind), "mention")
    return "mention" if name == "link" else name
