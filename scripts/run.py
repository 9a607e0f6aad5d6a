"""`make run`: the service and one worker side by side, their output merged, until Ctrl-C.

Two in one data folder, or a port that is taken, are told in one line.  Children live in sessions of their own, so
Ctrl-C reaches only us and they are stopped in order; the kernel stops them when we are killed.  Redis is theirs."""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.settings import Settings, SettingsError, load_settings
from mentions.streams.embedded import EmbeddedRedis

PROCESSES: Final = {"service": ("service", "serve"), "worker": ("workers", "run")}
COLOURS: Final = {"service": "36", "worker": "33", "ymateb": "1"}
EXTRA_GRACE_S: Final = 5.0
"""On top of `shutdown_grace_s`: to stop Redis and close files."""
ECHO_S: Final = 0.5
"""What comes this soon after the first signal is its echo: the terminal sends to the group, and make to its child."""
_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None)


class Refusal(Exception):
    """We cannot start; the message is one line and says what to do."""


@dataclass(frozen=True, slots=True)
class Child:
    """A process of ours, and the task that prints what it says."""

    name: str
    process: asyncio.subprocess.Process
    pump: asyncio.Task[None]


def say(name: str, line: str) -> None:
    """One line of the merged output."""
    label = f"{name:<8}|"
    if sys.stdout.isatty():
        label = f"\x1b[{COLOURS[name]}m{label}\x1b[0m"
    print(label, line, flush=True)  # noqa: T201 - a command line prints


@contextmanager
def only_one(data_dir: Path, public_url: str) -> Iterator[None]:
    """Holds the data folder for this `make run`.  The kernel lets go of it however we end."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "run.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise Refusal(f"already running in {data_dir}: {lock.read().strip() or 'another make run'}") from None
        lock.truncate(0)
        lock.write(f"process {os.getpid()} serves {public_url}/\n")
        lock.flush()
        yield


def check_port(settings: Settings) -> None:
    """Refuses when somebody else listens where the service wants to."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise Refusal(f"YMATEB_HOST={settings.host} is no address to listen on: {error.strerror}") from None
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen(1)
        except OSError as error:
            hint = "choose another: YMATEB_PORT=8090 make run"
            raise Refusal(f"cannot listen on {settings.host} port {settings.port}: {error.strerror}; {hint}") from None


def is_ready(settings: Settings) -> bool:
    """Whether /readyz answers 200."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 - compared, not bound
    connection = http.client.HTTPConnection(host, settings.port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


async def announce(settings: Settings) -> None:
    """Says where to look, as soon as there is something to see."""
    while not await asyncio.to_thread(is_ready, settings):  # noqa: ASYNC110 - another process sets it, no event of ours
        await asyncio.sleep(0.1)
    say("ymateb", "")
    say("ymateb", f"ready: look at {settings.public_url}/")
    say("ymateb", f"data stay in {settings.data_dir}/; Ctrl-C stops everything")
    say("ymateb", "")


def _stops_with_us() -> None:
    """In the child: SIGTERM when we are gone, even by `kill -9`."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


async def start(name: str, environment: dict[str, str]) -> Child:
    """Starts one of PROCESSES."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *PROCESSES[name],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        limit=1 << 20,
        start_new_session=True,
        preexec_fn=_stops_with_us if sys.platform == "linux" else None,
    )
    return Child(name, process, asyncio.create_task(_print_lines(name, process), name=f"output of {name}"))


async def _print_lines(name: str, process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None
    while True:
        try:
            line = await process.stdout.readline()
        except ValueError:  # longer than the limit: the rest follows
            continue
        if not line:
            return
        say(name, line.decode(errors="replace").rstrip())


async def stop(children: list[Child], grace_s: float, hurry: asyncio.Event) -> None:
    """SIGTERM, then SIGKILL after the grace, or at once when `hurry` is set by a second Ctrl-C."""
    for child in children:
        with suppress(ProcessLookupError):
            child.process.terminate()
    hurried = asyncio.create_task(hurry.wait(), name="second Ctrl-C")
    ended = asyncio.create_task(_all_ended(children), name="children end")
    await asyncio.wait({hurried, ended}, timeout=grace_s, return_when=asyncio.FIRST_COMPLETED)
    hurried.cancel()
    for child in children:
        if child.process.returncode is None:
            say("ymateb", f"{child.name} does not stop; killing it")
            with suppress(ProcessLookupError):
                os.killpg(child.process.pid, signal.SIGKILL)
    await ended
    await asyncio.wait([child.pump for child in children], timeout=1)


def stop_redis(data_dir: Path) -> None:
    """A child that was killed could not stop the Redis that it shared: come and go as its last user."""
    redis = EmbeddedRedis(data_dir)
    redis.join()
    redis.leave()


async def _all_ended(children: list[Child]) -> None:
    for child in children:
        await child.process.wait()


async def supervise(settings: Settings) -> int:
    """Runs until Ctrl-C (0) or until a child ends by itself (1)."""
    asked, hurry = asyncio.Event(), asyncio.Event()

    loop = asyncio.get_running_loop()
    heard_at = 0.0

    def hear() -> None:
        """The first time: stop.  Again: at once; but not the echo of the first, which make sends on to us."""
        nonlocal heard_at
        if not asked.is_set():
            asked.set()
            heard_at = loop.time()
        elif loop.time() - heard_at > ECHO_S:
            hurry.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, hear)
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    if settings.log_format == "auto":
        environment["YMATEB_LOG_FORMAT"] = "text"
    say("ymateb", "starting; the first time takes a few seconds")
    children = [await start(name, environment) for name in PROCESSES]
    told = asyncio.create_task(announce(settings), name="readiness")
    endings = [asyncio.create_task(child.process.wait(), name=child.name) for child in children]
    stopping = asyncio.create_task(asked.wait(), name="asked to stop")
    await asyncio.wait([stopping, *endings], return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    stopping.cancel()
    if asked.is_set():
        say("ymateb", "stopping (Ctrl-C again: at once)")
    else:
        for child in children:
            if child.process.returncode is not None:
                say("ymateb", f"{child.name} ended by itself with status {child.process.returncode}; stopping")
    await stop(children, settings.shutdown_grace_s + EXTRA_GRACE_S, hurry)
    if settings.redis_url is None and any((child.process.returncode or 0) < 0 for child in children):
        await asyncio.to_thread(stop_redis, settings.data_dir)
    say("ymateb", "stopped")
    return 0 if asked.is_set() else 1


def main() -> int:
    """The exit status of `make run`."""
    try:
        settings = load_settings()
        with only_one(settings.data_dir, settings.public_url):
            check_port(settings)
            return asyncio.run(supervise(settings))
    except (Refusal, SettingsError) as refusal:
        print(f"ymateb: {refusal}", file=sys.stderr)  # noqa: T201 - a command line prints
        return 1


if __name__ == "__main__":
    sys.exit(main())
