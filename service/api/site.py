"""What the owner of a site has chosen: its options, told and set with a token of scope `moderate`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web

from config import logs
from mentions import options
from mentions.errors import InvalidRequest
from mentions.model import Site
from mentions.storage import audit, sites
from service import answers, keys
from service.api import moderation, tokens
from service.intake.reception import now

log = logs.get_logger(__name__)


def setup(app: web.Application) -> None:
    """Adds the address."""
    app.router.add_get("/api/site", show_site)
    app.router.add_patch("/api/site", change_site)


async def show_site(request: web.Request) -> web.Response:
    """GET: the site of the token, and every option with its value."""
    site = await tokens.site_of(request, await tokens.require(request, "moderate"))
    return answers.json_answer(request, _told(site), cache=answers.PRIVATE)


async def change_site(request: web.Request) -> web.Response:
    """PATCH {"options": {name: value}}: sets those, and null takes one back to its default; all of them or none."""
    token = await tokens.require(request, "moderate")
    wanted = _read(await moderation.read_object(request))
    async with request.app[keys.DB].write() as c:
        for name, value in wanted.items():
            await sites.set_option(c, token.site_id, name, value)
            what = f"{name} {orjson.dumps(value).decode()}"
            await audit.note(c, token.site_id, token.actor, "set_option", now=now(), what=what)
        site = await sites.by_id(c, token.site_id)
    assert site is not None, "a token is of a site"
    request.app[keys.SITES].forget()
    log.info("site.changed", site_id=site.id, options=sorted(wanted), token_id=token.id)
    return answers.json_answer(request, _told(site), cache="no-store")


def _read(data: Mapping[str, Any]) -> dict[str, Any]:
    given = data.get("options")
    if not isinstance(given, dict):
        raise InvalidRequest("options has to be an object of options and their values")
    return {name: options.check(name, value) for name, value in given.items()}


def _told(site: Site) -> dict[str, Any]:
    return {"site": site.authority, "aliases": list(site.aliases), "options": options.effective(site.options)}
