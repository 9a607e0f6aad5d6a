"""Moving in: files of other systems, read as a stream of responses (contract §10).

One module a format, each with `read(file, …) -> Iterator[Moved | Skipped]`: nothing is kept in memory but what the
format forces (Disqus names a post's page by a thread that came earlier).  Entity bombs are refused by defusedxml, JSON
is read incrementally.  What the records mean for our tables is `storage/moving.py`'s affair."""

from mentions.moving.records import Moved, Skipped, UnreadableExport

__all__ = ["Moved", "Skipped", "UnreadableExport"]
