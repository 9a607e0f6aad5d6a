"""The way to Redis: every kind of URL leads to a real server of that kind, and outages are told in time."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest
import redis
from pydantic import SecretStr
from structlog.testing import capture_logs

from mentions.errors import ConfigurationError, Unavailable
from mentions.streams.errands import Errands
from mentions.streams.events import Events
from mentions.streams.flows import Flows
from mentions.streams.limits import Limits
from mentions.streams.link import RedisLink, client_for
from mentions.streams.messages import Depth
from mentions.streams.proofs import Proofs
from mentions.streams.queue import Queue
from mentions.streams.signing import Signing
from mentions.streams.tallies import Tallies
from mentions.streams.traces import Trace, Traces
from mentions.streams.visitors import Visitors
from tests.integration.streams.conftest import NOW
from tests.support.processes import dies_with_its_parent, free_port, stop
from tests.support.redis_server import RedisServer, find_redis_server
from tests.support.waiting import eventually, wait_until


async def use_everything(link: RedisLink, claim) -> None:
    """All that lies in Redis, once through."""
    queue, events, limits = Queue(link.client, bound=10), Events(link.client), Limits(link.client)
    await link.ping()
    claims = [claim("a"), claim("a"), claim("b")]
    added = await asyncio.gather(*(queue.add(one) for one in claims))
    assert [one.coalesced for one in added] == [False, True, False]
    jobs = await queue.take("w1", count=10, block_ms=100)
    assert len(jobs) == 2
    for job in jobs:
        assert await queue.start(job, "w1")
    assert await queue.beat("w1", jobs) == []
    assert await queue.take_over_stalled("w2") == []
    waiting = asyncio.create_task(events.wait_finished(jobs[0].claim.id, 10))
    await events.publish_finished(jobs[0].claim.id)
    assert await queue.finish(jobs[0])
    assert await waiting
    assert await queue.delay(jobs[1], NOW)
    assert await queue.promote_due(NOW) == 1
    [job] = await queue.take("w1", count=10, block_ms=100)
    assert await queue.bury(job, "a defect")
    assert [one.reason for one in await queue.buried()] == ["a defect"]
    assert await queue.requeue(job.claim.id)
    assert await queue.depth() == Depth(1, 0, 0, 0)
    await queue.leave("w1")
    async with aclosing(events.follow(1)) as cursors:
        hearing = asyncio.create_task(anext(cursors))
        await events.publish_change(1, 3)
        assert await asyncio.wait_for(hearing, 60) == 3
    assert [await limits.allow("k", rate=1, burst=1, now=NOW) for _ in range(2)] == [0, 1]
    token = await limits.acquire("a.example", 1, 10)
    assert await limits.acquire("a.example", 1, 10) is None
    await limits.release("a.example", token)
    errands = Errands(link.client)
    asking = asyncio.create_task(errands.ask("greet", {"whom": "you"}, timeout_s=10))
    taken = await errands.take(wait_s=10)
    assert taken is not None
    assert await errands.answer(taken, {"greeting": f"hello {taken.facts['whom']}"})
    assert await asking == {"greeting": "hello you"}
    await use_what_is_remembered(link)


TRACE = Trace(1, "7", ("a", "b"), ("https://x.example/",), "v")


async def use_what_is_remembered(link: RedisLink) -> None:
    """Flows, proofs, keys, tallies, traces and visitors."""
    flows, proofs, traces = Flows(link.client), Proofs(link.client), Traces(link.client)
    secret = await flows.begin("kind", {"a": 1}, lasts_s=60)
    assert [await flows.count("kind", secret, lasts_s=60) for _ in range(2)] == [1, 2]
    assert [await flows.look("kind", secret), await flows.take("kind", secret)] == [{"a": 1}] * 2
    assert await flows.take("kind", secret) is None
    assert [await proofs.spend("salt") for _ in range(2)] == [True, False]
    assert [await proofs.ask("v") for _ in range(2)] == [1, 2]
    key = await Signing(link.client).current(NOW)
    assert await Signing(link.client).recent(NOW) == {key.name: key.secret}
    await Tallies(link.client).add({"a": 1.5})
    assert await Tallies(link.client).read() == {"a": 1.5}
    await traces.note(TRACE, "1")
    assert (await traces.compare(replace(TRACE, page="8"))).pages_of_links == 1
    assert await Visitors(link.client).hash("::1") == await Visitors(link.client).hash("::1")


# --- kinds of URL ------------------------------------------------------------------------------------------------


@pytest.fixture
def tcp_server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path / "redis", tcp=True).start()
    yield server
    server.stop()


async def test_a_unix_socket(redis_url, tmp_path, claim):
    link = await RedisLink.open(redis_url, tmp_path)
    await use_everything(link, claim)
    await link.close()


async def test_a_host_and_port_that_come_as_a_secret(tcp_server, tmp_path, claim):
    link = await RedisLink.open(SecretStr(f"redis://127.0.0.1:{tcp_server.port}/3"), tmp_path)
    await use_everything(link, claim)
    assert link.client.connection_pool.connection_kwargs["db"] == 3
    await link.close()


async def test_the_embedded_server(tmp_path, claim):
    link = await RedisLink.open(None, tmp_path / "data")
    await use_everything(link, claim)
    await link.close()


async def test_a_sentinel_whose_master_is_looked_up_and_followed(tcp_server, tmp_path, claim):
    folder = tmp_path / "sentinel"
    folder.mkdir()
    port = free_port()
    (folder / "sentinel.conf").write_text(
        f"port {port}\nbind 127.0.0.1\nsentinel monitor claims 127.0.0.1 {tcp_server.port} 1\n"
    )
    sentinel = start([find_redis_server(), str(folder / "sentinel.conf"), "--sentinel"], folder)
    try:
        wait_until(lambda: answers(port))
        unused = free_port()
        link = await RedisLink.open(f"redis+sentinel://127.0.0.1:{unused},127.0.0.1:{port}/claims/2", tmp_path)
        await use_everything(link, claim)
        assert redis.Redis(port=tcp_server.port, db=2).exists("{ymateb}:claims")
        await link.close()
    finally:
        stop(sentinel, by=signal.SIGKILL)


@pytest.fixture
def cluster_ports(tmp_path: Path) -> Iterator[list[int]]:
    """A cluster of three primaries: our keys lie on one of them, and the client has to find out on which."""
    ports: list[int] = []
    nodes = []
    for _ in range(3):
        ports.append(port_with_bus(ports))
        folder = tmp_path / f"node-{ports[-1]}"
        folder.mkdir()
        options = {
            "port": str(ports[-1]),
            "bind": "127.0.0.1",
            "cluster-enabled": "yes",
            "dir": str(folder),
            "save": "",
        }
        flat = [part for name, value in options.items() for part in (f"--{name}", value)]
        nodes.append(start([find_redis_server(), *flat], folder))
    try:
        make_cluster(ports)
        yield ports
    finally:
        for node in nodes:
            stop(node, by=signal.SIGKILL)


def port_with_bus(taken: list[int]) -> int:
    """A free port whose cluster bus, 10,000 above it, is free too."""
    for port in range(20_000 + os.getpid() % 5_000, 30_000):
        with socket.socket() as one, socket.socket() as other:
            try:
                one.bind(("127.0.0.1", port))
                other.bind(("127.0.0.1", port + 10_000))
            except OSError:
                continue
            if port not in taken:
                return port
    raise RuntimeError("no two free ports 10,000 apart")


def make_cluster(ports: list[int]) -> None:
    parts = [range(5461), range(5461, 10923), range(10923, 16384)]
    for port, slots in zip(ports, parts, strict=True):
        wait_until(lambda port=port: answers(port))
        with redis.Redis(port=port) as node:
            node.execute_command("CLUSTER ADDSLOTS", *slots)
            for other in ports:
                node.execute_command("CLUSTER MEET", "127.0.0.1", other)
    for port in ports:
        wait_until(lambda port=port: is_whole(port))


def is_whole(port: int) -> bool:
    with redis.Redis(port=port) as node:
        info = node.execute_command("CLUSTER INFO")
        return info["cluster_state"] == "ok" and info["cluster_known_nodes"] == "3"


def start(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, preexec_fn=dies_with_its_parent())


def answers(port: int) -> bool:
    with redis.Redis(port=port) as client:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False


async def test_a_cluster_because_all_keys_lie_in_one_slot(cluster_ports, tmp_path, claim):
    """The first host of the URL is not there; the others are enough."""
    hosts = ",".join(f"127.0.0.1:{port}" for port in (free_port(), *cluster_ports))
    link = await RedisLink.open(f"redis+cluster://{hosts}", tmp_path)
    await use_everything(link, claim)
    holders = [port for port in cluster_ports if redis.Redis(port=port).dbsize()]
    assert len(holders) == 1
    await link.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost",
        "localhost:6379",
        "",
        "redis://localhost:port",
        "redis+sentinel://localhost",
        "redis+sentinel:///service",
        "redis+cluster://",
        "redis+cluster://a:b:c",
    ],
)
async def test_what_is_no_url_of_a_redis_is_told_to_the_operator(url, tmp_path):
    with pytest.raises(ConfigurationError, match="YMATEB_REDIS_URL"):
        await RedisLink.open(url, tmp_path)


async def test_name_and_password_in_the_url_are_used(tcp_server, tmp_path):
    with redis.Redis(port=tcp_server.port) as admin:
        admin.acl_setuser(
            "worker", enabled=True, passwords=["+p@ss,word"], keys=["*"], channels=["*"], commands=["+@all"]
        )
    link = await RedisLink.open(f"redis://worker:p%40ss%2Cword@127.0.0.1:{tcp_server.port}", tmp_path)
    await link.ping()
    await link.close()
    with pytest.raises(ConfigurationError, match="YMATEB_REDIS_URL"):
        await RedisLink.open(f"redis://worker:wrong@127.0.0.1:{tcp_server.port}", tmp_path)


async def test_a_redis_that_does_not_tell_about_itself_is_used_all_the_same(tcp_server, tmp_path):
    with redis.Redis(port=tcp_server.port) as admin:
        admin.acl_setuser("silent", enabled=True, passwords=["+pass"], keys=["*"], commands=["+@all", "-info"])
    link = await RedisLink.open(f"redis://silent:pass@127.0.0.1:{tcp_server.port}", tmp_path)
    await link.ping()
    await link.close()


async def test_a_redis_that_may_lose_claims_is_warned_of(tcp_server, tmp_path):
    with redis.Redis(port=tcp_server.port) as admin:
        admin.config_set("appendonly", "no")
        admin.config_set("maxmemory", "100mb")
        admin.config_set("maxmemory-policy", "allkeys-lru")
    with capture_logs() as logs:
        link = await RedisLink.open(tcp_server.url, tmp_path)
    await link.close()
    told = [one["why"] for one in logs if one["event"] == "redis.may_lose_claims"]
    assert "appendonly" in told[0]
    assert "allkeys-lru" in told[1]


async def test_a_redis_that_keeps_what_it_is_told_is_not_warned_of(tcp_server, tmp_path):
    with capture_logs() as logs:
        link = await RedisLink.open(tcp_server.url, tmp_path)
    await link.close()
    assert logs == []


# --- outages -----------------------------------------------------------------------------------------------------


async def every_call_fails_in_time(link: RedisLink, claim) -> None:
    queue, events, limits = Queue(link.client, bound=10), Events(link.client), Limits(link.client)
    calls = [
        link.ping(),
        queue.add(claim()),
        queue.take("w1", count=1, block_ms=5000),
        queue.take_over_stalled("w1"),
        queue.promote_due(NOW),
        queue.state("c1"),
        queue.depth(),
        queue.buried(),
        queue.requeue("c1"),
        queue.beat("w1", []),
        events.publish_finished("c1"),
        events.publish_change(1, 1),
        limits.allow("k", rate=1, burst=1, now=NOW),
        limits.acquire("a.example", 1, 10),
        Errands(link.client).take(),
        Flows(link.client).look("kind", "secret"),
        Flows(link.client).count("kind", "secret", lasts_s=60),
        Proofs(link.client).spend("salt"),
        Proofs(link.client).ask("visitor"),
        Signing(link.client).current(NOW),
        Signing(link.client).recent(NOW),
        Tallies(link.client).add({"a": 1.0}),
        Tallies(link.client).read(),
        Traces(link.client).note(TRACE, "1"),
        Traces(link.client).compare(TRACE),
        Visitors(link.client).hash("::1"),
    ]
    started = time.monotonic()
    answers = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 20)
    assert [type(one) for one in answers] == [Unavailable] * len(calls)
    assert time.monotonic() - started < 10, "they wait beside each other, two seconds each"
    assert await events.wait_finished("c1", 0.2) is False


async def test_while_nobody_listens_every_call_says_so_within_two_seconds(tmp_path, claim):
    link = await RedisLink.open(f"redis://127.0.0.1:{free_port()}", tmp_path)
    await every_call_fails_in_time(link, claim)
    await link.close()


async def test_while_redis_hangs_every_call_says_so_within_two_seconds(tcp_server, tmp_path, claim):
    link = await RedisLink.open(tcp_server.url, tmp_path)
    await link.ping()
    tcp_server.process.send_signal(signal.SIGSTOP)
    try:
        await every_call_fails_in_time(link, claim)
    finally:
        tcp_server.process.send_signal(signal.SIGCONT)
    await eventually(lambda: is_up(link))
    await link.close()


async def is_up(link: RedisLink) -> bool:
    try:
        await link.ping()
    except Unavailable:
        return False
    return True


async def test_a_short_restart_is_not_noticed(tcp_server, tmp_path, claim):
    link = await RedisLink.open(tcp_server.url, tmp_path)
    queue = Queue(link.client, bound=10)
    first, second = claim(), claim()
    await queue.add(first)
    tcp_server.kill()
    adding = asyncio.create_task(queue.add(second))
    await asyncio.to_thread(tcp_server.start)
    assert (await adding).id == second.id
    assert {job.claim for job in await queue.take("w1", count=10, block_ms=0)} == {first, second}
    await link.close()


async def test_a_worker_that_waits_for_claims_lives_through_a_restart(tcp_server, tmp_path, claim):
    link = await RedisLink.open(tcp_server.url, tmp_path)
    queue = Queue(link.client, bound=10)
    assert await queue.take("w1", count=1, block_ms=0) == []
    taking = asyncio.create_task(queue.take("w1", count=1, block_ms=10_000))
    await asyncio.to_thread(tcp_server.kill)
    await asyncio.to_thread(tcp_server.start)
    added = claim()
    await queue.add(added)
    assert [job.claim for job in await asyncio.wait_for(taking, 60)] == [added]
    await link.close()


@pytest.mark.parametrize(("setting", "value", "back"), [("maxmemory", "1", "0"), ("min-replicas-to-write", "1", "0")])
async def test_a_redis_that_cannot_write_is_an_outage_and_no_defect(tcp_server, tmp_path, claim, setting, value, back):
    link = await RedisLink.open(tcp_server.url, tmp_path)
    queue = Queue(link.client, bound=10)
    await queue.add(claim())
    with redis.Redis(port=tcp_server.port) as admin:
        admin.config_set(setting, value)
        answers = await asyncio.gather(*(queue.add(claim()) for _ in range(3)), return_exceptions=True)
        assert [type(one) for one in answers] == [Unavailable] * 3
        with pytest.raises(Unavailable):
            await queue.beat("w1", [])
        admin.config_set(setting, back)
    await queue.add(claim())
    assert (await queue.depth()).waiting == 2
    await link.close()


async def test_a_defect_is_not_taken_for_an_outage(redis_url, claim):
    client = client_for(redis_url)
    await client.set("{ymateb}:claims", "not a stream")
    queue = Queue(client, bound=10)
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        await queue.add(claim())
    await client.aclose()
