"""Errands through a real Redis: at most once, in time or not at all, and nothing secret left lying about."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from mentions.errors import Unavailable
from mentions.streams.errands import Errands
from mentions.streams.link import RedisLink, client_for
from mentions.streams.messages import PREFIX
from tests.support.redis_server import RedisServer
from tests.support.waiting import eventually


@pytest.fixture
def service(link: RedisLink) -> Errands:
    return Errands(link.client, bound=5)


@pytest.fixture
async def worker(redis_url: str) -> AsyncIterator[Errands]:
    """Another process's, with connections of its own."""
    client = client_for(redis_url)
    yield Errands(client)
    await client.aclose()


def ask(errands: Errands, name: str = "greet", *, timeout_s: float = 10.0, **facts: str) -> asyncio.Task[dict]:
    return asyncio.create_task(errands.ask(name, facts, timeout_s=timeout_s))


async def is_empty(link: RedisLink) -> bool:
    return await link.client.keys(f"{PREFIX}*") == []


async def waiting(link: RedisLink) -> int:
    return await link.client.zcard(PREFIX + "errands")


async def test_an_errand_is_asked_taken_and_answered_and_leaves_nothing_behind(service, worker, link):
    asking = ask(service, whom="Gwen")
    errand = await worker.take(wait_s=10)
    assert (errand.name, errand.facts) == ("greet", {"whom": "Gwen"})
    assert 5 < errand.left_s <= 10
    assert await worker.answer(errand, {"greeting": "bore da"}) is True
    assert await asking == {"greeting": "bore da"}
    assert await is_empty(link)


@pytest.mark.parametrize("text", ["\ud800", "\0", "\u2028", "ŵ" * 5000])
async def test_any_text_passes_both_ways(service, worker, text):
    asking = ask(service, text=text)
    errand = await worker.take(wait_s=10)
    await worker.answer(errand, {"text": errand.facts["text"]})
    assert await asking == {"text": text}


async def test_two_workers_share_the_errands_and_do_none_twice(service, worker, link):
    taken: list[str] = []

    async def work(errands: Errands) -> None:
        while (errand := await errands.take()) is not None:
            taken.append(errand.facts["n"])
            await errands.answer(errand, {"n": errand.facts["n"]})

    service = Errands(link.client)
    async with asyncio.TaskGroup() as tasks:
        for errands in (worker, Errands(link.client)):
            tasks.create_task(work(errands))
        answers = await asyncio.gather(*(service.ask("greet", {"n": str(n)}, timeout_s=20) for n in range(100)))
    assert [answer["n"] for answer in answers] == [str(n) for n in range(100)]
    assert sorted(taken, key=int) == [str(n) for n in range(100)]
    assert await is_empty(link)


async def test_the_one_whose_asker_is_most_pressed_comes_first(service, worker, link):
    patient = ask(service, "patient", timeout_s=20)
    await eventually(lambda: waiting(link))
    pressed = ask(service, "pressed", timeout_s=5)
    await eventually(lambda: _has(link, 2))
    assert [(await worker.take()).name, (await worker.take()).name] == ["pressed", "patient"]
    for asking in (patient, pressed):
        asking.cancel()


async def _has(link: RedisLink, count: int) -> bool:
    return await waiting(link) == count


async def test_without_a_worker_the_asker_learns_that_none_is_running(service, worker, link):
    with pytest.raises(Unavailable, match="no worker took greet: is `python -m workers run` running"):
        await ask(service, timeout_s=0.2)
    assert await is_empty(link)
    assert await worker.take(wait_s=0.05) is None


async def test_that_no_worker_runs_is_told_early_and_one_that_is_slow_is_waited_for(service, worker, link):
    started = time.monotonic()
    with pytest.raises(Unavailable, match="no worker took greet"):
        await service.ask("greet", {}, timeout_s=30, taken_within_s=0.2)
    assert time.monotonic() - started < 10
    assert await is_empty(link)
    asking = asyncio.create_task(service.ask("greet", {}, timeout_s=30, taken_within_s=2))
    errand = await worker.take(wait_s=10)
    await asyncio.sleep(2.5)
    assert not asking.done()
    await worker.answer(errand, {"slow": True})
    assert await asking == {"slow": True}
    assert await is_empty(link)


