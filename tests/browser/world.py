"""The service with some threads in it, on a loopback port, beside a host page of another origin."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from aiohttp import web

from config.settings import Settings
from mentions import sanitize, urls
from mentions.model import Author, Change, Content, Entry, EntryState, Kind, Protocol, Reaction
from mentions.storage import changes, entries, pages, sites
from service import keys
from service.app import create_app
from tests.support.databases import put_migrated

MORNING = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
STRICT = (
    "default-src 'none'; script-src {base}; style-src 'self'; img-src {base}; connect-src {base}; "
    "require-trusted-types-for 'script'; trusted-types 'none'; base-uri 'none'"
)


def said(kind: Kind, who: str, home: str, html: str | None = None, **more: object) -> Reaction:
    """A reaction by somebody, as reading would have made it; `html` goes through the sanitiser."""
    content = None
    if html is not None:
        content = Content(sanitize.safe_html(html, base=home), sanitize.plain_text(html))
    return replace(
        Reaction(kind, author=Author(sanitize.clean_text(who, 100), urls.parse(home)), content=content),
        **more,  # type: ignore[arg-type]
    )


class World:
    """The product's web process with real stores, and what a test puts into them."""

    def __init__(
        self,
        folder: Path,
        redis_url: str | None = None,
        *,
        demo: str = "on",
        shortest_writing_s: float = 0.0,
        **options: object,
    ) -> None:
        self._folder, self._redis_url, self._demo, self._options = folder, redis_url, demo, options
        self._tempo = keys.Tempo(shortest_writing_s=shortest_writing_s)  # tests type faster than people
        self._runners: list[web.AppRunner] = []
        self.minutes = 0

    async def __aenter__(self) -> Self:
        port = await free_port()
        self.base = f"http://127.0.0.1:{port}"
        self.settings = Settings(
            port=port,
            public_url=self.base,
            data_dir=self._folder,
            redis_url=self._redis_url,
            demo=self._demo,
            rate_limits=False,
            **self._options,
        )
        await asyncio.to_thread(put_migrated, self.settings)
        self.app = create_app(self.settings, self._tempo)
        await self._serve(self.app, port)
        self.host_port = await free_port()
        self.host = f"http://localhost:{self.host_port}"
        self.host_pages: dict[str, str] = {}
        self.host_redirects: dict[str, str] = {}
        self.host_headers: dict[str, str] = {}
        self.policy = STRICT.format(base=self.base)
        host = web.Application()
        host.router.add_get("/{path:.*}", self._show_host_page)
        await self._serve(host, self.host_port)
        async with self.db.write() as c:
            await sites.add(c, urls.authority(self.host), now=MORNING)
        self.app[keys.SITES].forget()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        for runner in reversed(self._runners):
            await runner.cleanup()

    async def restart(self) -> None:
        """Ends the web process and starts another one at the same address, with the same stores."""
        await self.stop()
        self.app = create_app(self.settings)
        await self._serve(self.app, self.settings.port)

    async def stop(self) -> None:
        """Ends the web process."""
        await self._runners.pop(0).cleanup()

    @property
    def db(self):
        """The product's database."""
        return self.app[keys.DB]

    async def _serve(self, app: web.Application, port: int) -> None:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        if app is self.app:
            self._runners.insert(0, runner)
        else:
            self._runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", port).start()

    async def _show_host_page(self, request: web.Request) -> web.Response:
        path = "/" + request.match_info["path"]
        if path in self.host_redirects:
            raise web.HTTPFound(self.host_redirects[path])
        body = self.host_pages.get(path)
        if body is None:
            raise web.HTTPNotFound
        kind = "text/css" if path.endswith(".css") else "text/html"
        return web.Response(
            text=body, content_type=kind, headers=self.host_headers | {"Content-Security-Policy": self.policy}
        )

    def host_page(
        self,
        path: str,
        inside: str = "",
        *,
        lang: str = "en",
        attributes: str = "",
        around: str = "{}",
        styles: str = "",
    ) -> str:
        """Puts a post with a widget on the other origin, under the strict policy of the contract; its URL.

        `styles` is the page's own style sheet."""
        self.host_pages[path + ".css"] = styles
        url = self.host + path
        element = f'<ymateb-thread target="{url}" lang="{lang}" {attributes}>{inside}</ymateb-thread>'
        self.host_pages[path] = (
            f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>A post of mine</title>'
            f'<meta name="viewport" content="width=device-width">'
            f'<link rel="stylesheet" href="{path}.css"></head><body><main>'
            f'<article class="h-entry"><h1 class="p-name">A post of mine</h1><a class="u-url" href="{url}">here</a>'
            f'<p class="e-content">What I think.</p></article>{around.format(element)}</main>'
            f'<script type="module" src="{self.base}/widget.js"></script></body></html>'
        )
        return url

    async def add(
        self,
        target: str,
        source: str,
        reaction: Reaction,
        *,
        protocol: Protocol = Protocol.WEBMENTION,
        title: str = "A post of mine",
        parent: Entry | None = None,
        avatar: str | None = None,
    ) -> Entry:
        """An entry on the target's page, some minutes after the last."""
        self.minutes += 47
        at = MORNING + timedelta(minutes=self.minutes)
        if reaction.published is None:
            reaction = replace(reaction, published=at.isoformat(), published_at=at)
        async with self.db.write() as c:
            site = next(s for s in await sites.all(c) if urls.site_authority(target) in {s.authority, *s.aliases})
            page = await pages.ensure(c, site.id, target, now=at)
            await pages.learn(
                c, page.id, canonical=target, aliases=(), title=sanitize.clean_text(title, 200), checked_at=at
            )
            entry = await entries.insert(
                c,
                site_id=site.id,
                page_id=page.id,
                source=source,
                target=target,
                protocol=protocol,
                reaction=reaction,
                state=EntryState.SHOWN,
                now=at,
                parent_id=parent.id if parent else None,
                avatar=avatar,
                policy_version=sanitize.POLICY_VERSION,
            )
            cursor = await changes.append(
                c, site_id=site.id, page_id=page.id, entry_id=entry.id, change=Change.CREATED, now=at
            )
        await self.app[keys.EVENTS].publish_change(page.id, cursor)
        return entry

    async def seed(self, target: str, title: str = "Leaving the door open") -> None:
        """The thread of the project's seed: four thoughts, nested, a pingback among them, the post's author, likes."""
        home = target.rsplit("/", 1)[0] + "/"
        ann, bryn = "https://ann.example/", "https://bryn.example/~bryn/"
        await self.add(
            target,
            ann + "2026/doors",
            said(
                Kind.REPLY, "Ann Griffiths", ann,
                "<p>My grandmother kept her key under a slate by the step, for whoever came by while she was out with "
                "the hens. Nobody stole anything. They left eggs, mostly.</p><p>I had not thought of comment threads "
                "<em>that</em> way until now.</p>",
                in_reply_to=(urls.parse(target),), lang="en",
            ),
            title=title,
        )  # fmt: skip
        own = await self.add(
            target,
            home + "answers/1",
            said(
                Kind.REPLY, "Nia Rowlands", home,
                "<p>Eggs are a good protocol: small, verifiable, and best answered soon.</p>",
                in_reply_to=(urls.parse(ann + "2026/doors"),), lang="en",
            ),
            title=title,
        )  # fmt: skip
        await self.add(
            target,
            bryn + "nodiadau/drws",
            said(
                Kind.REPLY, "Bryn Tomos", bryn, "<p>Ac yn well gyda halen. Mae’r drws ar agor yma hefyd.</p>",
                in_reply_to=(urls.parse(own.source),), lang="cy",
            ),
            title=title,
        )  # fmt: skip
        await self.add(
            target,
            "https://gleanings.example/week-9",
            said(
                Kind.MENTION, "", "https://gleanings.example/",
                author=Author(), name=sanitize.clean_text("Gleanings of the week", 100),
                context=sanitize.clean_text(
                    "… On the train to Aberystwyth I read a short piece about leaving the door open twice over, and "
                    "missed my stop; it is about weblogs, but I think it is about villages. …", 300,
                ),
            ),
            protocol=Protocol.PINGBACK,
            title=title,
        )  # fmt: skip
        for name, host in (
            ("Mair Owen", "mair.example"),
            ("Tess of the Heath", "tess.example"),
            ("Idris", "idris.example"),
        ):
            await self.add(target, f"https://{host}/likes/7", said(Kind.LIKE, name, f"https://{host}/"), title=title)
        await self.add(
            target, "https://papur.example/r/3", said(Kind.REPOST, "Papur Bro", "https://papur.example/"), title=title
        )

    def thread_url(self, target: str, **more: str) -> str:
        """Address of the fragment."""
        query = "".join(f"&{name}={quote(value, safe='')}" for name, value in more.items())
        return f"{self.base}/thread.html?target={quote(target, safe='')}{query}"


async def free_port() -> int:
    """A port that the kernel had free a moment ago."""
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return int(port)
