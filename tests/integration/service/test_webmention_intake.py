"""POST /webmention: what is taken, what is refused, and in which words (contract §3)."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from mentions.model import EntryState, Outcome, Status
from mentions.storage import claims, pages
from mentions.storage import sites as site_store
from service import keys
from tests.integration.service.conftest import NOW, POST, Answer, Service, running
from tests.support.redis_server import RedisServer

SOURCE = "https://ann.example/reply"


async def test_a_webmention_is_queued_before_it_is_answered(service: Service):
    answer = await service.mention(SOURCE, POST)
    assert answer.status == 201
    location = answer.headers["Location"]
    assert location.startswith(f"{service.base}/webmention/")
    assert answer.json() == {
        "status": "queued",
        "summary": "The webmention was queued for processing.",
        "location": location,
        "source": SOURCE,
        "target": POST,
    }
    [job] = await service.queue.take("w", count=10, block_ms=0)
    assert (job.claim.source, job.claim.target, job.claim.id) == (SOURCE, POST, location.rpartition("/")[2])


@pytest.mark.parametrize(
    "path", ["/blog.example/webmention", "/d/blog.example/webmention", "/www.blog.example/webmention"]
)
async def test_drop_in_addresses_take_webmentions_of_their_site(service: Service, path: str):
    assert (await service.mention(SOURCE, POST, path)).status == 201


@pytest.mark.parametrize(
    "target",
    [
        "http://blog.example/",
        "https://www.blog.example/post",
        "https://BLOG.example./post",
        "https://blog.example:443/x#c1",
    ],
)
async def test_every_spelling_of_a_site_is_the_site(service: Service, target: str):
    assert (await service.mention(SOURCE, target)).status == 201


@pytest.mark.parametrize(
    ("source", "target", "problem"),
    [
        (None, POST, (400, "invalid_request")),
        (SOURCE, None, (400, "invalid_request")),
        ("", "", (400, "invalid_request")),
        ("ftp://x.example/", POST, (400, "invalid_request")),
        ("javascript:alert(1)", POST, (400, "invalid_request")),
        ("/relative", POST, (400, "invalid_request")),
        ("https://u:p@x.example/", POST, (400, "invalid_request")),
        ("https://x.example/" + "a" * 2048, POST, (400, "invalid_request")),
        ("https://x.example/" + "a" * 300_000, POST, (400, "invalid_request")),
        ("https://x.example/a\x00b", POST, (400, "invalid_request")),
        (POST, POST, (400, "invalid_request")),
        (f"{POST}#c1", POST, (400, "invalid_request")),
        (SOURCE, "https://other.example/", (400, "invalid_target")),
        (SOURCE, "https://blog.example:8443/post", (400, "invalid_target")),
        (SOURCE, "https://blog.example.evil.example/", (400, "invalid_target")),
        (SOURCE, "https://sub.blog.example/", (400, "invalid_target")),
    ],
)
async def test_what_cannot_be_verified_is_refused(service: Service, source, target, problem):
    assert (await service.mention(source, target)).error == problem
    assert await service.queue.take("w", count=1, block_ms=0) == []


@pytest.mark.parametrize("path", ["/other.example/webmention", "/d/second.example/webmention"])
async def test_an_address_of_another_site_takes_nothing_for_ours(service: Service, path: str):
    await service.add_site("second.example")
    assert (await service.mention(SOURCE, POST, path)).error == (400, "invalid_target")


async def test_a_site_that_another_process_adds_is_there_at_once(service: Service):
    assert (await service.mention(SOURCE, "https://new.example/")).error == (400, "invalid_target")
    async with service.db.write() as c:  # as `python -m service site add` does, which tells nobody
        await site_store.add(c, "new.example", (), now=NOW)
    assert (await service.mention(SOURCE, "https://new.example/")).status == 201


async def test_a_browser_is_sent_to_the_status(service: Service):
    answer = await service.mention(SOURCE, POST, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert answer.status == 303
    page = await service.get(answer.headers["Location"], headers={"Accept": "text/html"})
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert SOURCE in page.text


@pytest.mark.parametrize(
    "accept", ["*/*", "application/json", "application/json, text/html", "text/html;q=0.5, application/json"]
)
async def test_a_program_is_answered_with_201(service: Service, accept: str):
    assert (await service.mention(SOURCE, POST, headers={"Accept": accept})).status == 201


async def test_the_same_pair_while_it_waits_is_one_claim(service: Service):
    first, second = await service.mention(SOURCE, POST), await service.mention(SOURCE, POST)
    assert first.headers["Location"] == second.headers["Location"]
    assert len(await service.queue.take("w", count=10, block_ms=0)) == 1


async def test_the_same_pair_while_its_job_runs_is_another_claim(service: Service):
    first = await service.mention(SOURCE, POST)
    [job] = await service.queue.take("w", count=1, block_ms=0)
    assert await service.queue.start(job, "w")
    assert first.headers["Location"] != (await service.mention(SOURCE, POST)).headers["Location"]


async def test_a_form_may_be_multipart(service: Service):
    form = aiohttp.FormData({"source": SOURCE, "target": POST}, default_to_multipart=True)
    assert (await service.post("/webmention", data=form)).status == 201


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"source":"https://a.example/","target":"https://blog.example/"}', "application/json"),
        (b"source=x", "text/plain"),
        (b"--x\r\nnonsense", "multipart/form-data"),
        (b"--x\r\nnonsense", "multipart/form-data; boundary=y"),
        (b"", "application/x-www-form-urlencoded"),
        (b"\xff\xfe=%ff&source=%ff", "application/x-www-form-urlencoded; charset=nonsense"),
    ],
)
async def test_what_is_no_form_is_said_to_be_none(service: Service, body: bytes, content_type: str):
    answer = await service.post("/webmention", data=body, headers={"Content-Type": content_type})
    assert answer.error == (400, "invalid_request")


async def test_a_parameter_that_is_given_twice_counts_at_most_once(service: Service):
    form = [("source", SOURCE), ("source", "https://bob.example/"), ("target", POST)]
    assert (await service.post("/webmention", data=form)).error == (400, "invalid_request")


async def test_a_blocked_source_is_refused_at_once(service: Service):
    assert (await service.mention("https://spam.example/1", POST)).status == 201
    put = await service.request("PUT", "/api/blocks", token=service.token, json={"authority": "spam.example"})
    assert put.status == 200
    assert (await service.mention("https://spam.example/2", POST)).error == (403, "blocked")
    assert (await service.mention("https://ham.example/", POST)).status == 201


async def test_a_closed_page_is_refused_under_all_its_names(service: Service):
    closed = await service.request(
        "PATCH", "/api/thread", params={"target": POST}, token=service.token, json={"closed": True}
    )
    assert closed.json() == {"url": POST, "closed": True}
    assert (await service.mention(SOURCE, POST)).error == (400, "target_closed")
    assert (await service.mention(SOURCE, "http://www.blog.example/post#x")).error == (400, "target_closed")
    assert (await service.mention(SOURCE, "https://blog.example/other")).status == 201
    await service.request("PATCH", "/api/thread", params={"target": POST}, token=service.token, json={"closed": False})
    assert (await service.mention(SOURCE, POST)).status == 201


async def test_our_own_permalinks_may_be_answered(service: Service):
    entry = await service.respond()
    assert (await service.mention(SOURCE, f"{service.base}/entries/{entry.id}")).status == 201
    assert (await service.mention(SOURCE, f"{service.base}/entries/{entry.id + 1}")).error == (400, "invalid_target")
    hidden = await service.respond(state=EntryState.HIDDEN)
    assert (await service.mention(SOURCE, f"{service.base}/entries/{hidden.id}")).error == (400, "invalid_target")
    async with service.db.write() as c:
        await pages.set_closed(c, entry.page_id, True)
    service.app[keys.SITES].forget()
    assert (await service.mention("https://b.example/", f"{service.base}/entries/{entry.id}")).error == (
        400,
        "target_closed",
    )


async def test_other_methods_are_told_what_there_is(service: Service):
    refused = await service.request("PUT", "/webmention")
    assert refused.error == (405, "method_not_allowed")
    assert {"GET", "POST"} <= set(refused.headers["Allow"].replace(" ", "").split(","))
    head = await service.request("HEAD", "/webmention")
    assert (head.status, head.body) == (200, b"")
    form = await service.get("/webmention", params={"target": POST})
    assert form.status == 200
    assert "<form" in form.text
    assert POST in form.text


# --- limits -------------------------------------------------------------------------------------------------------


async def send_many(service: Service, n: int, source: str, forwarded_for: str | None = None) -> list[Answer]:
    """`n` webmentions at once; `{}` in the source and the forwarded address becomes the number of each."""

    async def send(number: int) -> Answer:
        headers = {"X-Forwarded-For": forwarded_for.format(number % 250)} if forwarded_for else {}
        return await service.mention(source.format(number), POST, headers=headers)

    return await asyncio.gather(*(send(number) for number in range(n)))


def refused_of(answers: list[Answer]) -> list[Answer]:
    """Those that were refused, having seen that the first 150 were not."""
    assert {answer.status for answer in answers} <= {201, 429}
    refused = [answer for answer in answers if answer.status == 429]
    assert len(answers) - len(refused) >= 150
    return refused


async def test_one_client_that_sends_too_many_is_slowed_down(tmp_path, redis_url: str):
    async with running(tmp_path, redis_url, rate_limits=True) as service:
        refused = refused_of(await send_many(service, 250, "https://s{}.example/"))
        assert refused[0].error == (429, "rate_limit_exceeded")
        assert int(refused[0].headers["Retry-After"]) >= 1


async def test_one_source_host_is_slowed_down_whoever_sends(tmp_path, redis_url: str):
    async with running(tmp_path, redis_url, rate_limits=True, trusted_proxies="127.0.0.0/8") as service:
        assert refused_of(await send_many(service, 250, "https://busy.example/{}", "203.0.113.{}"))
        others = await send_many(service, 200, "https://s{}.example/", "203.0.113.{}")
        assert {answer.status for answer in others} == {201}


async def test_addresses_that_no_proxy_of_ours_wrote_are_not_believed(tmp_path, redis_url: str):
    async with running(tmp_path, redis_url, rate_limits=True) as service:
        assert refused_of(await send_many(service, 250, "https://s{}.example/", "203.0.113.{}"))


async def test_a_full_queue_says_when_to_come_again(tmp_path, redis_url: str):
    async with running(tmp_path, redis_url, queue_bound=2) as service:
        for n in range(2):
            assert (await service.mention(f"https://s{n}.example/", POST)).status == 201
        refused = await service.mention("https://s3.example/", POST)
        assert refused.error == (503, "service_unavailable")
        assert int(refused.headers["Retry-After"]) >= 1


async def test_without_redis_nothing_is_accepted_and_reading_goes_on(tmp_path, mortal_redis: RedisServer):
    async with running(tmp_path, mortal_redis.url) as service:
        await service.respond()
        mortal_redis.stop()
        refused = await service.mention(SOURCE, POST)
        assert refused.error == (503, "service_unavailable")
        assert int(refused.headers["Retry-After"]) >= 1
        assert (await service.get("/api/count", params={"target": POST})).json()["count"] == 1
        assert (await service.get("/healthz")).status == 200
        ready = await service.get("/readyz")
        assert (ready.status, ready.json()["checks"]) == (503, {"database": "ok", "redis": "unreachable"})
        mortal_redis.start()
        assert (await service.mention(SOURCE, POST)).status == 201
        assert (await service.get("/readyz")).status == 200


# --- status -------------------------------------------------------------------------------------------------------


async def test_the_status_follows_the_claim_from_queue_to_outcome(service: Service):
    location = (await service.mention(SOURCE, POST)).headers["Location"]
    queued = (await service.get(location)).json()
    assert (queued["status"], queued["source"], queued["target"], queued["data"]) == ("queued", SOURCE, POST, {})
    assert queued["summary"]
    [job] = await service.queue.take("w", count=1, block_ms=0)
    await service.queue.start(job, "w")
    assert (await service.get(location)).json()["status"] == "pending"
    entry = await service.respond(SOURCE)
    async with service.db.write() as c:
        await claims.save(c, Outcome(job.claim, Status.SUCCESS, "It is shown.", NOW, entry_id=entry.id))
    done = (await service.get(location)).json()
    assert (done["status"], done["data"]["wm-id"], "held" in done) == ("success", entry.id, False)
    await service.queue.finish(job)
    assert (await service.get(location)).json() == done
    assert (await service.get(location.replace("/webmention/", "/blog.example/webmention/"))).json() == done


async def test_a_claim_that_is_tried_again_says_when(service: Service):
    location = (await service.mention(SOURCE, POST)).headers["Location"]
    [job] = await service.queue.take("w", count=1, block_ms=0)
    await service.queue.start(job, "w")
    outcome = Outcome(job.claim, Status.RETRYING, "It timed out.", NOW, next_try_at=NOW.replace(year=2030))
    async with service.db.write() as c:
        await claims.save(c, outcome)
    await service.queue.delay(job, NOW.replace(year=2030))
    told = (await service.get(location)).json()
    assert (told["status"], told["summary"], told["next_try_at"]) == (
        "retrying",
        "It timed out.",
        "2030-11-22T08:00:00Z",
    )


async def test_a_held_entry_is_told_to_its_sender_as_held(service: Service):
    location = (await service.mention(SOURCE, POST)).headers["Location"]
    entry = await service.respond(SOURCE, state=EntryState.HELD)
    [job] = await service.queue.take("w", count=1, block_ms=0)
    async with service.db.write() as c:
        await claims.save(c, Outcome(job.claim, Status.SUCCESS, "It waits.", NOW, entry_id=entry.id, held=True))
    told = (await service.get(location)).json()
    assert (told["status"], told["held"], told["data"]["wm-id"]) == ("success", True, entry.id)
    await service.post(f"/api/entries/{entry.id}/hide", token=service.token)
    assert (await service.get(location)).json()["data"] == {}


async def test_an_unknown_status_is_404_for_programs_and_people(service: Service):
    assert (await service.get("/webmention/nosuchid")).error == (404, "not_found")
    page = await service.get("/webmention/nosuchid", headers={"Accept": "text/html"})
    assert (page.status, page.headers["Content-Type"]) == (404, "text/html; charset=utf-8")


@pytest.mark.parametrize(
    "part",
    [
        b'Content-Disposition: form-data; name="source"\r\nContent-Type: text/plain; charset=nope\r\n\r\nx',
        b'Content-Disposition: form-data; name="source"\r\nContent-Transfer-Encoding: nope\r\n\r\nx',
        b'Content-Disposition: form-data; name="source"\r\nContent-Transfer-Encoding: base64\r\n\r\nabcde',
        b'Content-Disposition: form-data; name="' + b"x" * 20_000 + b'"\r\n\r\nx',
        b"Content-Disposition: form-data\r\n\r\nx",
        b"NoColon\r\n\r\nx",
        b"Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--",
    ],
)
@pytest.mark.parametrize("path", ["/webmention", "/api/comments"])
async def test_a_form_that_nobody_can_read_is_the_senders_mistake(service: Service, path: str, part: bytes):
    body, headers = b"--b\r\n" + part + b"\r\n--b--\r\n", {"Content-Type": "multipart/form-data; boundary=b"}
    assert (await service.post(path, data=body, headers=headers)).error == (400, "invalid_request")
