"""Ten writers and three readers of the change cursor, all of them outside: HTTP, commands, a receiver of webhooks."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from typing import Any, Self

import aiohttp
from aiohttp import web

from tests.peers import Blog
from tests.support.processes import free_port, stop
from tests.support.product import Product
from tests.support.waiting import eventually

LOST = (aiohttp.ClientError, TimeoutError, ConnectionError)
"""What a caller sees of a service that was just killed."""
ROUNDS = 6
"""What each of the ten writers does, one after another."""


class World:
    """The product with two services, for a blog that is its site."""

    def __init__(self, product: Product, blog: Blog) -> None:
        self.product, self.blog = product, blog
        self.other_port = free_port()
        self.bases = [product.base, f"http://127.0.0.1:{self.other_port}"]
        self.token = product.tokens[blog.authority]
        self.hot, self.cold = blog.page("/hot"), blog.page("/cold")
        self.shown: list[int] = []
        """Entries that moderators may decide on."""

    async def __aenter__(self) -> Self:
        self.start_other()
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(stop, self.other)

    def start_other(self) -> None:
        self.other = self.product.spawn("service", "serve", YMATEB_PORT=str(self.other_port))

    async def ask(self, method: str, path: str, base: int, *, wanted: tuple[int, ...], **more: Any) -> Any:
        """One request, again until one of the services answers as wanted; its JSON."""

        async def answered() -> tuple[Any]:
            nonlocal base
            base += 1
            url = self.bases[base % 2] + path
            async with self.product.http.request(method, url, allow_redirects=False, **more) as answer:
                assert answer.status in wanted, f"{method} {path}: {answer.status} {await answer.text()}"
                return (await answer.json(content_type=None),)

        return (await eventually(answered, within_s=60, every_s=0.05))[0]

    def signed(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def deliveries(self) -> list[dict[str, Any]]:
        """The whole log of the one hook."""
        log: list[dict[str, Any]] = []
        while True:
            before = {"before": str(log[-1]["id"])} if log else {}
            parameters = {"per-page": "200", **before}
            said = await self.product.get("/api/hooks/1/deliveries", token=self.token, **parameters)
            if not said["deliveries"]:
                return log
            log += said["deliveries"]


# --- ten writers --------------------------------------------------------------------------------------------------


async def type_comments(world: World, number: int) -> None:
    """Comments, each changed once by its author."""
    for turn in range(ROUNDS):
        target = world.hot if turn % 3 else world.cold
        body = {"target": target, "name": f"Cai {number}", "content": f"What {number} thought the {turn}th time"}
        made = await world.ask("POST", "/api/comments", number, wanted=(201,), json=body)
        world.shown.append(made["wm-id"])
        changed = {"content": f"What {number} really thought the {turn}th time"}
        token = {"Authorization": f"Bearer {made['edit-token']}"}
        await world.ask(
            "PATCH", f"/api/comments/{made['wm-id']}", number, wanted=(200, 409), json=changed, headers=token
        )


async def moderate(world: World, number: int) -> None:
    """Decisions on what the others have written, one entry deleted for good now and then."""
    chance = random.Random(number)
    for turn in range(ROUNDS * 2):
        await eventually(lambda: world.shown, within_s=60)
        entry_id = chance.choice(world.shown)
        if turn % 8 == 7:
            await world.ask("POST", f"/api/entries/{entry_id}/delete", number, wanted=(200,), headers=world.signed())
            continue
        for action in ("hide", chance.choice(("approve", "spam"))):
            path = f"/api/entries/{entry_id}/{action}"
            await world.ask("POST", path, number, wanted=(200, 409), headers=world.signed())


async def send_webmentions(world: World, number: int) -> None:
    """Webmentions, each sent again after its source has changed."""
    for turn in range(ROUNDS):
        target = world.hot if turn % 2 else world.cold
        source = world.blog.post(links_to=target, path=f"/r/{number}/{turn}")
        for words in ("first", "second"):
            world.blog.edit(source, links_to=target, text=f"My {words} thought")
            form = {"source": source, "target": target}
            said = await world.ask("POST", "/webmention", number, wanted=(201,), data=form)
            path = said["location"].removeprefix(world.product.base)

            async def is_final(path: str = path) -> bool:
                status = await world.ask("GET", path, number, wanted=(200,))
                return status["status"] == "success"

            await eventually(is_final, within_s=90, every_s=0.1, what=f"{source} is verified")


async def bring_in(world: World, number: int) -> None:
    """Imports of files, each by a process of its own."""
    for turn in range(2):
        children = [
            {
                "type": "entry",
                "author": {"type": "card", "name": "Old", "url": "https://old.example/"},
                "url": f"https://old.example/{number}/{turn}/{n}",
                "wm-received": "2020-01-01T00:00:00Z",
                "wm-id": number * 10_000 + turn * 100 + n,
                "wm-source": f"https://old.example/{number}/{turn}/{n}",
                "wm-target": world.hot if n % 2 else world.cold,
                "wm-property": "like-of",
                "wm-private": False,
            }
            for n in range(15)
        ]
        file = world.product.folder / f"import-{number}-{turn}.json"
        file.write_text(json.dumps({"type": "feed", "name": "Webmentions", "children": children}))
        arguments = ("import", "--site", world.blog.authority, "webmention.io", str(file))
        await world.product.command("service", *arguments, within_s=90)


WRITERS: list[Callable[[World, int], Awaitable[None]]] = [
    *[type_comments] * 3,
    *[moderate] * 2,
    *[send_webmentions] * 3,
    *[bring_in] * 2,
]


# --- three readers ------------------------------------------------------------------------------------------------


class Poller:
    """Reads /api/changes, a few at a time, from whichever service answers."""

    def __init__(self, world: World) -> None:
        self.world, self.cursor, self.seen = world, 0, list[dict[str, Any]]()

    async def run(self) -> None:
        for turn in range(10**9):
            parameters = {"cursor": str(self.cursor), "per-page": "7"}
            base = self.world.bases[turn % 2]
            try:
                async with self.world.product.http.get(
                    f"{base}/api/changes", params=parameters, headers=self.world.signed()
                ) as answer:
                    if answer.status != 200:
                        continue
                    said = await answer.json()
            except LOST:
                await asyncio.sleep(0.05)
                continue
            self.seen += said["changes"]
            self.cursor = said["cursor"]
            if not said["more"]:
                await asyncio.sleep(0.1)


class Listener:
    """Reads the events of the hot page as a browser does: comes back with the last id when the stream has ended."""

    def __init__(self, world: World) -> None:
        self.world, self.last_id, self.seen = world, "0", list[dict[str, Any]]()
        self.streams = 0

    async def run(self) -> None:
        for turn in range(10**9):
            try:
                await self._listen(self.world.bases[turn % 2])
            except LOST:
                await asyncio.sleep(0.05)

    async def _listen(self, base: str) -> None:
        headers = {"Last-Event-ID": self.last_id}
        forever = aiohttp.ClientTimeout(total=None, sock_read=30)
        async with self.world.product.http.get(
            f"{base}/api/events", params={"target": self.world.hot}, headers=headers, timeout=forever
        ) as answer:
            if answer.status != 200:
                return
            self.streams += 1
            fields: dict[str, str] = {}
            async for line in answer.content:
                name, _, value = line.decode().rstrip("\n").partition(":")
                if name:
                    fields[name] = value.strip()
                    continue
                self.last_id = fields.get("id", self.last_id)
                assert fields.get("event") != "reset"
                if "data" in fields:
                    self.seen.append(json.loads(fields["data"]))
                fields = {}


class Receiver:
    """Takes webhooks."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, Any]]] = []

    async def take(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.seen.append((request.headers["webhook-id"], body))
        return web.Response(status=204)
