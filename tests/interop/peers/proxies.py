"""Reverse proxies that others wrote, with the very examples of docs/operating.md and of the page of snippets."""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
from abc import abstractmethod
from pathlib import Path

import aiohttp
import trustme
from aiohttp.abc import AbstractResolver, ResolveResult

from tests.interop.peers.running import Running, Served
from tests.support.processes import free_port
from tests.support.product import ROOT

HOST = "responses.example.com"
MANUAL = (ROOT / "docs/operating.md").read_text()
UNPACKED = ROOT / "build/debian/usr"
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:{UNPACKED}/sbin:{UNPACKED}/bin"
"""Where scripts/proxies.sh leaves them, if the system has none."""
_NGINX = """\
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/nginx.log;
events {{}}
http {{
access_log off;
client_body_temp_path {folder}/body;
proxy_temp_path {folder}/proxy;
fastcgi_temp_path {folder}/fastcgi;
uwsgi_temp_path {folder}/uwsgi;
scgi_temp_path {folder}/scgi;
{servers}
}}
"""
_CADDY = """\
{{
admin off
auto_https disable_redirects
}}
{site}
"""


def example(heading: str) -> str:
    """The first block of code behind a line of the manual that begins so."""
    found = re.search(rf"^{heading}.*?^```\w*\n(.*?)^```$", MANUAL, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


class Proxy(Served):
    """A proxy in front of the service at `upstream` (host:port), reached as https://responses.example.com."""

    program = ""

    def __init__(self, folder: Path, upstream: str) -> None:
        self.folder, self.upstream, self.port = folder, upstream, free_port()
        self.origin = f"https://{HOST}:{self.port}"
        self.authority = trustme.CA()
        certificate = self.authority.issue_cert(HOST)
        self.chain, self.key = folder / "fullchain.pem", folder / "privkey.pem"
        certificate.private_key_pem.write_to_path(self.key)
        self.chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))

    @abstractmethod
    def arguments(self) -> list[str]:
        """Those of the program, once its settings are written."""

    async def _start(self) -> Running:
        found = shutil.which(self.program, path=PATH)
        assert found, f"{self.program} is missing: make test-peers installs it"
        return Running([found, *self.arguments()], self.folder, env={"PATH": PATH, "HOME": str(self.folder)})

    def _client(self) -> aiohttp.ClientSession:
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        connector = aiohttp.TCPConnector(resolver=_Here(), ssl=context)
        return aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=30))

    async def _answers(self) -> bool:
        async with self.http.get(f"{self.origin}/healthz") as response:
            return response.status == 200


class Nginx(Proxy):
    """nginx with the manual's server, and one for the pages of a site that includes its threads at the edge."""

    program = "nginx"

    def __init__(self, folder: Path, upstream: str, *, site: str = "") -> None:
        super().__init__(folder, upstream)
        self.site = site

    def arguments(self) -> list[str]:
        server = example("nginx ").replace("443", str(self.port)).replace("127.0.0.1:8080", self.upstream)
        server = re.sub(r"/etc/letsencrypt/live/\S+/(\w+\.pem)", rf"{self.folder}/\1", server)
        settings = self.folder / "nginx.conf"
        settings.write_text(_NGINX.format(folder=self.folder, servers=f"{server}\n{self.site}"))
        return ["-e", str(self.folder / "nginx.log"), "-c", str(settings)]


class Caddy(Proxy):
    """Caddy with the manual's site."""

    program = "caddy"

    def arguments(self) -> list[str]:
        site = example("Caddy").replace("127.0.0.1:8080", self.upstream)
        site = site.replace(f"{HOST} {{", f"{self.origin} {{\ntls {self.chain} {self.key}", 1)
        settings = self.folder / "Caddyfile"
        settings.write_text(_CADDY.format(site=site))
        return ["run", "--config", str(settings), "--adapter", "caddyfile"]


class _Here(AbstractResolver):
    """Every name is this machine."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host="127.0.0.1", port=port, family=family or socket.AF_INET, proto=0, flags=0)
        ]

    async def close(self) -> None:
        """Nothing is open."""
