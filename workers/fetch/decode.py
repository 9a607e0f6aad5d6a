"""How large is a body, once its Content-Encoding is undone?

Decodes piece by piece and never holds more than the limit, so that half a megabyte of gzip cannot become half a
gigabyte of memory, nor a few kilobytes seconds of work.  Only what we ask for is decoded: gzip and deflate, at most two
layers of it (RFC 9110, 8.4)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

ACCEPT_ENCODING: Final = "gzip, deflate"
MAX_LAYERS: Final = 2
"""`gzip, gzip` is seen in the wild, from a misconfigured proxy; more is an attack."""
_WRAPPER_BYTES: Final = 2
"""Zlib tells its own wrapper by so many."""
_SLICE_BYTES: Final = 2048
"""Decoded at a time: at each end of a gzip member zlib copies what is left of its input, and members may be tiny."""


class TooLarge(Exception):
    """The decoded body is larger than the limit."""


class Garbled(Exception):
    """The body is not what its Content-Encoding says."""


class CutShort(Exception):
    """The body ends before its encoding does."""


class _Inflate:
    """One layer of gzip (any number of members) or deflate (with or without zlib's wrapper), up to `limit` bytes."""

    def __init__(self, *, gzip: bool, limit: int) -> None:
        self._bits = 16 + zlib.MAX_WBITS if gzip else zlib.MAX_WBITS
        self._is_gzip = gzip
        self._machine = zlib.decompressobj(self._bits)
        self._has_begun = False
        self._first = b""
        """What has come before it could be told whether the body has zlib's wrapper."""
        self._left = limit

    @property
    def is_over(self) -> bool:
        """Whether there was more than the limit."""
        return self._left < 0

    def feed(self, data: bytes) -> bytes:
        """What `data` decodes to, as far as the limit goes.  Raises Garbled when it is not the encoding."""
        if not self._has_begun:
            data = self._first = self._first + data
            if len(data) < _WRAPPER_BYTES:
                return b""
        out = bytearray()
        for start in range(0, len(data), _SLICE_BYTES):
            for piece in self._feed(data[start : start + _SLICE_BYTES]):
                out += piece
        return bytes(out)

    def _feed(self, data: bytes) -> Iterator[bytes]:
        while data and not self.is_over:
            if self._machine.eof:
                if not self._is_gzip or data.strip(b"\0") == b"":
                    break  # padding after the end
                self._machine = zlib.decompressobj(self._bits)
            piece = self._decompress(data, self._left + 1)
            self._left -= len(piece)
            yield piece[:-1] if self.is_over else piece
            data = self._machine.unused_data if self._machine.eof else self._machine.unconsumed_tail

    def _decompress(self, data: bytes, max_length: int) -> bytes:
        try:
            piece = self._machine.decompress(data, max_length)
        except zlib.error as error:
            if self._is_gzip or self._has_begun:
                raise Garbled(str(error)) from None
            self._machine = zlib.decompressobj(-zlib.MAX_WBITS)  # "deflate" without its wrapper: a known misreading
            self._has_begun = True
            return self._decompress(data, max_length)
        self._has_begun = True
        return piece

    def finish(self) -> None:
        """Raises CutShort unless the encoding has ended."""
        if self._first and not self._machine.eof:
            raise CutShort


class BodyReader:
    """Collects one body: `feed` its pieces, then `finish`."""

    def __init__(self, content_encoding: str, *, max_bytes: int) -> None:
        """Raises Garbled for an encoding that was not asked for."""
        names = [name.strip().lower() for name in content_encoding.split(",")]
        names = [name for name in names if name not in ("", "identity")]
        if len(names) > MAX_LAYERS or any(name not in ("gzip", "x-gzip", "deflate") for name in names):
            raise Garbled(f"Content-Encoding {content_encoding[:60]!r} was not asked for")
        self._layers = [_Inflate(gzip=name != "deflate", limit=max_bytes) for name in reversed(names)]
        self._max_bytes = max_bytes
        self._on_the_wire = 0
        self._body = bytearray()

    def feed(self, data: bytes) -> None:
        """Takes the next piece from the wire.  Raises TooLarge or Garbled."""
        self._on_the_wire += len(data)
        for layer in self._layers:
            data = layer.feed(data)
        self._body += data
        is_over = any(layer.is_over for layer in self._layers)
        if is_over or len(self._body) > self._max_bytes or self._on_the_wire > self._max_bytes:
            raise TooLarge

    def so_far(self) -> bytes:
        """What has been decoded, cut at the limit: for readers to whom the beginning is enough."""
        return bytes(self._body[: self._max_bytes])

    def finish(self) -> bytes:
        """The whole decoded body.  Raises CutShort when an encoding has not ended."""
        for layer in self._layers:
            layer.finish()
        return bytes(self._body)
