"""What is kept for good: SQL, and nowhere else any.

`Database.open(url)` gives transactions; every function of the modules here takes a connection `c` of one, and returns
words of `mentions/model.py`.  One module per noun: sites, tokens, pages, claims, entries, likes, comments, changes,
blocks.  SQLite (WAL) and PostgreSQL behave the same; `schema.py` brings either up to date.  Knows nothing of
Redis, HTTP or the clock: `now` is an argument."""

from mentions.storage.engine import Database

__all__ = ["Database"]
