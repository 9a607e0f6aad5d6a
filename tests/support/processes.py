"""Child processes that cannot outlive the tests: each gets the kernel's word that it dies when its parent does."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


def dies_with_its_parent(signal_number: int = signal.SIGKILL) -> Callable[[], None]:
    """A `preexec_fn`: the child gets this signal when the thread that started it ends, however that happens."""

    def tell_the_kernel() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal_number)

    return tell_the_kernel


def stop(process: subprocess.Popen[Any], *, by: int = signal.SIGTERM, within_s: float = 15.0) -> int:
    """Signals, waits, and kills what does not listen.  The exit status; -9 tells that it had to be killed."""
    if process.poll() is None:
        process.send_signal(by)
        try:
            process.wait(within_s)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def free_port(address: str = "127.0.0.1") -> int:
    """A port that the kernel has just given and taken back.  Prefer servers that bind port 0 themselves."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def peak_mb(pid: int) -> float:
    """The most memory that a process ever held, in megabytes."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def running_on(folder: Path) -> dict[int, str]:
    """Processes that work in this (unique) folder or name it in command line or environment: pid -> command line."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes()
                if command and _is_on(entry, command, str(folder)):
                    found[int(entry.name)] = command.replace(b"\0", b" ").decode(errors="replace").strip()
            except OSError:
                continue
    return found


def _is_on(process: Path, command: bytes, folder: str) -> bool:
    """Redis writes its title over its environment, so its working directory is asked too."""
    mark = folder.encode()
    return (
        mark in command
        or mark in (process / "environ").read_bytes()
        or str((process / "cwd").readlink()).startswith(folder)
    )
