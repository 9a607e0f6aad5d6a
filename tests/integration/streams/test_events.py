"""News of claims and pages through a real Redis: nothing is missed, one connection carries all of it."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from mentions.streams.events import Events
from mentions.streams.link import RedisLink
from mentions.streams.messages import PREFIX
from mentions.streams.queue import Queue
from tests.integration.streams.test_queue import start_one
from tests.support.redis_server import RedisServer
from tests.support.waiting import eventually


@pytest.fixture
def here(link: RedisLink) -> Events:
    return Events(link.client)


@pytest.fixture
def elsewhere(link: RedisLink) -> Events:
    """Another process's."""
    return Events(link.client)


async def subscribed_channels(link: RedisLink) -> int:
    return len(await link.client.pubsub_channels(f"{PREFIX}*"))


# --- claims ------------------------------------------------------------------------------------------------------


async def test_waiting_ends_when_the_claim_has_news(queue, here, elsewhere, link, claim):
    added = claim()
    await queue.add(added)
    waiting = asyncio.create_task(here.wait_finished(added.id, 10))
    await eventually(lambda: subscribed_channels(link))
    assert not waiting.done()
    await elsewhere.publish_finished(added.id)
    assert await asyncio.wait_for(waiting, 60) is True


async def test_news_from_before_the_waiting_are_not_missed(queue, here, elsewhere, claim):
    added = claim()
    await queue.add(added)
    await start_one(queue)
    await elsewhere.publish_finished(added.id)
    assert await here.wait_finished(added.id, 5) is True


async def test_waiting_for_a_claim_that_has_ended_ends_at_once(queue, here, elsewhere, claim):
    added = claim()
    await queue.add(added)
    job = await start_one(queue)
    await elsewhere.publish_finished(added.id)
    await queue.finish(job)
    assert await here.wait_finished(added.id, 5) is True


async def test_waiting_ends_in_time_when_there_is_no_news(queue, here, claim):
    added = claim()
    await queue.add(added)
    assert await here.wait_finished(added.id, 0.1) is False


async def test_old_news_of_a_claim_that_is_tried_again_do_not_count(queue, here, elsewhere, claim):
    """A pingback came, a passing fault was told, and an equal pingback makes it be tried at once."""
    added = claim("a")
    await queue.add(added)
    job = await start_one(queue)
    await elsewhere.publish_finished(added.id)
    await queue.delay(job, added.received_at)
    await queue.add(claim("a"))
    assert await here.wait_finished(added.id, 0.1) is False
    job = await start_one(queue)
    assert await here.wait_finished(added.id, 0.1) is False
    await elsewhere.publish_finished(added.id)
    assert await here.wait_finished(added.id, 5) is True


async def test_hundreds_wait_on_one_connection_and_leave_nothing_behind(queue, here, elsewhere, link, claim):
    added = [claim() for _ in range(300)]
    await asyncio.gather(*(queue.add(one) for one in added))
    before = len(await link.client.client_list())
    waiting = [asyncio.create_task(here.wait_finished(one.id, 30)) for one in added]
    await eventually(lambda: _is(subscribed_channels(link), 300))
    subscribers = [one for one in await link.client.client_list() if int(one["sub"])]
    assert [one["sub"] for one in subscribers] == ["300"]
    await asyncio.gather(*(elsewhere.publish_finished(one.id) for one in added))
    assert all(await asyncio.wait_for(asyncio.gather(*waiting), 60))
    await eventually(lambda: _is(subscribed_channels(link), 0))
    assert len(await link.client.client_list()) <= before + 64
    assert here._hub._ears == {}


async def _is(awaitable, wanted) -> bool:
    return await awaitable == wanted


async def test_a_waiter_that_is_cancelled_is_forgotten(queue, here, link, claim):
    added = claim()
    await queue.add(added)
    waiting = asyncio.create_task(here.wait_finished(added.id, 30))
    await eventually(lambda: subscribed_channels(link))
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await eventually(lambda: _is(subscribed_channels(link), 0))


