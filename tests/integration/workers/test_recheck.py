"""Old mentions are looked at again: politely, and without believing the first 404."""

from __future__ import annotations

from mentions.model import EntryState, Outcome, Status
from mentions.storage import entries
from mentions.streams.limits import Limits
from tests.integration.workers.conftest import Clock, Journeys
from tests.peers import Blog
from workers.jobs.recheck import Rechecker
from workers.kit import Kit

MONTHS = 40


async def work_off(kit: Kit, receive: Journeys) -> list[Outcome]:
    """What a worker would make of the claims that wait."""
    outcomes = []
    for job in await kit.queue.take("test", count=100, block_ms=1):
        assert await kit.queue.start(job, "test")
        outcomes.append(await receive.receiver.receive(job.claim))
        await kit.queue.finish(job)
    return outcomes


async def test_a_mention_that_is_unchanged_is_asked_for_once_with_its_validator(
    kit: Kit, receive: Journeys, limits: Limits, blog: Blog, mine: Blog, clock: Clock
):
    post = mine.page()
    source = blog.post(links_to=post)
    await receive(source, post)
    rechecker = Rechecker(kit, limits)
    assert await rechecker.look_again() == 0, "it was looked at just now"
    clock.move_on(days=MONTHS)
    assert await rechecker.look_again() == 1
    assert await rechecker.look_again() == 0
    assert "If-None-Match" in blog.seen(source)[-1].headers
    assert await work_off(kit, receive) == []


async def test_an_edited_page_is_read_anew(
    kit: Kit, receive: Journeys, limits: Limits, blog: Blog, mine: Blog, clock: Clock
):
    post = mine.page()
    source = blog.post(links_to=post)
    first = await receive(source, post)
    blog.edit(source, links_to=post, text="Other words")
    clock.move_on(days=MONTHS)
    await Rechecker(kit, limits).look_again()
    [outcome] = await work_off(kit, receive)
    assert (outcome.status, outcome.entry_id, outcome.changed) == (Status.SUCCESS, first.entry_id, True)


async def test_a_page_that_says_it_is_gone_is_believed_at_once(
    kit: Kit, receive: Journeys, limits: Limits, blog: Blog, mine: Blog, clock: Clock
):
    post = mine.page()
    source = blog.post(links_to=post)
    await receive(source, post)
    blog.delete(source)
    clock.move_on(days=MONTHS)
    await Rechecker(kit, limits).look_again()
    assert [outcome.status for outcome in await work_off(kit, receive)] == [Status.DELETED]


async def test_a_page_that_is_missing_is_believed_the_third_time(
    kit: Kit, receive: Journeys, limits: Limits, blog: Blog, mine: Blog, clock: Clock
):
    post = mine.page()
    source = blog.post(links_to=post)
    first = await receive(source, post)
    blog.forget(source)
    seen = []
    for _ in range(3):
        clock.move_on(days=MONTHS)
        await Rechecker(kit, limits).look_again()
        seen.append([outcome.status for outcome in await work_off(kit, receive)])
    assert seen == [[], [], [Status.DELETED]]
    assert (await receive.entry(first)).state is EntryState.DELETED


async def test_a_host_in_trouble_changes_nothing(
    kit: Kit, receive: Journeys, limits: Limits, blog: Blog, mine: Blog, clock: Clock
):
    post = mine.page()
    source = blog.post(links_to=post)
    first = await receive(source, post)
    blog.break_down(source)
    clock.move_on(days=MONTHS)
    assert await Rechecker(kit, limits).look_again() == 1
    assert await work_off(kit, receive) == []
    async with kit.db.read() as c:
        assert await entries.due_for_recheck(c, kit.now(), 10) == []
    assert (await receive.entry(first)).state is EntryState.SHOWN
