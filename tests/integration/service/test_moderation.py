"""What an owner decides about entries and sources, and whose owner may (contract §8)."""

from __future__ import annotations

import pytest

from mentions.model import EntryState, Protocol
from mentions.storage import entries
from tests.integration.service.conftest import POST, Service, running
from tests.support.redis_server import RedisServer


async def shown(service: Service) -> list[int]:
    feed = (await service.get("/api/mentions.jf2", params={"target": POST})).json()
    return [child["wm-id"] for child in feed["children"]]


@pytest.mark.parametrize(
    ("action", "before", "status", "is_shown"),
    [
        ("approve", EntryState.HELD, "shown", True),
        ("approve", EntryState.SHOWN, "shown", True),
        ("hide", EntryState.SHOWN, "hidden", False),
        ("spam", EntryState.SHOWN, "spam", False),
        ("delete", EntryState.SHOWN, "deleted", False),
        ("restore", EntryState.HIDDEN, "shown", True),
        ("restore", EntryState.SPAM, "shown", True),
    ],
)
async def test_an_entry_becomes_what_its_owner_says(service: Service, action, before, status, is_shown):
    entry = await service.respond(state=before)
    for _ in range(2):  # again changes nothing
        answer = await service.post(f"/api/entries/{entry.id}/{action}", token=service.token)
        assert (answer.status, answer.json()["wm-id"], answer.json()["wm-status"]) == (200, entry.id, status)
    assert (entry.id in await shown(service)) is is_shown
    changed = (await service.get("/api/changes", token=service.token)).json()["changes"]
    assert len([change for change in changed if change["change"] != "created"]) == (0 if before.value == status else 1)


async def test_what_the_owner_deleted_comes_back_empty_and_is_read_again(service: Service):
    entry = await service.respond("https://ann.example/reply")
    await service.post(f"/api/entries/{entry.id}/delete", token=service.token)
    restored = await service.post(f"/api/entries/{entry.id}/restore", token=service.token)
    assert (restored.status, restored.json()["wm-status"]) == (200, "shown")
    assert await shown(service) == [entry.id]
    [job] = await service.queue.take("w", count=5, block_ms=0)
    assert (job.claim.source, job.claim.target) == ("https://ann.example/reply", POST)


async def test_without_redis_nothing_is_restored_half(tmp_path, mortal_redis: RedisServer):
    async with running(tmp_path, mortal_redis.url) as service:
        entry = await service.respond()
        await service.post(f"/api/entries/{entry.id}/delete", token=service.token)
        mortal_redis.stop()
        refused = await service.post(f"/api/entries/{entry.id}/restore", token=service.token)
        assert refused.error == (503, "service_unavailable")
        async with service.db.read() as c:
            assert (await entries.get(c, entry.id)).state is EntryState.DELETED


async def test_a_deleted_comment_has_no_source_that_could_say_it_again(service: Service):
    entry = await service.respond(protocol=Protocol.COMMENT)
    await service.post(f"/api/entries/{entry.id}/delete", token=service.token)
    assert (await service.post(f"/api/entries/{entry.id}/restore", token=service.token)).error == (409, "conflict")


async def test_only_the_sites_own_moderators_decide(service: Service):
    entry = await service.respond()
    _, other_token = await service.add_site("second.example")
    path = f"/api/entries/{entry.id}/hide"
    assert (await service.post(path)).error == (401, "forbidden")
    assert (await service.post(path, token="wrong")).error == (401, "forbidden")
    assert (await service.post(path, token=await service.token_with("read", "export"))).error == (403, "forbidden")
    assert (await service.post(path, token=other_token)).error == (404, "not_found")
    assert (await service.post("/api/entries/999999/hide", token=service.token)).error == (404, "not_found")
    assert (await service.post(f"/api/entries/{entry.id}/praise", token=service.token)).status == 404
    assert (await service.get(path, token=service.token)).error == (405, "method_not_allowed")
    assert await shown(service) == [entry.id]


@pytest.mark.parametrize(
    "block",
    [
        {"authority": "spam.example"},
        {"url_prefix": "https://spam.example/users/x/"},
        {"author": "https://spam.example/x"},
    ],
)
async def test_blocks_are_put_listed_and_lifted(service: Service, block: dict):
    put = await service.request("PUT", "/api/blocks", token=service.token, json={**block, "note": "why"})
    assert put.status == 200
    assert put.json().items() >= {**block, "note": "why"}.items()
    await service.request("PUT", "/api/blocks", token=service.token, json=block)
    listed = (await service.get("/api/blocks", token=service.token)).json()["blocks"]
    assert listed == [put.json()]
    assert (await service.request("DELETE", "/api/blocks", token=service.token, json=block)).status == 204
    assert (await service.request("DELETE", "/api/blocks", token=service.token, params=block)).error == (
        404,
        "not_found",
    )
    assert (await service.get("/api/blocks", token=service.token)).json() == {"blocks": []}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"[]",
        b"{}",
        b'{"authority":7}',
        b'{"authority":"a.example","author":"b"}',
        b'{"authority":"/"}',
        b'{"note":"x"}',
    ],
)
async def test_what_is_no_block_is_refused(service: Service, body: bytes):
    assert (await service.request("PUT", "/api/blocks", token=service.token, data=body)).error == (
        400,
        "invalid_request",
    )


