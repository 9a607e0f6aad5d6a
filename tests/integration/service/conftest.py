"""The service in this process: a real aiohttp server on loopback, a real Redis, a real SQLite file.

There is no worker here: what a worker would have stored is stored by `Service.respond`, through the same storage."""

from __future__ import annotations

import asyncio
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web

from config.settings import Settings
from mentions import urls
from mentions.model import (
    Author,
    Change,
    Content,
    Entry,
    EntryState,
    Kind,
    Page,
    PlainText,
    Protocol,
    Reaction,
    SafeHtml,
    Site,
    Url,
)
from mentions.sanitize import POLICY_VERSION
from mentions.storage import Database, changes, entries, pages, sites, tokens
from mentions.streams.events import Events
from mentions.streams.queue import Queue
from service import keys
from service.app import create_app, make_runner
from tests.support.databases import put_migrated
from tests.support.forge import Forge
from tests.support.redis_server import RedisServer

SITE = "blog.example"
POST = "https://blog.example/post"
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


class Service:
    """A running service with one registered site."""

    site: Site
    token: str

    def __init__(self, app: web.Application, base: str, http: aiohttp.ClientSession) -> None:
        self.app, self.base, self.http = app, base, http
        self.stored = 0

    @property
    def db(self) -> Database:
        return self.app[keys.DB]

    @property
    def queue(self) -> Queue:
        return self.app[keys.QUEUE]

    @property
    def events(self) -> Events:
        return self.app[keys.EVENTS]

    async def add_site(self, authority: str) -> tuple[Site, str]:
        async with self.db.write() as c:
            site = await sites.add(c, authority, (), now=NOW)
            return site, await tokens.create(c, site.id, tokens.SCOPES, now=NOW)

    async def token_with(self, *scopes: str) -> str:
        async with self.db.write() as c:
            return await tokens.create(c, self.site.id, scopes, now=NOW)

    async def request(self, method: str, path: str, *, token: str | None = None, **more: Any) -> Answer:
        headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **more.pop("headers", {})}
        url = path if path.startswith("http") else self.base + path
        async with self.http.request(method, url, headers=headers, allow_redirects=False, **more) as response:
            return Answer(response.status, response.headers, await response.read())

    async def get(self, path: str, **more: Any) -> Answer:
        return await self.request("GET", path, **more)

    async def post(self, path: str, **more: Any) -> Answer:
        return await self.request("POST", path, **more)

    async def mention(self, source: str | None, target: str | None, path: str = "/webmention", **more: Any) -> Answer:
        form = {name: value for name, value in (("source", source), ("target", target)) if value is not None}
        return await self.post(path, data=form, **more)

    async def respond(
        self,
        source: str | None = None,
        target: str = POST,
        kind: Kind = Kind.REPLY,
        *,
        text: str | None = "Well said",
        state: EntryState = EntryState.SHOWN,
        site: Site | None = None,
        **facts: Any,
    ) -> Entry:
        """Stores an entry as a worker would, one second after the one before it."""
        self.stored += 1
        at = NOW + timedelta(seconds=self.stored)
        content = Content(SafeHtml(f"<p>{text}</p>"), PlainText(text)) if text is not None else None
        author = facts.pop("author", Author(PlainText("Ann"), Url("https://ann.example/")))
        reaction = {name: facts.pop(name) for name in list(facts) if name in Reaction.__dataclass_fields__}
        async with self.db.write() as c:
            page = await pages.ensure(c, (site or self.site).id, target, now=at)
            entry = await entries.insert(
                c,
                site_id=page.site_id,
                page_id=page.id,
                source=source or f"https://ann.example/{self.stored}",
                target=target,
                reaction=Reaction(kind, content=content, author=author, **reaction),
                state=state,
                now=at,
                **{"protocol": Protocol.WEBMENTION, "policy_version": POLICY_VERSION} | facts,
            )
            await changes.append(
                c, site_id=page.site_id, page_id=page.id, entry_id=entry.id, change=Change.CREATED, now=at
            )
        return entry

    async def page(self, target: str = POST) -> Page:
        async with self.db.read() as c:
            found = await pages.by_key(c, urls.page_key(target))
        assert found is not None
        return found


class Answer:
    """A response that was read to its end."""

    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def error(self) -> tuple[int, str]:
        """Status and code of a problem, which has words too."""
        data = self.json()
        assert data["error_description"]
        return self.status, data["error"]

    def __repr__(self) -> str:
        return f"<{self.status} {self.body[:300]!r}>"


@asynccontextmanager
async def running(
    folder: Path, redis_url: str, tempo: keys.Tempo = keys.USUAL, **options: Any
) -> AsyncIterator[Service]:
    """A service until the block is left; `options` are settings."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        base = f"http://127.0.0.1:{sock.getsockname()[1]}"
        given = {"data_dir": folder, "redis_url": redis_url, "public_url": base, "rate_limits": False, "demo": "off"}
        settings = Settings(**(given | options))
        await asyncio.to_thread(put_migrated, settings)
        app = create_app(settings, tempo)
        runner = make_runner(app, shutdown_grace_s=2)
        await runner.setup()
        try:
            await web.SockSite(runner, sock).start()
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as http:
                service = Service(app, base, http)
                service.site, service.token = await service.add_site(SITE)
                yield service
        finally:
            await runner.cleanup()


@pytest.fixture
async def service(tmp_path: Path, redis_url: str) -> AsyncIterator[Service]:
    """The service with the site `blog.example`."""
    async with running(tmp_path, redis_url) as it:
        yield it


@pytest.fixture(scope="session")
def forge() -> Iterator[Forge]:
    """Where commands come from."""
    forge = Forge()
    yield forge
    forge.close()


@pytest.fixture
async def mortal_redis(short_folder: Path) -> AsyncIterator[RedisServer]:
    """A Redis of the test's own, which it may stop."""
    server = RedisServer(Path(tempfile.mkdtemp(dir=short_folder))).start()
    yield server
    server.stop()
