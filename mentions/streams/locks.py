"""A lock on a file, which the kernel lets go when its holder dies, however that happens (flock)."""

from __future__ import annotations

import fcntl
import os
import time
import weakref
from pathlib import Path
from typing import Final

_POLL_S: Final = 0.01


class FileLock:
    """Shared or exclusive, held by this object; two objects in one process exclude each other as two processes do.

    The file stays when the lock goes.  Children that were forked do not hold it; one that was handed `fd` does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fd: int | None = None

    def acquire_shared(self, *, within_s: float) -> bool:
        """False when somebody else held it exclusively all the time."""
        return self._acquire(fcntl.LOCK_SH, within_s)

    def acquire(self, *, within_s: float = 0.0) -> bool:
        """Exclusively; False when somebody else held it all the time."""
        return self._acquire(fcntl.LOCK_EX, within_s)

    def _acquire(self, mode: int, within_s: float) -> bool:
        if self.fd is None:
            self.fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            _open_locks.add(self)
        deadline = time.monotonic() + within_s
        while True:
            try:
                fcntl.flock(self.fd, mode | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    self.release()
                    return False
                time.sleep(_POLL_S)
            else:
                return True

    def release(self) -> None:
        """Lets go, if it is held; a child that was handed `fd` goes on holding it."""
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None
            _open_locks.discard(self)


_open_locks: weakref.WeakSet[FileLock] = weakref.WeakSet()


def _forget_in_child() -> None:
    """A forked child shares the lock with its parent and would keep it alive beyond the parent's death."""
    for lock in list(_open_locks):
        lock.release()


os.register_at_fork(after_in_child=_forget_in_child)