async def test_blocks_of_one_site_are_not_those_of_another(service: Service):
    _, other_token = await service.add_site("second.example")
    await service.request("PUT", "/api/blocks", token=other_token, json={"authority": "ann.example"})
    assert (await service.mention("https://ann.example/", POST)).status == 201
    assert (await service.mention("https://ann.example/", "https://second.example/")).error == (403, "blocked")
    assert (await service.get("/api/blocks", token=service.token)).json() == {"blocks": []}


@pytest.mark.parametrize(
    ("target", "body", "problem"),
    [
        (POST, {"closed": "yes"}, (400, "invalid_request")),
        (POST, {}, (400, "invalid_request")),
        ("", {"closed": True}, (400, "invalid_request")),
        ("https://second.example/", {"closed": True}, (400, "invalid_target")),
        ("https://nobody.example/", {"closed": True}, (400, "invalid_target")),
    ],
)
async def test_a_thread_is_closed_by_its_owner_in_clear_words(service: Service, target, body, problem):
    await service.add_site("second.example")
    answer = await service.request("PATCH", "/api/thread", token=service.token, params={"target": target}, json=body)
    assert answer.error == problem


async def test_a_closed_thread_says_so(service: Service):
    await service.respond()
    closing = {"params": {"target": POST}, "json": {"closed": True}}
    assert (await service.request("PATCH", "/api/thread", **closing)).error == (401, "forbidden")
    assert (await service.request("PATCH", "/api/thread", token=service.token, **closing)).status == 200
    assert (await service.get("/api/thread", params={"target": POST})).json()["closed"] is True


# --- many at once -------------------------------------------------------------------------------------------------


async def bulk(service: Service, action: str, ids, token: str | None = None):
    return await service.post(f"/api/entries/{action}", token=token or service.token, json={"ids": ids})


async def test_many_entries_are_decided_on_at_once(service: Service):
    entries_ = [await service.respond() for _ in range(5)]
    held = await service.respond(state=EntryState.HELD)
    ids = [entry.id for entry in entries_]
    answer = await bulk(service, "hide", [*ids[:3], ids[0], held.id, 999_999])
    assert answer.status == 200
    assert answer.json() == {
        "entries": [{"wm-id": each, "wm-status": "hidden"} for each in (*ids[:3], held.id)],
        "changed": 4,
        "refused": [{"wm-id": 999_999, "why": "There is no such entry on your site."}],
    }
    assert sorted(await shown(service)) == ids[3:]
    again = (await bulk(service, "hide", ids[:3])).json()
    assert (again["changed"], len(again["entries"])) == (0, 3)
    changed = (await service.get("/api/changes", token=service.token)).json()["changes"]
    hidden = [change["wm-id"] for change in changed if change["change"] == "hidden"]
    assert hidden == [*ids[:3], held.id]
    decisions = (await service.get("/api/audit", token=service.token)).json()["decisions"]
    assert [each["wm-id"] for each in decisions] == hidden[::-1]
    assert all(each["actor"].startswith("token:") for each in decisions)


async def test_one_that_cannot_be_restored_leaves_the_others(service: Service):
    comment, mention = await service.respond(protocol=Protocol.COMMENT), await service.respond()
    await bulk(service, "delete", [comment.id, mention.id])
    answer = (await bulk(service, "restore", [comment.id, mention.id])).json()
    assert answer["entries"] == [{"wm-id": mention.id, "wm-status": "shown"}]
    assert answer["refused"] == [{"wm-id": comment.id, "why": "The comment was deleted, and its words with it."}]
    [job] = await service.queue.take("w", count=5, block_ms=0)
    assert job.claim.source == mention.source


async def test_many_at_once_reach_the_tokens_own_site_only(service: Service):
    entry = await service.respond()
    _, other_token = await service.add_site("second.example")
    assert (await bulk(service, "delete", [entry.id], other_token)).json()["entries"] == []
    assert (await bulk(service, "delete", [entry.id], await service.token_with("read"))).error == (403, "forbidden")
    assert await shown(service) == [entry.id]


@pytest.mark.parametrize("ids", [None, [], "1", [1, "2"], [True], [-1], [2**70], list(range(1, 1002))])
async def test_what_is_no_list_of_entries_is_refused_whole(service: Service, ids):
    entry = await service.respond()
    assert entry.id == 1
    assert (await bulk(service, "hide", ids)).error == (400, "invalid_request")
    assert await shown(service) == [entry.id]
