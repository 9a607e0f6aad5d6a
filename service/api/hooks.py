"""Hooks of a site and the log of what was sent, for tokens of scope `hooks`.

Nothing is sent from here: what is asked for becomes due at once, and a worker sends it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from config import logs
from mentions import webhooks
from mentions.errors import Conflict, InvalidRequest, NotFound
from mentions.storage import changes, deliveries, hooks
from mentions.storage.deliveries import Delivery, Message
from mentions.storage.hooks import Hook
from mentions.webhooks import HookKind
from service import answers, keys
from service.api import jf2, query, tokens
from service.api.jf2 import Jf2
from service.api.live import read_cursor, require_reached
from service.api.moderation import read_object
from service.intake.reception import now

log = logs.get_logger(__name__)

MOST_REPLAYED: Final = 1_000
"""Changes that one call replays; its answer says where to go on."""
_MOST_PER_PAGE: Final = 200


def setup(app: web.Application) -> None:
    """Adds the addresses."""
    hook, delivery = r"/api/hooks/{id:\d{1,18}}", r"/api/deliveries/{id:\d{1,18}}"
    app.router.add_get("/api/hooks", show_hooks)
    app.router.add_post("/api/hooks", add_hook)
    app.router.add_delete(hook, remove_hook)
    app.router.add_post(f"{hook}/test", test_hook)
    app.router.add_post(f"{hook}/rotate", rotate_secret)
    app.router.add_post(f"{hook}/enable", enable_hook)
    app.router.add_post(f"{hook}/replay", replay)
    app.router.add_get(f"{hook}/deliveries", show_log)
    app.router.add_get("/api/deliveries", show_log)
    app.router.add_post(f"{delivery}/send", send_again)


# --- hooks --------------------------------------------------------------------------------------------------------


async def show_hooks(request: web.Request) -> web.Response:
    """GET: the site's hooks, without their secrets."""
    token = await tokens.require(request, "hooks")
    async with request.app[keys.DB].read() as c:
        found = await hooks.for_site(c, token.site_id)
    return answers.json_answer(request, {"hooks": [outside(hook) for hook in found]}, cache=answers.PRIVATE)


async def add_hook(request: web.Request) -> web.Response:
    """POST: a new hook, with its secret, which is told only now."""
    token = await tokens.require(request, "hooks")
    wishes = _read_wishes(await read_object(request))
    async with request.app[keys.DB].write() as c:
        hook = await hooks.add(c, token.site_id, **wishes, now=now(), actor=token.actor)
    log.info("hook.added", hook=hook.id, site_id=hook.site_id, kind=hook.kind.value, token_id=token.id)
    return answers.json_answer(request, with_secret(hook), status=201, cache="no-store")


async def remove_hook(request: web.Request) -> web.Response:
    """DELETE: a hook, with its log."""
    token = await tokens.require(request, "hooks")
    async with request.app[keys.DB].write() as c:
        if not await hooks.remove(c, token.site_id, _id_of(request), now=now(), actor=token.actor):
            raise NotFound("There is no such hook.")
    log.info("hook.removed", hook=_id_of(request), token_id=token.id)
    return web.Response(status=204)


async def rotate_secret(request: web.Request) -> web.Response:
    """POST: a new secret, told only now; the old one signs beside it for `keep_s` seconds, a day by default."""
    token = await tokens.require(request, "hooks")
    data = await read_object(request) if request.can_read_body else {}
    keep_s = _number(data, "keep_s", round(hooks.OLD_SECRET_SIGNS_FOR.total_seconds()))
    if not 0 <= keep_s <= 30 * hooks.LONGEST_S:
        raise InvalidRequest("keep_s has to be between 0 and 30 days")
    async with request.app[keys.DB].write() as c:
        hook = await _own(c, token.site_id, _id_of(request))
        hook = await hooks.rotate(c, hook, keep=timedelta(seconds=keep_s), now=now(), actor=token.actor)
    log.info("hook.rotated", hook=hook.id, token_id=token.id)
    return answers.json_answer(request, with_secret(hook), cache="no-store")


async def enable_hook(request: web.Request) -> web.Response:
    """POST: a hook that was disabled hears of changes again, from now on."""
    token = await tokens.require(request, "hooks")
    async with request.app[keys.DB].write() as c:
        hook = await _own(c, token.site_id, _id_of(request))
        hook = await hooks.enable(c, hook, now=now(), actor=token.actor)
    return answers.json_answer(request, outside(hook), cache="no-store")


# --- what is sent -------------------------------------------------------------------------------------------------


async def test_hook(request: web.Request) -> web.Response:
    """POST: a message that tells of nothing, to see whether it arrives; for a rebuild hook, a rebuild."""
    token = await tokens.require(request, "hooks")
    at = now()
    async with request.app[keys.DB].write() as c:
        hook = await _listening(c, token.site_id, _id_of(request))
        event = webhooks.REBUILD if hook.kind is HookKind.REBUILD else webhooks.TEST
        message = Message(hook.id, hook.site_id, f"test_{hook.id}_{at.timestamp():.6f}", event, at)
        await deliveries.add(c, [message], now=at)
        [made] = await deliveries.list(c, hook.site_id, hook_id=hook.id, limit=1)
    return answers.json_answer(request, delivery_outside(made), status=202, cache="no-store")


