"""What other systems kept becomes entries: once, whole, in its place, and where it was cut off it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from mentions import urls
from mentions.errors import Conflict
from mentions.model import Change, EntryState, Kind, Protocol, Reaction, Site, Url
from mentions.moving import Moved, Skipped
from mentions.moving.url_map import UrlMap
from mentions.storage import Database, blocks, changes, comments, entries, imports, likes, moving, pages, placing, sites
from mentions.storage import tables as t
from mentions.storage.entries import MentionQuery
from mentions.storage.imports import Report, Result
from tests.integration.storage.making import NOW, reply, respond
from tests.support.postgres import until_one_waits

POST = "https://example.com/post"
EVERY_STATE = tuple(EntryState)


def record(ref: int | str, **facts: Any) -> Moved:
    """A response that another system called `ref`."""
    given: dict[str, Any] = {
        "ref": str(ref),
        "source": f"https://ann.example/{ref}",
        "target": POST,
        "protocol": Protocol.WEBMENTION,
        "reaction": reply(),
        "received_at": NOW - timedelta(days=400),
    }
    return Moved(**(given | facts))


async def bring_in(db: Database, site: Site, records: Iterable[Moved | Skipped], **more: Any) -> Report:
    given: dict[str, Any] = {"form": "wxr", "digest": b"a file", "clock": lambda: NOW}
    return await moving.bring_in(db, site, records, **(given | more))


async def everything(db: Database, site: Site) -> dict[str, Any]:
    """Every entry of the site, by source."""
    async with db.read() as c:
        found = await entries.of_site(c, site.id, states=EVERY_STATE, limit=10_000)
    return {entry.source: entry for entry in found}


async def test_a_record_becomes_an_entry_with_all_it_says(db: Database, site: Site):
    reaction = reply(url=Url("https://ann.example/re"), published="2024-05-01T10:00:00+02:00")
    one = record(7, reaction=reaction, wm_id=1_876_543, page_title="A <b>post</b>", private=True, likes=3)
    assert await bring_in(db, site, [one]) == Report(moved=1)
    async with db.read() as c:
        entry = await entries.get(c, 1_876_543)
        page = await pages.by_key(c, urls.page_key(POST))
        found = await entries.find_by_any_url(c, page.id, ["http://www.ann.example/re"])
        [created] = await entries.revisions(c, entry.id)
        told = [(change.entry_id, change.change) for change in await changes.since(c, 0)]
    assert (entry.reaction, entry.received_at, entry.private, entry.likes) == (reaction, one.received_at, True, 3)
    assert (entry.source, entry.target, entry.targets, entry.page_id) == (one.source, POST, (POST,), page.id)
    assert page.title == "A <b>post</b>"
    assert found == [entry]
    assert (created.act, created.actor, created.state_after) == ("created", "import", EntryState.SHOWN)
    assert told == [(entry.id, Change.CREATED)]
    async with db.write() as c:
        assert await likes.recount(c, entry.id) == 3


async def test_the_same_file_brought_in_twice_changes_nothing(db: Database, site: Site):
    records = [record(number, parent_ref=str(number - 1)) for number in range(600)]
    assert (await bring_in(db, site, records)).moved == 600
    before = await everything(db, site)
    async with db.read() as c:
        latest = await changes.latest(c)
    again = await bring_in(db, site, records, clock=lambda: NOW + timedelta(days=1))
    assert (again.moved, again.present) == (0, 600)
    assert await everything(db, site) == before
    async with db.read() as c:
        assert await changes.latest(c) == latest
        assert (await c.execute(select(func.count()).select_from(t.import_refs))).scalar_one() == 0


async def test_what_is_here_already_stays_as_it_is_and_what_was_deleted_here_stays_deleted(db, site, page):
    async with db.write() as c:
        known = await respond(c, page, "https://ann.example/1", reply("As it was verified"))
        gone = await respond(c, page, "https://ann.example/2")
        gone = await entries.set_state(c, gone.id, EntryState.DELETED, now=NOW)
    report = await bring_in(db, site, [record(1, reaction=reply("Older")), record(2), record(3)])
    assert report == Report(1, 1, {placing.DELETED_HERE: 1}, {placing.DELETED_HERE: ["2"]})
    found = await everything(db, site)
    assert (found["https://ann.example/1"], found["https://ann.example/2"]) == (known, gone)


async def test_parents_are_found_wherever_they_stand_in_the_file(db: Database, site: Site):
    far = [record(f"filler{number}") for number in range(600)]
    records = [record("child", parent_ref="parent"), *far, record("parent"), record("orphan", parent_ref="nobody")]
    records += [record("copy", copy_of_ref="parent"), record("elsewhere", target=f"{POST}/2", parent_ref="parent")]
    records += [record("self", parent_ref="self")]
    await bring_in(db, site, records)
    found = {source.rpartition("/")[2]: entry for source, entry in (await everything(db, site)).items()}
    parent = found["parent"]
    assert (found["child"].parent_id, found["copy"].cluster_id) == (parent.id, parent.id)
    assert [found[name].parent_id for name in ("parent", "orphan", "copy", "elsewhere", "self")] == [None] * 5


async def test_an_answer_hangs_below_what_was_here_already(db, site, page):
    async with db.write() as c:
        known = await respond(c, page, "https://ann.example/1")
    await bring_in(db, site, [record(1), record(2, parent_ref="1")])
    assert (await everything(db, site))["https://ann.example/2"].parent_id == known.id


async def test_ids_are_kept_where_they_are_free_and_new_entries_do_not_collide(db, site, page):
    async with db.write() as c:
        known = await respond(c, page, "https://bob.example/1")
    wanted = [known.id, 500, 500, known.id + 2, 10**15, None]
    await bring_in(db, site, [record(number, wm_id=wm_id) for number, wm_id in enumerate(wanted)])
    found = await everything(db, site)
    ids = [found[f"https://ann.example/{number}"].id for number in range(len(wanted))]
    assert (ids[1], ids[3]) == (500, known.id + 2)
    assert len({known.id, *ids}) == 7
    assert max(ids) < 10_000
    async with db.write() as c:
        later = [await respond(c, page, f"https://carol.example/{number}") for number in range(5)]
    assert min(entry.id for entry in later) > max(ids)


async def test_a_run_that_was_cut_off_goes_on_where_it_was(db: Database, site: Site):
    records = [record(number, parent_ref="999") for number in range(1000)]
    reached: list[int] = []

    def cut_off(results: list[Result]) -> None:
        reached.append(results[-1].number)
        if results[-1].number >= 600:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await bring_in(db, site, records, on_batch=cut_off)
    assert len(await everything(db, site)) == 500
    assert (await bring_in(db, site, records, on_batch=lambda results: reached.append(results[0].number))).moved == 1000
    assert reached == [249, 499, 749, 500, 750]
    found = await everything(db, site)
    assert len(found) == 1000
    parent = found.pop("https://ann.example/999")
    assert {entry.parent_id for entry in found.values()} == {parent.id}


async def test_two_who_bring_in_the_same_file_do_not_write_it_twice(db: Database, site: Site):
    async with db.write() as c:
        importing = await imports.begin(c, site.id, "wxr", b"a file", now=NOW)
        other = await imports.begin(c, site.id, "wxr", b"a file", now=NOW)
    rules = placing.Rules(site, placing.SiteBook([site]))
    async with db.write() as c:
        await moving.take(c, importing, [record(1)], rules, now=NOW)
    with pytest.raises(Conflict, match="another process"):
        async with db.write() as c:
            await moving.take(c, other, [record(1)], rules, now=NOW)
    assert len(await everything(db, site)) == 1


async def test_what_belongs_to_others_or_is_blocked_is_skipped_with_the_reason(db: Database, site: Site):
    async with db.write() as c:
        await sites.add(c, "other.example", now=NOW)
        await blocks.add(c, site.id, "authority", "spam.example", now=NOW)
    records = [
        record(1, target="https://other.example/post"),
        record(2, target="https://stranger.example/post"),
        record(3, source="https://www.spam.example/buy"),
        record(4, source="https://user:secret@ann.example/"),
        Skipped("5", "it has no date"),
        record(6, target="https://www.blog.example.com/post"),
    ]
    report = await bring_in(db, site, records)
    assert report.refs == {
        "its page does not belong to the site": ["1", "2"],
        "it is blocked here": ["3"],
        "its source has a user name or password in it": ["4"],
        "it has no date": ["5"],
    }
    assert (report.moved, report.total) == (1, 6)


async def test_spellings_of_one_page_are_one_page_and_one_source_is_there_once(db: Database, site: Site):
    spelt = ("http://example.com/post", "https://www.example.com/post#top", POST)
    records = [record(number, source="https://ann.example/re", target=target) for number, target in enumerate(spelt)]
    report = await bring_in(db, site, records)
    assert (report.moved, report.present) == (1, 2)


async def test_a_map_files_responses_under_the_new_address_which_answers_to_the_old_one(db: Database, site: Site):
    moved = UrlMap([("https://example.com/old", POST), ("https://gone.example/*", "https://example.com/*")])
    records = [record(1, target="http://www.example.com/old"), record(2, target="https://gone.example/post"), record(3)]
    assert (await bring_in(db, site, records, moved_pages=moved)).moved == 3
    async with db.read() as c:
        page = await pages.by_key(c, "example.com/post")
        assert await pages.keys_of(c, page.id) == ["example.com/old", "example.com/post"]
    found = await everything(db, site)
    assert {entry.page_id for entry in found.values()} == {page.id}
    assert found["https://ann.example/1"].target == "http://www.example.com/old"


async def test_a_map_brings_together_what_was_on_two_pages(db, site, page):
    async with db.write() as c:
        old = await pages.ensure(c, site.id, "https://example.com/old", now=NOW)
        await respond(c, old, "https://bob.example/1")
    moved = UrlMap([("https://example.com/old", POST)])
    await bring_in(db, site, [record(1, target="https://example.com/old"), record(2)], moved_pages=moved)
    assert {entry.page_id for entry in (await everything(db, site)).values()} == {page.id}


async def test_a_page_that_is_known_by_its_old_address_gets_the_new_one(db: Database, site: Site):
    await bring_in(db, site, [record(1, target="https://example.com/old")])
    await bring_in(db, site, [record(2, target="https://example.com/old", page=Url(POST))], digest=b"another file")
    found = await everything(db, site)
    [page_id] = {entry.page_id for entry in found.values()}
    async with db.read() as c:
        page = await pages.by_id(c, page_id)
    assert page.url == POST


async def test_a_comment_brings_along_what_is_not_shown(db: Database, site: Site):
    one = record(1, protocol=Protocol.COMMENT, email="ann@ann.example", markdown="**Well** said")
    await bring_in(db, site, [one, record(2, protocol=Protocol.COMMENT, email="bob@bob.example")])
    found = await everything(db, site)
    async with db.read() as c:
        hidden = [await comments.get(c, found[f"https://ann.example/{number}"].id) for number in (1, 2)]
    assert [(one.markdown, one.email) for one in hidden] == [
        ("**Well** said", "ann@ann.example"),
        ("Well said", "bob@bob.example"),
    ]


async def test_a_comment_that_was_removed_there_keeps_the_place_of_its_answers(db: Database, site: Site):
    gone = record(1, state=EntryState.DELETED, protocol=Protocol.COMMENT)
    await bring_in(db, site, [gone, record(2, parent_ref="1")])
    found = await everything(db, site)
    grave, answer = found["https://ann.example/1"], found["https://ann.example/2"]
    assert (grave.state, grave.reaction, grave.targets) == (EntryState.DELETED, Reaction(kind=Kind.REPLY), ())
    assert answer.parent_id == grave.id
    assert (await bring_in(db, site, [gone])).present == 1


async def test_states_decide_what_is_shown_and_told(db: Database, site: Site):
    states = (EntryState.SHOWN, EntryState.HELD, EntryState.HIDDEN, EntryState.SPAM)
    await bring_in(db, site, [record(number, state=state) for number, state in enumerate(states)])
    async with db.read() as c:
        shown, total = await entries.query(c, MentionQuery(site_ids=(site.id,)))
        told = [change.entry_id for change in await changes.since(c, 0)]
    assert total == 1
    assert told == [entry.id for entry in shown]
    assert [entry.state for entry in (await everything(db, site)).values()] == list(states)


async def test_a_look_ahead_says_the_same_and_writes_nothing(db, site, page):
    async with db.write() as c:
        gone = await respond(c, page, "https://ann.example/1")
        await entries.set_state(c, gone.id, EntryState.DELETED, now=NOW)
    await bring_in(db, site, [record(2)], digest=b"another file")
    records = [*(record(number) for number in range(400)), record(5), record("x", target="https://x.example/")]
    async with db.read() as c:
        before = await entries.of_site(c, site.id, states=EVERY_STATE)
    looked = await moving.preview(db, site, records)
    async with db.read() as c:
        assert await entries.of_site(c, site.id, states=EVERY_STATE) == before
    assert looked == await bring_in(db, site, records)
    assert (looked.moved, looked.present, sum(looked.skipped.values())) == (398, 2, 2)


async def test_times_are_those_of_the_other_system_but_the_next_look_at_the_source_is_ours(db: Database, site: Site):
    edited = NOW - timedelta(days=3)
    await bring_in(db, site, [record(1), record(2, updated_at=edited)])
    found = await everything(db, site)
    assert found["https://ann.example/1"].updated_at == found["https://ann.example/1"].received_at
    assert found["https://ann.example/2"].updated_at == edited
    async with db.read() as c:
        assert await entries.due_for_recheck(c, NOW - timedelta(seconds=1), 10) == []


async def test_a_report_counts_all_and_names_the_first_of_each_reason():
    report = Report()
    report.add([Result(number, f"r{number}", "skipped", f"its page is odd: {number}") for number in range(50)])
    assert report.skipped == {"its page is odd": 50}
    assert report.refs == {"its page is odd": [f"r{number}" for number in range(imports.REFS_SHOWN)]}


async def test_old_dates_and_odd_words_are_kept(db: Database, site: Site):
    old = datetime(1970, 1, 1, tzinfo=UTC)
    name = replace(reply(), name="\ud800 \x00 ok")
    assert (await bring_in(db, site, [record(1, received_at=old, reaction=name)])).moved == 1
    assert (await everything(db, site))["https://ann.example/1"].received_at == old


@pytest.mark.parametrize("state", [EntryState.HIDDEN, EntryState.SPAM, EntryState.DELETED])
async def test_what_was_removed_here_does_not_come_back_in_another_spelling(db, site, page, state):
    async with db.write() as c:
        removed = await respond(c, page, "https://www.ann.example/1")
        await respond(c, page, "https://ann.example/2")
        await entries.set_state(c, removed.id, state, now=NOW)
    others = [
        record(2, source="http://ann.example/2"),
        record("other", source="https://ann.example/1", target=f"{POST}/2"),
    ]
    records = [record(1, source="http://ann.example/1"), record("1#again"), *others]
    looked = await moving.preview(db, site, records)
    report = await bring_in(db, site, records)
    assert looked == report
    is_dead = state is EntryState.DELETED
    assert (report.moved, report.present) == (2, 0 if is_dead else 2)
    assert report.refs == ({placing.DELETED_HERE: ["1", "1#again"]} if is_dead else {})
    found = await everything(db, site)
    assert {"http://ann.example/1", "https://ann.example/1#again"}.isdisjoint(found)


@pytest.mark.parametrize("state", [EntryState.SPAM, EntryState.DELETED])
async def test_what_a_file_says_of_one_spelling_is_not_said_of_the_other(db: Database, site: Site, state: EntryState):
    away = record("away", source="http://ann.example/1", state=state)
    for digest in (b"a file", b"another one"):
        report = await bring_in(db, site, [away, record(1)], digest=digest)
        assert report.moved + report.present == 2
    await bring_in(db, site, [record(2, state=state)])
    assert (
        await bring_in(db, site, [record(3), record("later", source="http://ann.example/2")], digest=b"3")
    ).moved == 2
    assert (await everything(db, site))["https://ann.example/1"].state is EntryState.SHOWN


async def test_what_comes_in_by_itself_meanwhile_is_no_end_of_an_import(db, site, page):
    told: list[Result] = []
    records = [record("other", target=f"{POST}/2"), record(1), record(2)]
    async with db.write() as c:
        known = await respond(c, page, "https://ann.example/1")
        importing = asyncio.create_task(bring_in(db, site, records, on_batch=told.extend))
        await until_one_waits(db)
    assert await importing == Report(moved=2, present=1)
    assert [(result.ref, result.outcome) for result in told] == [("other", "moved"), ("1", "present"), ("2", "moved")]
    assert (await everything(db, site))["https://ann.example/1"] == known
