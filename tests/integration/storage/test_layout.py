"""What stands where in a thread is kept beside the entries, and always equals what the rules make of them."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import delete, select, text, update

from mentions import threads
from mentions.errors import Conflict, NotFound
from mentions.model import EntryState, Kind, PlainText, Url
from mentions.storage import Database, entries, layout, likes, pages, schema, sites
from mentions.storage import tables as t
from mentions.storage.layout import Window, keeping
from mentions.storage.layout.facts import Kept
from mentions.threads import Part, Place
from tests.integration.storage.making import MINUTE, NOW, reply, respond
from tests.support.standings import standing_of

BASE = "https://ymateb.example/entries/"
LIKE = replace(reply(), kind=Kind.LIKE, content=None)


async def kept(db: Database, page_id: int) -> tuple[dict[int, Place], threads.Count]:
    """The places of a page, and what they add up to, after they were brought up to date."""
    await layout.bring_up_to_date(db, page_id, BASE)
    async with db.read() as c:
        found = [await layout.place_of(c, row.id) for row in await c.execute(select(t.places).where(of(page_id)))]
        return {place.id: place for place in found if place is not None}, await layout.counts(c, page_id)


def of(page_id: int):
    return t.places.c.page_id == page_id


async def from_scratch(db: Database, page_id: int) -> tuple[dict[int, Place], threads.Count]:
    """What the rules make of all entries of the page."""
    async with db.read() as c:
        found = await entries.thread(c, page_id, threads.LASTING)
        query = select(t.entries.c.id, t.entries.c.merged_into).where(t.entries.c.merged_into.is_not(None))
        merged = {row.id: row.merged_into for row in await c.execute(query)}
    standings = [standing_of(entry, permalink_base=BASE) for entry in found]
    places = threads.lay_out(replace(each, cluster_id=merged.get(each.id, each.cluster_id)) for each in standings)
    return places, threads.count(places.values())


async def assert_in_line(db: Database, page_id: int) -> None:
    stored, counted = await kept(db, page_id)
    wanted, total = await from_scratch(db, page_id)
    for place in wanted.values():
        assert stored[place.id].is_named or not place.is_named
        place.is_named = stored[place.id].is_named
    assert stored == wanted
    assert (counted.readable, dict(counted.shown), dict(counted.faces)) == (
        total.readable,
        dict(total.shown),
        dict(total.faces),
    )


async def somebody_waits(db: Database) -> bool:
    """Whether a transaction waits for an advisory lock (PostgreSQL)."""
    async with db.read() as c:
        waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return bool((await c.execute(waiting)).scalar_one())


async def read_through(db: Database, page_id: int, **facts) -> list[int]:
    """The responses at the top, page by page."""
    seen: list[int] = []
    after = None
    while True:
        async with db.read() as c:
            places, after = await layout.window(c, page_id, Window(after=after, **facts))
        seen += [place.id for place in places if place.depth == 0]
        if after is None:
            return seen


async def test_what_was_brought_in_is_laid_out_before_somebody_has_to_wait_for_it(db, site, page):
    async with db.write() as c:
        other = await pages.ensure(c, site.id, "https://example.com/other", now=NOW)
        for n in range(101):
            await respond(c, page, f"https://ann.example/{n}")
        await respond(c, other, "https://ann.example/1")
    await layout.bring_long_ones_up_to_date(db, BASE)
    async with db.read() as c:
        assert (await layout.counts(c, page.id)).readable == 101
        assert (await layout.counts(c, other.id)).readable == 0
    await assert_in_line(db, page.id)
    await assert_in_line(db, other.id)


async def test_a_page_that_an_older_version_left_is_laid_out_when_it_is_read(db, page):
    async with db.write() as c:
        ids = [(await respond(c, page, f"https://ann.example/{n}")).id for n in range(5)]
        await entries.update(c, ids[1], now=NOW, parent_id=ids[0])
        await entries.set_state(c, ids[2], EntryState.DELETED, now=NOW)
        await c.execute(delete(t.unsettled))
    await assert_in_line(db, page.id)
    await layout.bring_up_to_date(db, page.id, "https://moved.example/entries/")
    await assert_in_line(db, page.id)


async def test_two_who_look_at_once_settle_it_once(db, page):
    async with db.write() as c:
        for n in range(20):
            await respond(c, page, f"https://ann.example/{n}")
    await asyncio.gather(*(layout.bring_up_to_date(db, page.id, BASE) for _ in range(8)))
    await assert_in_line(db, page.id)
    async with db.read() as c:
        assert (await c.execute(select(t.threads.c.version))).scalar_one() == 1


async def test_a_page_that_became_one_with_another_leaves_nothing_to_settle(db, site, page):
    async with db.write() as c:
        other = await pages.ensure(c, site.id, "https://example.com/other", now=NOW)
        await respond(c, other, "https://ann.example/1")
    async with db.write() as c:
        await pages.learn(c, page.id, aliases=[other.url], checked_at=NOW)
    await layout.bring_up_to_date(db, other.id, BASE)
    await assert_in_line(db, page.id)
    async with db.read() as c:
        assert (await layout.counts(c, other.id)).readable == 0
        assert (await layout.counts(c, page.id)).readable == 1


async def test_a_reader_waits_for_two_pages_that_become_one(db, site, page):
    async with db.write() as c:
        other = await pages.ensure(c, site.id, "https://example.com/other", now=NOW)
        await respond(c, other, "https://ann.example/1")
    async with db.write() as c:
        await pages.learn(c, page.id, aliases=[other.url], checked_at=NOW)
        reader = asyncio.create_task(layout.bring_up_to_date(db, other.id, BASE))
        while db.dialect == "postgresql" and not await somebody_waits(db):
            await asyncio.sleep(0.01)
    await reader
    await assert_in_line(db, page.id)


async def test_what_the_owner_removed_does_not_hang_below_the_same_in_another_spelling(db, page):
    async with db.write() as c:
        removed = await respond(c, page, "http://ann.example/1")
        await respond(c, page, "https://www.ann.example/1")
    await assert_in_line(db, page.id)
    async with db.write() as c:
        await entries.set_state(c, removed.id, EntryState.DELETED, now=NOW)
    await assert_in_line(db, page.id)


async def test_who_answered_an_entry_that_became_one_with_another_answers_that(db, site, page):
    async with db.write() as c:
        other = await pages.ensure(c, site.id, "https://example.com/other", now=NOW)
        older = await respond(c, page, "https://ann.example/1")
        younger = await respond(c, other, "https://ann.example/1")
        naming = reply(in_reply_to=(Url(f"{BASE}{younger.id}"),))
        answer = await respond(c, other, "https://bob.example/1", naming)
    async with db.write() as c:
        await pages.learn(c, page.id, aliases=[other.url], checked_at=NOW)
    await assert_in_line(db, page.id)
    places, _ = await kept(db, page.id)
    assert (places[answer.id].parent_id, places[younger.id].part) == (older.id, Part.NOWHERE)
    async with db.write() as c:
        await entries.set_state(c, older.id, EntryState.HIDDEN, now=NOW)
    await assert_in_line(db, page.id)


async def test_marks_go_with_their_site_and_hinder_nobody_later(db, site, page):
    async with db.write() as c:
        for n in range(101):
            await respond(c, page, f"https://ann.example/{n}")
    async with db.write() as c:
        await sites.remove(c, site.authority)
    async with db.read() as c:
        assert not (await c.execute(select(t.unsettled))).all()
    await layout.bring_long_ones_up_to_date(db, BASE)


async def test_other_rules_read_the_words_again(db, page):
    async with db.write() as c:
        for n in range(3):
            await respond(c, page, f"https://ann.example/{n}")
    await assert_in_line(db, page.id)
    async with db.write() as c:
        await c.execute(update(t.places).values(is_readable=False, kind="like"))
        await c.execute(delete(t.threads))
    await assert_in_line(db, page.id)


class LayoutMachine(RuleBasedStateMachine):
    """Two pages, and everything that happens to their entries."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.at = NOW
        self.ids: list[int] = []
        self.names: list[str] = ["https://example.com/a"]
        self.stored = 0
        self.runner.run(self._open())

    async def _open(self) -> None:
        self.db = await Database.open(self.url)
        async with self.db.write() as c:
            site = await sites.add(c, "example.com", [], now=NOW)
            self.pages = [await pages.ensure(c, site.id, f"https://example.com/{name}", now=NOW) for name in ("a", "b")]

    def teardown(self) -> None:
        async def close() -> None:
            try:
                for page in self.pages:
                    await assert_in_line(self.db, page.id)
            finally:
                async with self.db.write() as c:
                    await sites.remove(c, "example.com")
                await self.db.close()

        with self.runner as runner:
            runner.run(close())

    def do(self, change) -> None:
        """One transaction a minute later; what the rules of entries refuse is no change."""

        async def write() -> None:
            async with self.db.write() as c:
                await change(c)

        self.at += MINUTE
        with contextlib.suppress(Conflict, NotFound):
            self.runner.run(write())

    def name(self, number: int) -> Url:
        return Url(self.names[number % len(self.names)])

    def entry(self, number: int) -> int:
        return self.ids[number % len(self.ids)]

    def words(self, kind: Kind, *, is_long: bool, answers: list[int], also: int, days: int):
        said = replace(
            reply() if is_long else LIKE,
            kind=kind,
            in_reply_to=tuple(self.name(each) for each in answers),
            syndication=(self.name(also),) if also % 4 == 0 else (),
            published_at=self.at + timedelta(days=days),
        )
        return replace(said, rsvp=PlainText(["yes", "no"][also % 2])) if kind is Kind.RSVP else said

    facts = {
        "kind": st.sampled_from([Kind.REPLY, Kind.LIKE, Kind.RSVP]),
        "is_long": st.booleans(),
        "answers": st.lists(st.integers(0, 40), max_size=3),
        "also": st.integers(1, 40),
        "days": st.integers(-3, 1),
    }

    @rule(
        where=st.integers(0, 5),
        state=st.sampled_from([*EntryState, *[EntryState.SHOWN] * 4]),
        private=st.integers(0, 9),
        parent=st.none() | st.integers(0, 40),
        **facts,
    )
    def respond(self, where, state, private, parent, **facts):
        page = self.pages[(where == 0) % len(self.pages)]
        self.stored += 1
        source = f"https://ann.example/{self.stored}"
        parent_id = self.entry(parent) if parent is not None and self.ids else None
        if state is EntryState.DELETED:
            state = EntryState.HELD

        async def change(c):
            made = await respond(c, page, source, self.words(**facts), state=state, private=private == 0,
                                 now=self.at, parent_id=parent_id)  # fmt: skip
            self.ids.append(made.id)
            self.names += [source, f"{BASE}{made.id}"]

        self.do(change)

    @precondition(lambda self: self.ids)
    @rule(which=st.integers(0, 40), state=st.sampled_from(list(EntryState)))
    def decide(self, which, state):
        self.do(lambda c: entries.set_state(c, self.entry(which), state, now=self.at))

    @precondition(lambda self: self.ids)
    @rule(which=st.integers(0, 40), is_back=st.booleans(), **facts)
    def edit(self, which, is_back, **facts):
        state = EntryState.SHOWN if is_back else None
        self.do(
            lambda c: entries.update(
                c, self.entry(which), now=self.at, reaction=self.words(**facts), state=state, actor="owner"
            )
        )

    @precondition(lambda self: self.ids)
    @rule(which=st.integers(0, 40), parent=st.none() | st.integers(0, 40))
    def hang(self, which, parent):
        above = None if parent is None else self.entry(parent)
        self.do(lambda c: entries.update(c, self.entry(which), now=self.at, parent_id=above))

    @precondition(lambda self: self.ids)
    @rule(which=st.integers(0, 40), first=st.integers(0, 40))
    def put_together(self, which, first):
        if self.entry(which) != self.entry(first):
            self.do(lambda c: entries.update(c, self.entry(which), now=self.at, cluster_id=self.entry(first)))

    @precondition(lambda self: self.ids)
    @rule(which=st.integers(0, 40))
    def split(self, which):
        self.do(lambda c: entries.split(c, self.entry(which), now=self.at))

    @precondition(lambda self: self.ids)
    @rule(which=st.integers(0, 40))
    def like(self, which):
        self.do(lambda c: likes.add(c, self.entry(which), b"somebody", now=self.at))

    @precondition(lambda self: len(self.pages) > 1)
    @rule(first=st.integers(0, 3))
    def merge(self, first):
        if first == 0:
            self.do(lambda c: pages.merging.merge(c, {page.id for page in self.pages}, now=self.at))
            self.pages.pop()

    @rule()
    def look(self):
        for page in self.pages:
            self.runner.run(assert_in_line(self.db, page.id))

    @invariant()
    def pages_of_a_thread_hold_everything_once(self):
        async def read() -> None:
            stored, _ = await kept(self.db, self.pages[0].id)
            top = sorted((p for p in stored.values() if p.part is Part.TREE and p.depth == 0), key=lambda p: p.key)
            ids = [place.id for place in top]
            assert await read_through(self.db, self.pages[0].id, limit=2) == ids
            assert await read_through(self.db, self.pages[0].id, limit=3, most=4, newest_first=True) == ids[::-1]

        if self.stored % 5 == 4:
            self.runner.run(read())


def test_the_layout_is_always_what_the_rules_make_of_the_entries(migrated_url):
    class Machine(LayoutMachine):
        url = migrated_url

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


DAWDLE = """CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql
            AS $$BEGIN PERFORM pg_sleep(0.002); RETURN NULL; END$$"""


async def test_a_long_page_is_written_though_that_takes_longer_than_an_answer_may(postgres_url: str):
    await schema.migrate_async(postgres_url)
    db = await Database.open(postgres_url, silence_s=3)
    places = [Place(number, "reply", NOW, is_shown=True, is_readable=True) for number in range(1600)]
    async with db.write() as c:
        await c.execute(text(DAWDLE))
        await c.execute(text("CREATE TRIGGER slow BEFORE UPDATE ON places EXECUTE FUNCTION dawdle()"))
        await keeping.change(c, places, {place.id: Kept(b"", None) for place in places})
    await db.close()
