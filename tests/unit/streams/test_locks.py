"""Locks on files, between objects of one process as between processes."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

from mentions.streams.locks import FileLock


def test_an_exclusive_lock_keeps_everybody_else_out_until_it_is_released(tmp_path):
    one, other = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert one.acquire()
    assert not other.acquire()
    assert not other.acquire_shared(within_s=0.05)
    one.release()
    assert other.acquire()
    other.release()


def test_a_shared_lock_is_held_by_many_and_keeps_the_exclusive_one_out(tmp_path):
    users = [FileLock(tmp_path / "lock") for _ in range(3)]
    assert all(user.acquire_shared(within_s=0) for user in users)
    last = FileLock(tmp_path / "lock")
    for user in users:
        assert not last.acquire()
        user.release()
    assert last.acquire()
    last.release()


def test_whoever_waits_gets_the_lock_as_soon_as_it_is_free(tmp_path):
    one, other = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert one.acquire()
    threading.Timer(0.1, one.release).start()
    started = time.monotonic()
    assert other.acquire(within_s=10)
    assert time.monotonic() - started < 5
    other.release()


def test_releasing_what_is_not_held_is_harmless(tmp_path):
    lock = FileLock(tmp_path / "lock")
    lock.release()
    assert lock.acquire()
    lock.release()
    lock.release()


def test_the_lock_goes_when_its_holder_is_killed(tmp_path):
    code = "import sys; from pathlib import Path; from mentions.streams.locks import FileLock\n"
    code += "lock = FileLock(Path(sys.argv[1])); print(lock.acquire(), flush=True); sys.stdin.read()"
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"True\n"
        lock = FileLock(tmp_path / "lock")
        assert not lock.acquire()
        holder.kill()
        assert lock.acquire(within_s=10)
        lock.release()
    finally:
        holder.kill()
        holder.communicate()


def test_a_child_that_is_handed_the_open_file_holds_the_lock_and_others_do_not(tmp_path):
    lock, seen = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert lock.acquire()
    assert lock.fd is not None
    without = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with_it = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=(lock.fd,))
    try:
        lock.release()
        assert not seen.acquire()
        with_it.communicate(b"\n")
        assert seen.acquire(within_s=10)
        seen.release()
        assert without.poll() is None
    finally:
        for child in (without, with_it):
            child.kill()
            child.communicate()


def test_the_file_can_be_looked_into_by_its_owner_only(tmp_path):
    lock = FileLock(tmp_path / "lock")
    lock.acquire()
    assert (tmp_path / "lock").stat().st_mode & 0o077 == 0
    lock.release()
