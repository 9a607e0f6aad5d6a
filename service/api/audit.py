"""Who decided what about a site, and which tokens there are: `/api/audit` and `/api/tokens` (scope `moderate`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from aiohttp import web

from mentions.storage import audit
from mentions.storage import tokens as stored_tokens
from mentions.storage.audit import Decision
from mentions.storage.tokens import Token
from service import answers, keys
from service.api import jf2, query, tokens
from service.intake.reception import now

DEFAULT_PER_PAGE: Final = 100
MOST_PER_PAGE: Final = 1_000
_LARGEST: Final = 2**63 - 1


def setup(app: web.Application) -> None:
    """Adds the addresses."""
    app.router.add_get("/api/audit", show_audit)
    app.router.add_get("/api/tokens", show_tokens)


async def show_audit(request: web.Request) -> web.Response:
    """GET /api/audit[?cursor=][&per-page=]: decisions, the newest first; `cursor` is where the page before ended."""
    token = await tokens.require(request, "moderate")
    limit = query.read_number(request, ("perPage", "per-page"), DEFAULT_PER_PAGE, MOST_PER_PAGE, least=1)
    before = query.read_number(request, ("cursor",), 0, _LARGEST) or None
    async with request.app[keys.DB].read() as c:
        found = await audit.for_site(c, token.site_id, before=before, limit=limit + 1)
        labels = {each.actor: each.label for each in await stored_tokens.list(c, token.site_id)}
    shown = found[:limit]
    following = shown[-1].id if len(found) > limit else None
    body = {"decisions": [_decision(each, labels) for each in shown], "cursor": following}
    return answers.json_answer(request, body, cache=answers.PRIVATE)


async def show_tokens(request: web.Request) -> web.Response:
    """GET /api/tokens: the tokens of the site, without what would let anybody use them."""
    token = await tokens.require(request, "moderate")
    async with request.app[keys.DB].read() as c:
        found = await stored_tokens.list(c, token.site_id)
    return answers.json_answer(request, {"tokens": [_token(each) for each in found]}, cache=answers.PRIVATE)


def _decision(each: Decision, labels: Mapping[str, str]) -> dict[str, Any]:
    out: dict[str, Any] = {"id": each.id, "at": jf2.zulu(each.at), "actor": each.actor, "act": each.act}
    if label := labels.get(each.actor):
        out["label"] = label
    if each.what:
        out["what"] = each.what
    if each.entry_id is not None:
        out["wm-id"] = each.entry_id
    if each.block_id is not None:
        out["block"] = each.block_id
    return out


def _token(each: Token) -> dict[str, Any]:
    return {
        "id": each.id,
        "label": each.label,
        "scopes": [scope for scope in stored_tokens.SCOPES if scope in each.scopes],
        "valid": each.is_valid(now()),
        "created_at": jf2.zulu(each.created_at),
        "expires_at": _moment(each.expires_at),
        "last_used_at": _moment(each.last_used_at),
        "revoked_at": _moment(each.revoked_at),
    }


def _moment(at: datetime | None) -> str | None:
    return jf2.zulu(at) if at else None
