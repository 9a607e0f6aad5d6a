"""Entries come, change and go; each change leaves a trace, and doing it again changes nothing."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text

from mentions import urls
from mentions.errors import Conflict, NotFound
from mentions.model import Author, Authority, EntryState, Kind, PlainText, Protocol, Reaction, Url
from mentions.policy import Person
from mentions.storage import comments, entries, likes, pages
from tests.integration.storage.making import MINUTE, NOW, reply, respond

SOURCE = "https://ann.example/1"
MF2 = {"items": [{"type": ["h-entry"], "properties": {"name": ["Tŷ 🏠"]}}], "rels": {}}
FULL = Reaction(
    kind=Kind.RSVP,
    author=Author(PlainText("Ann"), Url("https://ann.example/"), None),
    url=Url("https://ann.example/rsvp"),
    uid="tag:ann.example,2026:1",
    published="2026-11-21T10:00:00+01:00",
    published_at=datetime(2026, 11, 21, 9, tzinfo=UTC),
    rsvp="maybe",
    lang="cy",
    in_reply_to=(Url("https://example.com/post"),),
    categories=(PlainText("tŷ"),),
    comments=(reply("hearsay"),),
)


async def test_an_entry_comes_back_whole(db, page):
    async with db.write() as c:
        made = await respond(
            c, page, SOURCE, FULL, target=page.url + "#frag", targets=[page.url], private=True, avatar="/a/1.png",
            etag='"x"', last_modified="Sat", policy_version=3, parent_id=None, mf2=MF2,
            received_at=datetime(2026, 11, 20, 1, tzinfo=timezone(timedelta(hours=5))),
        )  # fmt: skip
    async with db.read() as c:
        kept = await entries.get(c, made.id)
        assert kept == made
        assert await entries.mf2(c, made.id) == MF2
        assert await entries.mf2(c, 999) is None
        assert await entries.get(c, 999) is None
        assert await entries.many(c, [made.id, 999]) == {made.id: made}
    assert kept.reaction == FULL
    assert kept.targets == (page.url + "#frag", page.url)
    assert (kept.fragment, kept.private, kept.revision) == ("frag", True, 1)
    assert kept.received_at.isoformat() == "2026-11-19T20:00:00+00:00"


async def test_a_source_has_one_entry_on_a_page_and_others_elsewhere(db, page):
    async with db.write() as c:
        other_page = await pages.ensure(c, page.site_id, "https://example.com/other", now=NOW)
        first = await respond(c, page, SOURCE)
        fragment = await respond(c, page, SOURCE + "#c2")
        elsewhere = await respond(c, other_page, SOURCE)
        key = urls.source_key(SOURCE)
        assert await entries.by_source(c, key, page.id) == first
        assert await entries.by_source(c, key, other_page.id) == elsewhere
        assert await entries.by_source(c, urls.source_key(SOURCE + "#c2"), page.id) == fragment
        assert await entries.by_source(c, urls.source_key("http://ann.example/1"), page.id) is None
        assert {entry.id for entry in await entries.all_by_source(c, key)} == {first.id, elsewhere.id}


async def test_inserting_the_same_again_changes_nothing(db, page):
    async with db.write() as c:
        first = await respond(c, page, SOURCE, mf2=MF2)
        again = await respond(c, page, SOURCE, mf2=MF2, now=NOW + MINUTE, received_at=NOW + MINUTE)
        assert again == first
        assert len(await entries.revisions(c, first.id)) == 1


async def test_inserting_a_known_source_updates_what_it_says_but_not_what_the_owner_decided(db, page):
    async with db.write() as c:
        first = await respond(c, page, SOURCE)
        await entries.set_state(c, first.id, EntryState.HIDDEN, now=NOW)
        again = await respond(c, page, SOURCE, reply("edited"), target=page.url + "#2", now=NOW + MINUTE)
    assert again.id == first.id
    assert again.reaction == reply("edited")
    assert again.state is EntryState.HIDDEN
    assert again.targets == (page.url, page.url + "#2")
    assert again.received_at == NOW


async def test_two_jobs_with_the_same_source_at_once_make_one_entry(db, page):
    async def job() -> int:
        async with db.write() as c:
            return (await respond(c, page, SOURCE)).id

    assert len(set(await asyncio.gather(*(job() for _ in range(8))))) == 1
    async with db.read() as c:
        assert len(await entries.thread(c, page.id)) == 1


async def test_a_comment_may_be_its_own_source(db, page):
    async with db.write() as c:
        made = await respond(
            c, page, lambda entry_id: f"https://mentions.example/entries/{entry_id}", protocol=Protocol.COMMENT
        )
        assert made.source == f"https://mentions.example/entries/{made.id}"
        assert await entries.get(c, made.id) == made
        assert await entries.by_source(c, urls.source_key(made.source), page.id) == made
        assert await entries.find_by_any_url(c, page.id, [made.source]) == [made]


async def test_an_update_keeps_what_stood_there_before(db, page):
    async with db.write() as c:
        first = await respond(c, page, SOURCE, reply("first"))
        second = await entries.update(c, first.id, now=NOW + MINUTE, reaction=reply("second"), etag='"2"')
        third = await entries.update(c, first.id, now=NOW + 2 * MINUTE, reaction=reply("third"))
        history = await entries.revisions(c, first.id)
    assert (second.revision, second.updated_at, second.etag) == (2, NOW + MINUTE, '"2"')
    assert third.etag == '"2"'
    assert [(one.number, one.act, one.at) for one in history] == [
        (1, "created", NOW),
        (2, "updated", NOW + MINUTE),
        (3, "updated", NOW + 2 * MINUTE),
    ]
    assert [one.reaction for one in history] == [None, reply("first"), reply("second")]


async def test_an_update_that_changes_nothing_leaves_no_revision(db, page):
    async with db.write() as c:
        first = await respond(c, page, SOURCE, target=page.url)
        same = await entries.update(
            c, first.id, now=NOW + MINUTE, reaction=reply(), target=page.url.replace("example", "EXAMPLE"),
            state=EntryState.SHOWN, policy_version=2,
        )  # fmt: skip
        assert same == replace(first, policy_version=2)
        assert len(await entries.revisions(c, first.id)) == 1


async def test_what_an_update_does_not_name_stays_and_none_takes_it_away(db, page):
    async with db.write() as c:
        parent = await respond(c, page, "https://ann.example/parent")
        child = await respond(c, page, SOURCE, parent_id=parent.id, cluster_id=parent.id, avatar="/a/1.png", etag="x")
        assert (await entries.update(c, child.id, now=NOW, last_modified="Sat")).parent_id == parent.id
        alone = await entries.update(c, child.id, now=NOW, parent_id=None, cluster_id=None, avatar=None, etag=None)
    assert (alone.parent_id, alone.cluster_id, alone.avatar, alone.etag, alone.last_modified) == (
        None, None, None, None, "Sat",
    )  # fmt: skip


@pytest.mark.parametrize("change", [entries.update, entries.withdraw])
async def test_changing_an_unknown_entry_says_so(db, page, change):
    async with db.write() as c:
        with pytest.raises(NotFound):
            await change(c, 999, now=NOW)


async def test_states_change_and_are_remembered(db, page):
    async with db.write() as c:
        made = await respond(c, page, SOURCE, state=EntryState.HELD)
        for minute, state in enumerate((EntryState.SHOWN, EntryState.SHOWN, EntryState.SPAM, EntryState.HIDDEN)):
            last = await entries.set_state(c, made.id, state, now=NOW + minute * MINUTE, actor="moderator 3")
        history = await entries.revisions(c, made.id)
    assert (last.state, last.revision, last.updated_at) == (EntryState.HIDDEN, 4, NOW + 3 * MINUTE)
    assert [(one.act, one.actor, one.state_before, one.state_after) for one in history[1:]] == [
        ("shown", "moderator 3", EntryState.HELD, EntryState.SHOWN),
        ("spam", "moderator 3", EntryState.SHOWN, EntryState.SPAM),
        ("hidden", "moderator 3", EntryState.SPAM, EntryState.HIDDEN),
    ]


async def test_a_tombstone_keeps_no_word_of_what_was_said(db, page):
    secret = "never to be seen again"
    async with db.write() as c:
        made = await respond(c, page, SOURCE, reply(secret), avatar="/a/1.png", mf2={"secret": secret})
        await entries.update(c, made.id, now=NOW, reaction=reply(secret + "!"))
        await comments.keep(c, made.id, markdown=secret, email="ann@ann.example")
        await likes.add(c, made.id, b"visitor", now=NOW)
        grave = await entries.withdraw(c, made.id, now=NOW + MINUTE)
        for table in ("entry_sources", "comments", "likes", "entry_urls"):
            assert (await c.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one() == 0, table
        for table, column in (("entries", "reaction"), ("revisions", "reaction")):
            left = (await c.execute(text(f"SELECT {column} FROM {table}"))).scalars()
            assert not any(secret in (value or "") or "Ann" in (value or "") for value in left), table
        assert await entries.get(c, made.id) == grave
        assert await entries.by_source(c, urls.source_key(SOURCE), page.id) == grave
        assert await entries.known_by_source(c, urls.source_key(SOURCE), page.id) is None
        assert await entries.all_by_source(c, urls.source_key(SOURCE)) == []
        assert await entries.deleted_by(c, made.id) == "source"
        assert [one.act for one in await entries.revisions(c, made.id)] == ["created", "updated", "withdrawn"]
    assert (grave.id, grave.source, grave.target, grave.state) == (made.id, SOURCE, page.url, EntryState.DELETED)
    assert (grave.deleted_at, grave.targets, grave.avatar) == (NOW + MINUTE, (), None)
    assert grave.reaction == Reaction(kind=Kind.REPLY)


async def test_withdrawing_twice_changes_nothing_the_second_time(db, page):
    async with db.write() as c:
        made = await respond(c, page, SOURCE)
        first = await entries.withdraw(c, made.id, now=NOW)
        assert await entries.withdraw(c, made.id, now=NOW + MINUTE) == first
        assert len(await entries.revisions(c, made.id)) == 2


async def test_losing_one_of_two_links_keeps_the_entry_for_the_other(db, page):
    async with db.write() as c:
        made = await respond(c, page, SOURCE, target=page.url + "#a", targets=[page.url + "#b"])
        left = await entries.withdraw(c, made.id, target=page.url + "#a", now=NOW + MINUTE)
        assert (left.state, left.targets, left.target, left.fragment) == (
            EntryState.SHOWN, (page.url + "#b",), page.url + "#b", "b",
        )  # fmt: skip
        assert left.reaction == made.reaction
        assert await entries.withdraw(c, made.id, target=page.url + "#never", now=NOW + MINUTE) == left
        grave = await entries.withdraw(c, made.id, target=page.url + "#b", now=NOW + MINUTE)
    assert grave.state is EntryState.DELETED


async def test_a_source_that_links_again_lives_again_under_its_old_id(db, page):
    async with db.write() as c:
        made = await respond(c, page, SOURCE)
        await entries.withdraw(c, made.id, now=NOW)
        again = await respond(c, page, SOURCE, target=page.url + "#new", now=NOW + MINUTE, mf2=MF2)
        assert (again.id, again.state, again.deleted_at) == (made.id, EntryState.SHOWN, None)
        assert (again.target, again.targets, again.fragment) == (page.url + "#new", (page.url + "#new",), "new")
        assert again.reaction == reply()
        assert await entries.find_by_any_url(c, page.id, [SOURCE]) == [again]
        assert await entries.mf2(c, made.id) == MF2
        assert await entries.deleted_by(c, made.id) is None


async def test_what_says_nothing_but_its_kind_is_found_again_after_it_came_back(db, page):
    async with db.write() as c:
        made = await respond(c, page, SOURCE, Reaction(kind=Kind.LIKE))
        await entries.withdraw(c, made.id, now=NOW)
        await respond(c, page, SOURCE, Reaction(kind=Kind.LIKE))
        assert [one.id for one in await entries.find_by_any_url(c, page.id, [SOURCE])] == [made.id]


async def test_what_the_owner_deleted_its_source_does_not_bring_back(db, page):
    async with db.write() as c:
        made = await respond(c, page, SOURCE)
        grave = await entries.set_state(c, made.id, EntryState.DELETED, now=NOW)
        assert await respond(c, page, SOURCE, now=NOW + MINUTE) == grave
        assert await entries.deleted_by(c, made.id) == "owner"
        by_owner = await entries.update(
            c, made.id, now=NOW + MINUTE, reaction=reply(), target=page.url, state=EntryState.SHOWN, actor="owner"
        )
    assert by_owner.state is EntryState.SHOWN


async def test_a_tombstone_is_not_shown_by_a_change_of_state(db, page):
    async with db.write() as c:
        made = await respond(c, page, SOURCE)
        await entries.withdraw(c, made.id, now=NOW)
        with pytest.raises(Conflict, match="verified again"):
            await entries.set_state(c, made.id, EntryState.SHOWN, now=NOW)


async def test_entries_are_found_by_every_url_they_have(db, page):
    full = reply(
        url=Url("https://ann.example/canonical-url"), uid="https://ann.example/uid",
        canonical=Url("https://ann.example/rel"), syndication=(Url("https://social.example/@ann/1"),),
    )  # fmt: skip
    async with db.write() as c:
        made = await respond(c, page, SOURCE + "#c1", full)
        neighbour = await respond(c, page, SOURCE + "#c2")
        other_page = await pages.ensure(c, page.site_id, "https://example.com/other", now=NOW)
        await respond(c, other_page, SOURCE + "#c1", full)
        for known in (SOURCE + "#c1", full.url, full.uid, full.canonical, *full.syndication):
            assert await entries.find_by_any_url(c, page.id, [known]) == [made], known
        assert await entries.find_by_any_url(c, page.id, ["http://www.ann.example/uid"]) == [made]
        assert await entries.find_by_any_url(c, page.id, [SOURCE, "https://ann.example/", None, ""]) == []
        assert await entries.find_by_any_url(c, page.id, []) == []
        assert await entries.find_by_any_url(c, page.id, [SOURCE + "#c2", SOURCE + "#c1"]) == [made, neighbour]


async def test_an_updated_entry_is_found_by_its_new_urls_only(db, page):
    async with db.write() as c:
        made = await respond(c, page, SOURCE, reply(url=Url("https://ann.example/old")))
        changed = await entries.update(c, made.id, now=NOW, reaction=reply(url=Url("https://ann.example/new")))
        assert await entries.find_by_any_url(c, page.id, ["https://ann.example/old"]) == []
        assert await entries.find_by_any_url(c, page.id, ["https://ann.example/new"]) == [changed]
        assert await entries.find_by_any_url(c, page.id, [SOURCE]) == [changed]


async def test_answers_that_came_before_their_parent_are_found(db, page):
    async with db.write() as c:
        child = await respond(c, page, SOURCE, reply(in_reply_to=(Url("https://bob.example/2"), Url(page.url))))
        await respond(c, page, "https://cat.example/3", reply(in_reply_to=(Url(page.url),)))
        assert await entries.find_answers(c, page.id, ["https://www.bob.example/2"]) == [child]
        assert await entries.find_by_any_url(c, page.id, ["https://bob.example/2"]) == []


async def test_trust_is_built_on_what_is_shown_and_vouched_for(db, page):
    def by(url, authority=Authority.SAME_ORIGIN):
        return reply(author=Author(PlainText("Somebody"), Url(url) if url else None), authority=authority)

    ann, bob, cat = (f"https://{name}.example/" for name in ("ann", "bob", "cat"))
    async with db.write() as c:
        for number in range(60):
            await respond(c, page, f"https://evil.example/{number}", by(bob, Authority.CLAIMED))
        await respond(c, page, "https://www.ann.example/1", by(ann))
        await respond(c, page, "https://cat.example/1", by(cat), state=EntryState.HELD)
        await respond(c, page, "https://nameless.example/1", by(None))

        async def known(person, options=None, site_id=page.site_id):
            return await entries.has_shown(c, site_id, options or {}, person)

        assert await known(Person(author=Url("http://ann.example/")))
        assert not await known(Person(author=Url(bob)))
        assert await known(Person(author=Url(bob)), {"bridges": ["evil.example"]})
        assert not await known(Person(author=Url(cat)))
        assert await known(Person(host="nameless.example"))
        assert not await known(Person(host="ann.example"))
        assert not await known(Person(author=Url(ann)), site_id=page.site_id + 1)


async def test_entries_are_due_for_a_look_in_the_order_of_the_last_one(db, page):
    async with db.write() as c:
        made = [await respond(c, page, f"https://ann.example/{n}", now=NOW + n * MINUTE) for n in range(4)]
        await respond(c, page, "https://mentions.example/entries/1", protocol=Protocol.COMMENT)
        await entries.update(c, made[0].id, now=NOW + 9 * MINUTE)  # looked at: nothing new
        await entries.withdraw(c, made[1].id, now=NOW)
        due = await entries.due_for_recheck(c, NOW + 5 * MINUTE, 10)
    assert [one.id for one in due] == [made[2].id, made[3].id]


async def test_entries_of_an_older_policy_are_found_in_batches(db, page):
    async with db.write() as c:
        old = [await respond(c, page, f"https://ann.example/{n}", policy_version=1) for n in range(3)]
        await respond(c, page, "https://ann.example/new", policy_version=2)
        first = await entries.outdated(c, 2, 0, 2)
        assert [one.id for one in first] == [old[0].id, old[1].id]
        assert [one.id for one in await entries.outdated(c, 2, first[-1].id, 2)] == [old[2].id]


@pytest.mark.parametrize("state", [EntryState.HIDDEN, EntryState.SPAM, EntryState.DELETED])
async def test_what_was_removed_is_known_by_every_spelling_of_its_source(db, page, state):
    async with db.write() as c:
        other = await pages.ensure(c, page.site_id, "https://example.com/other", now=NOW)
        entry = await respond(c, page, "https://www.ann.example/1?a=b", reply(url=Url("https://victim.example/")))
        part = await respond(c, page, "https://ann.example/many#c1")
        assert await entries.removed_alike(c, "http://ann.example/1?a=b", page.id) is None
        for each in (entry, part):
            await entries.set_state(c, each.id, state, now=NOW)
        for spelling in ("http://ann.example/1?a=b", "https://ann.example/1?a=b", "https://www.ann.example/1?a=b#x"):
            found = await entries.removed_alike(c, spelling, page.id)
            assert found is not None
            assert found.id == entry.id
        found = await entries.removed_alike(c, "http://ann.example/many#c1", page.id)
        assert found is not None
        assert found.id == part.id
        for another in (
            "https://ann.example/1",
            "https://ann.example/many",
            "https://ann.example/many#c2",
            "https://victim.example/",
        ):
            assert await entries.removed_alike(c, another, page.id) is None
        assert await entries.removed_alike(c, "http://ann.example/1?a=b", other.id) is None


async def test_what_its_source_took_back_was_not_removed(db, page):
    async with db.write() as c:
        entry = await respond(c, page, "https://ann.example/1")
        await entries.withdraw(c, entry.id, now=NOW)
        assert await entries.removed_alike(c, "http://ann.example/1", page.id) is None


async def test_a_damaged_row_does_not_break_a_list(db, page):
    async with db.write() as c:
        odd = await respond(c, page, SOURCE)
        good = await respond(c, page, "https://bob.example/1")
        await c.execute(text(f"""UPDATE entries SET reaction = '{{"kind": ["x"]}}' WHERE id = {odd.id}"""))
        shown = await entries.thread(c, page.id)
    assert shown == [replace(odd, reaction=Reaction(kind=Kind.REPLY)), good]


async def test_very_long_urls_and_odd_words_are_kept(db, page):
    long = "https://ann.example/" + "%F0%9F%8F%A0" * 1500
    async with db.write() as c:
        made = await respond(c, page, long, reply("nul \x00 and half \ud83c", uid="x" * 5000), mf2={"a": "\ud83c"})
        assert (await entries.by_source(c, urls.source_key(long), page.id)).id == made.id
        assert (await entries.get(c, made.id)).reaction.content.text.endswith("half \ufffd")
        assert await entries.mf2(c, made.id) == {"a": "\ufffd"}


# --- likes and comments --------------------------------------------------------------------------------------------


async def test_a_visitor_likes_once(db, page):
    async with db.write() as c:
        made = await respond(c, page, SOURCE)
        assert await likes.add(c, made.id, b"ann", now=NOW) == 1
        assert await likes.add(c, made.id, b"ann", now=NOW) == 1
        assert await likes.add(c, made.id, b"bob", now=NOW) == 2
        assert await likes.remove(c, made.id, b"ann") == 1
        assert await likes.remove(c, made.id, b"ann") == 1
        liked = await entries.get(c, made.id)
    assert (liked.likes, liked.revision) == (1, 1)


async def test_concurrent_likes_are_all_counted(db, page):
    async with db.write() as c:
        made = await respond(c, page, SOURCE)
    numbers = itertools.count()

    async def like() -> None:
        async with db.write() as c:
            await likes.add(c, made.id, b"visitor %d" % next(numbers), now=NOW)

    await asyncio.gather(*(like() for _ in range(15)))
    async with db.read() as c:
        assert (await entries.get(c, made.id)).likes == 15


async def test_what_is_not_shown_cannot_be_liked(db, page):
    async with db.write() as c:
        held = await respond(c, page, SOURCE, state=EntryState.HELD)
        for entry_id in (held.id, 999):
            with pytest.raises(NotFound):
                await likes.add(c, entry_id, b"ann", now=NOW)


async def test_a_comment_is_edited_by_who_has_its_token_while_there_is_time(db, page):
    until = NOW + 15 * MINUTE
    async with db.write() as c:
        made = await respond(c, page, SOURCE, protocol=Protocol.COMMENT)
        kept = await comments.keep(
            c, made.id, markdown="*Hi*", email="a@b.example", visitor=b"v", edit_token="secret", editable_until=until
        )
        assert await comments.get(c, made.id) == kept
        await comments.set_markdown(c, made.id, "**Hi**")
        changed = await comments.get(c, made.id)
        assert await comments.get(c, 999) is None
    assert changed.markdown == "**Hi**"
    assert changed.may_be_edited_with("secret", NOW)
    assert not changed.may_be_edited_with("guess", NOW)
    assert not changed.may_be_edited_with("secret", until)
    assert b"secret" not in changed.edit_hash
