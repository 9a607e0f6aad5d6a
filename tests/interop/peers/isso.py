"""A real Isso for the tests: PyPI's package in an environment of its own (`make test-peers` makes it), on loopback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp

from tests.interop.peers.running import Running, Served
from tests.support.processes import free_port
from tests.support.product import ROOT

PROGRAM = ROOT / ".venv-isso" / "bin" / "isso"
SETTINGS = """\
[general]
dbpath = {database}
host = {site}
[server]
listen = {origin}/
trusted-proxies = 127.0.0.1
[moderation]
enabled = {moderated}
[guard]
enabled = false
[markup]
renderer = mistune
"""


class Isso(Served):
    """One Isso for `site` (an origin) with its database in `folder`.  An async context manager."""

    def __init__(self, folder: Path, *, site: str, is_moderated: bool = False) -> None:
        assert PROGRAM.exists(), "Isso is missing: make test-peers installs it"
        self.folder, self.database = folder, folder / "comments.db"
        self.origin = f"http://127.0.0.1:{free_port()}"
        self._site, self._is_moderated = site, is_moderated
        self._cookies: dict[int, str] = {}

    async def _start(self) -> Running:
        settings = self.folder / "isso.cfg"
        moderated = str(self._is_moderated).lower()
        settings.write_text(
            SETTINGS.format(database=self.database, site=self._site, origin=self.origin, moderated=moderated)
        )
        return Running([PROGRAM, "-c", settings, "run"], self.folder)

    def _client(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(self.origin, cookie_jar=aiohttp.DummyCookieJar())

    async def _answers(self) -> bool:
        async with self.http.get("/config") as response:
            return response.status == 200

    async def write(self, uri: str, text: str, *, title: str, **facts: Any) -> int:
        """A comment on a page; its id."""
        body = {"text": text, "title": title, **facts}
        async with self.http.post("/new", params={"uri": uri}, json=body) as response:
            assert response.status in (201, 202), await response.text()
            number = int((await response.json())["id"])
            self._cookies[number] = response.headers["Set-Cookie"].partition(";")[0]
            return number

    async def edit(self, number: int, text: str) -> None:
        """As its author, while that is allowed."""
        async with self.http.put(
            f"/id/{number}", json={"text": text}, headers={"Cookie": self._cookies[number]}
        ) as response:
            assert response.status == 200, await response.text()
            self._cookies[number] = response.headers["Set-Cookie"].partition(";")[0]

    async def delete(self, number: int) -> None:
        async with self.http.delete(f"/id/{number}", headers={"Cookie": self._cookies[number]}) as response:
            assert response.status == 200, await response.text()

    async def like(self, number: int, *, address: str) -> None:
        """From somebody at another address: Isso counts one of each network."""
        async with self.http.post(f"/id/{number}/like", json={}, headers={"X-Forwarded-For": address}) as response:
            assert response.status == 200, await response.text()

    async def fetch(self, uri: str) -> dict[str, Any]:
        """What its own script shows below a page."""
        async with self.http.get("/", params={"uri": uri}) as response:
            assert response.status == 200, await response.text()
            return dict(await response.json())
