"""The authors' pictures in the data folder: files named by content, written by workers, handed out by the service.

Blocking; to be called in a thread.  Whoever names a picture keeps its path (`Entry.avatar`) in the database."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

PREFIX: Final = "/avatars/"
NAME: Final = re.compile(r"[0-9a-f]{32}\.webp")


class Avatars:
    """The folder.  A picture that is there never changes; its modification time says when it was last seen so."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "avatars"

    def keep(self, webp: bytes, *, now: datetime) -> str:
        """Keeps a picture, whole or not at all; its path below the public URL."""
        path = self._folder / f"{hashlib.sha256(webp).hexdigest()[:32]}.webp"
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, draft = tempfile.mkstemp(dir=self._folder, suffix=".draft")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(webp)
                Path(draft).chmod(0o644)
                Path(draft).replace(path)
            except BaseException:
                Path(draft).unlink(missing_ok=True)
                raise
        os.utime(path, (now.timestamp(), now.timestamp()))
        return PREFIX + path.name

    def read(self, name: str) -> bytes | None:
        """The picture of that name; None when there is none, or it is no name of ours."""
        if not NAME.fullmatch(name):
            return None
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def seen_at(self, path: str) -> datetime | None:
        """When the picture at that path was last fetched; None when it is not there."""
        name = path.removeprefix(PREFIX)
        try:
            return datetime.fromtimestamp((self._folder / name).stat().st_mtime, UTC) if NAME.fullmatch(name) else None
        except FileNotFoundError:
            return None

    def forget(self, *, but: Collection[str], before: datetime) -> int:
        """Removes the pictures at other paths than these that were last fetched before that moment; how many."""
        forgotten = 0
        for file in self._folder.glob("*"):
            if PREFIX + file.name not in but and file.stat().st_mtime < before.timestamp():
                file.unlink(missing_ok=True)
                forgotten += 1
        return forgotten
