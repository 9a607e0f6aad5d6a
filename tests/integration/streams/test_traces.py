"""What earlier comments have in common with one, told from hashes that go by themselves."""

from dataclasses import replace

from mentions.streams.traces import Likeness, Trace, Traces

HASHES = tuple(f"{number:016x}" for number in range(16))
ONE = Trace(1, "7", HASHES, ("https://shop.example/buy",), "ab")
NOTHING = Likeness()


async def test_nothing_was_written_before(client):
    assert await Traces(client).compare(ONE) == NOTHING
    assert await Traces(client).compare(Trace(1, "7")) == NOTHING


async def test_words_are_near_when_most_hashes_are_one_comments(client):
    traces = Traces(client)
    await traces.note(Trace(1, "7", HASHES), "1")
    other = tuple("f" * 16 for _ in range(5))
    assert (await traces.compare(Trace(1, "8", HASHES[:11] + other))).is_near
    assert not (await traces.compare(Trace(1, "8", HASHES[:10] + other + ("e" * 16,)))).is_near
    assert not (await traces.compare(Trace(2, "8", HASHES))).is_near


async def test_hashes_of_different_comments_do_not_add_up(client):
    traces = Traces(client)
    await traces.note(Trace(1, "7", HASHES[:8] + tuple("a" * 16 for _ in range(8))), "1")
    await traces.note(Trace(1, "7", tuple("b" * 16 for _ in range(8)) + HASHES[8:]), "2")
    assert not (await traces.compare(Trace(1, "7", HASHES))).is_near


async def test_links_and_visitors_count_other_pages_only(client):
    traces = Traces(client)
    for number, page in enumerate(("7", "7", "8", "9")):
        await traces.note(replace(ONE, page=page, words=()), str(number))
    assert await traces.compare(replace(ONE, words=())) == Likeness(pages_of_links=2, pages_of_visitor=2)
    assert await traces.compare(replace(ONE, page="1", words=(), visitor="cd")) == Likeness(pages_of_links=3)
    assert await traces.compare(replace(ONE, page="1", words=(), links=())) == Likeness(pages_of_visitor=3)


async def test_everything_goes_by_itself_and_nothing_can_be_read(client):
    await Traces(client).note(ONE, "1")
    names = [name async for name in client.scan_iter("*trace:*")]
    assert len(names) == 18
    for name in names:
        assert 0 < await client.ttl(name) <= 86400
        assert b"shop" not in bytes(name if isinstance(name, bytes) else name.encode())
