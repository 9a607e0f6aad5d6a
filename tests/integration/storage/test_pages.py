"""Pages, their spellings, and what happens when two pages turn out to be one."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from mentions import urls
from mentions.errors import NotFound
from mentions.model import Change, EntryState, Url
from mentions.storage import changes, claims, entries, likes, pages, sites
from tests.integration.storage.making import MINUTE, NOW, outcome, reply, respond

POST = "https://example.com/post"
OLD = "https://example.com/?p=1"
SOURCE = "https://ann.example/1"


async def key_of(c, url: str):
    return await pages.by_key(c, urls.page_key(url))


async def test_a_page_is_one_under_both_schemes_with_and_without_www(db, site):
    async with db.write() as c:
        made = await pages.ensure(c, site.id, "https://example.com/post?a=b#c", now=NOW)
        again = await pages.ensure(c, site.id, "http://www.example.com/post?a=b", now=NOW + MINUTE)
        other = await pages.ensure(c, site.id, "https://example.com/post", now=NOW)
    assert made == again
    assert (made.url, made.title, made.closed, made.checked_at) == ("https://example.com/post?a=b", None, False, None)
    assert other.id != made.id
    async with db.read() as c:
        assert await pages.by_id(c, made.id) == made
        assert await pages.by_ids(c, [made.id, 999]) == {made.id: made}
        assert await pages.by_key(c, "example.com/unknown") is None
        assert await pages.by_keys(c, ["example.com/post", "example.com/unknown", ""]) == {"example.com/post": other}
        assert await pages.by_keys(c, []) == {}
        assert await pages.of_site(c, site.id, limit=1) == [made]
        assert await pages.of_site(c, site.id, after=made.id) == [other]


async def test_what_is_no_page_is_refused(db, site):
    async with db.write() as c:
        with pytest.raises(ValueError, match="not the URL of a page"):
            await pages.ensure(c, site.id, "mailto:me@example.com", now=NOW)


async def test_two_jobs_that_ensure_a_page_at_once_get_the_same_one(db, site):
    async def job() -> int:
        async with db.write() as c:
            return (await pages.ensure(c, site.id, POST, now=NOW)).id

    assert len(set(await asyncio.gather(*(job() for _ in range(8))))) == 1
    async with db.read() as c:
        assert len(await pages.of_site(c, site.id)) == 1


async def test_a_page_is_closed_and_opened(db, page):
    async with db.write() as c:
        assert (await pages.set_closed(c, page.id, True)).closed is True
        assert (await pages.by_id(c, page.id)).closed is True
        assert (await pages.set_closed(c, page.id, False)).closed is False
        with pytest.raises(NotFound):
            await pages.set_closed(c, 999, True)


async def test_a_page_learns_its_canonical_url_its_aliases_and_its_title(db, page):
    async with db.write() as c:
        learned = await pages.learn(
            c, page.id, canonical="https://example.com/2026/post/#top", aliases=[OLD, page.url], title="Tŷ 🏠",
            checked_at=NOW + MINUTE,
        )  # fmt: skip
        assert (learned.id, learned.url, learned.title) == (page.id, "https://example.com/2026/post/", "Tŷ 🏠")
        assert learned.checked_at == NOW + MINUTE
        assert await pages.keys_of(c, page.id) == ["example.com/2026/post/", "example.com/?p=1", "example.com/post"]
        for known in (OLD, POST, "http://www.example.com/2026/post/"):
            assert await key_of(c, known) == learned
        later = await pages.learn(c, page.id, checked_at=NOW + 2 * MINUTE)
        assert (later.url, later.title) == (learned.url, "Tŷ 🏠")
        with pytest.raises(NotFound):
            await pages.learn(c, 999, checked_at=NOW)


async def test_a_page_cannot_claim_urls_of_others(db, page):
    async with db.write() as c:
        neighbour = await sites.add(c, "neighbour.example", now=NOW)
        theirs = await pages.ensure(c, neighbour.id, "https://neighbour.example/post", now=NOW)
        learned = await pages.learn(
            c, page.id, canonical="https://neighbour.example/post",
            aliases=["https://unregistered.example/", "https://blog.example.com/mine"], checked_at=NOW,
        )  # fmt: skip
        assert learned.url == page.url
        assert await pages.keys_of(c, page.id) == ["blog.example.com/mine", "example.com/post"]
        assert await key_of(c, theirs.url) == theirs


# --- two pages become one ------------------------------------------------------------------------------------------


@pytest.fixture
async def old_page(db, site):
    """Made before `page`."""
    async with db.write() as c:
        return await pages.ensure(c, site.id, OLD, now=NOW)


async def learn_that_they_are_one(c, page):
    return await pages.learn(c, page.id, canonical=POST, aliases=[OLD], checked_at=NOW + MINUTE)


async def test_the_older_page_stays_with_the_entries_and_spellings_of_both(db, old_page, page):
    async with db.write() as c:
        one = await respond(c, old_page, SOURCE)
        two = await respond(c, page, "https://bob.example/1")
        grave = await respond(c, page, "https://cat.example/1")
        await entries.withdraw(c, grave.id, now=NOW)
        held = await respond(c, page, "https://dan.example/1", state=EntryState.HELD)
        await pages.learn(c, page.id, title="The title", checked_at=NOW)
        await pages.set_closed(c, page.id, True)
    async with db.write() as c:
        merged = await learn_that_they_are_one(c, page)
        assert (merged.id, merged.url, merged.title, merged.closed) == (old_page.id, POST, "The title", True)
        assert await pages.by_id(c, page.id) is None
        assert await pages.keys_of(c, merged.id) == ["example.com/?p=1", "example.com/post"]
        states = list(EntryState)
        assert [one.id for one in await entries.thread(c, merged.id, states)] == [one.id, two.id, grave.id, held.id]
        told = await changes.since(c, 0)
    assert [(change.entry_id, change.page_id, change.change) for change in told] == [
        (two.id, merged.id, Change.UPDATED)
    ]


async def test_a_source_on_both_pages_keeps_its_older_entry_with_the_targets_of_both(db, old_page, page):
    async with db.write() as c:
        older = await respond(c, old_page, SOURCE, reply("first"))
        younger = await respond(
            c, page, SOURCE, reply("edited", url=Url("https://ann.example/u")), target=POST + "#x", now=NOW + MINUTE,
            mf2={"newer": 1},
        )  # fmt: skip
        child = await respond(c, page, "https://bob.example/1", parent_id=younger.id, cluster_id=younger.id)
        await likes.add(c, older.id, b"ann", now=NOW)
        await likes.add(c, younger.id, b"ann", now=NOW)
        await likes.add(c, younger.id, b"bob", now=NOW)
        await claims.save(c, outcome(entry_id=younger.id))
    async with db.write() as c:
        merged = await learn_that_they_are_one(c, page)
        united = await entries.get(c, older.id)
        assert (united.id, united.page_id, united.state) == (older.id, merged.id, EntryState.SHOWN)
        assert united.targets == (OLD, POST + "#x")
        assert united.reaction == younger.reaction
        assert (united.revision, united.likes) == (2, 2)
        assert await entries.mf2(c, older.id) == {"newer": 1}
        assert await entries.get(c, younger.id) == united, "the younger id leads to the older entry"
        assert await entries.by_source(c, urls.source_key(SOURCE), merged.id) == united
        assert await entries.find_by_any_url(c, merged.id, ["https://ann.example/u"]) == [united]
        moved = await entries.get(c, child.id)
        assert (moved.parent_id, moved.cluster_id, moved.page_id) == (older.id, older.id, merged.id)
        assert (await claims.get(c, outcome().claim.id)).entry_id == older.id
        assert [one.act for one in await entries.revisions(c, older.id)] == ["created", "merged"]
        assert (await entries.revisions(c, older.id))[1].reaction == reply("first")
        shown = await entries.thread(c, merged.id)
        gone, total = await entries.deleted(c, entries.MentionQuery(page_ids=(merged.id,)))
        told = [(change.entry_id, change.change) for change in await changes.since(c, 0)]
    assert [entry.id for entry in shown] == [older.id, child.id]
    assert ([entry.id for entry in gone], total) == ([younger.id], 1)
    assert told == [(younger.id, Change.DELETED), (older.id, Change.UPDATED), (child.id, Change.UPDATED)]


async def test_the_older_entry_may_be_on_the_younger_page(db, old_page, page):
    async with db.write() as c:
        older = await respond(c, page, SOURCE)
        younger = await respond(c, old_page, SOURCE, reply("older text"), now=NOW - timedelta(days=1))
        merged = await learn_that_they_are_one(c, page)
        united = await entries.get(c, younger.id)
    assert (united.id, united.page_id, united.targets) == (older.id, merged.id, (POST, OLD))
    assert united.reaction == older.reaction, "what was verified last is believed"


@pytest.mark.parametrize(
    ("older", "younger", "united"),
    [
        (EntryState.SHOWN, EntryState.HELD, EntryState.SHOWN),
        (EntryState.HIDDEN, EntryState.SHOWN, EntryState.HIDDEN),
        (EntryState.DELETED, EntryState.SHOWN, EntryState.SHOWN),
        (EntryState.SHOWN, EntryState.DELETED, EntryState.SHOWN),
        (EntryState.DELETED, EntryState.DELETED, EntryState.DELETED),
    ],
)
async def test_what_was_decided_of_the_older_entry_stands(db, old_page, page, older, younger, united):
    async with db.write() as c:
        made = [await respond(c, where, SOURCE) for where in (old_page, page)]
        for entry, state in zip(made, (older, younger), strict=True):
            if state is EntryState.DELETED:
                await entries.withdraw(c, entry.id, now=NOW)
            else:
                await entries.set_state(c, entry.id, state, now=NOW)
        merged = await learn_that_they_are_one(c, page)
        left = await entries.get(c, made[0].id)
        found = await entries.find_by_any_url(c, merged.id, [SOURCE])
    assert left.state is united
    assert (left.deleted_at is None) == (united is not EntryState.DELETED)
    assert bool(left.targets) == (united is not EntryState.DELETED)
    assert left.reaction == (reply() if united is not EntryState.DELETED else left.reaction)
    assert [entry.id for entry in found] == ([made[0].id] if united is not EntryState.DELETED else [])


async def test_what_the_owner_deleted_stays_deleted_when_pages_become_one(db, old_page, page):
    async with db.write() as c:
        older = await respond(c, old_page, SOURCE)
        await entries.set_state(c, older.id, EntryState.DELETED, now=NOW)
        younger = await respond(c, page, SOURCE)
        await learn_that_they_are_one(c, page)
        left = await entries.get(c, younger.id)
        told = [(change.entry_id, change.change) for change in await changes.since(c, 0)]
        words = (await c.execute(text("SELECT count(*) FROM entries WHERE reaction LIKE '%Well said%'"))).scalar_one()
    assert (left.id, left.state) == (older.id, EntryState.DELETED)
    assert told == [(younger.id, Change.DELETED)]
    assert words == 0


async def test_three_pages_become_one(db, site, old_page, page):
    async with db.write() as c:
        third = await pages.ensure(c, site.id, "https://example.com/amp/post", now=NOW)
        for number, where in enumerate((third, page, old_page)):
            await respond(c, where, SOURCE, now=NOW + number * MINUTE)
            await respond(c, where, f"https://bob.example/{number}")
        merged = await pages.learn(c, third.id, canonical=POST, aliases=[OLD, third.url], checked_at=NOW)
        assert merged.id == old_page.id
        assert len(await pages.keys_of(c, merged.id)) == 3
        shown = await entries.thread(c, merged.id)
    assert sorted(entry.source for entry in shown) == [SOURCE, *(f"https://bob.example/{n}" for n in range(3))]
    assert sorted(next(entry.targets for entry in shown if entry.source == SOURCE)) == sorted([OLD, POST, third.url])


async def test_pages_that_are_learned_at_once_become_one_all_the_same(db, site):
    names = [f"https://example.com/{name}" for name in "abcd"]
    async with db.write() as c:
        made = [await pages.ensure(c, site.id, name, now=NOW) for name in names]
        for number, one in enumerate(made):
            await respond(c, one, f"https://bob.example/{number}")
            await respond(c, one, SOURCE)

    async def job(page_id: int) -> None:
        for _ in range(5):  # as a job that lost the race is tried again
            try:
                async with db.write() as c:
                    known = await pages.by_id(c, page_id)
                    if known is not None:
                        await pages.learn(c, page_id, canonical=names[0], aliases=names, checked_at=NOW)
            except Exception as error:
                if "deadlock" not in str(error) and not isinstance(error, NotFound):
                    raise
            else:
                return

    await asyncio.gather(*(job(one.id) for one in made))
    async with db.read() as c:
        (left,) = await pages.of_site(c, site.id)
        assert left.id == made[0].id
        assert len(await entries.thread(c, left.id)) == 5
        assert len(await pages.keys_of(c, left.id)) == 4