async def replay(request: web.Request) -> web.Response:
    """POST ?cursor=: sends what happened after the cursor once more, each under the id that it had."""
    token = await tokens.require(request, "hooks")
    cursor = read_cursor(request.query.get("cursor", "0"))
    await require_reached(request.app, cursor)
    async with request.app[keys.DB].write() as c:
        hook = await _listening(c, token.site_id, _id_of(request))
        if hook.kind is HookKind.REBUILD:
            raise Conflict("A rebuild hook has nothing to replay; test builds the site again.")
        happened = await changes.since(c, cursor, MOST_REPLAYED + 1, site_id=token.site_id)
        told = happened[:MOST_REPLAYED]
        messages = [deliveries.message_of(hook.id, each) for each in told if webhooks.wants(hook.events, each.change)]
        number = await deliveries.add(c, messages, now=now(), again=True)
    log.info("hook.replayed", hook=hook.id, deliveries=number, token_id=token.id)
    body = {
        "deliveries": number,
        "cursor": told[-1].cursor if told else cursor,
        "more": len(happened) > len(told),
    }
    return answers.json_answer(request, body, status=202, cache="no-store")


async def show_log(request: web.Request) -> web.Response:
    """GET: what was sent and what waits, newest first; of one hook, or of the site with its own webmentions."""
    token = await tokens.require(request, "hooks")
    per_page = query.read_number(request, ("perPage", "per-page"), 50, _MOST_PER_PAGE, least=1)
    before = request.query.get("before") or None
    if before is not None and not re.fullmatch(r"\d{1,18}", before, re.ASCII):
        raise InvalidRequest("before has to be the id of a delivery")
    async with request.app[keys.DB].read() as c:
        hook = await _own(c, token.site_id, _id_of(request)) if "id" in request.match_info else None
        found = await deliveries.list(
            c,
            token.site_id,
            hook_id=hook.id if hook else None,
            before=int(before) if before else None,
            limit=per_page,
        )
    body = {"deliveries": [delivery_outside(each) for each in found]}
    return answers.json_answer(request, body, cache=answers.PRIVATE)


async def send_again(request: web.Request) -> web.Response:
    """POST: a delivery is due at once, with all its tries before it."""
    token = await tokens.require(request, "hooks")
    async with request.app[keys.DB].write() as c:
        delivery = await deliveries.get(c, _id_of(request))
        if delivery is None or delivery.site_id != token.site_id:
            raise NotFound("There is no such delivery on your site.")
        if delivery.hook_id is not None:
            await _listening(c, token.site_id, delivery.hook_id)
        await deliveries.send_again(c, delivery.id, now=now())
        made = await deliveries.get(c, delivery.id)
    assert made is not None, "it was there in this transaction"
    return answers.json_answer(request, delivery_outside(made), status=202, cache="no-store")


# --- in and out ---------------------------------------------------------------------------------------------------


def outside(hook: Hook) -> Jf2:
    """A hook as its owner sees it."""
    return {
        "id": hook.id,
        "url": hook.url,
        "kind": hook.kind.value,
        "events": list(hook.events),
        "quiet_s": hook.quiet_s,
        "every_s": hook.every_s,
        "created_at": jf2.zulu(hook.created_at),
        "disabled_at": jf2.zulu(hook.disabled_at) if hook.disabled_at else None,
        "disabled_why": hook.disabled_why,
    }


def with_secret(hook: Hook) -> Jf2:
    """The same with the newest secret: only when it is made."""
    return {**outside(hook), "secret": hook.secrets[0].text}


def delivery_outside(delivery: Delivery) -> Jf2:
    """A delivery as the log shows it."""
    return {
        "id": delivery.id,
        "hook": delivery.hook_id,
        "message": delivery.message_id,
        "event": delivery.event,
        "wm-id": delivery.entry_id,
        "target": jf2.safe_url(delivery.target),
        "cursor": delivery.cursor,
        "status": delivery.status.value,
        "attempts": delivery.attempts,
        "next_try_at": jf2.zulu(delivery.next_try_at) if delivery.next_try_at else None,
        "tried_at": jf2.zulu(delivery.tried_at) if delivery.tried_at else None,
        "answer": {"status": delivery.answer_status, "duration_ms": delivery.answer_ms, "error": delivery.error},
        "created_at": jf2.zulu(delivery.created_at),
    }


def _read_wishes(data: Mapping[str, Any]) -> dict[str, Any]:
    url, kind, secret = data.get("url"), data.get("kind", HookKind.STANDARD.value), data.get("secret")
    events = data.get("events") or []
    if not isinstance(url, str) or not url:
        raise InvalidRequest("url is missing")
    if not isinstance(kind, str) or not (secret is None or isinstance(secret, str)):
        raise InvalidRequest("kind and secret have to be text")
    if not isinstance(events, list) or not all(isinstance(event, str) for event in events):
        raise InvalidRequest("events has to be a list of words")
    return {
        "url": url,
        "kind": kind,
        "secret": secret,
        "events": events,
        "quiet_s": _number(data, "quiet_s", hooks.QUIET_S),
        "every_s": _number(data, "every_s", hooks.EVERY_S),
    }


def _number(data: Mapping[str, Any], name: str, default: int) -> int:
    value = data.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidRequest(f"{name} has to be a whole number")
    return value


def _id_of(request: web.Request) -> int:
    return int(request.match_info["id"])


async def _own(c: AsyncConnection, site_id: int, hook_id: int) -> Hook:
    """The site's hook of that id; raises NotFound."""
    hook = await hooks.get(c, hook_id)
    if hook is None or hook.site_id != site_id:
        raise NotFound("There is no such hook on your site.")
    return hook


async def _listening(c: AsyncConnection, site_id: int, hook_id: int) -> Hook:
    """The same, if it is to be sent anything; raises Conflict."""
    hook = await _own(c, site_id, hook_id)
    if hook.disabled_at is not None:
        raise Conflict(f"The hook is disabled: {hook.disabled_why}")
    return hook
