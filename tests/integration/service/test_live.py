"""GET /api/events and /api/changes: what happens is told once, in order, without a gap (contract §8)."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from mentions import metrics
from mentions.model import EntryState, Url
from mentions.storage import pages
from service import keys
from service.api import live
from tests.integration.service.conftest import NOW, POST, Service, running
from tests.support.redis_server import RedisServer
from tests.support.waiting import eventually


class Stream:
    """Server-sent events as a browser reads them."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.last_id = ""

    async def block(self, within_s: float = 60.0) -> dict[str, str]:
        """The fields of the next block; comments are under the empty name."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(within_s):
            while line := (await self.response.content.readline()).decode().rstrip("\n"):
                name, _, value = line.partition(":")
                fields[name] = value.removeprefix(" ")
        self.last_id = fields.get("id", self.last_id)
        return fields

    async def event(self) -> dict[str, Any]:
        while "data" not in (fields := await self.block()):
            pass
        data = json.loads(fields["data"])
        assert (fields["event"], fields["id"]) == (data["change"], str(data["cursor"]))
        return data


@asynccontextmanager
async def listening(service: Service, target: str = POST, last_id: str | None = None) -> AsyncIterator[Stream]:
    headers = {"Last-Event-ID": last_id} if last_id is not None else {}
    async with service.http.get(f"{service.base}/api/events", params={"target": target}, headers=headers) as response:
        assert (response.status, response.content_type) == (200, "text/event-stream")
        stream = Stream(response)
        hello = await stream.block()
        assert hello["retry"]
        assert "data" not in hello
        yield stream


async def published(service: Service, **facts) -> int:
    """Stores an entry and tells of it, as a worker does."""
    entry = await service.respond(**facts)
    async with service.db.read() as c:
        cursor = await live.changes.latest(c)
    await service.events.publish_change(entry.page_id, cursor)
    return entry.id


async def test_a_stream_tells_what_comes_after_it_was_opened(service: Service):
    await published(service)
    async with listening(service) as stream:
        entry_id = await published(service, text="Just now")
        event = await stream.event()
        assert (event["change"], event["wm-id"], event["wm-status"]) == ("created", entry_id, "shown")
        assert event["entry"]["content"]["text"] == "Just now"
        await service.post(f"/api/entries/{entry_id}/hide", token=service.token)
        hidden = await stream.event()
        assert (hidden["change"], hidden["wm-id"], "entry" in hidden) == ("hidden", entry_id, False)
        await service.post(f"/api/entries/{entry_id}/approve", token=service.token)
        assert (await stream.event())["change"] == "approved"
        await service.post(f"/api/entries/{entry_id}/delete", token=service.token)
        assert (await stream.event())["change"] == "deleted"


async def test_a_stream_that_was_cut_resumes_after_the_last_event(service: Service):
    async with listening(service) as stream:
        await published(service)
        await stream.event()
        last_id = stream.last_id
    missed = [await published(service) for _ in range(3)]
    async with listening(service, last_id=last_id) as stream:
        assert [(await stream.event())["wm-id"] for _ in missed] == missed


async def test_the_cursor_of_a_thread_is_where_its_events_begin(service: Service):
    await published(service)
    cursor = (await service.get("/api/thread", params={"target": POST})).json()["cursor"]
    between = await published(service)
    async with listening(service, last_id=str(cursor)) as stream:
        assert (await stream.event())["wm-id"] == between


async def test_a_stream_tells_of_its_page_and_of_what_may_be_seen_only(service: Service):
    async with listening(service) as stream:
        await published(service, target="https://blog.example/other")
        await published(service, state=EntryState.HELD)
        await published(service, private=True)
        shown = await published(service, in_reply_to=(Url(POST),))
        assert (await stream.event())["wm-id"] == shown


async def test_a_page_that_nobody_has_answered_yet_can_be_listened_to(tmp_path, redis_url: str):
    target = "https://blog.example/fresh"
    quick = keys.Tempo(page_to_come_s=0.05)
    async with running(tmp_path, redis_url, quick) as service, listening(service, target) as stream:
        first = await published(service, target=target)
        assert (await stream.event())["wm-id"] == first


async def test_a_silent_stream_shows_that_it_lives(tmp_path, redis_url: str):
    async with running(tmp_path, redis_url, keys.Tempo(heartbeat_s=0.05)) as service:
        await service.respond()
        async with listening(service) as stream:
            assert "" in await stream.block()


async def test_without_redis_a_stream_is_slower_and_misses_nothing(tmp_path, mortal_redis: RedisServer):
    async with running(tmp_path, mortal_redis.url, keys.Tempo(heartbeat_s=0.1)) as service:
        await service.respond()
        async with listening(service) as stream:
            mortal_redis.stop()
            entry = await service.respond()
            assert (await stream.event())["wm-id"] == entry.id


@pytest.mark.parametrize("last_id", ["999999", "x", "-1", "12 or so", "9" * 40])
async def test_who_resumes_from_a_cursor_that_is_none_of_ours_is_told_to_begin_anew(service: Service, last_id: str):
    """The database was brought back from a backup, say: browsers go on asking with what they had."""
    await published(service)
    headers = {"Last-Event-ID": last_id}
    async with service.http.get(f"{service.base}/api/events", params={"target": POST}, headers=headers) as response:
        assert response.status == 200
        stream = Stream(response)
        hello = await stream.block()
        thread = (await service.get("/api/thread", params={"target": POST})).json()
        assert (hello["event"], hello["id"]) == ("reset", str(thread["cursor"]))
        assert json.loads(hello["data"]) == {"cursor": thread["cursor"]}
        entry_id = await published(service)
        assert (await stream.event())["wm-id"] == entry_id


async def test_a_stream_goes_on_when_its_page_becomes_one_with_another(tmp_path, redis_url: str):
    """What is learned of a page (its canonical URL, a redirect) may merge it into an older one, under open streams."""
    print_version = "https://blog.example/post?print=1"
    async with running(tmp_path, redis_url, keys.Tempo(heartbeat_s=0.1)) as service:
        await service.respond()
        moved = await service.respond(target=print_version)
        async with listening(service, print_version) as stream:
            async with service.db.write() as c:
                await pages.learn(c, moved.page_id, canonical=POST, checked_at=NOW)
            event = await stream.event()
            assert (event["change"], event["wm-id"]) == ("updated", moved.id)
            entry_id = await published(service)
            assert (await stream.event())["wm-id"] == entry_id


async def test_stopping_the_service_ends_its_streams(tmp_path, redis_url: str):
    async with running(tmp_path, redis_url) as service:
        response = await service.http.get(f"{service.base}/api/events", params={"target": POST})
        await response.content.readline()
        stopping = asyncio.create_task(service.app.shutdown())
        async with asyncio.timeout(60):
            await response.content.read()
            await stopping


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({}, (400, "invalid_input")),
        ({"target": "https://other.example/"}, (400, "invalid_target")),
        ({"target": POST, "cursor": "x"}, (400, "invalid_input")),
    ],
)
async def test_a_stream_of_nothing_of_ours_is_an_error(service: Service, params: dict, problem: tuple):
    assert (await service.get("/api/events", params=params)).error == problem


async def test_one_client_may_have_so_many_streams(tmp_path, redis_url: str):
    async with running(tmp_path, redis_url, keys.Tempo(streams_of_one=1), rate_limits=True) as service:
        async with listening(service):
            assert (await service.get("/api/events", params={"target": POST})).error == (429, "rate_limit_exceeded")
        await eventually(lambda: not service.app[live.STREAMS])
        async with listening(service):
            pass


# --- as JSON ------------------------------------------------------------------------------------------------------


async def test_changes_are_read_in_pages_and_only_of_the_tokens_site(service: Service):
    second, second_token = await service.add_site("second.example")
    mine = [(await service.respond()).id for _ in range(5)]
    other = await service.respond(target="https://second.example/", site=second)
    seen, cursor, more = [], "", True
    while more:
        answer = await service.get("/api/changes", token=service.token, params={"cursor": cursor, "per-page": 2})
        body = answer.json()
        seen += body["changes"]
        cursor, more = body["cursor"], body["more"]
    assert [change["wm-id"] for change in seen] == mine
    assert [change["cursor"] for change in seen] == sorted(change["cursor"] for change in seen)
    assert {change["entry"]["wm-target"] for change in seen} == {POST}
    after = (await service.get("/api/changes", token=service.token, params={"cursor": cursor})).json()
    assert after == {"changes": [], "cursor": cursor, "more": False}
    theirs = (await service.get("/api/changes", token=second_token)).json()["changes"]
    assert [change["wm-id"] for change in theirs] == [other.id]


async def test_what_waits_for_moderation_is_told_to_moderators_only(service: Service):
    held = await service.respond(state=EntryState.HELD)
    reader = await service.token_with("read")
    assert (await service.get("/api/changes", token=reader)).json()["changes"] == []
    [told] = (await service.get("/api/changes", token=service.token)).json()["changes"]
    assert (told["wm-id"], told["wm-status"]) == (held.id, "held")
    await service.post(f"/api/entries/{held.id}/approve", token=service.token)
    approved = (await service.get("/api/changes", token=reader)).json()["changes"]
    assert [change["change"] for change in approved] == ["created", "approved"]


async def test_changes_need_a_token_and_a_cursor_that_is_one(service: Service):
    assert (await service.get("/api/changes")).error == (401, "forbidden")
    assert (await service.get("/api/changes", token=await service.token_with("export"))).error == (403, "forbidden")
    assert (await service.get("/api/changes", token=service.token, params={"cursor": "-1"})).error == (
        400,
        "invalid_input",
    )


async def test_a_cursor_beyond_the_newest_change_is_told_apart_from_no_news(service: Service):
    """After a database was brought back from a backup, waiting for the numbers to come round would lose changes."""
    await service.respond()
    cursor = (await service.get("/api/changes", token=service.token)).json()["cursor"]
    assert (await service.get("/api/changes", token=service.token, params={"cursor": cursor})).status == 200
    beyond = await service.get("/api/changes", token=service.token, params={"cursor": cursor + 1})
    assert beyond.error == (410, "cursor_gone")
    assert "without a cursor" in beyond.json()["error_description"]


async def test_a_caller_that_has_gone_before_the_stream_begins_is_no_defect(
    service: Service, caplog: pytest.LogCaptureFixture
):
    host, _, port = service.base.removeprefix("http://").partition(":")
    before = streams_told()
    for _ in range(10):
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET /api/events?target={POST} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        await writer.drain()
        writer.transport.abort()
    await eventually(lambda: streams_told() == before + 10)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


def streams_told() -> float:
    labels = {"method": "GET", "route": "/api/events"}
    return sum(
        metrics.SERVICE.get_sample_value("ymateb_http_requests_total", labels | {"status": status}) or 0
        for status in ("200", "499")
    )


async def test_a_stream_that_is_ended_while_it_ends_its_follower_ends():
    following = asyncio.create_task(asyncio.Event().wait())
    ending = asyncio.create_task(live._end(following))
    await asyncio.sleep(0)
    ending.cancel()
    await asyncio.wait([ending, following])
    assert ending.cancelled()
    assert following.cancelled()
