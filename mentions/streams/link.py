"""A process's way to Redis: the one named by YMATEB_REDIS_URL, else the embedded one.

URLs: `redis://`, `rediss://` (TLS), `unix://` as redis-py reads them;
`redis+sentinel://[user:password@]host:port,host:port/service[/db]`; `redis+cluster://[user:password@]host:port,…`;
with `rediss+` for TLS; `valkey` stands for `redis` everywhere.
Lost connections are tried again with back-off; what lasts longer is `Unavailable`, within two seconds."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import unquote, urlsplit

import structlog
from redis.asyncio import BlockingConnectionPool, Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError

from mentions.errors import ConfigurationError, Unavailable
from mentions.streams.embedded import OLDEST, EmbeddedRedis
from mentions.streams.scripts import DEADLINE_S, Client, reaching_redis

_MOST_CONNECTIONS: Final = 64
"""Of one process to one server; more wait for their turn."""
_MOST_CONNECTIONS_WITHOUT_QUEUE: Final = 500
"""The same where redis-py's pool refuses instead of letting wait."""
_CONNECT_S: Final = 1.0
_RETRIES: Final = 6
_REVIVE_PAUSE_S: Final = (0.05, 5.0)
_STABLE_S: Final = 10.0
"""A server that has run for so long is not failing again and again."""

log = structlog.get_logger(__name__)


class Secret(Protocol):
    """A setting that does not print itself (pydantic's SecretStr)."""

    def get_secret_value(self) -> str: ...


class RedisLink:
    """An open way to Redis.  `client` is for Queue, Events and Limits; `close` stops the embedded server, if last."""

    def __init__(self, client: Client, embedded: EmbeddedRedis | None = None) -> None:
        self.client = client
        self._embedded = embedded
        self._watcher: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, url: str | Secret | None, data_dir: Path) -> RedisLink:
        """A way to the Redis at `url`, which may be away for now; without one, to that of the data folder.

        Raises `ConfigurationError` when the URL is none, the server is too old or refuses the password, or the
        embedded one does not run."""
        if url is not None:
            client = client_for(url if isinstance(url, str) else url.get_secret_value())
            try:
                await _check_server(client)
            except BaseException:
                await client.aclose()
                raise
            return cls(client)
        embedded = EmbeddedRedis(data_dir)
        await _join(embedded)
        pool = BlockingConnectionPool.from_url(f"unix://{embedded.socket}", **_options(), timeout=DEADLINE_S)
        link = cls(Redis.from_pool(pool), embedded)
        link._watcher = asyncio.create_task(link._watch(embedded), name="redis.watch")
        return link

    async def ping(self) -> None:
        """Returns when Redis answers; raises `Unavailable`."""
        async with reaching_redis():
            await self.client.ping()

    async def close(self) -> None:
        """Closes every connection; the last user of an embedded server stops it."""
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)
            self._watcher = None
        await self.client.aclose()
        if self._embedded is not None:
            embedded, self._embedded = self._embedded, None
            await asyncio.to_thread(embedded.leave)

    async def _watch(self, embedded: EmbeddedRedis) -> None:
        """An idle connection ends when the server does; then whoever notices first starts it again.

        At once the first time; with growing pauses when it does not stay up (a full disk ends it at each write)."""
        pause_s = 0.0
        while True:
            started_at = time.monotonic()
            await _until_it_ends(embedded.socket)
            if time.monotonic() - started_at > _STABLE_S:
                pause_s = 0.0
            await asyncio.sleep(pause_s)
            pause_s = min(max(pause_s * 2, _REVIVE_PAUSE_S[0]), _REVIVE_PAUSE_S[1])
            try:
                await asyncio.to_thread(embedded.revive)
                log.warning("redis.was_revived")
            except (ConfigurationError, OSError) as error:
                log.error("redis.not_revived", error=str(error), again_in_s=pause_s)  # noqa: TRY400


async def _join(embedded: EmbeddedRedis) -> None:
    """A Ctrl-C while the server starts must not leave it behind: the thread goes on, so it is waited for."""
    joining = asyncio.ensure_future(asyncio.to_thread(embedded.join))
    try:
        await asyncio.shield(joining)
    except asyncio.CancelledError:
        await asyncio.wait([joining])
        await asyncio.to_thread(embedded.leave)
        raise


async def _until_it_ends(socket: Path) -> None:
    try:
        reader, writer = await asyncio.open_unix_connection(str(socket))
    except OSError:
        return
    try:
        await reader.read()
    except OSError:
        return
    finally:
        writer.close()


