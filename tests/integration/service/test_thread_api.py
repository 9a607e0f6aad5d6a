"""GET /api/thread: the tree of a page, whole or page by page (contract §7)."""

from __future__ import annotations

import pytest

from mentions.model import EntryState, Kind, Protocol, Url
from mentions.storage import changes, pages
from tests.integration.service.conftest import NOW, POST, Service


async def thread(service: Service, **params) -> dict:
    answer = await service.get("/api/thread", params={"target": POST} | params)
    assert answer.status == 200, answer
    return answer.json()


def outline(children: list[dict]) -> list:
    """[(id, depth, [replies …])], having seen that parents and depths fit."""
    for child in children:
        for reply in child["comment"]:
            assert (reply["wm-parent"], reply["wm-depth"]) == (child["wm-id"], child["wm-depth"] + 1)
    return [(child["wm-id"], child["wm-depth"], outline(child["comment"])) for child in children]


async def test_replies_hang_below_what_they_answer_and_reactions_stand_aside(service: Service):
    first = await service.respond("https://ann.example/1")
    second = await service.respond("https://bob.example/2", in_reply_to=(Url(POST), Url("https://ann.example/1")))
    third = await service.respond("https://cat.example/3", in_reply_to=(Url(f"{service.base}/entries/{second.id}"),))
    like = await service.respond("https://dan.example/4", kind=Kind.LIKE, text=None)
    ping = await service.respond(kind=Kind.MENTION, text=None, context="… a fine post …", protocol=Protocol.PINGBACK)
    async with service.db.write() as c:
        await pages.learn(c, first.page_id, title="A post of mine", checked_at=NOW)
    found = await thread(service)
    assert (found["type"], found["url"], found["name"], found["closed"]) == ("feed", POST, "A post of mine", False)
    assert (found["count"], found["counts"]) == (4, {"like": 1, "mention": 1, "reply": 3})
    assert outline(found["children"]) == [
        (first.id, 0, [(second.id, 1, [(third.id, 2, [])])]),
        (ping.id, 0, []),
    ]
    assert found["children"][0]["wm-parent"] is None
    assert [entry["wm-id"] for entry in found["reactions"]["like"]] == [like.id]
    assert outline((await thread(service, sort="newest"))["children"])[0][0] == ping.id
    async with service.db.read() as c:
        assert found["cursor"] == await changes.latest(c)


async def test_a_thread_is_read_page_by_page_without_a_gap(service: Service):
    all_ids = [(await service.respond(f"https://s.example/{n}")).id for n in range(5)]
    await service.respond(in_reply_to=(Url("https://s.example/0"),))
    await service.respond(kind=Kind.LIKE, text=None)
    for sort, expected in (("oldest", all_ids), ("newest", all_ids[::-1])):
        seen: list[int] = []
        url: str | None = f"/api/thread?target={POST}&per-page=2&sort={sort}"
        while url:
            answer = await service.get(url)
            page = answer.json()
            assert page["count"] == 6
            assert bool(page["reactions"]) == (not seen)
            seen += [child["wm-id"] for child in page["children"]]
            after = page["next"]
            url = f"/api/thread?target={POST}&per-page=2&sort={sort}&after={after}" if after else None
        assert seen == expected


async def test_a_page_that_nobody_has_answered_is_an_empty_thread(service: Service):
    target = "https://blog.example/new?x=1"
    found = await thread(service, target=target)
    assert found.items() >= {"url": target, "count": 0, "counts": {}, "reactions": {}, "children": []}.items()
    assert (found["next"], found["closed"]) == (None, False)


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({}, (400, "invalid_input")),
        ({"target": ""}, (400, "invalid_input")),
        ({"target": "nonsense"}, (400, "invalid_input")),
        ({"target": "https://other.example/"}, (400, "invalid_target")),
        ({"target": POST, "after": "nonsense"}, (400, "invalid_input")),
    ],
)
async def test_a_thread_of_nothing_of_ours_is_an_error(service: Service, params: dict, problem: tuple):
    assert (await service.get("/api/thread", params=params)).error == problem


async def test_a_deleted_entry_holds_the_place_of_its_replies_and_says_nothing(service: Service):
    parent = await service.respond("https://ann.example/1", text="a secret")
    reply = await service.respond(in_reply_to=(Url("https://ann.example/1"),))
    await service.post(f"/api/entries/{parent.id}/delete", token=service.token)
    answer = await service.get("/api/thread", params={"target": POST})
    assert "secret" not in answer.text
    assert "Ann" not in str(answer.json()["children"][0]["author"])
    [grave] = answer.json()["children"]
    assert (grave["wm-id"], [child["wm-id"] for child in grave["comment"]]) == (parent.id, [reply.id])
    assert grave["wm-deleted"]
    assert answer.json()["count"] == 1
    await service.post(f"/api/entries/{reply.id}/delete", token=service.token)
    assert (await thread(service))["children"] == []


async def test_a_chain_that_is_deeper_than_json_may_nest_is_cut_into_siblings(service: Service):
    made = []
    for n in range(90):
        made.append(
            await service.respond(
                f"https://s.example/{n}", in_reply_to=(Url(f"https://s.example/{n - 1}"),) if n else ()
            )
        )

    def flat(children: list[dict]) -> list[dict]:
        return [entry for child in children for entry in (child, *flat(child["comment"]))]

    found = flat((await thread(service))["children"])
    assert [entry["wm-id"] for entry in found] == [entry.id for entry in made]
    assert [entry["wm-depth"] for entry in found] == list(range(90))
    assert [entry["wm-parent"] for entry in found] == [None, *(entry.id for entry in made[:-1])]


async def test_held_and_private_entries_are_in_no_thread(service: Service):
    await service.respond(state=EntryState.HELD)
    await service.respond(private=True)
    found = await thread(service)
    assert (found["count"], found["counts"], found["children"], found["reactions"]) == (0, {}, [], {})
