"""Which client a YMATEB_REDIS_URL makes; nothing is connected to."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis, RedisCluster
from redis.asyncio.sentinel import SentinelConnectionPool

from mentions.streams.link import client_for


def options(url: str) -> dict:
    client = client_for(url)
    assert isinstance(client, Redis)
    return client.connection_pool.connection_kwargs


async def test_a_plain_url_is_read_by_redis_py():
    read = options("redis://user:p%40ss@redis.example:6380/2")
    assert (read["host"], read["port"], read["db"]) == ("redis.example", 6380, 2)
    assert (read["username"], read["password"]) == ("user", "p@ss")


async def test_tls_is_spoken_where_the_url_says_so():
    client = client_for("rediss://redis.example:6380")
    assert "SSL" in client.connection_pool.connection_class.__name__


async def test_a_unix_socket_is_a_path():
    assert options("unix:///run/redis.sock?db=1")["path"] == "/run/redis.sock"


@pytest.mark.parametrize(
    ("url", "hosts", "service", "db"),
    [
        (
            "redis+sentinel://a.example:26380,b.example/claims",
            [("a.example", 26380), ("b.example", 26379)],
            "claims",
            0,
        ),
        ("redis+sentinel://[::1]:26380/claims/3", [("::1", 26380)], "claims", 3),
    ],
)
async def test_sentinels_are_asked_for_the_service(url, hosts, service, db):
    pool = client_for(url).connection_pool
    assert isinstance(pool, SentinelConnectionPool)
    asked = [one.connection_pool.connection_kwargs for one in pool.sentinel_manager.sentinels]
    assert [(one["host"], one["port"]) for one in asked] == hosts
    assert (pool.service_name, pool.connection_kwargs["db"]) == (service, db)


async def test_name_and_password_are_for_the_master_behind_the_sentinels():
    pool = client_for("redis+sentinel://user:p%2Fss@a.example/claims").connection_pool
    assert (pool.connection_kwargs["username"], pool.connection_kwargs["password"]) == ("user", "p/ss")


async def test_any_node_of_a_cluster_will_do_to_begin_with():
    client = client_for("redis+cluster://:secret@a.example:7000,b.example")
    assert isinstance(client, RedisCluster)
    nodes = {(node.host, node.port) for node in client.nodes_manager.startup_nodes.values()}
    assert nodes == {("a.example", 7000), ("b.example", 6379)}
    assert client.connection_kwargs["password"] == "secret"


@pytest.mark.parametrize("scheme", ["redis", "valkey"])
async def test_valkey_is_another_word_for_redis(scheme):
    assert options(f"{scheme}://redis.example:6380/2")["db"] == 2
    assert "SSL" in client_for(f"{scheme}s://a").connection_pool.connection_class.__name__


async def test_tls_is_spoken_behind_sentinels_and_in_clusters_too():
    sentinel = client_for("rediss+sentinel://a.example/claims")
    assert "SSL" in sentinel.connection_pool.connection_class.__name__
    cluster = client_for("valkeys+cluster://a.example")
    assert "SSL" in cluster.nodes_manager.connection_kwargs["connection_class"].__name__
