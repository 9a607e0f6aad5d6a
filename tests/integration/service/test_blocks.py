"""What a rule would hide, what it hides, and how that is undone; lists of rules taken out and brought in."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from sqlalchemy import text

from mentions.model import Author, EntryState, PlainText, Url
from mentions.storage import entries
from tests.integration.service.conftest import POST, Answer, Service

TROLL = Author(PlainText("Troll"), Url("https://social.example/@troll"))


async def states(service: Service, *ids: int) -> list[EntryState]:
    async with service.db.read() as c:
        found = await entries.many(c, ids)
    return [found[i].state for i in ids]


async def preview(service: Service, **rule: str) -> Answer:
    return await service.get("/api/blocks/preview", token=service.token, params=rule)


async def four(service: Service) -> list[int]:
    """Two entries of a host that spams, one of an author there, one of somebody else."""
    made = [
        await service.respond("https://spam.example/1"),
        await service.respond("https://sub.spam.example/2"),
        await service.respond("https://fine.example/3", author=Author(PlainText("S"), Url("https://spam.example/s"))),
        await service.respond("https://fine.example/spam.example"),
    ]
    return [entry.id for entry in made]


@pytest.mark.parametrize(
    ("rule", "hits"),
    [
        ({"authority": "spam.example"}, [0, 1, 2]),
        ({"authority": "https://www.SPAM.example/x"}, [0, 1, 2]),
        ({"authority": "sub.spam.example"}, [1]),
        ({"url_prefix": "http://www.spam.example/"}, [0]),
        ({"url_prefix": "https://fine.example/spam"}, [3]),
        ({"author": "https://spam.example/s"}, [2]),
        ({"author": "s"}, [2]),
        ({"authority": "nobody.example"}, []),
    ],
)
async def test_a_preview_names_exactly_what_the_rule_then_hides(
    service: Service, rule: dict[str, str], hits: list[int]
):
    ids = await four(service)
    await service.respond("https://spam.example/held", state=EntryState.HELD)
    said = (await preview(service, **rule)).json()
    assert said["count"] == len(hits)
    assert [child["wm-id"] for child in said["children"]] == [ids[n] for n in hits]
    assert await states(service, *ids) == [EntryState.SHOWN] * 4
    put = await service.request("PUT", "/api/blocks", token=service.token, json={**rule, "hide": True})
    assert (put.status, put.json()["hidden"]) == (200, len(hits))
    wanted = [EntryState.HIDDEN if n in hits else EntryState.SHOWN for n in range(4)]
    assert await states(service, *ids) == wanted
    assert (await preview(service, **rule)).json() == {"count": 0, "children": []}


async def test_a_preview_counts_beyond_what_it_shows(service: Service):
    for _ in range(25):
        await service.respond()
    said = (await preview(service, authority="ann.example")).json()
    assert (said["count"], len(said["children"])) == (25, 20)


async def test_without_hide_a_block_leaves_what_is_there(service: Service):
    ids = await four(service)
    await service.request("PUT", "/api/blocks", token=service.token, json={"authority": "spam.example"})
    assert await states(service, *ids) == [EntryState.SHOWN] * 4


async def test_lifting_a_block_shows_again_what_it_has_hidden_and_nothing_else(service: Service):
    ids = await four(service)
    rule = {"authority": "spam.example"}
    await service.post(f"/api/entries/{ids[1]}/hide", token=service.token)  # by hand, before
    await service.request("PUT", "/api/blocks", token=service.token, json={**rule, "hide": True})
    await service.post(f"/api/entries/{ids[2]}/approve", token=service.token)
    await service.post(f"/api/entries/{ids[2]}/hide", token=service.token)  # by hand, since
    lifted = await service.request("DELETE", "/api/blocks", token=service.token, json={**rule, "restore": True})
    assert (lifted.status, lifted.json()) == (200, {"restored": 1})
    assert await states(service, *ids) == [
        EntryState.SHOWN,
        EntryState.HIDDEN,
        EntryState.HIDDEN,
        EntryState.SHOWN,
    ]


async def test_lifting_a_block_ends_where_a_row_that_it_has_hidden_is_damaged(service: Service):
    odd, good = await service.respond("https://spam.example/1"), await service.respond("https://spam.example/2")
    rule = {"authority": "spam.example"}
    hidden = await service.request("PUT", "/api/blocks", token=service.token, json={**rule, "hide": True})
    assert hidden.json()["hidden"] == 2
    async with service.db.write() as c:
        await c.execute(text("UPDATE entries SET reaction = '{' WHERE id = :id"), {"id": odd.id})
    lifted = await service.request("DELETE", "/api/blocks", token=service.token, json={**rule, "restore": True})
    assert (lifted.status, lifted.json()) == (200, {"restored": 1})
    assert await states(service, good.id) == [EntryState.SHOWN]


async def test_followers_hear_of_what_a_block_hides_and_shows_again(service: Service):
    first, second, *_ = await four(service)
    before = (await service.get("/api/changes", token=service.token)).json()["cursor"]
    rule = {"url_prefix": "https://spam.example/"}
    await service.request("PUT", "/api/blocks", token=service.token, json={**rule, "hide": True})
    await service.request("DELETE", "/api/blocks", token=service.token, params={**rule, "restore": "true"})
    told = (await service.get("/api/changes", token=service.token, params={"cursor": before})).json()["changes"]
    assert [(change["change"], change["wm-id"]) for change in told] == [("hidden", first), ("approved", first)]
    assert second not in {change["wm-id"] for change in told}


@pytest.mark.parametrize(
    ("form", "content_type"), [("csv", "text/csv"), ("jsonl", "application/x-ndjson")], ids=["csv", "json lines"]
)
async def test_a_list_that_is_taken_out_can_be_brought_in_elsewhere(service: Service, form: str, content_type: str):
    for rule in (
        {"authority": "spam.example", "note": 'links, "only"\nand more'},
        {"url_prefix": "https://social.example/@troll/", "note": ""},
        {"author": "Ŵyn, the troll", "note": "unkind"},
    ):
        await service.request("PUT", "/api/blocks", token=service.token, json=rule)
    taken = await service.get(f"/api/blocks.{form}", token=service.token)
    assert taken.headers["Content-Type"] == f"{content_type}; charset=utf-8"
    assert "attachment" in taken.headers["Content-Disposition"]
    _, other = await service.add_site("second.example")
    for added, known in ((3, 0), (0, 3)):
        report = await service.post(
            "/api/blocks/import", token=other, data=taken.body, headers={"Content-Type": content_type}
        )
        assert report.json() == {"added": added, "known": known, "skipped": [], "skipped_count": 0}
    lists = [(await service.get("/api/blocks", token=token)).json()["blocks"] for token in (service.token, other)]
    bare = [[{name: value for name, value in each.items() if name != "created_at"} for each in one] for one in lists]
    assert bare[0] == bare[1]


async def test_what_cannot_be_read_in_a_list_is_told_and_the_rest_is_added(service: Service):
    body = "# mine,since March\nspam.example\n\nauthority,,empty\nnonsense,x,y\n\x00bad.example\nurl_prefix,ftp://x/,\n"
    headers = {"Content-Type": "text/csv"}
    report = await service.post("/api/blocks/import", token=service.token, data=body.encode(), headers=headers)
    assert (report.json()["added"], [each["line"] for each in report.json()["skipped"]]) == (2, [4, 5, 7])
    lines = b'{"authority":"more.example"}\nplain.example\n[1]\n{"authority":7}\n'
    lines += b'{"author":"x","note":[]}\nnot one word\n\xff\n'
    report = await service.post("/api/blocks/import", token=service.token, data=lines)
    assert (report.json()["added"], [each["line"] for each in report.json()["skipped"]]) == (2, [3, 4, 5, 6, 7])
    listed = (await service.get("/api/blocks.csv", token=service.token)).text
    assert [row["value"] for row in csv.DictReader(io.StringIO(listed))] == [
        "spam.example",
        "bad.example",
        "more.example",
        "plain.example",
    ]


MASTODON = """#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate
spam.example,suspend,False,False,"spam, mostly",False
loud.example,silence,True,False,,False
*.under.example,suspend,False,False,,False
fine.example,noop,False,False,,False
hid*.example,suspend,False,False,,True
"""
HOSTS = """# a hosts file
0.0.0.0 spam.example
127.0.0.1\tloud.example # ads
::1 six.example
0.0.0.0 two words
"""
AD_BLOCKER = """! a list of an ad blocker
||spam.example^
||loud.example^
spam.example##.banner
"""


@pytest.mark.parametrize(
    ("text", "content_type", "expected", "skipped"),
    [
        (MASTODON, "text/csv", [("spam.example", "spam, mostly"), ("loud.example", ""), ("under.example", "")], [6]),
        ("severity,domain\nsuspend,a.example\n\nx\n", "text/csv", [("a.example", "")], [4]),
        (HOSTS, "text/plain", [("spam.example", ""), ("loud.example", ""), ("six.example", "")], [5]),
        (AD_BLOCKER, "text/plain", [("spam.example", ""), ("loud.example", "")], [4]),
        ("# mine\nspam.example\n\n  loud.example  \n", "text/plain", [("spam.example", ""), ("loud.example", "")], []),
    ],
)
async def test_lists_come_in_as_they_go_round(service: Service, text, content_type, expected, skipped):
    headers = {"Content-Type": content_type}
    report = await service.post("/api/blocks/import", token=service.token, data=text.encode(), headers=headers)
    assert (report.json()["added"], [each["line"] for each in report.json()["skipped"]]) == (len(expected), skipped)
    listed = (await service.get("/api/blocks", token=service.token)).json()["blocks"]
    assert [(each["authority"], each["note"]) for each in listed] == expected


async def test_thousands_of_rules_come_in_at_once(service: Service):
    body = "\n".join(orjson.dumps({"authority": f"spam{n}.example"}).decode() for n in range(2_000))
    report = await service.post("/api/blocks/import", token=service.token, data=body.encode())
    assert report.json()["added"] == 2_000


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/blocks/preview?authority=x.example"),
        ("GET", "/api/blocks.csv"),
        ("GET", "/api/blocks.jsonl"),
        ("POST", "/api/blocks/import"),
        ("GET", "/api/audit"),
        ("GET", "/api/tokens"),
    ],
)
async def test_only_moderators_see_and_change_rules(service: Service, method: str, path: str):
    assert (await service.request(method, path)).error == (401, "forbidden")
    assert (await service.request(method, path, token=await service.token_with("read"))).error == (403, "forbidden")


async def test_the_trail_tells_who_decided_what(service: Service):
    ids = await four(service)
    rule = {"authority": "spam.example"}
    await service.post(f"/api/entries/{ids[3]}/spam", token=service.token)
    await service.request("PUT", "/api/blocks", token=service.token, json={**rule, "hide": True})
    await service.request("DELETE", "/api/blocks", token=service.token, params=rule)
    await service.request("PATCH", "/api/thread", token=service.token, params={"target": POST}, json={"closed": True})
    await service.post(f"/api/entries/{ids[3]}/delete", token=service.token)
    trail = (await service.get("/api/audit", token=service.token)).json()
    assert [(each["act"], each.get("wm-id"), each.get("what")) for each in reversed(trail["decisions"])] == [
        ("spam", ids[3], None),
        ("blocked", None, "authority spam.example"),
        *[("hidden", i, None) for i in ids[:3]],
        ("unblocked", None, "authority spam.example"),
        ("closed", None, POST),
        ("withdrawn", ids[3], None),
    ]
    [own] = (await service.get("/api/tokens", token=service.token)).json()["tokens"]
    assert {each["actor"] for each in trail["decisions"]} == {f"token:{own['id']}"}
    assert trail["cursor"] is None


async def test_the_trail_is_read_page_by_page_and_by_its_own_site_only(service: Service):
    for n in range(5):
        await service.request("PUT", "/api/blocks", token=service.token, json={"authority": f"x{n}.example"})
    seen, cursor = [], None
    while True:
        asked = {"per-page": "2"} | ({"cursor": str(cursor)} if cursor else {})
        page = (await service.get("/api/audit", token=service.token, params=asked)).json()
        seen += [each["what"] for each in page["decisions"]]
        if (cursor := page["cursor"]) is None:
            break
    assert seen == [f"authority x{n}.example" for n in (4, 3, 2, 1, 0)]
    _, other = await service.add_site("second.example")
    assert (await service.get("/api/audit", token=other)).json() == {"decisions": [], "cursor": None}


async def test_tokens_are_listed_with_their_last_use_and_without_themselves(service: Service):
    reader = await service.token_with("read")
    await service.get("/api/mentions.jf2", token=reader)
    answer = await service.get("/api/tokens", token=service.token)
    assert reader not in answer.text
    assert service.token not in answer.text
    own, read = answer.json()["tokens"]
    assert read["scopes"] == ["read"]
    assert (read["valid"], read["expires_at"], read["revoked_at"]) == (True, None, None)
    for each in (own, read):
        used = datetime.fromisoformat(each["last_used_at"])
        assert timedelta(seconds=-2) < datetime.now(UTC) - used < timedelta(minutes=1)
