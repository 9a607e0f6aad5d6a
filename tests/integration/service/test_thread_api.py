"""GET /api/thread: the tree of a page, whole or page by page (contract §7)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mentions.model import EntryState, Kind, Protocol, Url
from mentions.storage import changes, entries, pages
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
        ({"target": POST, "after": "-99999999999999999.1"}, (400, "invalid_input")),
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


async def crowd(service: Service, number: int, **facts) -> list[int]:
    """Many responses of one kind, stored at once."""
    first = await service.respond(**facts)
    page = await service.page()
    async with service.db.write() as c:
        made = [
            await entries.insert(
                c,
                site_id=page.site_id,
                page_id=page.id,
                source=f"https://crowd.example/{n}",
                target=POST,
                protocol=Protocol.WEBMENTION,
                reaction=first.reaction,
                state=EntryState.SHOWN,
                now=first.received_at + timedelta(seconds=n),
                parent_id=first.parent_id,
            )
            for n in range(1, number)
        ]
    return [first.id, *(entry.id for entry in made)]


async def test_a_branch_that_is_larger_than_a_page_goes_on_where_its_link_leads(service: Service):
    root = await service.respond("https://ann.example/1")
    answers = await crowd(service, 1_100, parent_id=root.id)
    other = await service.respond("https://bob.example/2")
    found = await thread(service)
    assert (found["count"], {child["wm-id"] for child in found["children"]}) == (1_102, {root.id, other.id})
    branch = next(child for child in found["children"] if child["wm-id"] == root.id)
    seen = [child["wm-id"] for child in branch["comment"]]
    more = branch["wm-more"]
    assert more["count"] == 1_100 - len(seen)
    url = more["url"]
    while url:
        page = (await service.get(url.removeprefix(service.base))).json()
        assert (page["count"], page["reactions"]) == (1_102, {})
        assert {child["wm-parent"] for child in page["children"]} == {root.id}
        seen += [child["wm-id"] for child in page["children"]]
        url = f"/api/thread?target={POST}&below={root.id}&after={page['next']}" if page["next"] else None
    assert seen == answers


async def test_a_chain_that_is_longer_than_a_page_goes_on_below_its_last_response(service: Service):
    above, made = None, []
    for _ in range(520):
        above = (await service.respond(parent_id=above)).id
        made.append(above)
    seen, children = [], (await thread(service))["children"]
    while children:
        level = children
        while level:
            seen += [entry["wm-id"] for entry in level]
            last = level[-1]
            level = [child for entry in level for child in entry["comment"]]
        more = last.get("wm-more")
        children = (await service.get(more["url"].removeprefix(service.base))).json()["children"] if more else []
    assert seen == made


async def test_of_many_reactions_the_newest_are_given_with_their_number(service: Service):
    await service.respond("https://ann.example/1")
    likes = await crowd(service, 520, kind=Kind.LIKE, text=None)
    found = await thread(service)
    assert (found["counts"], found["reacted"]) == ({"like": 520, "reply": 1}, {"like": 520})
    assert [entry["wm-id"] for entry in found["reactions"]["like"]] == likes[-500:]


@pytest.mark.parametrize("below", ["nonsense", "-1"])
async def test_what_no_response_is_called_is_an_error(service: Service, below: str):
    await service.respond()
    assert (await service.get(f"/api/thread?target={POST}&below={below}")).error == (400, "invalid_input")


async def test_what_is_shown_follows_every_decision_at_once(service: Service):
    parent = await service.respond("https://ann.example/1")
    reply = await service.respond(parent_id=parent.id)
    for act, counted in (("hide", 1), ("approve", 2), ("spam", 1), ("approve", 2)):
        await service.post(f"/api/entries/{parent.id}/{act}", token=service.token)
        found = await thread(service)
        assert (act, found["count"]) == (act, counted)
        assert str(reply.id) in str(found["children"])
