"""What the database said a moment ago (service/places.py)."""

from __future__ import annotations

import asyncio
from time import monotonic

import pytest

from service.places import Memo


class Source:
    """Answers with how often it was asked for a key, after a turn of the loop."""

    def __init__(self) -> None:
        self.asked: dict[str, int] = {}
        self.fails = False

    async def load(self, key: str) -> int:
        await asyncio.sleep(0)
        if self.fails:
            raise OSError("away")
        self.asked[key] = self.asked.get(key, 0) + 1
        return self.asked[key]


async def test_an_answer_is_kept_and_asked_for_once_however_many_wait():
    source = Source()
    memo = Memo(source.load, keep_s=60)
    assert set(await asyncio.gather(*(memo.get("a") for _ in range(50)))) == {1}
    assert await memo.get("a") == 1
    assert await memo.get("b") == 1


async def test_an_old_answer_is_asked_for_again():
    memo = Memo(Source().load, keep_s=0)
    assert [await memo.get("a"), await memo.get("a")] == [1, 2]


async def test_who_needs_a_newer_answer_than_the_kept_one_gets_it_and_shares_it():
    memo = Memo(Source().load, keep_s=60)
    await memo.get("a")
    asked_at = monotonic()
    assert set(await asyncio.gather(*(memo.get("a", not_older_than=asked_at) for _ in range(20)))) == {2}
    assert await memo.get("a") == 2


async def test_what_was_forgotten_is_asked_for_again():
    memo = Memo(Source().load, keep_s=60)
    await memo.get("a")
    memo.forget()
    assert await memo.get("a") == 2


async def test_a_failure_is_not_kept():
    source = Source()
    source.fails = True
    memo = Memo(source.load, keep_s=60)
    with pytest.raises(OSError, match="away"):
        await memo.get("a")
    source.fails = False
    assert await memo.get("a") == 1


async def test_keys_that_strangers_choose_do_not_fill_the_memory():
    memo = Memo(Source().load, keep_s=60)
    for n in range(10_000):
        await memo.get(str(n))
    assert memo.size <= 4096
