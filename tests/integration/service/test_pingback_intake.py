"""POST /xmlrpc: always 200 and XML, and the order of the faults (contract §4)."""

from __future__ import annotations

import asyncio
import xmlrpc.client

import pytest

from mentions.model import Hop, Outcome, Protocol, Status, Trace
from mentions.storage import claims
from service import keys
from tests.integration.service.conftest import NOW, POST, Service, running
from tests.support.redis_server import RedisServer

SOURCE = "https://ann.example/links"
OTHER = "https://other.example/"


async def ping(service: Service, source: str, target: str, path: str = "/xmlrpc") -> str | int:
    """The sentence, or the number of the fault."""
    return await call(service, xmlrpc.client.dumps((source, target), "pingback.ping").encode(), path)


async def call(service: Service, body: bytes, path: str = "/xmlrpc", **headers: str) -> str | int:
    answer = await service.post(path, data=body, headers={"Content-Type": "text/xml", **headers})
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/xml")
    try:
        (sentence,), _ = xmlrpc.client.loads(answer.text)
    except xmlrpc.client.Fault as fault:
        return fault.faultCode if fault.faultString else -1
    assert isinstance(sentence, str)
    return sentence


async def work_once(service: Service, status: Status, *, changed: bool = True, last_status: int = 200) -> None:
    """Does what a worker does with one claim, as far as the service can tell."""
    [job] = await service.queue.take("w", count=1, block_ms=5000)
    await service.queue.start(job, "w")
    assert job.claim.via is Protocol.PINGBACK
    trace = Trace(hops=(Hop(SOURCE, last_status, 5),))
    async with service.db.write() as c:
        await claims.save(c, Outcome(job.claim, status, "That is how it ended.", NOW, trace, changed=changed))
    await service.events.publish_finished(job.claim.id)
    await service.queue.finish(job)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (Status.NOT_FOUND, 16),
        (Status.GONE, 16),
        (Status.FORBIDDEN_ADDRESS, 16),
        (Status.NO_LINK_FOUND, 17),
        (Status.UNSUPPORTED_CONTENT_TYPE, 17),
        (Status.TARGET_NOT_FOUND, 32),
        (Status.BLOCKED, 49),
        (Status.RETRYING, 50),
        (Status.TIMEOUT, 50),
        (Status.HTTP_ERROR, 50),
    ],
)
async def test_an_outcome_is_told_by_its_fault(service: Service, status: Status, code: int):
    answered, _ = await asyncio.gather(ping(service, SOURCE, POST), work_once(service, status))
    assert answered == code


async def test_a_success_is_a_sentence_and_the_same_again_is_48(service: Service):
    answered, _ = await asyncio.gather(ping(service, SOURCE, POST), work_once(service, Status.SUCCESS))
    assert isinstance(answered, str)
    assert f"{service.base}/webmention/" in answered
    again, _ = await asyncio.gather(ping(service, SOURCE, POST), work_once(service, Status.SUCCESS, changed=False))
    assert again == 48


@pytest.mark.parametrize(("last_status", "code"), [(410, 16), (404, 16), (200, 17)])
async def test_a_withdrawn_mention_is_told_by_what_its_page_was_like(service: Service, last_status: int, code: int):
    worked = work_once(service, Status.DELETED, last_status=last_status)
    answered, _ = await asyncio.gather(ping(service, SOURCE, POST), worked)
    assert answered == code


async def test_what_the_owner_has_removed_is_refused(service: Service):
    worked = work_once(service, Status.DELETED, last_status=200, changed=False)
    answered, _ = await asyncio.gather(ping(service, SOURCE, POST), worked)
    assert answered == 49


async def test_what_takes_too_long_is_accepted_with_its_status_url(tmp_path, redis_url: str):
    async with running(tmp_path, redis_url, keys.Tempo(pingback_wait_s=0.2)) as service:
        answered = await ping(service, SOURCE, POST)
        assert isinstance(answered, str)
        location = answered[answered.index(service.base) :].rstrip(".")
        assert (await service.get(location)).json()["status"] == "queued"


@pytest.mark.parametrize(
    ("source", "target", "path", "code"),
    [
        (SOURCE, OTHER, "/xmlrpc", 33),
        ("ftp://ann.example/", OTHER, "/xmlrpc", 33),
        (SOURCE, "no url", "/xmlrpc", 33),
        (SOURCE, POST, "/second.example/xmlrpc", 33),
        ("ftp://ann.example/", POST, "/xmlrpc", 16),
        ("", POST, "/xmlrpc", 16),
        ("https://u:p@ann.example/", POST, "/xmlrpc", 16),
        ("https://ann.example/" + "a" * 2048, POST, "/xmlrpc", 16),
        (POST, POST, "/xmlrpc", 0),
        (f"{POST}#c", POST, "/blog.example/xmlrpc", 0),
    ],
)
async def test_what_is_known_without_asking_anybody_is_told_at_once(service: Service, source, target, path, code):
    await service.add_site("second.example")
    assert await ping(service, source, target, path) == code
    assert await service.queue.take("w", count=1, block_ms=0) == []


async def test_a_closed_page_is_33_and_a_blocked_source_49(service: Service):
    await service.request("PUT", "/api/blocks", token=service.token, json={"authority": "spam.example"})
    assert await ping(service, "https://spam.example/", POST) == 49
    await service.request("PATCH", "/api/thread", params={"target": POST}, token=service.token, json={"closed": True})
    assert await ping(service, SOURCE, POST) == 33


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<methodCall><methodName>pingback.ping", -32700),
        (b"", -32700),
        (b"source=a&target=b", -32700),
        (b'<!DOCTYPE a [<!ENTITY b "c">]>' + xmlrpc.client.dumps((SOURCE, POST), "pingback.ping").encode(), -32700),
        (xmlrpc.client.dumps((SOURCE, f"{POST}?{'a' * 40_000}"), "pingback.ping").encode(), -32700),
        (xmlrpc.client.dumps((SOURCE, f"{POST}?{'a' * (2 << 20)}"), "pingback.ping").encode(), -32700),
        (xmlrpc.client.dumps((), "system.listMethods").encode(), -32601),
        (xmlrpc.client.dumps((SOURCE,), "pingback.ping").encode(), -32602),
        (xmlrpc.client.dumps((SOURCE, 1), "pingback.ping").encode(), -32602),
    ],
    ids=["cut off", "empty", "a form", "DTD", "40 kB", "2 MB", "another method", "one parameter", "a number"],
)
async def test_what_is_no_pingback_is_told_by_its_fault(service: Service, body: bytes, code: int):
    assert await call(service, body) == code


async def test_get_is_told_to_post(service: Service):
    answer = await service.get("/xmlrpc")
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")


async def test_one_client_that_pings_too_much_is_49(tmp_path, redis_url: str):
    async with running(tmp_path, redis_url, keys.Tempo(pingback_wait_s=0.0), rate_limits=True) as service:
        answers = await asyncio.gather(*(ping(service, f"https://s{n}.example/", POST) for n in range(170)))
        assert {49} == {answer for answer in answers if isinstance(answer, int)}


async def test_without_redis_the_fault_is_0(tmp_path, mortal_redis: RedisServer):
    async with running(tmp_path, mortal_redis.url) as service:
        assert service.app[keys.REDIS]
        mortal_redis.stop()
        assert await ping(service, SOURCE, POST) == 0
