"""GET /api/queue, and what the owner's decisions teach: reasons that can be read."""

from __future__ import annotations

from mentions.model import EntryState
from tests.integration.service.conftest import POST, Service


async def queue(service: Service, **params):
    return (await service.get("/api/queue", token=service.token, params=params)).json()


async def comment(service: Service, content: str, name: str = "Somebody", **more):
    body = {"target": POST, "name": name, "content": content, **more}
    return (await service.post("/api/comments", json=body)).json()


async def decide(service: Service, entry_id: int, action: str) -> None:
    assert (await service.post(f"/api/entries/{entry_id}/{action}", token=service.token)).status == 200


async def teach(service: Service, times: int = 10) -> None:
    for number in range(times):
        spam = await service.respond(text=f"cheap casino pills {number}")
        good = await service.respond(text=f"diolch am y blog {number}", state=EntryState.HELD)
        await decide(service, spam.id, "spam")
        await decide(service, good.id, "approve")


async def test_what_waits_is_listed_with_the_reasons(service: Service):
    await service.request("PATCH", "/api/site", token=service.token, json={"options": {"hold": "links"}})
    made = await comment(service, "Look [here](https://pills.example/x)")
    await service.respond(text="shown")
    [waiting] = (await queue(service))["children"]
    assert (waiting["wm-id"], waiting["wm-status"]) == (made["wm-id"], "held")
    assert waiting["wm-doubts"] == ["it links to pills.example"]


async def test_a_trapped_robot_is_spam_with_its_reason(service: Service):
    await comment(service, "Hello", website2="x")
    [spam] = (await queue(service, state="spam"))["children"]
    assert spam["wm-doubts"] == ["a field that no person sees was filled in"]
    assert (await queue(service, state="held"))["children"] == []


async def test_the_queue_is_read_page_by_page(service: Service):
    ids = [(await service.respond(state=EntryState.HELD)).id for _ in range(5)]
    first = await queue(service, **{"per-page": "2"})
    second = await queue(service, **{"per-page": "2", "after": str(first["next"])})
    last = await queue(service, **{"per-page": "2", "after": str(second["next"])})
    assert [each["wm-id"] for part in (first, second, last) for each in part["children"]] == ids
    assert last["next"] is None


async def test_what_the_owner_has_hidden_is_found_again(service: Service):
    hidden = await service.respond(state=EntryState.HIDDEN)
    await service.respond(state=EntryState.SPAM)
    assert [each["wm-id"] for each in (await queue(service, state="hidden"))["children"]] == [hidden.id]
    assert hidden.id not in [each["wm-id"] for each in (await queue(service))["children"]]


async def test_only_the_sites_moderators_see_it(service: Service):
    await service.respond(state=EntryState.HELD)
    _, other = await service.add_site("second.example")
    assert (await service.get("/api/queue", token=other)).json()["children"] == []
    assert (await service.get("/api/queue")).error == (401, "forbidden")
    reader = await service.token_with("read")
    assert (await service.get("/api/queue", token=reader)).error == (403, "forbidden")
    odd = await service.get("/api/queue", token=service.token, params={"state": "shown"})
    assert odd.error == (400, "invalid_request")


async def test_what_looks_like_earlier_spam_waits_and_says_why(service: Service):
    assert (await comment(service, "casino pills, so cheap"))["wm-status"] == "approved"
    await teach(service)
    assert (await comment(service, "A cheap casino with pills"))["wm-status"] == "held"
    [waiting] = (await queue(service, state="held"))["children"]
    [reason] = waiting["wm-doubts"]
    assert reason.startswith("it looks like what you have called spam (")
    assert "the word “casino”" in reason
    assert (await comment(service, "Diolch yn fawr am y blog"))["wm-status"] == "approved"


async def test_spam_that_is_written_into_a_comment_later_waits_too(service: Service):
    await teach(service)
    made = await comment(service, "Diolch am y blog")
    assert made["wm-status"] == "approved"
    path = f"/api/comments/{made['wm-id']}"
    changed = await service.request("PATCH", path, token=made["edit-token"], json={"content": "cheap casino pills"})
    assert changed.json()["wm-status"] == "held"
    [waiting] = (await queue(service, state="held"))["children"]
    assert "casino" in waiting["wm-doubts"][0]


async def test_an_owner_may_do_without_what_was_learned(service: Service):
    await teach(service)
    await service.request("PATCH", "/api/site", token=service.token, json={"options": {"learn": False}})
    assert (await comment(service, "A cheap casino with pills"))["wm-status"] == "approved"
