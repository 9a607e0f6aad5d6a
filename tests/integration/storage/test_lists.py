"""What the reading API asks for, on both databases alike."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event, text

from mentions.model import EntryState, Kind, Reaction, Url
from mentions.policy import Person
from mentions.storage import Database, entries, pages, sites
from mentions.storage.entries import MentionQuery, Target
from tests.integration.storage.making import MINUTE, NOW, reply, respond


def names(found) -> list[str]:
    """The last path segments of the sources."""
    return [entry.source.rsplit("/", 1)[1] for entry in (found[0] if isinstance(found, tuple) else found)]


def source(name: str) -> str:
    return f"https://ann.example/{name}"


async def ask(db: Database, **asked):
    async with db.read() as c:
        return await entries.query(c, MentionQuery(**asked))


@pytest.fixture
async def thread(db, page):
    """Six responses, received a minute apart, the first one published last."""
    kinds = {
        "reply": reply(),
        "like": Reaction(kind=Kind.LIKE),
        "quote": Reaction(kind=Kind.QUOTATION),
        "follow": Reaction(kind=Kind.FOLLOW),
        "yes": Reaction(kind=Kind.RSVP, rsvp="yes"),
        "no": Reaction(kind=Kind.RSVP, rsvp="no"),
    }
    made = {}
    async with db.write() as c:
        for number, (name, reaction) in enumerate(kinds.items()):
            at = NOW + number * MINUTE
            made[name] = await respond(c, page, source(name), reaction, now=at, target=page.url + f"#{name}")
    return made


async def test_without_a_place_to_look_nothing_is_found(db, thread):
    assert await ask(db) == ([], 0)
    assert await ask(db, targets=()) == ([], 0)
    assert await ask(db, site_ids=()) == ([], 0)
    assert await ask(db, page_ids=()) == ([], 0)


async def test_the_newest_come_first_unless_asked_otherwise(db, page, thread):
    assert names(await ask(db, page_ids=(page.id,))) == ["no", "yes", "follow", "quote", "like", "reply"]
    assert names(await ask(db, page_ids=(page.id,), newest_first=False)) == [
        "reply", "like", "quote", "follow", "yes", "no",
    ]  # fmt: skip


async def test_pages_of_a_list_do_not_overlap_and_the_total_counts_all(db, page, thread):
    first = await ask(db, page_ids=(page.id,), per_page=4)
    second = await ask(db, page_ids=(page.id,), per_page=4, page=1)
    third = await ask(db, page_ids=(page.id,), per_page=4, page=2)
    assert (names(first), names(second), names(third)) == (["no", "yes", "follow", "quote"], ["like", "reply"], [])
    assert (first[1], second[1], third[1]) == (6, 6, 6)
    assert await ask(db, page_ids=(page.id,), per_page=0) == ([], 6)


async def test_a_target_is_any_spelling_of_a_page_and_a_fragment_narrows(db, page, thread):
    async with db.write() as c:
        await pages.learn(c, page.id, aliases=["https://blog.example.com/?p=1"], checked_at=NOW)
    for spelling in (page.url, "http://www.example.com/post", "//example.com/post", "https://blog.example.com/?p=1"):
        assert (await ask(db, targets=(Target.of(spelling),)))[1] == 6, spelling
    assert names(await ask(db, targets=(Target.of("//example.com/post#like"),))) == ["like"]
    assert names(await ask(db, targets=(Target.of(page.url + "#like"), Target.of(page.url + "#no")))) == ["no", "like"]
    assert (await ask(db, targets=(Target.of(page.url + "#like"), Target.of(page.url))))[1] == 6
    assert await ask(db, targets=(Target.of("https://example.com/elsewhere"), Target.of("nonsense"))) == ([], 0)


async def test_a_site_token_lists_its_own_site_only(db, page, thread):
    async with db.write() as c:
        other = await sites.add(c, "other.example", now=NOW)
        there = await pages.ensure(c, other.id, "https://other.example/", now=NOW)
        await respond(c, there, source("there"))
    assert names(await ask(db, site_ids=(other.id,))) == ["there"]
    assert (await ask(db, site_ids=(page.site_id, other.id)))[1] == 7
    assert (await ask(db, site_ids=(other.id,), targets=(Target.of(page.url),)))[1] == 0


async def test_properties_and_kinds_narrow(db, page, thread):
    def of(**asked):
        return ask(db, page_ids=(page.id,), **asked)

    assert names(await of(properties=("mention-of",))) == ["follow", "quote"]
    assert names(await of(properties=("in-reply-to", "like-of"))) == ["like", "reply"]
    assert names(await of(properties=("rsvp",))) == ["no", "yes"]
    assert names(await of(kinds=(Kind.FOLLOW, Kind.LIKE))) == ["follow", "like"]
    assert await of(properties=("nonsense",)) == ([], 0)


async def test_since_means_received_after(db, page, thread):
    assert names(await ask(db, page_ids=(page.id,), since=NOW + 3 * MINUTE)) == ["no", "yes"]
    assert names(await ask(db, page_ids=(page.id,), since=NOW + 3 * MINUTE - timedelta(microseconds=1))) == [
        "no", "yes", "follow",
    ]  # fmt: skip
    assert names(await ask(db, page_ids=(page.id,), since_id=thread["follow"].id)) == ["no", "yes"]


@pytest.mark.parametrize(
    ("newest_first", "order"), [(True, ["b", "c", "a", "e", "d"]), (False, ["a", "c", "b", "d", "e"])]
)
async def test_what_was_published_at_no_known_time_comes_last_either_way(db, page, newest_first, order):
    published = {"a": NOW - 9 * MINUTE, "b": NOW - MINUTE, "c": NOW - 5 * MINUTE, "d": None, "e": None}
    async with db.write() as c:
        for name, at in published.items():
            await respond(c, page, source(name), reply(published_at=at))
    assert names(await ask(db, page_ids=(page.id,), sort_by="published", newest_first=newest_first)) == order


async def test_rsvps_are_sorted_from_no_to_yes(db, page):
    async with db.write() as c:
        for value in ("maybe", "yes", "perhaps", "no", "interested"):
            await respond(c, page, source(value), Reaction(kind=Kind.RSVP, rsvp=value))
        await respond(c, page, source("like"), Reaction(kind=Kind.LIKE))
    up = names(await ask(db, page_ids=(page.id,), sort_by="rsvp", newest_first=False))
    down = names(await ask(db, page_ids=(page.id,), sort_by="rsvp"))
    assert up == ["no", "interested", "maybe", "yes", "perhaps", "like"]
    assert down == ["yes", "maybe", "interested", "no", "like", "perhaps"]


async def test_updated_entries_come_first_when_asked_for(db, page, thread):
    async with db.write() as c:
        await entries.update(c, thread["like"].id, now=NOW + 60 * MINUTE, reaction=reply("changed"))
    assert names(await ask(db, page_ids=(page.id,), sort_by="updated", per_page=2)) == ["like", "no"]


async def test_what_is_not_shown_private_or_a_copy_is_listed_only_when_asked_for(db, page, thread):
    async with db.write() as c:
        for state in (EntryState.HELD, EntryState.HIDDEN, EntryState.SPAM):
            await respond(c, page, source(state), state=state)
        await respond(c, page, source("private"), private=True)
        await respond(c, page, source("copy"), cluster_id=thread["reply"].id)
    of_page = {"page_ids": (page.id,)}
    assert set(names(await ask(db, **of_page))) == {*thread, "copy"}
    assert set(names(await ask(db, **of_page, include_copies=False))) == set(thread)
    assert set(names(await ask(db, **of_page, include_private=True))) == {*thread, "copy", "private"}
    assert names(await ask(db, **of_page, states=(EntryState.HELD,))) == ["held"]
    async with db.read() as c:
        assert set(names(await entries.of_site(c, page.site_id))) == {*thread, "copy", "private"}
        assert set(names(await entries.thread(c, page.id))) == {*thread, "copy"}
        assert names(await entries.thread(c, page.id, [EntryState.HELD, EntryState.SPAM])) == ["held", "spam"]


async def test_counts_name_the_answer_of_an_rsvp(db, page, thread):
    async with db.write() as c:
        await respond(c, page, source("copy"), cluster_id=thread["reply"].id)
        await respond(c, page, source("held"), state=EntryState.HELD)
        await respond(c, page, source("private"), private=True)
        await respond(c, page, source("odd"), Reaction(kind=Kind.RSVP))
    expected = {"reply": 2, "like": 1, "quotation": 1, "follow": 1, "rsvp-yes": 1, "rsvp-no": 1, "rsvp": 1}
    async with db.read() as c:
        assert await entries.count(c, [page.id]) == expected
        assert await entries.count(c, [page.id], include_copies=False) == expected | {"reply": 1}
        assert await entries.count(c, [page.id], fragment="like") == {"like": 1}
        assert await entries.count_of(c, MentionQuery(targets=(Target.of(page.url),), kinds=(Kind.LIKE,))) == {
            "like": 1
        }
        assert await entries.count_by_page(c, [page.id, 999]) == {page.id: expected | {"reply": 1}}
        assert await entries.count(c, []) == {}


async def test_tombstones_are_listed_latest_first(db, page, thread):
    async with db.write() as c:
        for minute, name in enumerate(("yes", "reply", "like")):
            await entries.withdraw(c, thread[name].id, now=NOW + (10 + minute) * MINUTE)
    asked = MentionQuery(targets=(Target.of(page.url),))
    async with db.read() as c:
        found, total = await entries.deleted(c, asked)
        assert (names(found), total) == (["like", "reply", "yes"], 3)
        since = MentionQuery(site_ids=(page.site_id,), since=NOW + 10 * MINUTE, newest_first=False)
        assert names(await entries.deleted(c, since)) == ["reply", "like"]
        since_id = MentionQuery(site_ids=(page.site_id,), since_id=thread["reply"].id, per_page=1)
        found, total = await entries.deleted(c, since_id)
        assert (names(found), total) == (["like"], 2)
    assert names(await ask(db, page_ids=(page.id,))) == ["no", "follow", "quote"]


async def test_a_thread_can_be_read_in_parts(db, page, thread):
    async with db.read() as c:
        first = await entries.thread(c, page.id, limit=4)
        rest = await entries.thread(c, page.id, after=first[-1].id, limit=4)
        some = await entries.of_site(c, page.site_id, after=first[-1].id)
    assert names(first) + names(rest) == list(thread)
    assert names(some) == names(rest)


async def test_ten_thousand_entries_are_listed_at_once(db, page):
    async with db.write() as c:
        made = await respond(c, page, source("0"))
        columns = """site_id, page_id, source, source_authority, target, targets, protocol, state, kind, wm_property,
                     reaction, received_at, updated_at, checked_at, private, likes, revision, policy_version"""
        key = "randomblob(20)" if db.dialect == "sqlite" else "decode(md5(random()::text), 'hex')"
        await c.execute(
            text(f"""INSERT INTO entries (source_key, {columns})
                     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10050)
                     SELECT {key}, {columns} FROM entries, n WHERE entries.id = :id"""),
            {"id": made.id},
        )
    found, total = await ask(db, page_ids=(page.id,), per_page=20_000)
    assert (len(found), total) == (10_000, 10_051)
    assert len({entry.id for entry in found}) == 10_000


async def test_no_list_reads_the_whole_table(sqlite_template, tmp_path):
    """SQLite says how it would find the rows: SEARCH uses an index, SCAN reads all of them."""
    path = tmp_path / "plans.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())
    db = await Database.open(f"sqlite:///{path}")
    asked: list[tuple[str, object]] = []
    event.listen(
        db._reader.sync_engine, "before_cursor_execute", lambda *call: asked.append((call[2], call[3]))
    )  # statement, parameters
    async with db.read() as c:
        for sort_by in ("created", "updated", "published", "rsvp"):
            for where in ({"targets": (Target("a"), Target("b", "f"))}, {"page_ids": (1,)}, {"site_ids": (1,)}):
                await entries.query(c, MentionQuery(**where, sort_by=sort_by, page=1))
                await entries.deleted(c, MentionQuery(**where, page=1))
                await entries.count_of(c, MentionQuery(**where))
        await entries.thread(c, 1, list(EntryState))
        await entries.of_site(c, 1, states=[EntryState.HELD])
        await entries.replies_to(c, [1, 2])
        await entries.by_source(c, "https://a.example/", 1)
        await entries.all_by_source(c, "https://a.example/")
        await entries.find_by_any_url(c, 1, ["https://a.example/", "https://b.example/"])
        await entries.find_answers(c, 1, ["https://a.example/"])
        await entries.has_shown(c, 1, {}, Person(author=Url("https://a.example/")))
        await entries.has_shown(c, 1, {}, Person(host="a.example"))
        await entries.due_for_recheck(c, NOW, 10)
        selects = [(sql, parameters) for sql, parameters in asked if sql.lstrip().startswith("SELECT")]
        plans = {}
        for sql, parameters in selects:
            plan = await c.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)
            plans[sql] = " / ".join(row[3] for row in plan)
    await db.close()
    assert len(plans) > 20
    assert [f"{plan}\n{sql}" for sql, plan in plans.items() if "SCAN" in plan] == []


async def test_a_reaction_with_a_url_of_its_own_stays_under_its_source(db, page):
    async with db.write() as c:
        await respond(c, page, source("bridged"), reply(url=Url("https://social.example/@ann/1")))
    found, _ = await ask(db, targets=(Target.of(page.url),))
    assert [(entry.source, entry.reaction.url) for entry in found] == [
        (source("bridged"), "https://social.example/@ann/1")
    ]
