"""The product as its users run it: real processes, embedded defaults, a fresh data folder, HTTP from outside.

`Product` registers sites, starts the service and workers, waits for /readyz, and at the end checks that nothing of it
stays running.  Its methods speak the contract's words and nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self

import aiohttp

from tests.support.processes import dies_with_its_parent, free_port, running_on, stop
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]
WAITING = ("queued", "pending", "retrying")


class Product:
    """One service and `workers` workers for `sites`, on loopback.  An async context manager.

    `migrate`: brings the database to the current schema first, as any but the embedded one needs."""

    root, python = ROOT, sys.executable

    def __init__(
        self,
        *,
        sites: Iterable[str] = (),
        workers: int = 1,
        settings: Mapping[str, str] | None = None,
        migrate: bool = False,
    ) -> None:
        self.sites, self.tokens = list(sites), dict[str, str]()
        self.folder = Path(tempfile.mkdtemp(prefix="ymateb-product-"))
        self.data = self.folder / "data"
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.service: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []
        self._first_workers, self._migrate, self._logs = workers, migrate, 0
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("YMATEB_")}
        self.environment = {
            **inherited,
            "YMATEB_PORT": str(self.port),
            "YMATEB_PUBLIC_URL": self.base,
            "YMATEB_DATA_DIR": str(self.data),
            "YMATEB_FETCH_ALLOW_NETWORKS": "127.0.0.0/8,::1/128",
            "YMATEB_RATE_LIMITS": "off",
            "YMATEB_DEMO": "off",
            "YMATEB_LOG_LEVEL": "warning",
            **(settings or {}),
        }

    # --- life ----------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        self.http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
        try:
            if self._migrate:
                await self.command("service", "migrate")
            for site in self.sites:
                await self.add_site(site)
            for _ in range(self._first_workers):
                self.start_worker()  # beside the service, as `make run` does
            await self.start_service()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        logs = self.logs()[-6000:] if kind else ""
        left = await self._end()
        if kind:
            sys.stderr.write(logs)
        assert not left, f"still running after everything was told to stop: {left}"

    @asynccontextmanager
    async def commands_only(self) -> AsyncIterator[Self]:
        """For commands alone: starts nothing, and checks that nothing stays."""
        self.http = aiohttp.ClientSession()
        try:
            yield self
        finally:
            left = await self._end()
        assert not left, f"still running after all commands have ended: {left}"

    async def _end(self) -> dict[int, str]:
        """Stops all; what would not go, which is then killed."""
        await asyncio.gather(*(asyncio.to_thread(stop, process) for process in self._processes()))
        await self.http.close()
        try:
            await eventually(lambda: not running_on(self.folder))
            left: dict[int, str] = {}
        except AssertionError:
            left = running_on(self.folder)
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)
        return left

    def _processes(self) -> list[subprocess.Popen[bytes]]:
        return [*([self.service] if self.service else []), *self.workers]

    def spawn(self, *module_and_arguments: str, **settings: str) -> subprocess.Popen[bytes]:
        """`python -m …` in the background, its output in a log of its own; `settings` win over the product's."""
        self._logs += 1
        with (self.folder / f"{self._logs:02}-{module_and_arguments[0]}.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", *module_and_arguments],
                cwd=ROOT,
                env={**self.environment, **settings},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=dies_with_its_parent(signal.SIGTERM),
            )

    async def start_service(self) -> None:
        """Starts the service and waits until it says that it is ready."""
        self.service = self.spawn("service", "serve")
        await eventually(self.is_ready, what="/readyz answers 200")

    def start_worker(self) -> subprocess.Popen[bytes]:
        worker = self.spawn("workers", "run")
        self.workers.append(worker)
        return worker

    async def is_ready(self) -> bool:
        assert self.service is not None
        if self.service.poll() is not None:
            raise RuntimeError(f"the service ended with {self.service.returncode}: {self.logs()[-2000:]}")
        async with self.http.get(f"{self.base}/readyz") as response:
            return response.status == 200

    async def stop_service(self, by: int = signal.SIGTERM) -> int:
        assert self.service is not None
        return await asyncio.to_thread(stop, self.service, by=by)

    async def stop_worker(self, number: int = 0, by: int = signal.SIGTERM) -> int:
        """Ends a worker; `start_worker` puts another beside."""
        worker = self.workers.pop(number)
        return await asyncio.to_thread(stop, worker, by=by)

    def check_workers(self) -> None:
        """Fails at once, with what it wrote, when a worker has ended that nobody stopped."""
        for worker in self.workers:
            if worker.poll() is not None:
                raise RuntimeError(f"a worker ended with {worker.returncode}: {self.logs()[-3000:]}")

    def redis_pids(self) -> list[int]:
        """The embedded Redis of this data folder."""
        return [pid for pid, command in running_on(self.folder).items() if "redis-server" in command.split()[0]]

    def kill_redis(self) -> int:
        """SIGKILL for the embedded Redis; its process id."""
        [pid] = self.redis_pids()
        os.kill(pid, signal.SIGKILL)
        return pid

    def logs(self) -> str:
        """What all processes wrote so far."""
        return "\n".join(f"--- {log.name}\n{log.read_text()}" for log in sorted(self.folder.glob("*.log")))

    # --- commands ------------------------------------------------------------------------------------------------

    async def command(self, *module_and_arguments: str, status: int = 0, within_s: float = 240) -> str:
        """`python -m …`; what it printed.  Fails when it does not exit with `status`."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *module_and_arguments,
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), within_s)
        said = f"{' '.join(module_and_arguments)} exited {process.returncode}: {err.decode()[-1500:]}"
        assert process.returncode == status, said
        return (out if status == 0 else err).decode()

    async def add_site(self, authority: str, *options: str) -> dict[str, Any]:
        """Registers a site; the answer of `site add --json`."""
        answer = json.loads(await self.command("service", "site", "add", authority, *options, "--json"))
        self.tokens[authority] = answer["token"]
        return dict(answer)

    # --- HTTP ----------------------------------------------------------------------------------------------------

    async def send(self, source: str, target: str, *, path: str = "/webmention") -> aiohttp.ClientResponse:
        """One webmention; the answer, read."""
        form = {"source": source, "target": target}
        async with self.http.post(self.base + path, data=form, allow_redirects=False) as response:
            await response.read()
            return response

    async def claim(self, source: str, target: str) -> str:
        """One webmention that must be accepted; its status URL."""
        response = await self.send(source, target)
        assert response.status == 201, await response.text()
        return response.headers["Location"]

    async def status(self, location: str) -> dict[str, Any]:
        """What a status URL says."""
        async with self.http.get(location) as response:
            assert response.status == 200, await response.text()
            return dict(await response.json())

    async def settled(self, location: str, *, within_s: float = 120) -> dict[str, Any]:
        """What a status URL says once it is final."""

        async def final() -> dict[str, Any]:
            self.check_workers()
            said = await self.status(location)
            assert said["status"] not in WAITING, f"still {said}"
            return said

        return await eventually(final, within_s=within_s, every_s=0.05, what=f"{location} is final")

    async def mention(self, source: str, target: str) -> dict[str, Any]:
        """One webmention from sending to its final status."""
        return await self.settled(await self.claim(source, target))

    async def get(self, path: str, *, token: str | None = None, **parameters: str | int) -> Any:
        """JSON of a path that answers 200."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self.http.get(self.base + path, params=parameters, headers=headers) as response:
            assert response.status == 200, f"{path}: {response.status} {await response.text()}"
            return await response.json(content_type=None)

    async def shown_on(self, target: str) -> list[dict[str, Any]]:
        """The jf2 entries that the reading API has for a page."""
        feed = await self.get("/api/mentions.jf2", **{"target": target, "per-page": 10_000})
        return list(feed["children"])
