"""`python -m workers …` as people use it: what it prints, and how it exits."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from mentions.model import Link, Refused, Status, Trace, Url
from mentions.streams.link import RedisLink
from mentions.streams.queue import Queue
from tests.integration.workers.conftest import Journeys
from tests.peers import Blog, Pingable
from tests.support.processes import free_port
from workers.inspect import Inspection, as_lines
from workers.reading import ROOT


async def workers(*arguments: str, tmp_path: Path, status: int = 0, **settings: str) -> str:
    """`python -m workers …`; what it printed, on both channels."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("YMATEB_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "workers",
        *arguments,
        cwd=ROOT,
        env={
            **inherited,
            "YMATEB_DATA_DIR": str(tmp_path),
            "YMATEB_FETCH_ALLOW_NETWORKS": "127.0.0.0/8",
            "YMATEB_DEMO": "off",
            **settings,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    said = out.decode()
    assert process.returncode == status, said
    assert "Traceback" not in said
    return said


# --- inspect -------------------------------------------------------------------------------------------------------


async def test_inspect_explains_a_mention(blog: Blog, mine: Blog, tmp_path: Path):
    post = mine.page()
    blog.serve("/old", status=301, headers={"Location": blog.path(blog.post(links_to=post, text="Well said"))})
    said = await workers("inspect", blog.url("/old"), post, tmp_path=tmp_path)
    for words in ("301", "a[href]", "reply", "Ann Author", "Well said", "success, shown"):
        assert words in said
    seen = json.loads(await workers("inspect", "--json", blog.url("/old"), post, tmp_path=tmp_path))
    assert (seen["outcome"], seen["state"], seen["entry"]["kind"]) == ("success", "shown", "reply")
    assert [hop["status"] for hop in seen["trace"]["hops"]] == [301, 200]


async def test_inspect_tells_near_misses(blog: Blog, mine: Blog, tmp_path: Path):
    post = mine.page()
    said = await workers("inspect", blog.post(links_to=post + "?utm_source=x"), post, tmp_path=tmp_path)
    assert "tracking" in said
    assert "no_link_found" in said


async def test_what_a_page_says_does_nothing_to_the_terminal(blog: Blog, mine: Blog, tmp_path: Path):
    post = mine.page()
    html = f'<title>\x1b]0;mine\x07 now\r</title><p>See <a href="\x1b\x07 {post}">this\u009b2J</a> \u202e'
    blog.serve("/page", html.encode(), headers={"Content-Type": "text/html; charset=utf-8"})
    said = await workers("inspect", blog.url("/page"), post, tmp_path=tmp_path)
    assert "success, shown" in said
    assert not set(said) & set("\x07\x1b\r\u009b\u202e")


async def test_inspect_without_a_target_lists_the_links(blog: Blog, mine: Blog, tmp_path: Path):
    post = mine.page()
    assert f"links to  {post}" in await workers("inspect", blog.post(links_to=post), tmp_path=tmp_path)


async def test_inspect_of_what_cannot_be_fetched_fails_in_one_line(blog: Blog, tmp_path: Path):
    said = await workers("inspect", blog.url("/none"), blog.url("/x"), tmp_path=tmp_path, status=1)
    assert "404" in said
    assert said.strip().splitlines()[-1] == f"Error: {blog.url('/none')} could not be fetched"


@pytest.mark.parametrize(
    "arguments", [["inspect", "nonsense"], ["inspect"], ["send", "ftp://a.example/"], ["fly"], ["requeue"]]
)
async def test_wrong_usage_exits_2(arguments: list[str], tmp_path: Path):
    await workers(*arguments, tmp_path=tmp_path, status=2)


async def test_a_setting_that_makes_no_sense_is_one_line(tmp_path: Path):
    said = await workers("inspect", "http://a.example/", tmp_path=tmp_path, status=1, YMATEB_FETCH_PORTS="many")
    assert len(said.strip().splitlines()) == 1


# --- send ----------------------------------------------------------------------------------------------------------


async def test_send_tells_every_link_of_the_entry(blog: Blog, tmp_path: Path):
    async with Pingable("127.0.0.4") as friends:
        mention = friends.page("/mention")
        ping = friends.page("/ping", webmention=None, pingback="header")
        nobody = friends.serve("/nobody", "<p>no endpoint")
        links = "".join(f'<a href="{url}">x</a>' for url in (mention, ping, nobody))
        source = blog.serve(
            "/post", f'<nav><a href="/nav">n</a></nav><article class="h-entry e-content">{links}</article>'
        )
        said = await workers("send", source, tmp_path=tmp_path)
    lines = said.strip().splitlines()
    assert [line.partition(": ")[0] for line in lines] == [mention, ping, nobody]
    assert "accepted" in lines[0]
    assert "pingback accepted" in lines[1]
    assert "takes no" in lines[2]
    assert friends.webmentions == [(source, mention)]
    assert friends.pingbacks == [(source, ping)]


async def test_send_fails_when_somebody_refuses(blog: Blog, tmp_path: Path):
    target = blog.serve("/page", '<link rel="webmention" href="/endpoint">')
    blog.serve("/endpoint", "no thanks", status=400)
    said = await workers("send", blog.url("/source"), target, tmp_path=tmp_path, status=1)
    assert "no thanks" in said
    assert said.strip().splitlines()[-1] == "Error: 1 of 1 did not accept"


async def test_send_tries_again_what_may_pass(blog: Blog, tmp_path: Path):
    target = blog.serve("/page", '<link rel="webmention" href="/endpoint">')
    blog.serve("/endpoint", status=503)
    await workers("send", blog.url("/source"), target, tmp_path=tmp_path, status=1)
    assert len(blog.seen("/endpoint", method="POST")) == 3


async def test_send_waits_for_what_becomes_of_it(blog: Blog, tmp_path: Path):
    target = blog.serve("/page", '<link rel="webmention" href="/endpoint">')
    blog.serve("/endpoint", status=201, headers={"Location": "/status"})
    for status, code in (("success", 0), ("no_link_found", 1)):
        blog.serve("/status", json.dumps({"status": status}), content_type="application/json")
        assert status in await workers("send", blog.url("/source"), target, tmp_path=tmp_path, status=code)


async def test_send_of_a_page_that_is_gone_wants_a_target(blog: Blog, tmp_path: Path):
    gone = blog.serve("/gone", status=410)
    assert "name the target" in await workers("send", gone, tmp_path=tmp_path, status=1)
    target = blog.serve("/page", '<link rel="webmention" href="/endpoint">')
    blog.serve("/endpoint", status=202)
    await workers("send", gone, target, tmp_path=tmp_path)


async def test_nobody_to_tell_is_no_failure(blog: Blog, tmp_path: Path):
    assert "links to nobody" in await workers("send", blog.serve("/post", "<p>words"), tmp_path=tmp_path)


# --- what was given up ---------------------------------------------------------------------------------------------


async def test_buried_claims_are_listed_and_revived(receive: Journeys, link: RedisLink, redis_url: str, tmp_path: Path):
    queue = Queue(link.client, bound=10)
    claim = receive.claim("http://ann.example/", "http://mine.example/")
    await queue.add(claim)
    [job] = await queue.take("test", count=1, block_ms=1000)
    await queue.start(job, "test")
    await queue.bury(job, "too heavy")
    said = await workers("buried", tmp_path=tmp_path, YMATEB_REDIS_URL=redis_url)
    assert claim.id in said
    assert "too heavy" in said
    await workers("requeue", claim.id, tmp_path=tmp_path, YMATEB_REDIS_URL=redis_url)
    assert (await queue.depth()).waiting == 1
    said = await workers("requeue", claim.id, tmp_path=tmp_path, status=1, YMATEB_REDIS_URL=redis_url)
    assert "not buried" in said


async def test_redis_away_is_one_line(tmp_path: Path):
    said = await workers("buried", tmp_path=tmp_path, status=1, YMATEB_REDIS_URL="redis://127.0.0.1:1/")
    assert len(said.strip().splitlines()) == 1


async def test_a_worker_with_the_demo_waits_for_redis(tmp_path: Path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("YMATEB_")}
    environment |= {"YMATEB_DATA_DIR": str(tmp_path), "YMATEB_REDIS_URL": f"redis://127.0.0.1:{free_port()}"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "workers", "run"),
        cwd=ROOT,
        env={**environment, "YMATEB_DEMO": "on", "YMATEB_FETCH_ALLOW_NETWORKS": "127.0.0.0/8,::1/128"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    said = ""
    async with asyncio.timeout(60):
        while "demo.put_off" not in said:
            line = (await process.stdout.readline()).decode()
            assert line, f"the worker ended: {said}"
            said += line
    process.terminate()
    rest, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, said + rest.decode()


def test_what_strangers_wrote_gives_no_orders_to_a_terminal():
    orders = "\x1b[2J\x1b]0;title\x07\x9b31m\u202e"
    link = Link(Url("https://b.example/"), f"https://b.example/{orders}", "a[href]")
    seen = Inspection(
        Url("https://a.example/"),
        None,
        Refused(Status.HTTP_ERROR, orders, ()),
        Trace(link=link, notes=(orders, "two\nlines")),
    )
    lines = list(as_lines(seen))
    assert all(part.isprintable() for line in lines for part in line.split("\n"))
    assert "note      two\nlines" in lines
