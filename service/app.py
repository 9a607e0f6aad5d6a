"""Composition root of the service: Settings -> aiohttp Application, and the life of one web process.

Opens the database and Redis, hands them round by AppKeys, lines up middlewares and routes; `serve` binds first, so that
a taken port is told before anything is opened, and ends in order on SIGTERM."""

from __future__ import annotations

import asyncio
import errno
import logging
import signal
import socket
from collections.abc import AsyncIterator, Sequence

from aiohttp import web

from config import logs
from config.settings import Settings
from mentions import jf2
from mentions.errors import ConfigurationError
from mentions.storage import Database, schema
from mentions.storage.layout import Upkeep
from mentions.streams.errands import Errands
from mentions.streams.events import Events
from mentions.streams.flows import Flows
from mentions.streams.limits import Limits
from mentions.streams.link import RedisLink
from mentions.streams.proofs import Proofs
from mentions.streams.queue import Queue
from mentions.streams.signing import Signing
from mentions.streams.tallies import Tallies
from mentions.streams.traces import Traces
from mentions.streams.visitors import Visitors
from service import demo, health, keys, pages, problems, signing, widget, wire
from service.api import (
    audit,
    blocks,
    comments,
    copies,
    counts,
    hooks,
    likes,
    live,
    mentions,
    moderation,
    openapi,
    owning,
    queue,
    sessions,
    site,
    thread_feeds,
    threads,
)
from service.intake import pingback, status, webmention
from service.places import SiteCache
from service.shelf import Shelf

log = logs.get_logger(__name__)

MOST_BODY_BYTES = 256 * 1024
"""Nothing that is sent to us is longer; what knows a smaller bound keeps it itself."""
MOST_LINE_BYTES = 32 * 1024
"""A request line: fifty targets of 512 bytes each, which webmention.io takes, in one question."""
BACKLOG = 1024
_NO_HTTP = wire.NoHttp()


def create_app(settings: Settings, tempo: keys.Tempo = keys.USUAL) -> web.Application:
    """The application; its dependencies are opened when it starts, and closed when it has stopped."""
    app = web.Application(
        middlewares=[wire.tell, wire.answer_preflights, problems.answer_problems], client_max_size=MOST_BODY_BYTES
    )
    app[keys.SETTINGS] = settings
    app[keys.TEMPO] = tempo
    app[keys.SHELF] = Shelf()
    app.cleanup_ctx.extend([_database, _redis])
    app.on_startup.append(demo.ensure_site)
    app.on_shutdown.append(_end_streams)
    app.on_response_prepare.append(wire.add_headers)
    intake = (webmention, pingback)
    reading = (mentions, counts, threads, thread_feeds, live, openapi)
    writing = (comments, owning, likes, sessions, copies, moderation, blocks, audit, queue, site, hooks)
    for part in (*intake, health, *reading, *writing):
        part.setup(app)
    pages.setup(app)
    signing.setup(app)
    widget.setup(app)
    status.setup(app)
    return app


def make_runner(app: web.Application, *, shutdown_grace_s: float) -> web.AppRunner:
    """What runs the application on sockets."""
    logging.getLogger("aiohttp.server").addFilter(_NO_HTTP)
    return web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=shutdown_grace_s,
        handle_signals=False,
        max_line_size=MOST_LINE_BYTES,
    )


async def serve(settings: Settings) -> None:
    """Runs one web process until SIGTERM, SIGINT or SIGHUP.  Raises ConfigurationError when it cannot start."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    sockets = await _bind(settings)
    runner = make_runner(create_app(settings), shutdown_grace_s=settings.shutdown_grace_s)
    try:
        await runner.setup()
        for sock in sockets:
            await web.SockSite(runner, sock, backlog=BACKLOG).start()
        log.info("service.started", url=settings.public_url, host=settings.host, port=settings.port)
        await stop.wait()
        log.info("service.stopping", grace_s=settings.shutdown_grace_s)
    finally:
        await runner.cleanup()
        for sock in sockets:
            sock.close()
    log.info("service.stopped")


async def _bind(settings: Settings) -> Sequence[socket.socket]:
    """Sockets on every address of the host, not listening yet."""
    where = f"{settings.host}:{settings.port}"
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        raise ConfigurationError(f"cannot listen on {where}: {error.strerror or error}") from None
    sockets: list[socket.socket] = []
    try:
        for family, _type, _proto, _name, address in dict.fromkeys(found):
            sock = socket.socket(family, socket.SOCK_STREAM)
            sockets.append(sock)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind(address)
    except OSError as error:
        for sock in sockets:
            sock.close()
        why = "the port is taken" if error.errno == errno.EADDRINUSE else (error.strerror or str(error))
        raise ConfigurationError(f"cannot listen on {where}: {why}; YMATEB_PORT chooses another port") from None
    return sockets


async def _database(app: web.Application) -> AsyncIterator[None]:
    settings = app[keys.SETTINGS]
    db = await Database.open(settings.effective_database_url, pool_size=settings.database_pool)
    try:
        await schema.require_current(db, migrate_embedded=settings.database_is_embedded)
        app[keys.DB] = db
        app[keys.UPKEEP] = Upkeep(db, jf2.permalink_base(settings.public_url))
        app[keys.SITES] = SiteCache(db)
        app[keys.CLOSING] = asyncio.Event()
        yield
        await app[keys.UPKEEP].close()
    finally:
        await db.close()


async def _redis(app: web.Application) -> AsyncIterator[None]:
    settings = app[keys.SETTINGS]
    link = await RedisLink.open(settings.redis_url, settings.data_dir)
    try:
        app[keys.REDIS] = link
        app[keys.QUEUE] = Queue(link.client, bound=settings.queue_bound)
        app[keys.EVENTS] = Events(link.client)
        app[keys.LIMITS] = Limits(link.client)
        app[keys.FLOWS] = Flows(link.client)
        app[keys.ERRANDS] = Errands(link.client)
        app[keys.TALLIES] = Tallies(link.client)
        app[keys.SIGNING] = Signing(link.client)
        app[keys.VISITORS] = Visitors(link.client)
        app[keys.PROOFS] = Proofs(link.client)
        app[keys.TRACES] = Traces(link.client)
        yield
    finally:
        await link.close()


async def _end_streams(app: web.Application) -> None:
    app[keys.CLOSING].set()
