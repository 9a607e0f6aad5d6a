"""Signing in by e-mail: a link in a mail, and a number that only who asked for it has seen.

The pop-up shows the number and waits; the page behind the link asks for it.  So a link that somebody else has asked
for signs nobody in, and neither does a scanner that follows links: opening one changes nothing.  Nobody is told whether
an address is known here.  Decision 0114."""

from __future__ import annotations

import hmac
import re
import secrets
from typing import Any, Final

from aiohttp import web

from config import logs
from mentions import codec, identity, metrics
from mentions.errors import InvalidField, RateLimited, Unavailable
from mentions.model import Way
from mentions.signin.faults import Fault
from service import answers, clients, i18n, keys, origins
from service.forms import read_fields
from service.pages.answer import language_of
from service.signing import asked, popup
from service.signing.asked import Asked

log = logs.get_logger(__name__)

TRIES: Final = 3
"""Numbers that may be typed for one link: with 9,000 of them, one guess in 3,000 sign-ins."""
ADDRESS_RATE_S: Final = 1 / 300
ADDRESS_BURST: Final = 3
"""Mails to one address: so many in a row, then one in five minutes."""
_POPUP, _MAIL, _PROVED = "popup", "mail", "proved"


def setup(app: web.Application) -> None:
    """Adds the addresses."""
    app.router.add_post("/sign-in/email", begin)
    app.router.add_get("/sign-in/wait", show_waiting)
    app.router.add_post("/sign-in/wait", look)
    app.router.add_get("/sign-in/mail", show_link)
    app.router.add_post("/sign-in/mail", prove)


# --- in the pop-up ------------------------------------------------------------------------------------------------


async def begin(request: web.Request) -> web.StreamResponse:
    """POST {…, email}: sends the mail, and goes on to the page that waits."""
    await origins.require_own(request)
    fields = await read_fields(request)
    who, typed = await asked.read(request, fields), str(fields.get("email") or "").strip()
    if Way.EMAIL not in who.ways:
        return await popup.refused(request, who, Way.EMAIL.value, Fault.UNKNOWN_PROVIDER.value)
    if request.app[keys.SETTINGS].mail_url is None:
        return await popup.refused(request, who, "email", "not_configured")
    address = identity.read_email(typed)
    if address is None:
        error = InvalidField("email is no e-mail address", field="email", fault="malformed")
        return await popup.came_to_nothing(request, who, "email", error, {"email": typed[:254]})
    try:
        await asked.limit(request, who.site_id)
        mailbox = asked.key_of(identity.mailbox_of(address))
        await clients.limit_of(request, f"mail:{mailbox}", rate=ADDRESS_RATE_S, burst=ADDRESS_BURST)
        flow, problem = await _send(request, who, address)
    except (RateLimited, Unavailable) as error:
        return await popup.came_to_nothing(request, who, "email", error, {"email": typed})
    if problem is not None:
        return await popup.refused(request, who, "email", problem, {"email": typed})
    metrics.SIGN_INS.labels(way=Way.EMAIL.value, step="begun").inc()
    location = popup.address(request, "/sign-in/wait", flow=flow, lang=who.lang)
    return web.Response(status=303, headers={"Location": location, "Cache-Control": "no-store"})


async def _send(request: web.Request, who: Asked, address: str) -> tuple[str, str | None]:
    """Begins both halves and sends the mail; the pop-up's secret, and what the mail server had against it."""
    flows, joint, number = request.app[keys.FLOWS], secrets.token_urlsafe(32), str(1000 + secrets.randbelow(9000))
    known = {"asked": codec.to_json(who), "joint": joint, "number": number, "address": address}
    flow = await flows.begin(_POPUP, known, lasts_s=popup.LASTS_S)
    key = await flows.begin(_MAIL, known, lasts_s=popup.LASTS_S)
    link = popup.address(request, "/sign-in/mail", key=key, lang=who.lang)
    errands, patience_s = request.app[keys.ERRANDS], request.app[keys.TEMPO].errand_s
    answer = await errands.ask("mail.send", _mail(who, address, link), timeout_s=patience_s)
    return flow, answer.get("error")