async def _check_server(client: Client) -> None:
    """Refuses a server that is too old and warns of one that may lose claims; one that is away is met later."""
    try:
        async with reaching_redis():
            where = {"target_nodes": RedisCluster.RANDOM} if isinstance(client, RedisCluster) else {}
            info: dict[str, Any] = await client.info(**where)
    except Unavailable as error:
        if isinstance(error.__cause__, AuthenticationError):
            raise ConfigurationError(f"YMATEB_REDIS_URL: {error.__cause__}") from error
        log.warning("redis.was_away", error=str(error))
        return
    except NoPermissionError:
        return  # it does not tell; that is no reason not to use it
    version = tuple(int(part) for part in str(info["redis_version"]).split(".")[:2])
    if version < OLDEST:
        raise ConfigurationError(
            f"YMATEB_REDIS_URL leads to Redis {info['redis_version']}; 6.2 is the oldest that will do"
        )
    if not info.get("aof_enabled"):
        log.warning("redis.may_lose_claims", why="appendonly is off: a restart forgets what was accepted")
    if info.get("maxmemory") and info.get("maxmemory_policy") != "noeviction":
        log.warning("redis.may_lose_claims", why=f"maxmemory-policy is {info['maxmemory_policy']}, not noeviction")


# --- URLs --------------------------------------------------------------------------------------------------------


def client_for(url: str) -> Client:
    """A client that is not connected yet.  Raises `ConfigurationError` when `url` names no Redis."""
    try:
        scheme, _, rest = url.partition("://")
        base, _, kind = scheme.replace("valkey", "redis").partition("+")
        if kind == "sentinel":
            return _sentinel_client(_Address.read(rest, is_secure=base == "rediss", default_port=26379))
        if kind == "cluster":
            return _cluster_client(_Address.read(rest, is_secure=base == "rediss", default_port=6379))
        pool = BlockingConnectionPool.from_url(f"{base}://{rest}", **_options(), timeout=DEADLINE_S)
        return Redis.from_pool(pool)
    except (ValueError, IndexError) as error:
        raise ConfigurationError(f"YMATEB_REDIS_URL is not the URL of a Redis: {error}") from error


@dataclass(frozen=True, slots=True)
class _Address:
    """Several hosts in one URL, which no URL parser reads."""

    hosts: list[tuple[str, int]]
    path: list[str]
    options: dict[str, Any]
    """How to connect to the servers that hold the data."""

    @classmethod
    def read(cls, rest: str, *, is_secure: bool, default_port: int) -> _Address:
        netloc, _, path = rest.partition("/")
        userinfo, _, hosts = netloc.rpartition("@")
        user, _, password = userinfo.partition(":")
        login = {"username": unquote(user), "password": unquote(password)}
        return cls(
            hosts=[_host_and_port(one, default_port) for one in hosts.split(",") if one],
            path=[unquote(segment) for segment in path.split("/") if segment],
            options={
                **_options(),
                "max_connections": _MOST_CONNECTIONS_WITHOUT_QUEUE,
                **{name: value for name, value in login.items() if value},
                **({"ssl": True} if is_secure else {}),
            },
        )


def _host_and_port(text: str, default: int) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    if not parts.hostname:
        raise ValueError(f"no host in {text!r}")
    return parts.hostname, parts.port or default


def _sentinel_client(address: _Address) -> Redis:
    if not address.hosts or not address.path:
        raise ValueError("redis+sentinel://host:port,host:port/service[/db] is what it looks like")
    impatient = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5, "retry": Retry(NoBackoff(), 0)}
    sentinel = Sentinel(address.hosts, sentinel_kwargs=impatient)  # type: ignore[no-untyped-call]
    db = int(address.path[1]) if len(address.path) > 1 else 0
    client: Redis = sentinel.master_for(address.path[0], db=db, **address.options)
    return client


def _cluster_client(address: _Address) -> RedisCluster:
    if not address.hosts:
        raise ValueError("redis+cluster://host:port,host:port is what it looks like")
    nodes = [ClusterNode(host, port) for host, port in address.hosts]
    return RedisCluster(startup_nodes=nodes, **address.options)


def _options() -> dict[str, Any]:
    return {
        "decode_responses": True,
        "protocol": 2,
        "max_connections": _MOST_CONNECTIONS,
        # Our own deadlines stand around every call.  redis-py's would put `asyncio.wait_for` around each send, which
        # swallows a cancellation that comes at the wrong moment (Python 3.11): a worker would not stop.
        "socket_timeout": None,
        "socket_connect_timeout": _CONNECT_S,
        "retry": Retry(ExponentialWithJitterBackoff(base=0.02, cap=0.3), _RETRIES),
        "health_check_interval": 15,
    }
