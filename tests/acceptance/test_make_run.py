"""`make run`: says where to look, tolerates no second one, and Ctrl-C leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from scripts.run import ECHO_S
from tests.support.processes import free_port, running_on
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance]
ROOT = Path(__file__).parents[2]
CHILD = re.compile(r"python\S* -m (service serve|workers run)")


class MakeRun:
    """`make run` in a process group of its own, as a terminal would start it, and what it has printed so far."""

    def __init__(self, folder: Path, port: int, settings: Mapping[str, str]) -> None:
        self.folder, self.port, self.lines = folder, port, list[str]()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("YMATEB_", "MAKE"))}
        environment = {**inherited, "YMATEB_DATA_DIR": str(folder), "YMATEB_PORT": str(port), **settings}
        self.process = subprocess.Popen(
            ["make", "run"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def says(self, what: str) -> bool:
        return any(what in line for line in self.lines)

    def wait_ready(self) -> None:
        wait_until(lambda: self.says("ready: look at") or self.process.poll() is not None, within_s=120)
        assert self.process.poll() is None, "\n".join(self.lines)

    def signal_all(self, number: int) -> None:
        """As the terminal does it: to the whole group, so to make as well."""
        os.killpg(self.process.pid, number)

    def ended(self, within_s: float = 90) -> int:
        status = self.process.wait(within_s)
        self._reader.join(5)
        return status

    def nothing_is_left(self) -> bool:
        wait_until(lambda: not running_on(self.folder), what=f"nothing runs on {self.folder}")
        return True

    def children(self) -> list[int]:
        """The processes that the supervisor has started."""
        return [pid for pid, command in running_on(self.folder).items() if CHILD.search(command)]

    def supervisor(self) -> int:
        [pid] = [pid for pid, command in running_on(self.folder).items() if "scripts.run" in command]
        return pid


@pytest.fixture
def start(short_folder, request) -> Iterator:
    """Starts `make run` on a data folder of the test's own; ends what a failed test left."""
    folder = short_folder / f"run-{abs(hash(request.node.name)) % 10**8}"
    started: list[MakeRun] = []

    def start_one(port: int | None = None, **settings: str) -> MakeRun:
        started.append(MakeRun(folder, port or free_port(), settings))
        return started[-1]

    yield start_one
    for run in started:
        if run.process.poll() is None:
            os.killpg(run.process.pid, signal.SIGKILL)
    for pid in running_on(folder):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_it_says_where_to_look_and_ctrl_c_stops_everything(start):
    run = start()
    run.wait_ready()
    assert run.says(f"ready: look at http://localhost:{run.port}/")
    with urllib.request.urlopen(f"http://localhost:{run.port}/", timeout=10) as response:
        assert response.status == 200
    assert {re.split(r"\s*\|", line)[0] for line in run.lines} >= {"ymateb"}
    run.signal_all(signal.SIGINT)
    run.ended()
    assert run.lines[-1].endswith("stopped") or "Interrupt" in run.lines[-1]
    assert not run.says("Traceback")
    assert not run.says("killing it")
    assert run.nothing_is_left()
    assert (run.folder / "ymateb.sqlite3").exists(), "the data stay"


def test_a_second_one_in_the_same_folder_says_who_holds_it(start):
    first = start()
    first.wait_ready()
    second = start()
    assert second.ended() != 0
    assert second.says(f"already running in {first.folder}: process {first.supervisor()} serves")
    assert first.process.poll() is None
    first.signal_all(signal.SIGTERM)
    first.ended()
    assert first.nothing_is_left()


def test_a_signal_that_make_passes_on_too_is_no_second_one(start):
    run = start()
    run.wait_ready()
    run.signal_all(signal.SIGTERM)
    run.ended()
    assert not run.says("killing it")
    assert run.nothing_is_left()


def test_ctrl_c_again_kills_what_does_not_stop_and_leaves_no_redis(start):
    run = start(YMATEB_SHUTDOWN_GRACE_S="300")  # nothing but Ctrl-C kills
    run.wait_ready()
    children = run.children()
    assert len(children) == 2
    for pid in children:
        os.kill(pid, signal.SIGSTOP)  # they cannot listen
    run.signal_all(signal.SIGINT)
    wait_until(lambda: run.says("stopping (Ctrl-C again: at once)"))
    time.sleep(ECHO_S)  # what comes sooner counts as the same Ctrl-C
    run.signal_all(signal.SIGINT)
    wait_until(lambda: run.says("killing it"))
    run.ended()
    assert run.nothing_is_left()


def test_a_port_that_is_taken_is_told_in_one_line(start):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        run = start(other.getsockname()[1])
        assert run.ended() != 0
        assert run.says(f"cannot listen on 127.0.0.1 port {run.port}: Address already in use; choose another")
    assert run.nothing_is_left()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGKILL], ids=["terminal closed", "supervisor killed"])
def test_nothing_outlives_the_supervisor(start, number):
    run = start()
    run.wait_ready()
    os.kill(run.supervisor(), number)
    run.ended()
    assert run.nothing_is_left()


def test_a_process_that_ends_takes_the_others_along(start):
    run = start()
    run.wait_ready()
    [worker] = [pid for pid in run.children() if "workers run" in running_on(run.folder)[pid]]
    os.kill(worker, signal.SIGKILL)
    assert run.ended() != 0
    assert run.says("worker ended by itself with status -9; stopping")
    assert run.nothing_is_left()
