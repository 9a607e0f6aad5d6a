"""Copies of one response, from real pages through the whole journey: put together, told, and taken apart again."""

from __future__ import annotations

from mentions.model import EntryState, Status
from mentions.storage import changes, entries
from mentions.storage.entries import MentionQuery
from tests.integration.workers.conftest import Journeys
from tests.peers import Blog
from workers.kit import Kit

WORDS = "I read this on the train, and it is about villages."


def entry_page(post: str, permalink: str, *, words: str = WORDS, more: str = "") -> str:
    return (
        f'<div class="h-entry"><a class="u-in-reply-to" href="{post}">re</a><p class="e-content">{words}</p>{more}'
        f'<a class="u-url" href="{permalink}">#</a></div>'
    )


async def listed(kit: Kit, page_id: int) -> list[int]:
    async with kit.db.read() as c:
        found, _ = await entries.query(c, MentionQuery(page_ids=(page_id,), include_copies=False))
    return sorted(entry.id for entry in found)


async def test_the_print_version_of_a_reply_stands_behind_the_reply(
    receive: Journeys, blog: Blog, mine: Blog, kit: Kit
):
    post = mine.page()
    print_version = blog.serve("/re/print", entry_page(post, "/re"))
    original = blog.serve("/re", entry_page(post, "/re"))
    copy = await receive.entry(await receive(print_version, post))
    first = await receive.entry(await receive(original, post))
    async with kit.db.read() as c:
        together = await entries.copies_of(c, copy.id)
        told = [(each.entry_id, each.change.value) for each in await changes.since(c, 0)]
    assert {each.id for each in together} == {copy.id, first.id}
    assert len(await listed(kit, first.page_id)) == 1
    assert told[0] == (copy.id, "created")


async def test_another_host_does_not_get_in_front_by_naming_the_address(
    receive: Journeys, blog: Blog, mine: Blog, kit: Kit
):
    post = mine.page()
    original = blog.serve("/re", entry_page(post, "/re"))
    first = await receive.entry(await receive(original, post))
    async with Blog("127.0.0.9") as thief:
        forged = thief.serve("/x", entry_page(post, original, words="Something quite different, to be read by many."))
        second = await receive.entry(await receive(forged, post))
    assert await listed(kit, first.page_id) == [first.id, second.id]


async def test_when_the_copy_in_front_goes_the_other_one_is_shown(receive: Journeys, blog: Blog, mine: Blog, kit: Kit):
    post = mine.page()
    sources = [blog.serve(path, entry_page(post, "/re")) for path in ("/re", "/re/print")]
    both = [await receive.entry(await receive(source, post)) for source in sources]
    [shown] = await listed(kit, both[0].page_id)
    front = next(source for source, entry in zip(sources, both, strict=True) if entry.id == shown)
    blog.delete(front)
    assert (await receive(front, post)).status is Status.DELETED
    [left] = await listed(kit, both[0].page_id)
    assert {left, shown} == {entry.id for entry in both}


async def test_a_copy_that_says_something_else_now_stands_alone(receive: Journeys, blog: Blog, mine: Blog, kit: Kit):
    post = mine.page()
    original = blog.serve("/re", entry_page(post, "/re"))
    copy = blog.serve("/re/print", entry_page(post, "/re"))
    page_id = (await receive.entry(await receive(original, post))).page_id
    await receive(copy, post)
    assert len(await listed(kit, page_id)) == 1
    blog.serve("/re/print", entry_page(post, "/re", words="On second thoughts I do not agree with any of this."))
    await receive(copy, post)
    assert len(await listed(kit, page_id)) == 2


async def test_what_the_owner_takes_apart_stays_apart(receive: Journeys, blog: Blog, mine: Blog, kit: Kit):
    post = mine.page()
    sources = [blog.serve(path, entry_page(post, "/re")) for path in ("/re", "/re/print")]
    both = [await receive.entry(await receive(source, post)) for source in sources]
    async with kit.db.write() as c:
        assert len(await entries.split(c, both[0].id, now=kit.now())) == 1
    assert len(await listed(kit, both[0].page_id)) == 2
    blog.serve("/re", entry_page(post, "/re", more="<i>edited</i>"))
    await receive(sources[0], post)
    assert len(await listed(kit, both[0].page_id)) == 2
    assert all(entry.state is EntryState.SHOWN for entry in both)
