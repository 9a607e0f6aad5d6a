"""Journeys that meet in the database, on PostgreSQL, where transactions really run beside each other."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mentions.model import Change, EntryState, Status
from mentions.storage import changes, entries, schema
from mentions.storage.avatars import Avatars
from mentions.streams.limits import Limits
from tests.integration.workers.conftest import Clock, Journeys
from tests.integration.workers.test_portraits import mention, picture
from tests.peers import Blog
from tests.support.postgres import until_one_waits
from workers.jobs.portraits import Portraits
from workers.kit import Kit


@pytest.fixture
def migrated_url(postgres_url: str) -> str:
    schema.migrate(postgres_url)
    return postgres_url


async def test_a_life_from_first_mention_to_withdrawal(receive: Journeys, blog: Blog, mine: Blog):
    post = mine.page()
    source = blog.post(links_to=post)
    first = await receive(source, post)
    assert not (await receive(source, post)).changed
    blog.edit(source, links_to=post, kind="like")
    assert (await receive(source, post)).changed
    blog.edit(source, links_to=None)
    assert (await receive(source, post)).status is Status.DELETED
    blog.edit(source, links_to=post)
    back = await receive(source, post)
    assert (back.status, back.entry_id) == (Status.SUCCESS, first.entry_id)
    assert (await receive.entry(back)).state is EntryState.SHOWN


async def test_eight_of_one_pair_at_once_make_one_entry(receive: Journeys, blog: Blog, mine: Blog, kit: Kit):
    post = mine.page()
    source = blog.post(links_to=post)
    outcomes = await asyncio.gather(*(receive(source, post) for _ in range(8)))
    assert {outcome.status for outcome in outcomes} == {Status.SUCCESS}
    assert len({outcome.entry_id for outcome in outcomes}) == 1
    async with kit.db.read() as c:
        assert len(await changes.since(c, 0)) == 1


async def test_many_of_one_new_page_under_two_names_at_once_share_its_thread(
    receive: Journeys, blog: Blog, mine: Blog, kit: Kit
):
    post = mine.page("/post")
    mine.serve("/?p=1", status=301, headers={"Location": "/post"})
    short = mine.url("/?p=1")
    pairs = [(blog.post(links_to=target), target) for target in (post, short) * 6]
    outcomes = await asyncio.gather(*(receive(source, target) for source, target in pairs))
    assert {outcome.status for outcome in outcomes} == {Status.SUCCESS}
    assert len({(await receive.entry(outcome)).page_id for outcome in outcomes}) == 1
    page = await receive.page_of(post)
    assert page is not None
    async with kit.db.read() as c:
        assert len(await entries.thread(c, page.id, (EntryState.SHOWN,), None, 100)) == 12
        cursors = [change.cursor for change in await changes.since(c, 0)]
    assert cursors == sorted(cursors)


async def test_an_author_gets_a_picture_and_it_is_forgotten_with_the_entry(
    receive: Journeys, blog: Blog, mine: Blog, kit: Kit, limits: Limits, clock: Clock, tmp_path: Path
):
    portraits = Portraits(kit, limits, Avatars(tmp_path))
    photo = blog.serve("/ann.png", picture(), content_type="image/png")
    entry = await mention(receive, blog, mine.page(), photo)
    assert await portraits.look() == 1
    async with kit.db.write() as c:
        await entries.withdraw(c, entry.id, now=kit.now())
    clock.move_on(hours=2)
    assert await portraits.prune() == 1


async def test_what_a_moderator_deletes_during_a_recheck_is_no_news_of_its_source(
    receive: Journeys, blog: Blog, mine: Blog, kit: Kit
):
    post = mine.page()
    source = blog.post(links_to=post)
    first = await receive(source, post)
    assert first.entry_id is not None
    blog.edit(source, links_to=post, kind="like")
    async with kit.db.write() as c:
        await entries.set_state(c, first.entry_id, EntryState.DELETED, now=kit.now())
        again = asyncio.create_task(receive(source, post))
        await until_one_waits(kit.db)
    assert not (await again).changed
    assert (await receive.entry(first)).state is EntryState.DELETED
    async with kit.db.read() as c:
        assert [each.change for each in await changes.since(c, 0)] == [Change.CREATED]
