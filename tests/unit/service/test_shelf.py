"""Answers that were made before (service/shelf.py)."""

from __future__ import annotations

import asyncio
import gzip

from service.shelf import Body, Shelf


class Maker:
    """Makes a body and counts."""

    def __init__(self, size: int = 10) -> None:
        self.made = 0
        self.size = size

    async def __call__(self) -> bytes:
        await asyncio.sleep(0)
        self.made += 1
        return b"%d" % self.made + b"x" * self.size


async def test_a_body_is_made_once_for_one_version_however_many_wait():
    shelf, make = Shelf(), Maker()
    bodies = await asyncio.gather(*(shelf.get("k", 1, make) for _ in range(50)))
    assert (make.made, len({id(body) for body in bodies})) == (1, 1)


async def test_another_version_or_key_is_another_body():
    shelf, make = Shelf(), Maker()
    first, second, third = [await shelf.get(*asked, make) for asked in (("k", 1), ("k", 2), ("j", 2))]
    assert [body.raw[:1] for body in (first, second, third)] == [b"1", b"2", b"3"]
    assert (await shelf.get("k", 2, make)) is second
    assert (await shelf.get("k", 1, make)) is not first


async def test_what_nobody_wants_makes_room():
    shelf, make = Shelf(most_bytes=2_000), Maker(size=199)
    for key in range(30):
        await shelf.get("wanted", 1, make)
        await shelf.get(key, 1, make)
    assert shelf.size_bytes <= 2_000
    made = make.made
    await shelf.get("wanted", 1, make)
    assert make.made == made
    await shelf.get(0, 1, make)
    assert make.made == made + 1


async def test_a_giant_is_handed_out_and_not_kept():
    shelf, make = Shelf(most_bytes=1_000), Maker(size=500)
    assert len((await shelf.get("k", 1, make)).raw) == 501
    assert shelf.size_bytes == 0


async def test_ten_thousand_entries_may_lie_on_the_shelf():
    shelf, make = Shelf(), Maker(size=15_000_000)
    await shelf.get("k", 1, make)
    await shelf.get("k", 1, make)
    assert make.made == 1


async def test_what_could_not_be_made_is_tried_again():
    shelf, make = Shelf(), Maker()

    async def fail() -> bytes:
        raise OSError("away")

    results = await asyncio.gather(shelf.get("k", 1, fail), return_exceptions=True)
    assert isinstance(results[0], OSError)
    assert (await shelf.get("k", 1, make)).raw.startswith(b"1")


def test_a_body_knows_its_digest_and_its_compressed_twin():
    body = Body(b"abc" * 1000)
    assert gzip.decompress(body.zipped) == body.raw
    assert body.zipped is body.zipped
    assert body.digest == Body(b"abc" * 1000).digest != Body(b"abd").digest
