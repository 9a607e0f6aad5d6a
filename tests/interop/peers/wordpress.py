"""A real WordPress for the tests: Debian's package under PHP's own server, its database in a folder of its own.

Nothing of the system is touched or asked to run: a copy of the package's files and a MariaDB lie in a temporary folder
and belong to an unprivileged user, ports are the kernel's, and the kernel ends every process with the test run."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Self

import aiohttp

from tests.interop.peers.running import Running, Served
from tests.support.processes import dies_with_its_parent, free_port, running_on, stop
from tests.support.waiting import wait_until

PHP = Path(__file__).parent / "php"
PACKAGED = Path("/usr/share/wordpress")
MOST = 100
"""How many comments the REST interface hands out at once."""
STATES = ("approve", "hold", "spam", "trash")
"""What it calls the states of comments when it is asked for some; `all` means the first two."""


class Unprivileged:
    """Whom servers run as that strangers could reach: `nobody` where the tests run as root."""

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}
        if os.geteuid() == 0:
            self.options = {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []}

    def own(self, *paths: Path) -> None:
        """Hands files of ours over."""
        if self.options:
            for path in paths:
                shutil.chown(path, self.options["user"], self.options["group"])


class MariaDb:
    """A server on a Unix socket in `folder`, without networking; a database for each WordPress."""

    def __init__(self, folder: Path, user: Unprivileged) -> None:
        self.folder, self.user = folder, user
        self.socket = folder / "sql"
        self._data, self._numbers = folder / "data", itertools.count(1)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        self._data.mkdir()
        self.user.own(self.folder, self._data)
        how = ["--no-defaults", f"--datadir={self._data}", "--innodb-log-file-size=8M"]
        make = ["mariadb-install-db", *how, "--skip-test-db", "--auth-root-authentication-method=normal"]
        made = subprocess.run(make, capture_output=True, text=True, cwd=self.folder, check=False, **self.user.options)
        if made.returncode:
            raise RuntimeError(f"mariadb-install-db failed: {(made.stdout + made.stderr)[-900:]}")
        careless = ["--innodb-flush-log-at-trx-commit=0", "--skip-innodb-doublewrite", "--skip-log-bin"]
        listening = ["--skip-networking", f"--socket={self.socket}", f"--pid-file={self.folder}/pid"]
        self.process = subprocess.Popen(
            ["mariadbd", *how, *careless, *listening, "--character-set-server=utf8mb4"],
            stdin=subprocess.DEVNULL,
            stdout=(self.folder / "log").open("wb"),
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            start_new_session=True,
            preexec_fn=dies_with_its_parent(),
            **self.user.options,
        )
        wait_until(self._is_ready, within_s=60, what=f"MariaDB in {self.folder} is ready")
        return self

    def _is_ready(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise RuntimeError(f"mariadbd ended: {(self.folder / 'log').read_text()[-900:]}")
        return self._ask("SELECT 1").returncode == 0

    def create(self) -> str:
        """A fresh, empty database; its name."""
        name = f"wordpress_{next(self._numbers)}"
        self._ask(f"CREATE DATABASE {name} CHARACTER SET utf8mb4").check_returncode()
        return name

    def _ask(self, sql: str) -> subprocess.CompletedProcess[bytes]:
        line = ["mariadb", "--no-defaults", f"--socket={self.socket}", "--user=root", f"--execute={sql}"]
        return subprocess.run(line, capture_output=True, check=False, timeout=30)

    def stop(self) -> None:
        if self.process is not None:
            stop(self.process)


class Machine:
    """What all WordPresses of a run share: the package's files, readable by everybody, and the database server."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ymateb-peers-"))
        self.user = Unprivileged()
        self.root = self.folder / "www"
        self.database: MariaDb | None = None

    def __enter__(self) -> Self:
        try:
            self.folder.chmod(0o755)
            left_out = shutil.ignore_patterns("wp-config.php", ".htaccess", "languages")
            shutil.copytree(PACKAGED, self.root, symlinks=True, ignore=left_out)
            shutil.copy(PHP / "wp-config.php", self.root)
            plugins = self.root / "wp-content" / "mu-plugins"
            plugins.mkdir()
            shutil.copy(PHP / "loopback.php", plugins)
            of_database = self.folder / "db"
            of_database.mkdir()
            self.database = MariaDb(of_database, self.user).start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        left = running_on(self.folder)
        assert not left, f"still running after everything was told to stop: {left}"

    def _end(self) -> None:
        if self.database is not None:
            self.database.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class WordPress(Served):
    """One installed WordPress with permalinks by name, on `port`.  An async context manager.

    `is_patient`: takes several comments of one sender within fifteen seconds."""

    login, password = "golygydd", "a password of a test"

    def __init__(self, machine: Machine, *, title: str, port: int | None = None, is_patient: bool = False) -> None:
        self.machine, self.title, self.is_patient = machine, title, is_patient
        self.authority = f"127.0.0.1:{port or free_port()}"
        self.origin = f"http://{self.authority}"

    async def _start(self) -> Running:
        assert self.machine.database is not None
        self.folder = Path(tempfile.mkdtemp(dir=self.machine.folder, prefix="wordpress-"))
        self.machine.user.own(self.folder)
        self.environment = {
            "PATH": "/usr/bin:/bin",
            "PEER_DATABASE": self.machine.database.create(),
            "PEER_SOCKET": str(self.machine.database.socket),
            "PEER_ORIGIN": self.origin,
            **({"PEER_IS_PATIENT": "1"} if self.is_patient else {}),
            "PEER_CONTENT": str(self.machine.root / "wp-content"),
        }
        self.token = await self.run("install.php", self.title)
        return self._serve()

    def _client(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))

    def _serve(self) -> Running:
        command = ["php", *self._options(), "-S", self.authority, "-t", str(self.machine.root)]
        options = self.machine.user.options
        return Running(command, self.folder, cwd=self.machine.root, env=self.environment, **options)

    def _options(self) -> list[str]:
        return ["-d", f"sys_temp_dir={self.folder}", "-d", "display_errors=stderr", "-d", "error_reporting=E_ERROR"]

    async def _answers(self) -> bool:
        async with self.http.get(self.origin) as response:
            return response.status == 200

    async def run(self, script: str, *arguments: str | Path) -> str:
        """One of our PHP scripts inside this WordPress; what it printed.  Fails when it fails."""
        return await asyncio.to_thread(self._run, script, *arguments)

    def _run(self, script: str, *arguments: str | Path) -> str:
        # The script is read by us, so that it need not be readable for the one who runs it.
        done = subprocess.run(
            ["php", *self._options(), "--", *map(str, arguments)],
            input=(PHP / script).read_text(),
            cwd=self.machine.root,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
            **self.machine.user.options,
        )
        assert done.returncode == 0, f"{script}: {(done.stdout + done.stderr)[-2000:]}"
        return done.stdout

    def hand(self, name: str, content: str) -> Path:
        """A file that this WordPress may read."""
        path = self.folder / name
        path.write_text(content)
        self.machine.user.own(path)
        return path

    # --- what readers and editors do -----------------------------------------------------------------------------

    async def rest(self, path: str, *, post: dict[str, Any] | None = None, **parameters: str | int) -> Any:
        """JSON of `/wp-json/wp/v2/…` as the administrator; with `post`, sends it."""
        async with self.http.request(
            "POST" if post is not None else "GET",
            f"{self.origin}/wp-json/wp/v2/{path}",
            params=parameters,
            json=post,
            headers={"Authorization": aiohttp.encode_basic_auth(self.login, self.token)},
        ) as response:
            body = await response.text()
            assert response.ok, f"{path}: {response.status} {body[:900]}"
            return json.loads(body)

    async def comments(self) -> list[dict[str, Any]]:
        """Every comment of every type and state, trash too, as the REST interface tells an editor."""
        found: list[dict[str, Any]] = []
        for status in STATES:
            some = await self.rest("comments", context="edit", type="all", status=status, per_page=MOST)
            assert len(some) < MOST, "more than one page of comments"
            found += some
        return found

    async def read(self, path: str) -> str:
        """A page as a reader gets it."""
        async with aiohttp.ClientSession() as stranger, stranger.get(self.url(path)) as response:
            assert response.status == 200, f"{path}: {response.status}"
            return await response.text()

    def url(self, path: str) -> str:
        return path if path.startswith("http") else self.origin + path

    async def publish(self, title: str, content: str, **facts: Any) -> str:
        """A new post; its URL.  Its pings wait until `ping`."""
        made = await self.rest("posts", post={"title": title, "content": content, "status": "publish", **facts})
        return str(made["link"])

    async def ping(self) -> None:
        """Sends what waits, as WordPress' cron would."""
        await self.run("ping.php")

    async def export(self) -> bytes:
        """Signs in, then Tools → Export → All content → Download."""
        async with aiohttp.ClientSession(self.origin, cookie_jar=aiohttp.CookieJar(unsafe=True)) as editor:
            await (await editor.get("/wp-login.php")).read()
            form = {"log": self.login, "pwd": self.password, "wp-submit": "Log In", "testcookie": "1"}
            async with editor.post("/wp-login.php", data=form, allow_redirects=False) as response:
                assert response.status == 302, (await response.text())[-900:]
            choice = {"download": "true", "content": "all"}
            async with editor.get("/wp-admin/export.php", params=choice) as response:
                assert re.search(r"filename=.*\.xml", response.headers.get("Content-Disposition", "")), response.headers
                return await response.read()
