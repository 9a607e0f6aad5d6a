"""Column types that behave the same on SQLite and PostgreSQL, and the keys that long texts are looked up by."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final

import orjson
from sqlalchemy import BigInteger, DateTime, Integer, LargeBinary, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

KEY_BYTES: Final = 20
"""Length of a key: 160 bits, so that nobody can make two URLs share one on purpose."""

RowId = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts up only in a column that is called INTEGER, which is 64 bits wide there anyway."""


def key_of(text: str) -> bytes:
    """What a text of any length is indexed by.

    A URL may be several kilobytes long, and PostgreSQL refuses index rows of more than 2.7 kB."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()


def storable(text: str) -> str:
    """The text without what no database takes: NUL and lone surrogates become U+FFFD."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def to_json(value: Any) -> bytes:
    """JSON as bytes; strings that no database takes are mended on the way."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return orjson.dumps(_mended(value))


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(str(name)): _mended(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_mended(part) for part in value]
    return value


class Words(TypeDecorator[str]):
    """Text that strangers had a hand in."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002  SQLAlchemy's signature
        return None if value is None else storable(value)


class UtcTime(TypeDecorator[datetime]):
    """A moment.  Aware on the way in and, in UTC, on the way out; kept as UTC text of equal width by SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a moment without an offset cannot be kept: {value}")
        utc = value.astimezone(UTC)
        return utc if dialect.name == "postgresql" else utc.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Json(TypeDecorator[Any]):
    """JSON as text by orjson: the same bytes on both databases, and `\\u0000` is no error, as it is in JSONB."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else to_json(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        return None if value is None else orjson.loads(value)


class PackedJson(TypeDecorator[Any]):
    """JSON that is seldom read and large: deflated."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:  # noqa: ARG002
        return None if value is None else zlib.compress(to_json(value), 6)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Any:  # noqa: ARG002
        return None if value is None else orjson.loads(zlib.decompress(value))
