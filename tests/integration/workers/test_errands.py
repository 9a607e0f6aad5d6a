"""What a worker does for the service: in its asker's time, beside each other, never at the cost of the worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from mentions import metrics
from mentions.errors import Unavailable
from mentions.streams.errands import Errands
from mentions.streams.link import RedisLink, client_for
from mentions.streams.messages import PREFIX
from tests.support.redis_server import RedisServer
from tests.support.waiting import eventually
from workers.jobs.errands import ErrandRunner, Handler
from workers.kit import Kit


@asynccontextmanager
async def running(
    kit: Kit, errands: Errands, handlers: Mapping[str, Handler], *, at_a_time: int = 16
) -> AsyncIterator[asyncio.Task[None]]:
    """A worker's side task, for as long as the block lasts."""
    task = asyncio.create_task(ErrandRunner(kit, errands, handlers, at_a_time=at_a_time).run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def errands(link: RedisLink) -> Errands:
    return Errands(link.client)


async def greet(kit: Kit, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {"greeting": f"{facts['word']} from {kit.public_url}"}


async def crash(kit: Kit, facts: Mapping[str, Any]) -> dict[str, Any]:
    raise ZeroDivisionError


async def refuse(kit: Kit, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {"error": "not_a_profile", "summary": "that is no profile"}


async def hang(kit: Kit, facts: Mapping[str, Any]) -> dict[str, Any]:
    await asyncio.sleep(60)
    return {}


async def test_a_handler_answers_with_the_workers_parts(kit: Kit, errands: Errands):
    async with running(kit, errands, {"greet": greet}):
        assert await errands.ask("greet", {"word": "hello"}, timeout_s=10) == {
            "greeting": "hello from http://mentions.example"
        }


async def test_a_defect_is_logged_and_answered_and_ends_nothing(kit: Kit, errands: Errands):
    async with running(kit, errands, {"greet": greet, "crash": crash}):
        with capture_logs() as lines:
            answer = await errands.ask("crash", {}, timeout_s=10)
        assert answer == {"error": "failed", "summary": "something went wrong in the worker; its log says what"}
        assert [line["errand"] for line in lines if line["event"] == "errand.failed"] == ["crash"]
        assert await errands.ask("greet", {"word": "still"}, timeout_s=10)


async def test_an_errand_that_this_version_does_not_know_is_told_at_once(kit: Kit, errands: Errands):
    async with running(kit, errands, {}):
        answer = await errands.ask("fly", {}, timeout_s=10)
    assert answer["error"] == "failed"
    assert "do not know fly" in answer["summary"]


async def test_a_handler_has_as_long_as_its_asker_waits(kit: Kit, errands: Errands):
    async with running(kit, errands, {"hang": hang, "greet": greet}, at_a_time=1):
        with capture_logs() as lines:
            with pytest.raises(Unavailable, match="brought no answer in time"):
                await errands.ask("hang", {}, timeout_s=0.3)
            assert await errands.ask("greet", {"word": "next"}, timeout_s=10)
        assert [(each["errand"], each["outcome"]) for each in lines if each["event"] == "errand.done"][:1] == [
            ("hang", "late")
        ]


async def test_no_more_run_at_a_time_than_may(kit: Kit, errands: Errands, link: RedisLink):
    running_now, most, gate = 0, 0, asyncio.Event()

    async def count(kit: Kit, facts: Mapping[str, Any]) -> dict[str, Any]:
        nonlocal running_now, most
        running_now += 1
        most = max(most, running_now)
        await gate.wait()
        running_now -= 1
        return {}

    async with running(kit, errands, {"count": count}, at_a_time=3):
        asking = [asyncio.create_task(errands.ask("count", {}, timeout_s=30)) for _ in range(20)]
        await eventually(lambda: running_now == 3)
        await eventually(lambda: _waiting(link, 17))
        gate.set()
        await asyncio.gather(*asking)
    assert most == 3


async def _waiting(link: RedisLink, count: int) -> bool:
    return await link.client.zcard(PREFIX + "errands") == count


async def test_two_workers_do_more_together_than_one_has_places_for(kit: Kit, errands: Errands, redis_url: str):
    met = asyncio.Barrier(2)

    async def meet(kit: Kit, facts: Mapping[str, Any]) -> dict[str, Any]:
        await met.wait()
        return {"met": True}

    other = client_for(redis_url)
    async with (
        running(kit, errands, {"meet": meet}, at_a_time=1),
        running(kit, Errands(other), {"meet": meet}, at_a_time=1),
    ):
        assert await asyncio.gather(*(errands.ask("meet", {}, timeout_s=10) for _ in range(2))) == [{"met": True}] * 2
    await other.aclose()


async def test_a_stopping_worker_ends_what_it_has_begun(kit: Kit, errands: Errands):
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def slow(kit: Kit, facts: Mapping[str, Any]) -> dict[str, Any]:
        begun.set()
        await may_end.wait()
        return {"done": True}

    async with running(kit, errands, {"slow": slow}) as task:
        asking = asyncio.create_task(errands.ask("slow", {}, timeout_s=10))
        await begun.wait()
        task.cancel()
        await asyncio.sleep(0)  # it hears of that
        may_end.set()
        assert await asking == {"done": True}


async def test_a_worker_outlives_a_redis_that_is_away_for_a_while(kit: Kit, tmp_path):
    server = RedisServer(tmp_path / "redis").start()
    client = client_for(server.url)
    errands = Errands(client)
    async with running(kit, errands, {"greet": greet}) as task:
        assert await errands.ask("greet", {"word": "before"}, timeout_s=10)
        with capture_logs() as lines:
            server.kill()
            await eventually(lambda: [each for each in lines if each["event"] == "errands.away"])
            server.start()
        assert await eventually(lambda: _asked(errands))
        assert not task.done()
    await client.aclose()
    server.stop()


async def _asked(errands: Errands) -> bool:
    try:
        return bool(await errands.ask("greet", {"word": "after"}, timeout_s=2))
    except Unavailable:
        return False


async def test_each_errand_is_counted_and_told_in_one_line_without_its_facts(kit: Kit, errands: Errands):
    def counted(outcome: str) -> float:
        return metrics.ERRANDS.labels(errand="refuse", outcome=outcome)._value.get()

    before = counted("refused")
    async with running(kit, errands, {"refuse": refuse}):
        with capture_logs() as lines:
            await errands.ask("refuse", {"token": "s3cret"}, timeout_s=10)
            [line] = await eventually(lambda: [each for each in lines if each["event"] == "errand.done"])
    assert counted("refused") == before + 1
    assert (line["errand"], line["outcome"], line["error"]) == ("refuse", "refused", "not_a_profile")
    assert "s3cret" not in str(lines)