def _mail(who: Asked, address: str, link: str) -> dict[str, str]:
    gettext = i18n.catalogue(who.lang).gettext
    paragraphs = (
        gettext("Somebody, most likely you, wants to sign in on %(site)s with this address.") % {"site": who.site},
        gettext("Open this link within ten minutes, and type the number that the other window shows:"),
        link,
        gettext("If it was not you, do nothing: without the number the link signs nobody in."),
    )
    subject = gettext("Sign in on %(site)s") % {"site": who.site}
    return {"to": address, "subject": subject, "text": "\n\n".join(paragraphs) + "\n", "lang": who.lang}


async def show_waiting(request: web.Request) -> web.StreamResponse:
    """GET ?flow=: the number, for who waits."""
    flow = request.query.get("flow", "")
    known = await request.app[keys.FLOWS].look(_POPUP, flow)
    if known is None:
        return popup.over(request, language_of(request))
    who = codec.from_json(Asked, known["asked"])
    context = {"asked": who, "flow": flow, "number": known["number"], "address": known["address"]}
    return popup.page(request, "sign_in_wait.html", who.lang, context)


async def look(request: web.Request) -> web.Response:
    """POST {flow}: `{"state"}`, which is `waiting`, `over`, or `done` with `code`, `origin`, `page`, told once."""
    await origins.require_own(request)
    await clients.limit(request, "sign-in-wait", rate=20.0, burst=200)  # many may wait behind one address
    flows, flow = request.app[keys.FLOWS], str((await read_fields(request)).get("flow") or "")
    known = await flows.look(_POPUP, flow)
    proved = await flows.take(_PROVED, known["joint"]) if known is not None else None
    if known is None or (proved is not None and not proved["is_proved"]):
        body: dict[str, Any] = {"state": "over"}
    elif proved is None:
        body = {"state": "waiting"}
    else:
        await flows.take(_POPUP, flow)
        who = codec.from_json(Asked, known["asked"])
        code = await popup.finish(request, who, identity.of_email(known["address"]))
        body = {"state": "done", "code": code, "origin": who.origin, "page": who.page}
    return answers.json_answer(request, body, cache="no-store")


# --- behind the link ----------------------------------------------------------------------------------------------


async def show_link(request: web.Request) -> web.StreamResponse:
    """GET ?key=: the page that the mail leads to.  Changes nothing."""
    key = request.query.get("key", "")
    known = await request.app[keys.FLOWS].look(_MAIL, key)
    return popup.over(request, language_of(request)) if known is None else _ask(request, key, known)


async def prove(request: web.Request) -> web.StreamResponse:
    """POST {key, number}: with the number of the pop-up, that one goes on."""
    await origins.require_own(request)
    await clients.limit(request, "sign-in-number", rate=1 / 2, burst=20)
    fields, flows = await read_fields(request), request.app[keys.FLOWS]
    key, number = (str(fields.get(name) or "") for name in ("key", "number"))
    known = await flows.look(_MAIL, key)
    if known is None:
        return popup.over(request, language_of(request))
    tries = await flows.count(_MAIL, key, lasts_s=popup.LASTS_S)
    is_right = hmac.compare_digest(re.sub(r"\s", "", number).encode("utf-8", "replace"), known["number"].encode())
    if tries < TRIES and not is_right:
        return _ask(request, key, known, left=TRIES - tries)
    is_proved = is_right and tries <= TRIES
    if await flows.take(_MAIL, key) is None:
        return popup.over(request, language_of(request))
    await flows.put(_PROVED, known["joint"], {"is_proved": is_proved}, lasts_s=popup.LASTS_S)
    who = codec.from_json(Asked, known["asked"])
    if not is_proved:
        log.info("sign_in.guessed", site_id=who.site_id)
        metrics.SIGN_INS.labels(way=Way.EMAIL.value, step="failed").inc()
        return popup.over(request, who.lang)
    return popup.page(request, "sign_in_proved.html", who.lang, {"asked": who})


def _ask(request: web.Request, key: str, known: dict[str, Any], *, left: int | None = None) -> web.Response:
    """The form for the number; `left`: what was typed is another, and so many tries are left."""
    who = codec.from_json(Asked, known["asked"])
    context = {"asked": who, "key": key, "address": known["address"], "left": left}
    return popup.page(request, "sign_in_mail.html", who.lang, context, status=200 if left is None else 400)
