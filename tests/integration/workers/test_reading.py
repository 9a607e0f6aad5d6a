"""Reading processes: what they read, what kills them, and that nothing else notices."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import psutil
import pytest
import pytest_asyncio
from PIL import Image

from mentions.errors import ParserError
from mentions.model import Document, Fetched, Kind, Protocol, Url
from tests.support.waiting import eventually
from workers.reader_child import HEADER
from workers.reading import ROOT, ReadingPool

SOURCE, TARGET = "http://ann.example/reply", "http://mine.example/post"
REPLY = f'<div class="h-entry"><a class="u-in-reply-to" href="{TARGET}">re</a><p class="e-content">Words</p></div>'
QUIET_PAGE = f"<p>{'x ' * 20}</p>{REPLY}"


def document(body: str | bytes = REPLY, url: str = SOURCE) -> Document:
    return Document(Url(url), "text/html", "utf-8", body.encode() if isinstance(body, str) else body)


@pytest_asyncio.fixture(loop_scope="session")
async def small_pool() -> AsyncIterator[ReadingPool]:
    """One process, little time."""
    async with ReadingPool(size=1, timeout_s=1.0, memory_mb=512) as pool:
        yield pool


async def read(pool: ReadingPool, body: str | bytes = REPLY):
    return await pool.source(document(body), source=SOURCE, target=TARGET)


async def test_every_question_is_answered_as_in_this_process(pool: ReadingPool):
    reading = await read(pool)
    assert reading.reaction is not None
    assert reading.reaction.kind is Kind.REPLY
    facts = await pool.target(document("<title>My post</title>", TARGET))
    assert facts.title == "My post"
    links = await pool.links(document())
    assert TARGET in links.links
    page = Fetched(document("<p>no endpoint"), (), links=('</wm>; rel="webmention"',))
    receiver = await pool.receiver(page)
    assert receiver is not None
    assert (receiver.protocol, receiver.endpoint) == (Protocol.WEBMENTION, "http://ann.example/wm")
    assert await pool.receiver(Fetched(document("<p>none"), ())) is None


async def test_an_author_page_completes_a_reading(pool: ReadingPool):
    reading = await read(pool, REPLY.replace("</div>", '<a class="u-author" href="/me"></a></div>'))
    assert reading.author_page == "http://ann.example/me"
    me = document('<a class="h-card u-url u-uid" href="/me">Ann</a>', "http://ann.example/me")
    done = await pool.author(me, reading=reading, requested=reading.author_page, source=SOURCE)
    assert done.reaction is not None
    assert done.reaction.author.name == "Ann"


async def test_bytes_of_any_kind_are_read_or_refused(pool: ReadingPool):
    for body in (b"", b"\0" * 1000, b"\xff\xfe<\0p\0", os.urandom(10_000), "\ud800".encode("utf-8", "surrogatepass")):
        try:
            reading = await read(pool, body)
        except ParserError:
            continue
        assert reading.link is None


async def test_a_killed_child_is_replaced_and_its_page_read_by_another(small_pool: ReadingPool):
    [pid] = small_pool.process_ids
    os.kill(pid, signal.SIGKILL)
    assert (await read(small_pool)).reaction is not None


async def test_a_page_that_takes_too_long_costs_its_child_and_nobody_else(small_pool: ReadingPool):
    [pid] = small_pool.process_ids
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(ParserError, match="more than 1 s"):
        await read(small_pool)
    assert (await read(small_pool)).reaction is not None
    assert pid not in small_pool.process_ids
    await eventually(lambda: not psutil.pid_exists(pid), what="the stuck child is gone, and no zombie")


async def test_a_page_that_kills_two_children_is_refused():
    slow = "<p>word</p>" * 10_000 + REPLY

    async def kill_whoever_reads(pool: ReadingPool) -> None:
        while True:
            for pid in pool.process_ids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0)

    async with ReadingPool(size=1, timeout_s=20.0) as pool:
        killer = asyncio.create_task(kill_whoever_reads(pool))
        with pytest.raises(ParserError, match="died"):
            await read(pool, slow)
        killer.cancel()
        assert (await read(pool)).reaction is not None


async def test_a_question_that_is_given_up_leaves_no_answer_for_the_next(small_pool: ReadingPool):
    big = "<p>word</p>" * 10_000 + REPLY
    asking = asyncio.create_task(read(small_pool, big))
    await asyncio.sleep(0)
    await eventually(lambda: not small_pool.has_free, what="the question has reached the child")
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert (await small_pool.target(document("<title>mine</title>", TARGET))).title == "mine"


async def test_more_questions_than_children_wait_their_turn(pool: ReadingPool):
    readings = await asyncio.gather(*(read(pool, QUIET_PAGE) for _ in range(20)))
    assert all(reading.reaction is not None for reading in readings)


async def test_a_child_is_replaced_after_its_pages():
    async with ReadingPool(size=1, timeout_s=5.0, pages_per_child=2) as pool:
        [first] = pool.process_ids
        for _ in range(3):
            await read(pool)
        assert first not in pool.process_ids
        await eventually(lambda: not psutil.pid_exists(first))


async def test_closing_leaves_no_process():
    pool = ReadingPool(size=2, timeout_s=5.0)
    async with pool:
        pids = pool.process_ids
        assert len(pids) == 2
    assert not any(psutil.pid_exists(pid) for pid in pids)


async def test_children_have_limits_and_know_no_secrets(small_pool: ReadingPool):
    [pid] = small_pool.process_ids
    child = psutil.Process(pid)
    assert child.rlimit(psutil.RLIMIT_AS) == (512 << 20, 512 << 20)
    assert child.rlimit(psutil.RLIMIT_FSIZE)[0] == 0
    assert not [name for name in child.environ() if name.startswith("YMATEB_")]


async def test_a_child_ends_with_its_parent(tmp_path: Path):
    script = tmp_path / "parent.py"
    script.write_text(
        "import asyncio\n"
        "from workers.reading import ReadingPool\n"
        "async def main():\n"
        "    async with ReadingPool(size=1, timeout_s=5) as pool:\n"
        "        print(*pool.process_ids, flush=True)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, str(script), stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert parent.stdout is not None
    pid = int(await asyncio.wait_for(parent.stdout.readline(), 60))
    assert psutil.pid_exists(pid)
    parent.kill()
    await parent.wait()
    await eventually(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


async def test_a_child_ends_when_it_is_asked_nothing_more():
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "workers.reader_child", "512", "5", str(os.getpid()),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdin is not None
    await asyncio.wait_for(child.stdout.readexactly(HEADER.size + 2), 60)
    child.stdin.close()
    assert await asyncio.wait_for(child.wait(), 60) == 0


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "AVIF"])
async def test_a_picture_of_every_kind_is_drawn_anew_within_the_limits_of_the_process(
    kind: str, small_pool: ReadingPool
):
    drawn = BytesIO()
    Image.new("RGB", (3000, 2000), "red").save(drawn, kind)
    webp = await small_pool.portrait(document(drawn.getvalue()))
    assert webp is not None
    assert Image.open(BytesIO(webp)).size == (256, 171)


async def test_what_is_no_picture_is_none_and_costs_no_process(small_pool: ReadingPool):
    before = small_pool.process_ids
    assert await small_pool.portrait(document("<svg/>")) is None
    assert small_pool.process_ids == before
