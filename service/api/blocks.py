"""What a site refuses (contract §8): listed, added, lifted; what a rule would hide, looked at before it is made; lists
taken out and brought in, as CSV or JSON lines.

Hiding goes through the entries in small transactions, so that nobody waits for it; the block itself stands before."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, Final

import orjson
from aiohttp import web

from config import logs
from mentions.errors import InvalidRequest, NotFound
from mentions.model import Change, EntryState
from mentions.storage import audit, blocks, changes, collisions, entries, pages
from mentions.storage.blocks import Block, Rule
from mentions.storage.tokens import Token
from service import answers, keys
from service.api import blocklists, jf2, lists, tokens
from service.api.moderation import read_object
from service.api.news import announce
from service.intake.reception import now

log = logs.get_logger(__name__)

COLUMNS: Final = ("kind", "value", "note", "created_at")
PREVIEWED: Final = 20
"""How many of the entries that a rule would hide are shown; all of them are counted."""
MOST_TOLD: Final = 100
"""How many lines that could not be brought in are told of."""
_AT_ONCE: Final = 200
_MOST_NOTE: Final = 500


def setup(app: web.Application) -> None:
    """Adds the addresses."""
    app.router.add_get("/api/blocks", show_blocks)
    app.router.add_put("/api/blocks", add_block)
    app.router.add_delete("/api/blocks", lift_block)
    app.router.add_get("/api/blocks/preview", preview)
    app.router.add_get("/api/blocks.csv", export_csv)
    app.router.add_get("/api/blocks.jsonl", export_lines)
    app.router.add_post("/api/blocks/import", bring_in)


# --- one ----------------------------------------------------------------------------------------------------------


async def add_block(request: web.Request) -> web.Response:
    """PUT: refuses an authority, everything below a URL, or an author, from now on; with `hide`, what is there too."""
    token = await tokens.require(request, "moderate")
    data = await read_object(request)
    rule, note = _read_rule(data), _text(data, "note")[:_MOST_NOTE]
    if not isinstance(hide := data.get("hide", False), bool):
        raise InvalidRequest("hide has to be true or false")
    async with request.app[keys.DB].write() as c:
        block = await blocks.add(c, token.site_id, rule.kind, rule.value, note=note, now=now(), actor=token.actor)
    request.app[keys.SITES].forget()
    log.info("block.added", site_id=token.site_id, kind=rule.kind, token_id=token.id)
    hidden = {"hidden": await _hide(request.app, block, token)} if hide else {}
    return answers.json_answer(request, _outside(block) | hidden, cache="no-store")


async def lift_block(request: web.Request) -> web.Response:
    """DELETE: what was blocked may come again; named in the body, or in the query for clients that send none.

    With `restore`, what the block has hidden is shown again, but for what was decided on since."""
    token = await tokens.require(request, "moderate")
    data = await read_object(request) if request.can_read_body else dict(request.query)
    rule, restore = _read_rule(data), data.get("restore") in (True, "true", "1")
    db = request.app[keys.DB]
    async with db.write() as c:
        block = await blocks.find(c, token.site_id, rule.kind, rule.value)
        if block is None:
            raise NotFound("Nothing like that is blocked.")
        await blocks.remove(c, token.site_id, rule.kind, rule.value, now=now(), actor=token.actor)
    request.app[keys.SITES].forget()
    log.info("block.lifted", site_id=token.site_id, kind=rule.kind, token_id=token.id)
    if not restore:
        return web.Response(status=204)
    restored = await _show_again(request.app, block, token)
    return answers.json_answer(request, {"restored": restored}, cache="no-store")


async def preview(request: web.Request) -> web.Response:
    """GET: how many of the entries that the site shows a rule would refuse, and the first of them; changes nothing."""
    token = await tokens.require(request, "moderate")
    rule = _read_rule(dict(request.query))
    base, count = request.app[keys.SETTINGS].public_url, 0
    first: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        async with request.app[keys.DB].read() as c:
            hits, after = await blocks.shown_hits(c, token.site_id, rule, after=after)
            wanted = hits[: PREVIEWED - len(first)]
            of = await pages.by_ids(c, {entry.page_id for entry in wanted})
        count += len(hits)
        first += await lists.outside(wanted, of, base, jf2.entry_to_jf2)
    return answers.json_answer(request, {"count": count, "children": first}, cache=answers.PRIVATE)


async def _hide(app: web.Application, block: Block, token: Token) -> int:
    """Hides what is shown and now refused; how many entries that were."""
    number = 0
    after: int | None = 0
    while after is not None:
        async with app[keys.DB].read() as c:
            hits, after = await blocks.shown_hits(c, block.site_id, block, after=after)
        ids = [entry.id for entry in hits]
        number += await _set_states(app, ids, EntryState.SHOWN, EntryState.HIDDEN, block, token)
    return number


async def _show_again(app: web.Application, block: Block, token: Token) -> int:
    """Shows what the block has hidden; how many entries that were."""
    number = 0
    while True:
        async with app[keys.DB].read() as c:
            ids = await audit.hidden_by(c, block.site_id, block.id, limit=_AT_ONCE)
        shown = await _set_states(app, ids, EntryState.HIDDEN, EntryState.SHOWN, block, token)
        if not shown:  # none is left, but for rows that cannot be read
            return number
        number += shown


async def _set_states(
    app: web.Application, ids: Iterable[int], old: EntryState, new: EntryState, block: Block, token: Token
) -> int:
    """Brings those entries that are still `old` to `new`, and tells followers; how many they were."""
    number, rest = 0, iter(ids)
    while batch := list(islice(rest, _AT_ONCE)):
        told, cursor = await collisions.retried(partial(_set_some, app, batch, old, new, block, token))
        for page_id in {page_id for _site, page_id, _entry, _change in told}:
            await announce(app, page_id, cursor)
        number += len(told)
    return number


async def _set_some(
    app: web.Application, ids: Sequence[int], old: EntryState, new: EntryState, block: Block, token: Token
) -> tuple[list[tuple[int, int, int, Change]], int]:
    """The same for some of them, in one transaction: what is told of it, and the last cursor."""
    change = Change.HIDDEN if new is EntryState.HIDDEN else Change.APPROVED
    told: list[tuple[int, int, int, Change]] = []
    async with app[keys.DB].write() as c:
        await entries.lock(c, ids)
        found = await entries.many(c, ids)
        for entry in (found[i] for i in ids if i in found and found[i].state is old):
            await entries.set_state(c, entry.id, new, now=now(), actor=token.actor, block_id=block.id)
            told.append((entry.site_id, entry.page_id, entry.id, change))
        await changes.append_many(c, told, now=now())
        return told, await changes.latest(c)


# --- lists --------------------------------------------------------------------------------------------------------


async def show_blocks(request: web.Request) -> web.Response:
    """GET: what the site refuses."""
    found = await _listed(request)
    return answers.json_answer(request, {"blocks": [_outside(block) for block in found]}, cache=answers.PRIVATE)


async def export_csv(request: web.Request) -> web.Response:
    """GET: the list as CSV, with the names of the columns in the first line."""
    found = await _listed(request)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows((each.kind, each.value, each.note, jf2.zulu(each.created_at)) for each in found)
    return _file(request, out.getvalue().encode(), "text/csv", "blocks.csv")


async def export_lines(request: web.Request) -> web.Response:
    """GET: the list as JSON, an object a line."""
    found = await _listed(request)
    body = b"".join(orjson.dumps(_outside(block)) + b"\n" for block in found)
    return _file(request, body, "application/x-ndjson", "blocks.jsonl")


async def bring_in(request: web.Request) -> web.Response:
    """POST: adds every rule of a list: CSV (`text/csv`), else one a line; see blocklists.py.

    What cannot be read is left out and told of; the rest is added."""
    token = await tokens.require(request, "moderate")
    text = (await request.read()).decode("utf-8-sig", "replace")
    read = blocklists.read_csv if request.content_type == "text/csv" else blocklists.read_lines
    report: dict[str, Any] = {"added": 0, "known": 0, "skipped": []}
    rest = read(text)
    while batch := list(islice(rest, _AT_ONCE)):
        rules: list[tuple[Rule, str]] = []
        for line, data in batch:
            try:
                rules.append((_read_rule(data), _text(data, "note")[:_MOST_NOTE]))
            except InvalidRequest as problem:
                report["skipped"].append({"line": line, "why": str(problem)})
        async with request.app[keys.DB].write() as c:
            added = await blocks.add_many(c, token.site_id, rules, now=now(), actor=token.actor)
        report["added"] += added
        report["known"] += len(rules) - added
    request.app[keys.SITES].forget()
    log.info("blocks.imported", site_id=token.site_id, added=report["added"], token_id=token.id)
    report |= {"skipped": report["skipped"][:MOST_TOLD], "skipped_count": len(report["skipped"])}
    return answers.json_answer(request, report, cache="no-store")


async def _listed(request: web.Request) -> list[Block]:
    token = await tokens.require(request, "moderate")
    async with request.app[keys.DB].read() as c:
        return await blocks.list(c, token.site_id)


def _file(request: web.Request, body: bytes, content_type: str, name: str) -> web.Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return answers.body_answer(request, body, content_type, headers=headers, cache=answers.PRIVATE)


def _read_rule(data: Mapping[str, Any]) -> Rule:
    """The one rule that is named; raises InvalidRequest."""
    named = [(kind, data[kind]) for kind in blocks.KINDS if kind in data]
    if len(named) != 1 or not isinstance(named[0][1], str):
        raise InvalidRequest(f"one of {', '.join(blocks.KINDS)} is needed, as text")
    return blocks.checked(*named[0])


def _text(data: Mapping[str, Any], name: str) -> str:
    if not isinstance(value := data.get(name, ""), str):
        raise InvalidRequest(f"{name} has to be text")
    return value


def _outside(block: Block) -> dict[str, Any]:
    return {block.kind: block.value, "note": block.note, "created_at": jf2.zulu(block.created_at)}
