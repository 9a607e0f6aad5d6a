"""What is known of a comment beside its words: how its form was got, what was written before, by this visitor too.

Gathers what `mentions/typed.py` weighs.  Keeps hashes in Redis for a day at most (`mentions/streams/traces.py`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import form_tokens, hrefs, policy, sketches, typed, urls
from mentions.form_tokens import NO_FORM, Shown
from mentions.model import Kind, Page, Reaction, Site, Url
from mentions.storage import comments
from mentions.streams.traces import Likeness, Trace
from mentions.typed import Around, Suspicion, Typed
from service import keys
from service.intake.reception import now

REPEATED_WITHIN: Final = timedelta(days=1)


async def form_of(request: web.Request, fields: Mapping[str, object], target: str) -> Shown:
    """What the form's token says; a program that sends JSON without one had no form."""
    token = fields.get("token")
    if not token and request.content_type == "application/json":
        return NO_FORM
    keys_by_name = await request.app[keys.SIGNING].recent(now())
    return form_tokens.read(token if isinstance(token, str) else None, keys_by_name, target, now())


def trace_of(site: Site, page: Page, comment: Typed, visitor: bytes) -> Trace:
    """What the comment leaves behind.  Links to the site itself are anybody's."""
    own = {site.authority, *site.aliases}
    foreign = [urls.page_key(link) for link in _links(comment) if urls.site_authority(link) not in own]
    return Trace(site.id, str(page.id), sketches.sketch(comment.content.text), tuple(foreign), visitor.hex())


async def suspicion(
    app: web.Application,
    c: AsyncConnection,
    site: Site,
    comment: Typed,
    form: Shown,
    alike: Likeness,
    at: datetime,
    *,
    but: int | None = None,
) -> Suspicion:
    """Everything that speaks against the comment, weighed; `but`: its own row, when it is written anew."""
    settings, tempo = app[keys.SETTINGS], app[keys.TEMPO]
    around = Around(
        form=form,
        is_repeated=await comments.said_before(c, site.id, comment.markdown, since=at - REPEATED_WITHIN, but=but),
        is_nearly_repeated=alike.is_near,
        pages_of_links=alike.pages_of_links,
        pages_of_visitor=alike.pages_of_visitor if settings.rate_limits else 0,
        blocked_links=tuple(_blocked(await app[keys.SITES].blocks(site.id), _links(comment))),
    )
    return typed.suspicion(comment, around, shortest_s=tempo.shortest_writing_s)


def _links(comment: Typed) -> tuple[Url, ...]:
    return hrefs.links_of(Reaction(Kind.REPLY, content=comment.content))


def _blocked(blocks: Iterable[policy.BlockRule], links: Iterable[Url]) -> list[str]:
    """The hosts of links that lead to what the owner has blocked."""
    rules = list(blocks)
    return list(dict.fromkeys(urls.authority(link) for link in links if policy.is_blocked(rules, link)))
