"""The file that `import` brings in: how its format is read, how far that has come, and what it is known by."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import IO, Final

from mentions import markdown, urls
from mentions.errors import InvalidRequest
from mentions.moving import Moved, Skipped, disqus, guess, isso, webmention_io, wxr
from service.commands import common

Records = Iterator[Moved | Skipped]

_READERS: Final[Mapping[str, Callable[[IO[bytes]], Records]]] = {
    "webmention.io": webmention_io.read,
    "wxr": wxr.read,
    "disqus": disqus.read,
}
FORMATS: Final = (*_READERS, "isso")


class Source:
    """A file of another system.  `read_so_far` of `size` tells how far it has been read."""

    def __init__(self, form: str, path: Path, *, authority: str, base: str | None, url_map: Path | None) -> None:
        """Raises InvalidRequest for a base that is no URL."""
        self.form = form
        self.path = path
        self.url_map = url_map
        self.base = urls.parse(base) if base else urls.parse(f"https://{authority}/")
        if self.base is None:
            raise InvalidRequest(f"{base or authority!r} is no http(s) URL for paths to hang from")
        self.read_so_far = 0
        self.size = self._comments() if form == "isso" else path.stat().st_size

    def records(self) -> Records:
        """What the file holds, from its beginning.  Raises UnreadableExport when it is of another format."""
        with self.path.open("rb") as file:
            guess.check(file.read(guess.HEAD_BYTES), self.form)
        if self.form == "isso":
            for number, record in enumerate(isso.read(self.path, base=str(self.base), render=markdown.render), 1):
                self.read_so_far = number
                yield record
            return
        with self.path.open("rb") as file:
            for record in _READERS[self.form](file):
                self.read_so_far = max(self.read_so_far, file.tell())  # one format is read twice to know its form
                yield record

    def digest(self) -> bytes:
        """What the file is known by, with all that changes how it is read."""
        hung_from = hashlib.sha256(str(self.base).encode() if self.form == "isso" else b"").digest()
        return common.digest_with(hung_from, self.path, self.url_map)

    @property
    def name(self) -> str:
        """What it is called on a terminal."""
        return self.path.name

    def _comments(self) -> int:
        """How many comments the database of Isso holds; 0 when it is none, which its reader will say better."""
        try:
            with closing(sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True)) as db:
                return int(db.execute("SELECT count(*) FROM comments").fetchone()[0])
        except sqlite3.Error:
            return 0
