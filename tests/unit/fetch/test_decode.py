"""A body as it comes over the wire: undone piece by piece, bounded in memory and in work."""

import gzip
import time
import zlib

import pytest

from workers.fetch.decode import BodyReader, CutShort, Garbled, TooLarge

LIMIT = 1 << 20
PAGE = b"<p>" + b"words " * 2_000


def read(body: bytes, encoding: str, *, max_bytes: int = LIMIT, pieces_of: int = 700) -> bytes:
    reader = BodyReader(encoding, max_bytes=max_bytes)
    feed_all(reader, body, pieces_of)
    return reader.finish()


def feed_all(reader: BodyReader, body: bytes, pieces_of: int) -> None:
    for start in range(0, len(body), pieces_of):
        reader.feed(body[start : start + pieces_of])


@pytest.mark.parametrize("pieces_of", [1, 700, LIMIT])
@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("", PAGE),
        ("identity", PAGE),
        ("gzip", gzip.compress(PAGE)),
        ("X-GZip", gzip.compress(PAGE[:5_000]) + gzip.compress(PAGE[5_000:]) + bytes(100)),
        ("deflate", zlib.compress(PAGE)),
        ("deflate", zlib.compress(PAGE)[2:-4]),
        ("gzip, gzip", gzip.compress(gzip.compress(PAGE))),
        ("deflate, gzip", gzip.compress(zlib.compress(PAGE))),
    ],
)
def test_whatever_was_asked_for_is_undone(encoding, body, pieces_of):
    assert read(body, encoding, pieces_of=pieces_of) == PAGE


def test_what_was_not_asked_for_or_is_no_such_encoding_is_garbled():
    for encoding, body in (("br", b"x"), ("gzip, gzip, gzip", b"x"), ("gzip", b"no gzip at all")):
        with pytest.raises(Garbled):
            read(body, encoding)
    with pytest.raises(CutShort):
        read(gzip.compress(PAGE)[:-9], "gzip")


@pytest.mark.parametrize("encoding", ["", "gzip", "deflate", "gzip, gzip"])
def test_a_page_of_just_the_limit_is_read_and_of_one_that_is_longer_the_beginning(encoding):
    def packed(page: bytes) -> bytes:
        for name in filter(None, encoding.split(", ")):
            page = gzip.compress(page) if name == "gzip" else zlib.compress(page)
        return page

    limit = len(PAGE)
    assert read(packed(PAGE), encoding, max_bytes=limit) == PAGE
    for pieces_of in (50, 5 * limit):  # whether or not all of it comes at once
        reader = BodyReader(encoding, max_bytes=limit)
        with pytest.raises(TooLarge):
            feed_all(reader, packed(PAGE + PAGE), pieces_of)
        assert reader.so_far() == PAGE


def test_many_tiny_members_cost_little_however_they_are_packed():
    """Zlib copies the rest of its input at the end of each member: a body of 2.6 kB cost 2.6 s, each time it came."""
    empty = gzip.compress(b"")
    members = empty * (LIMIT // len(empty))
    for encoding, body in (("gzip", members), ("gzip, gzip", gzip.compress(members))):
        started = time.process_time()
        assert read(body, encoding, pieces_of=64 << 10) == b""
        assert time.process_time() - started < 1.0, encoding


def test_what_lies_between_two_layers_is_bounded_over_the_whole_body():
    empty_page = gzip.compress(gzip.compress(b"") * (LIMIT // 40))
    with pytest.raises(TooLarge):
        read(empty_page * 3, "gzip, gzip", pieces_of=len(empty_page))