async def test_a_worker_that_dies_with_an_errand_is_told_from_none_at_all(service, worker, link):
    asking = ask(service, timeout_s=1.5)
    assert await worker.take(wait_s=10)
    with pytest.raises(Unavailable, match="brought no answer in time"):
        await asking
    assert await worker.take(wait_s=0.05) is None, "at most once"
    assert await is_empty(link)


async def test_an_errand_whose_asker_vanished_is_dropped_unseen(service, worker, link):
    gone = ask(service, "gone", timeout_s=1.5)
    await eventually(lambda: waiting(link))
    gone.cancel()
    await eventually(lambda: _is_forgotten(link))
    asking = ask(service, "here")
    errand = await worker.take(wait_s=10)
    assert errand.name == "here"
    await worker.answer(errand, {})
    assert await asking == {}


async def _is_forgotten(link: RedisLink) -> bool:
    """Whether the facts have expired, though the id may wait still."""
    return not await link.client.keys(f"{PREFIX}errand:*")


async def test_an_answer_that_comes_too_late_is_kept_for_nobody(service, worker, link):
    asking = ask(service, timeout_s=1.5)
    errand = await worker.take(wait_s=10)
    with pytest.raises(Unavailable):
        await asking
    assert await eventually(lambda: errand.left_s <= 0), "each side has a clock of its own"
    assert await worker.answer(errand, {"secret": "x"}) is False
    assert await is_empty(link)


async def test_an_answer_that_nobody_reads_expires(service, worker, link):
    asking = ask(service, timeout_s=1.5)
    errand = await worker.take(wait_s=10)
    asking.cancel()
    await worker.answer(errand, {"secret": "x"})
    await eventually(lambda: is_empty(link))


async def test_more_than_may_wait_are_refused_at_once(service, link):
    asking = [ask(service, timeout_s=2) for _ in range(20)]
    answers = await asyncio.gather(*asking, return_exceptions=True)
    words = [str(answer) for answer in answers]
    assert sum("too many wait" in each for each in words) == 15
    assert sum("no worker took" in each for each in words) == 5
    assert await is_empty(link)


async def test_errands_that_nobody_took_make_room_when_their_time_is_over(service, worker, link):
    gone = [ask(service, timeout_s=2) for _ in range(5)]
    await eventually(lambda: _has(link, 5))
    for each in gone:
        each.cancel()
    await eventually(lambda: _is_forgotten(link))
    asking = ask(service)
    errand = await worker.take(wait_s=10)
    await worker.answer(errand, {})
    assert await asking == {}


async def test_facts_are_gone_from_redis_as_soon_as_they_are_taken(service, worker, link):
    asking = ask(service, token="s3cret")
    assert await worker.take(wait_s=10)
    assert await is_empty(link)
    asking.cancel()


async def test_many_askers_share_one_connection(worker, link):
    """A flood of sign-ins must not take the connections that intake needs."""
    service = Errands(link.client)
    before = len(await link.client.client_list())
    asking = [ask(service, timeout_s=10) for _ in range(150)]
    await eventually(lambda: _has(link, 150))
    assert len(await link.client.client_list()) <= before + 10
    for each in asking:
        each.cancel()


async def test_redis_away_is_told_to_both_sides_in_time(tmp_path):
    server = RedisServer(tmp_path / "redis").start()
    errands = Errands(client_for(server.url))
    server.kill()
    started = time.monotonic()
    for act in (errands.ask("greet", {}, timeout_s=10), errands.take()):
        with pytest.raises(Unavailable, match="Redis cannot be reached"):
            await act
    assert time.monotonic() - started < 10


async def test_an_answer_survives_a_restart_of_redis(tmp_path):
    server = RedisServer(tmp_path / "redis").start()
    service, worker = Errands(client_for(server.url)), Errands(client_for(server.url))
    asking = ask(service, timeout_s=20)
    errand = await worker.take(wait_s=10)
    server.kill()
    server.start()
    assert await eventually(lambda: _answer(worker, errand))
    assert await asking == {"fine": True}
    server.stop()


async def _answer(worker: Errands, errand) -> bool:
    try:
        return await worker.answer(errand, {"fine": True})
    except Unavailable:
        return False


async def test_a_taking_worker_can_be_cancelled_at_any_moment(worker):
    for n in range(100):
        taking = asyncio.create_task(worker.take(wait_s=30))
        await asyncio.sleep(n / 20_000)
        taking.cancel()
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(60):
                await taking