async def test_waiters_that_come_and_go_quickly_never_miss_news(queue, here, elsewhere, claim):
    """A channel that is left and listened to again while the connection is still busy with its leaving."""
    added = claim()
    await queue.add(added)
    stop = asyncio.Event()

    async def come_and_go(patience_s: float) -> None:
        while not stop.is_set():
            if await here.wait_finished(added.id, patience_s):
                return

    coming = [asyncio.create_task(come_and_go(0.001 * number)) for number in range(1, 20)]
    lasting = asyncio.create_task(here.wait_finished(added.id, 20))
    other = asyncio.create_task(come_and_go(0.003))
    await asyncio.sleep(0.1)
    await elsewhere.publish_finished(added.id)
    try:
        assert await asyncio.wait_for(lasting, 60)
        await asyncio.wait_for(asyncio.gather(*coming, other), 60)
    finally:
        stop.set()


# --- pages -------------------------------------------------------------------------------------------------------


async def test_followers_hear_the_cursors_of_their_page_only(here, elsewhere, link):
    async with aclosing(here.follow(1)) as one, aclosing(here.follow(2)) as two:
        hearing = [asyncio.create_task(anext(one)), asyncio.create_task(anext(two))]
        await eventually(lambda: _is(subscribed_channels(link), 2))
        await elsewhere.publish_change(1, 41)
        assert await asyncio.wait_for(hearing[0], 60) == 41
        assert not hearing[1].done()
        await elsewhere.publish_change(2, 42)
        assert await asyncio.wait_for(hearing[1], 60) == 42
    await eventually(lambda: _is(subscribed_channels(link), 0))


async def test_a_change_from_just_before_is_heard_first(here, elsewhere):
    await elsewhere.publish_change(1, 7)
    async with aclosing(here.follow(1)) as cursors:
        assert await asyncio.wait_for(anext(cursors), 60) == 7


async def test_many_follow_one_page_and_each_hears_the_last_cursor(here, elsewhere, link):
    async def until(cursor: int) -> list[int]:
        heard = []
        async with aclosing(here.follow(1)) as cursors:
            async for one in cursors:
                heard.append(one)
                if one == cursor:
                    return heard
        return heard

    followers = [asyncio.create_task(until(100)) for _ in range(50)]
    await eventually(lambda: subscribed_channels(link))
    for cursor in range(1, 101):
        await elsewhere.publish_change(1, cursor)
    for heard in await asyncio.wait_for(asyncio.gather(*followers), 60):
        assert heard == sorted(set(heard))
        assert heard[-1] == 100


async def test_a_follower_that_joins_others_hears_the_last_cursor_too(here, elsewhere):
    async with aclosing(here.follow(1)) as first, aclosing(here.follow(1)) as second:
        await elsewhere.publish_change(1, 5)
        assert await asyncio.wait_for(anext(first), 60) == 5
        assert await asyncio.wait_for(anext(second), 60) == 5


async def test_a_cursor_that_comes_late_does_not_go_back(here, elsewhere):
    await elsewhere.publish_change(1, 9)
    await elsewhere.publish_change(1, 8)
    async with aclosing(here.follow(1)) as cursors:
        assert await asyncio.wait_for(anext(cursors), 60) == 9


async def test_what_was_published_while_the_connection_was_away_is_heard_afterwards(tmp_path, short_folder, claim):
    server = RedisServer(short_folder / "events").start()
    link, other = [await RedisLink.open(server.url, tmp_path) for _ in range(2)]
    try:
        here, elsewhere, queue = Events(link.client), Events(other.client), Queue(other.client, bound=10)
        added = claim()
        await queue.add(added)
        async with aclosing(here.follow(1)) as cursors:
            hearing = asyncio.create_task(anext(cursors))
            waiting = asyncio.create_task(here.wait_finished(added.id, 30))
            await eventually(lambda: _is(subscribed_channels(link), 2))
            for round_ in range(1, 4):
                server.kill()
                server.start()
                await elsewhere.publish_change(1, round_)  # most likely before the follower is back
                assert await asyncio.wait_for(hearing, 60) == round_
                hearing = asyncio.create_task(anext(cursors))
            server.kill()
            server.start()
            await elsewhere.publish_finished(added.id)
            assert await asyncio.wait_for(waiting, 60) is True
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)
    finally:
        await link.close()
        await other.close()
        server.stop()


async def test_following_outlasts_a_subscription_connection_that_is_cut(here, elsewhere, link):
    async with aclosing(here.follow(1)) as cursors:
        hearing = asyncio.create_task(anext(cursors))
        await eventually(lambda: subscribed_channels(link))
        for client in await link.client.client_list(_type="pubsub"):
            await link.client.client_kill_filter(_id=client["id"])
        await elsewhere.publish_change(1, 5)
        assert await asyncio.wait_for(hearing, 60) == 5
