"""Hooks and the log, for tokens of scope `hooks` (contract §8)."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from mentions.storage import deliveries, hooks
from mentions.storage.deliveries import DeliveryStatus
from tests.integration.service.conftest import NOW, Service

HOOK = "https://owner.example/hook"


async def add(service: Service, **wishes: Any) -> dict[str, Any]:
    answer = await service.post("/api/hooks", token=service.token, json={"url": HOOK, **wishes})
    assert answer.status == 201, answer
    return answer.json()


async def call(service: Service, path: str, **more: Any) -> Any:
    answer = await service.post(path, token=service.token, **more)
    assert answer.status in (200, 202), answer
    return answer.json()


async def log(service: Service, path: str = "/api/deliveries", **params: Any) -> list[dict[str, Any]]:
    answer = await service.get(path, token=service.token, params=params)
    assert answer.status == 200
    return answer.json()["deliveries"]


async def test_a_hook_is_added_with_a_secret_that_is_told_once(service: Service):
    made = await add(service, events=["created", "held"])
    assert made["secret"].startswith("whsec_")
    [listed] = (await service.get("/api/hooks", token=service.token)).json()["hooks"]
    assert listed == {name: value for name, value in made.items() if name != "secret"}
    assert (listed["url"], listed["kind"], listed["events"]) == (HOOK, "standard", ["created", "held"])


@pytest.mark.parametrize(
    "wishes",
    [
        {},
        {"url": 7},
        {"url": "ftp://owner.example/"},
        {"url": "https://user:word@owner.example/"},
        {"url": "/hook"},
        {"url": HOOK, "kind": "carrier-pigeon"},
        {"url": HOOK, "kind": None},
        {"url": HOOK, "events": ["shouted"]},
        {"url": HOOK, "events": "created"},
        {"url": HOOK, "secret": "short"},
        {"url": HOOK, "kind": "rebuild", "quiet_s": -1},
        {"url": HOOK, "every_s": 10**20},
        {"url": HOOK, "quiet_s": True},
    ],
)
async def test_what_cannot_be_a_hook_is_refused(service: Service, wishes: dict[str, Any]):
    answer = await service.post("/api/hooks", token=service.token, json=wishes)
    assert answer.error == (400, "invalid_request")


async def test_only_a_token_for_hooks_of_the_same_site_may(service: Service):
    made = await add(service)
    reader = await service.token_with("read", "moderate", "export")
    _, stranger = await service.add_site("stranger.example")
    await call(service, f"/api/hooks/{made['id']}/test")
    [delivery] = await log(service)
    asked = [
        ("DELETE", f"/api/hooks/{made['id']}"),
        ("GET", f"/api/hooks/{made['id']}/deliveries"),
        ("POST", f"/api/deliveries/{delivery['id']}/send"),
        *(("POST", f"/api/hooks/{made['id']}/{action}") for action in ("test", "rotate", "enable", "replay")),
    ]
    for method, path in asked:
        assert (await service.request(method, path)).status == 401, path
        assert (await service.request(method, path, token=reader)).status == 403, path
        assert (await service.request(method, path, token=stranger)).status == 404, path
    for method, path in (("GET", "/api/hooks"), ("POST", "/api/hooks"), ("GET", "/api/deliveries")):
        assert (await service.request(method, path, token=reader)).status == 403, path
    assert (await service.get("/api/deliveries", token=stranger)).json() == {"deliveries": []}


async def test_a_removed_hook_is_gone_with_its_log(service: Service):
    made = await add(service)
    await call(service, f"/api/hooks/{made['id']}/test")
    assert (await service.request("DELETE", f"/api/hooks/{made['id']}", token=service.token)).status == 204
    assert (await service.request("DELETE", f"/api/hooks/{made['id']}", token=service.token)).status == 404
    assert await log(service) == []


async def test_a_test_is_due_at_once_and_stands_in_the_log(service: Service):
    made = await add(service)
    due = await call(service, f"/api/hooks/{made['id']}/test")
    assert (due["event"], due["status"], due["attempts"]) == ("test", "waiting", 0)
    assert await log(service, f"/api/hooks/{made['id']}/deliveries") == [due]
    rebuild = await add(service, kind="rebuild")
    assert (await call(service, f"/api/hooks/{rebuild['id']}/test"))["event"] == "rebuild"


async def test_a_new_secret_is_told_once_and_the_old_one_signs_for_as_long_as_asked(service: Service):
    made = await add(service)
    newer = await call(service, f"/api/hooks/{made['id']}/rotate", json={"keep_s": 3600})
    assert newer["secret"] != made["secret"]
    async with service.db.read() as c:
        kept = await hooks.get(c, made["id"])
    assert kept is not None
    assert [secret.text for secret in kept.secrets] == [newer["secret"], made["secret"]]
    await call(service, f"/api/hooks/{made['id']}/rotate", json={"keep_s": 0})
    async with service.db.read() as c:
        assert len((await hooks.get(c, made["id"])).secrets) == 1
    for bad in ({"keep_s": -1}, {"keep_s": "soon"}):
        answer = await service.post(f"/api/hooks/{made['id']}/rotate", token=service.token, json=bad)
        assert answer.error == (400, "invalid_request")


async def test_a_replay_makes_what_happened_since_due_again_and_twice_is_once(service: Service):
    made = await add(service)
    for _ in range(4):
        await service.respond()
    happened = (await service.get("/api/changes", token=service.token)).json()["changes"]
    path = f"/api/hooks/{made['id']}/replay?cursor={happened[0]['cursor']}"
    for _ in range(2):
        assert await call(service, path) == {"deliveries": 3, "cursor": happened[-1]["cursor"], "more": False}
    assert len(await log(service)) == 3
    beyond = await service.post(f"/api/hooks/{made['id']}/replay?cursor=999999", token=service.token)
    assert beyond.error == (410, "cursor_gone")
    refused = await service.post(f"/api/hooks/{made['id']}/replay?cursor=x", token=service.token)
    assert refused.error == (400, "invalid_input")
    rebuild = await add(service, kind="rebuild")
    assert (await service.post(f"/api/hooks/{rebuild['id']}/replay", token=service.token)).status == 409


async def test_what_was_given_up_is_sent_again_by_hand(service: Service):
    made = await add(service)
    await call(service, f"/api/hooks/{made['id']}/test")
    async with service.db.write() as c:
        await deliveries.give_up(c, made["id"], DeliveryStatus.WAITING, "tired")
    [tired] = await log(service)
    assert (tired["status"], tired["next_try_at"], tired["answer"]["error"]) == ("given_up", None, "tired")
    again = await call(service, f"/api/deliveries/{tired['id']}/send")
    assert (again["id"], again["status"], again["message"]) == (tired["id"], "waiting", tired["message"])
    assert again["next_try_at"]


async def test_a_disabled_hook_is_sent_nothing_until_it_is_enabled(service: Service):
    made = await add(service)
    await call(service, f"/api/hooks/{made['id']}/test")
    async with service.db.write() as c:
        await hooks.disable(c, made["id"], "it answered 410: Gone", now=NOW)
    [kept] = await log(service)
    for path in (
        f"/api/hooks/{made['id']}/test",
        f"/api/hooks/{made['id']}/replay",
        f"/api/deliveries/{kept['id']}/send",
    ):
        assert (await service.post(path, token=service.token)).error == (409, "conflict")
    enabled = await call(service, f"/api/hooks/{made['id']}/enable")
    assert (enabled["disabled_at"], enabled["disabled_why"]) == (None, None)
    await call(service, f"/api/hooks/{made['id']}/test")


async def test_the_log_is_read_in_pages_newest_first(service: Service):
    made = await add(service)
    for _ in range(5):
        await call(service, f"/api/hooks/{made['id']}/test")
    first = await log(service, **{"per-page": 3})
    second = await log(service, **{"per-page": 3, "before": first[-1]["id"]})
    ids = [each["id"] for each in first + second]
    assert len(ids) == 5
    assert ids == sorted(ids, reverse=True)
    assert (await service.get("/api/deliveries?before=x", token=service.token)).status == 400


async def test_answers_have_the_shape_that_the_document_says(service: Service):
    document = (await service.get("/api/openapi.json")).json()
    made = await add(service)
    sent = {
        "NewHook": made,
        "Delivery": await call(service, f"/api/hooks/{made['id']}/test"),
        "Replayed": await call(service, f"/api/hooks/{made['id']}/replay"),
        "Hook": await call(service, f"/api/hooks/{made['id']}/enable"),
        "Hooks": (await service.get("/api/hooks", token=service.token)).json(),
        "Deliveries": (await service.get("/api/deliveries", token=service.token)).json(),
    }
    for name, body in sent.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        assert not [str(problem) for problem in Draft202012Validator(schema).iter_errors(body)], name
