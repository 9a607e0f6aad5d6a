"""What a reading request asks for: its parameters -> MentionQuery, as webmention.io's clients spell them (contract §6).

Lists are `name[]`, `name[0]` or the bare name; of a name that is given twice the last counts, as in PHP.  What is odd
is as if it were not there; only a missing target and a wrong token are errors, because a client that asks for
everything must not get it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Literal, cast

from aiohttp import web

from mentions import urls
from mentions.errors import InvalidInput
from mentions.model import Kind
from mentions.storage.entries import MentionQuery, Target
from service import keys
from service.api import tokens

DEFAULT_PER_PAGE: Final = 20
MOST_PER_PAGE: Final = 10_000
MOST_TARGETS: Final = 500
"""Of one question; a database takes a thousand alternatives at most (SQLite, "Maximum Depth Of An Expression Tree")."""
_LARGEST: Final = 2**31 - 1
_LARGEST_ID: Final = 2**63 - 1
SortBy = Literal["created", "updated", "published", "rsvp"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of the reading API, understood."""

    query: MentionQuery
    is_private: bool
    """A token opened it, so no shared cache may keep the answer."""


async def read_query(request: web.Request) -> Asked:
    """The query of a request that lists entries.

    Raises InvalidInput without target and token, Forbidden for a wrong token."""
    if (targets := read_targets(request)) is not None:
        return Asked(_filters(request, MentionQuery(targets=targets, include_copies=False)), is_private=False)
    if tokens.sent_token(request) is None:
        raise InvalidInput("Either a token or a target URL is required")
    token = await tokens.require(request, "read")
    site_ids: tuple[int, ...] = (token.site_id,)
    if domain := last(request, "domain"):
        named = (await request.app[keys.SITES].book()).site_for(domain)
        site_ids = (token.site_id,) if named is not None and named.id == token.site_id else ()
    return Asked(
        _filters(request, MentionQuery(site_ids=site_ids, include_private=True, include_copies=False)), is_private=True
    )


def read_targets(request: web.Request) -> tuple[Target, ...] | None:
    """The targets that are asked for; None when the request names none.  Raises InvalidInput for too many."""
    named = [value for value in read_list(request, "target") if value.strip()]
    require_few(named)
    return targets_of(named) if named else None


def require_few(named: Sequence[str]) -> None:
    """Raises InvalidInput for more targets than one question may have."""
    if len(named) > MOST_TARGETS:
        raise InvalidInput(f"One question is about {MOST_TARGETS} targets at most")


def targets_of(named: Iterable[str]) -> tuple[Target, ...]:
    """The targets that URLs name; what is no URL names none."""
    return tuple(Target(key, urls.fragment(absolute(url))) for url in named if (key := page_key_of(url)))


def page_key_of(target: str) -> str:
    """The page key of a target as it stands in a query; empty for what is no URL of ours to be."""
    return urls.page_key(absolute(target))


def absolute(target: str) -> str:
    """The target with a scheme: `//host/path` stands for either, and pages are the same for both."""
    text = target.strip()
    return f"https:{text}" if text.startswith("//") else text


def last(request: web.Request, name: str) -> str:
    """The value of a parameter, the last of several; empty without one."""
    values = request.query.getall(name, [])
    return values[-1] if values else ""


def read_list(request: web.Request, name: str) -> list[str]:
    """The values of `name[]` and `name[0]`, then the last of the bare name."""
    indexed = re.compile(rf"{re.escape(name)}\[\d*\]")
    values = [value for key, value in request.query.items() if indexed.fullmatch(key)]
    return values + request.query.getall(name, [])[-1:]


def read_number(request: web.Request, names: tuple[str, ...], default: int, most: int, *, least: int = 0) -> int:
    """The first of `names` that holds a number, within bounds."""
    for name in names:
        if re.fullmatch(r"\d{1,19}", text := last(request, name).strip(), re.ASCII):
            return min(max(int(text), least), most)
    return default


def read_since_id(request: web.Request) -> int | None:
    """The `wm-id` beyond which entries are asked for; None for any."""
    since_id = read_number(request, ("since_id",), -1, _LARGEST_ID)
    return since_id if since_id >= 0 else None


def read_moment(text: str) -> datetime | None:
    """A time as clients write it, where `+` may have become a space; UTC without an offset; None for what is none."""
    bare = re.sub(r" (\d\d:?\d\d)$", r"+\1", text.strip())
    try:
        moment = datetime.fromisoformat(bare)
    except ValueError:
        return None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        return None


def _filters(request: web.Request, query: MentionQuery) -> MentionQuery:
    """The parameters that narrow, sort and page."""
    sort_by, sort_dir = last(request, "sort-by"), last(request, "sort-dir")
    known_kinds = {kind.value for kind in Kind}
    return replace(
        query,
        properties=tuple(value for value in read_list(request, "wm-property") if value),
        kinds=tuple(Kind(value) for value in read_list(request, "wm-kind") if value in known_kinds),
        since=read_moment(last(request, "since")),
        since_id=read_since_id(request),
        sort_by=cast("SortBy", sort_by) if sort_by in ("updated", "published", "rsvp") else "created",
        newest_first=sort_dir in ("", "down"),
        page=read_number(request, ("page",), 0, _LARGEST),
        per_page=read_number(request, ("perPage", "per-page"), DEFAULT_PER_PAGE, MOST_PER_PAGE, least=1),
    )
