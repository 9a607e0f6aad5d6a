"""One odd row never fails a list (contract §6): rows that no door of ours makes, put into both databases by hand."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from mentions.model import Change, EntryState, Kind
from mentions.storage import blocks, changes, entries, layout, marks, pages
from mentions.storage.entries import MentionQuery, Target
from mentions.storage.layout import Window
from tests.integration.storage.making import NOW, respond

BASE = "https://ymateb.example/entries/"
SQLITE, BOTH = ("sqlite",), ("sqlite", "postgresql")
"""Which database lets such a value in; the other refuses it."""
ODD = [
    ("reaction", '\'{"kind": "reply"\'', BOTH),
    ("reaction", '\'{"kind": "sixth-sense"}\'', BOTH),
    ("reaction", "''", BOTH),
    ("reaction", "CAST(x'FFFE' AS TEXT)", BOTH),
    ("targets", "'nothing'", BOTH),
    ("targets", "'7'", BOTH),
    ("kind", "'sixth-sense'", BOTH),
    ("protocol", "'carrier pigeon'", BOTH),
    ("source", "CAST(x'EDA080' AS TEXT)", BOTH),
    ("published_at", "'yesterday'", BOTH),
    ("published_at", "'2026-02-31 25:00:00.000000'", SQLITE),
    ("published_at", "'infinity'", BOTH),
    ("published_at", "'20000-01-01 00:00:00+00'", BOTH),
    ("received_at", "'4000-01-01 00:00:00 BC'", BOTH),
    ("received_at", "'once'", SQLITE),
    ("updated_at", "'20000-01-01 00:00:00+00'", BOTH),
    ("updated_at", "'never'", SQLITE),
    ("likes", "'many'", SQLITE),
]


@pytest.mark.parametrize(("column", "value", "taken_by"), ODD)
async def test_an_odd_row_hides_no_other_from_any_list(db, page, column, value, taken_by):
    good = []
    async with db.write() as c:
        for number in range(7):
            good.append(await respond(c, page, f"https://ann.example/{number}"))
            await changes.append(
                c, site_id=page.site_id, page_id=page.id, entry_id=good[-1].id, change=Change.CREATED, now=NOW
            )
        odd = good.pop(3)
        await entries.update(c, odd.id, now=NOW, parent_id=good[0].id)
    with nullcontext() if db.dialect in taken_by else pytest.raises(DBAPIError):
        async with db.write() as c:
            await c.execute(text(f"UPDATE entries SET {column} = {value} WHERE id = {odd.id}"))
    ids = [entry.id for entry in good]
    asked = MentionQuery(targets=(Target.of(page.url),), newest_first=False)
    async with db.read() as c:
        found, _total = await entries.query(c, asked)
        assert [entry.id for entry in found if entry.id != odd.id] == ids
        some, _total = await entries.query(c, MentionQuery(page_ids=(page.id,), per_page=4, newest_first=False))
        assert len({entry.id for entry in some} - {odd.id}) >= 3
        assert sum((await entries.count_of(c, asked)).values()) == 7
        thread = await entries.thread(c, page.id)
        assert [entry.id for entry in thread if entry.id != odd.id] == ids
        assert set(await entries.many(c, [*ids, odd.id])) - {odd.id} == set(ids)
        of_site = await entries.of_site(c, page.site_id, states=tuple(EntryState))
        assert [entry.id for entry in of_site if entry.id != odd.id] == ids
        assert (await entries.get(c, odd.id) or odd).id == odd.id
        assert await entries.version(c, [page.id])
    await layout.bring_up_to_date(db, page.id, BASE)
    async with db.write() as c:
        marks.mark_all(c, [(page.id, entry_id) for entry_id in (odd.id, *ids)])
    await layout.bring_up_to_date(db, page.id, BASE)
    async with db.read() as c:
        places, _following = await layout.window(c, page.id, Window())
        assert {place.id for place in places} - {odd.id} == set(ids)
        assert set(await entries.replies_to(c, ids)) == {ids[0]}


async def test_a_kind_that_a_newer_version_knows_is_read_as_a_mention(db, page):
    async with db.write() as c:
        entry = await respond(c, page, "https://ann.example/1")
        values = {"kind": "telepathy", "reaction": '{"kind": "telepathy"}', "id": entry.id}
        await c.execute(text("UPDATE entries SET kind = :kind, reaction = :reaction WHERE id = :id"), values)
        [found] = await entries.thread(c, page.id)
    assert found.reaction.kind is Kind.MENTION


async def test_an_odd_change_holds_up_no_reader(db, page):
    async with db.write() as c:
        cursors = [
            await changes.append(c, site_id=page.site_id, page_id=page.id, entry_id=n, change=Change.CREATED, now=NOW)
            for n in range(3)
        ]
        await c.execute(text(f"UPDATE changes SET change = 'foreseen' WHERE cursor = {cursors[1]}"))
        assert [one.cursor for one in await changes.since(c, 0)] == [cursors[0], cursors[2]]


async def test_an_odd_page_hides_no_other(db, page):
    value = "'once'" if db.dialect == "sqlite" else "'20000-01-01 00:00:00+00'"
    async with db.write() as c:
        other = await pages.ensure(c, page.site_id, "https://example.com/other", now=NOW)
        await c.execute(text(f"UPDATE pages SET checked_at = {value} WHERE id = {other.id}"))
    async with db.read() as c:
        assert set(await pages.by_ids(c, [page.id, other.id])) >= {page.id}
        assert set(await pages.by_keys(c, ["example.com/post", "example.com/other"])) >= {"example.com/post"}


async def test_what_a_rule_hits_is_found_behind_an_odd_row(db, page):
    async with db.write() as c:
        odd, good, other = [await respond(c, page, f"https://ann.example/{number}") for number in range(3)]
        await c.execute(text(f"UPDATE entries SET reaction = '{{' WHERE id = {odd.id}"))
    rule, found, after = blocks.checked("authority", "ann.example"), [], 0
    async with db.read() as c:
        while after is not None:
            hits, after = await blocks.shown_hits(c, page.site_id, rule, after=after, limit=2)
            found += [entry.id for entry in hits]
    assert found == [good.id, other.id]
