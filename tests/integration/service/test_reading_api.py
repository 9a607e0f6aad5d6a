"""GET /api/mentions and its kin: what webmention.io's clients rely on (contract §6)."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import mf2py
import pytest
from sqlalchemy import Engine, event, text

from mentions.model import Author, EntryState, Kind, PlainText, Protocol, Url
from mentions.storage import entries
from service.api import exports
from tests.integration.service.conftest import NOW, POST, Service
from tests.integration.storage.making import respond

HOSTILE = 'https://x.example/" onmouseover="alert(1)'


def ids(answer) -> list[int]:
    return [child["wm-id"] for child in answer.json()["children"]]


async def jf2(service: Service, **params) -> list[int]:
    answer = await service.get("/api/mentions.jf2", params={"target": POST} | params)
    assert answer.status == 200, answer
    return ids(answer)


async def test_an_entry_has_everything_that_clients_read(service: Service):
    entry = await service.respond(
        "https://ann.example/reply",
        f"{POST}#c1",
        url=Url("https://ann.example/canonical"),
        published="2024-05-01T10:00:00+02:00",
        published_at=datetime.fromisoformat("2024-05-01T08:00:00+00:00"),
        name=PlainText("On posts"),
        syndication=(Url("https://silo.example/1"),),
        photos=(Url("https://ann.example/p.jpg"),),
        canonical=Url("https://ann.example/canonical"),
        categories=(PlainText("web"),),
        lang="cy",
    )
    feed = (await service.get("/api/mentions.jf2", params={"target": POST})).json()
    assert feed == {
        "type": "feed",
        "name": "Webmentions",
        "children": [
            {
                "type": "entry",
                "author": {"type": "card", "name": "Ann", "photo": "", "url": "https://ann.example/"},
                "url": "https://ann.example/canonical",
                "published": "2024-05-01T10:00:00+02:00",
                "published_ts": 1714550400,
                "wm-received": "2026-11-22T08:00:01Z",
                "wm-id": entry.id,
                "wm-source": "https://ann.example/reply",
                "wm-target": f"{POST}#c1",
                "wm-protocol": "webmention",
                "wm-fragment": "c1",
                "name": "On posts",
                "syndication": ["https://silo.example/1"],
                "photo": ["https://ann.example/p.jpg"],
                "content": {"html": "<p>Well said</p>", "text": "Well said"},
                "in-reply-to": f"{POST}#c1",
                "wm-property": "in-reply-to",
                "wm-private": False,
                "rels": {"canonical": "https://ann.example/canonical"},
                "wm-kind": "reply",
                "wm-authorship": "claimed",
                "wm-lang": "cy",
                "category": ["web"],
            }
        ],
        "paging": {"per-page": 20, "page": 0, "total": 1, "total-pages": 1},
    }


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Kind.LIKE, {"like-of": POST, "wm-property": "like-of"}),
        (Kind.REPOST, {"repost-of": POST, "wm-property": "repost-of"}),
        (Kind.BOOKMARK, {"bookmark-of": POST, "wm-property": "bookmark-of"}),
        (Kind.RSVP, {"rsvp": "yes", "in-reply-to": POST, "wm-property": "rsvp"}),
        (Kind.MENTION, {"mention-of": POST, "wm-property": "mention-of"}),
        (Kind.QUOTATION, {"mention-of": POST, "wm-property": "mention-of", "wm-kind": "quotation"}),
    ],
)
async def test_the_property_that_names_the_target_follows_the_kind(service: Service, kind: Kind, expected: dict):
    await service.respond(kind=kind, rsvp="yes" if kind is Kind.RSVP else None)
    [child] = (await service.get("/api/mentions.jf2", params={"target": POST})).json()["children"]
    assert child.items() >= expected.items()
    assert {p for p in ("in-reply-to", "like-of", "repost-of", "bookmark-of", "mention-of") if p in child} == {
        p for p in expected if p not in ("rsvp", "wm-property", "wm-kind")
    }


async def test_no_url_breaks_out_of_an_attribute_and_none_is_null(service: Service):
    hostile = Url(HOSTILE)
    author = Author(PlainText('"><script>alert(1)</script>'), hostile, Url("javascript:alert(1)"))
    await service.respond(
        "https://x.example/'><b>",
        author=author,
        url=hostile,
        syndication=(hostile,),
        photos=(hostile, Url("data:x")),
        canonical=hostile,
    )
    await service.respond(url=None, author=Author())
    answer = await service.get("/api/mentions.jf2", params={"target": POST})

    def strings(value) -> list[str]:
        if isinstance(value, dict):
            return [s for key, v in value.items() if key not in ("name", "content") for s in strings(v)]
        return (
            [s for v in value for s in strings(v)]
            if isinstance(value, list)
            else [value]
            if isinstance(value, str)
            else []
        )

    for child in answer.json()["children"]:
        assert child["url"].startswith("https://")
        assert not [s for s in strings(child) if re.search("[\"'<>` ]", s)]
        assert "javascript" not in str(strings(child))
    page = await service.get("/api/mentions.html", params={"target": POST})
    assert "<script" not in page.text
    assert 'onmouseover="' not in page.text


# --- what is asked for --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "target=https://blog.example/post",
        "target=http://blog.example/post",
        "target=//blog.example/post",
        "target=https://www.blog.example/post",
        "target=https://blog.example/post%23",
        "target[]=https://blog.example/post",
        "target%5B%5D=https://blog.example/post",
        "target[0]=https://blog.example/post",
        "target[7]=https://blog.example/nothing&target[3]=https://blog.example/post",
        "target=https://blog.example/nothing&target=https://blog.example/post",
    ],
)
async def test_a_page_is_found_however_it_is_asked_for(service: Service, query: str):
    entry = await service.respond()
    await service.respond(target="https://blog.example/other")
    assert ids(await service.get(f"/api/mentions.jf2?{query}")) == [entry.id]


async def test_several_targets_are_one_list_and_a_fragment_narrows(service: Service):
    first = await service.respond()
    second = await service.respond(target="https://blog.example/other")
    third = await service.respond(target=f"{POST}#c1")
    both = "target[]=https://blog.example/post&target[]=https://blog.example/other"
    assert ids(await service.get(f"/api/mentions.jf2?{both}")) == [third.id, second.id, first.id]
    assert await jf2(service, target=f"{POST}#c1") == [third.id]


async def test_neither_target_nor_token_is_an_error_and_so_is_a_wrong_token(service: Service):
    assert (await service.get("/api/mentions.jf2")).error == (400, "invalid_input")
    assert (await service.get("/api/mentions.jf2", token="wrong")).error == (401, "forbidden")
    assert (await service.get("/api/mentions?token=wrong")).error == (401, "forbidden")
    assert (await service.get("/api/count")).error == (400, "invalid_input")
    assert (await service.get("/api/mentions.jf2", token=await service.token_with("moderate"))).error == (
        403,
        "forbidden",
    )


async def test_a_token_reads_its_own_site_and_no_other(service: Service):
    mine = await service.respond()
    second, second_token = await service.add_site("second.example")
    await service.respond(target="https://second.example/", site=second)
    for how in (f"?token={service.token}", f"?access_token={service.token}"):
        assert ids(await service.get(f"/api/mentions.jf2{how}")) == [mine.id]
    assert ids(await service.get("/api/mentions.jf2", token=service.token)) == [mine.id]
    for domain, found in (
        ("blog.example", [mine.id]),
        ("www.blog.example", [mine.id]),
        ("second.example", []),
        ("x.example", []),
    ):
        assert ids(await service.get("/api/mentions.jf2", token=service.token, params={"domain": domain})) == found
    assert mine.id not in ids(await service.get("/api/mentions.jf2", token=second_token))


async def test_only_what_is_shown_is_read(service: Service):
    for state in (EntryState.HELD, EntryState.HIDDEN, EntryState.SPAM):
        await service.respond(state=state)
    await service.respond(private=True)
    assert await jf2(service) == []
    assert (await service.get("/api/count", params={"target": POST})).json() == {"count": 0, "type": {}}
    thread = (await service.get("/api/thread", params={"target": POST})).json()
    assert (thread["count"], thread["children"]) == (0, [])


async def test_pages_of_a_list_hold_everything_once(service: Service):
    all_ids = [(await service.respond()).id for _ in range(7)]
    seen: list[int] = []
    for page in range(4):
        answer = (await service.get("/api/mentions.jf2", params={"target": POST, "per-page": 3, "page": page})).json()
        assert answer["paging"] == {"per-page": 3, "page": page, "total": 7, "total-pages": 3}
        seen += [child["wm-id"] for child in answer["children"]]
    assert seen == all_ids[::-1]


@pytest.mark.parametrize(
    ("params", "count"),
    [
        ({}, 20),
        ({"per-page": 5}, 5),
        ({"perPage": 5}, 5),
        ({"perPage": 5, "per-page": 7}, 5),
        ({"per-page": "many"}, 20),
        ({"per-page": -1}, 20),
        ({"per-page": 0}, 1),
        ({"page": "x"}, 20),
        ({"page": 99999999999999999999}, 20),
        ({"page": 2147483647}, 0),
    ],
)
async def test_odd_paging_is_no_error(service: Service, params: dict, count: int):
    for _ in range(21):
        await service.respond(kind=Kind.LIKE, text=None)
    assert len(await jf2(service, **params)) == count


async def test_a_list_is_sorted_and_filtered_as_asked(service: Service):
    no = await service.respond(kind=Kind.RSVP, rsvp="no", published_at=NOW - timedelta(days=1))
    yes = await service.respond(kind=Kind.RSVP, rsvp="yes", published_at=NOW - timedelta(days=3))
    like = await service.respond(kind=Kind.LIKE, published_at=NOW - timedelta(days=2))
    assert await jf2(service) == [like.id, yes.id, no.id]
    assert await jf2(service, **{"sort-dir": "up"}) == [no.id, yes.id, like.id]
    assert await jf2(service, **{"sort-by": "published", "sort-dir": "down"}) == [no.id, like.id, yes.id]
    assert (await jf2(service, **{"sort-by": "rsvp"}))[:2] == [yes.id, no.id]
    assert await jf2(service, **{"sort-by": "nonsense"}) == [like.id, yes.id, no.id]
    assert await jf2(service, **{"wm-property": "like-of"}) == [like.id]
    assert await jf2(service, **{"wm-property[]": "like-of", "wm-property[1]": "rsvp"}) == [like.id, yes.id, no.id]
    assert await jf2(service, since_id=no.id) == [like.id, yes.id]
    for repeated in ("wm-property=rsvp&wm-property=like-of", "per-page=2&sort-dir=up&per-page=1&sort-dir=down"):
        answer = await service.get(f"/api/mentions.jf2?target={POST}&{repeated}")
        assert ids(answer) == [like.id], "the last counts"


@pytest.mark.parametrize(
    ("since", "count"),
    [
        ("2026-11-22T08:00:01+00:00", 1),
        ("2026-11-22T08:00:01 00:00", 1),
        ("2026-11-22T08:00:01%2B00:00", 1),
        ("2026-11-22T09:00:01%2B01:00", 1),
        ("2026-11-22T08:00:01Z", 1),
        ("2026-11-22", 2),
        ("2026-11-23", 0),
        ("yesterday", 2),
        ("", 2),
        ("0001-01-01T00:00:00%2B23:00", 2),
    ],
)
async def test_since_is_read_as_clients_write_it(service: Service, since: str, count: int):
    await service.respond()
    await service.respond()
    answer = await service.get(f"/api/mentions.jf2?target={POST}&since={since}".replace("+", "%20"))
    assert len(ids(answer)) == count


# --- forms --------------------------------------------------------------------------------------------------------


async def test_the_older_form_has_links(service: Service):
    entry = await service.respond("https://ann.example/reply", published="2024-05-01", rsvp=None)
    for path in ("/api/mentions", "/api/mentions.json", "/api/links", "/api/links.json"):
        answer = await service.get(path, params={"target": POST})
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
        [link] = answer.json()["links"]
        assert link == {
            "source": "https://ann.example/reply",
            "verified": True,
            "verified_date": "2026-11-22T08:00:01+00:00",
            "id": entry.id,
            "private": False,
            "data": {
                "author": {"name": "Ann", "url": "https://ann.example/", "photo": None},
                "url": "https://ann.example/reply",
                "name": None,
                "content": "<p>Well said</p>",
                "published": "2024-05-01",
                "published_ts": None,
            },
            "activity": {"type": "reply"},
            "target": POST,
        }


async def test_kinds_that_webmention_io_does_not_know_are_links_and_mentions_there(service: Service):
    for kind in (Kind.FOLLOW, Kind.QUOTATION, Kind.MENTION, Kind.INVITE, Kind.REACJI):
        await service.respond(kind=kind)
    links = (await service.get("/api/mentions", params={"target": POST, "sort-dir": "up"})).json()["links"]
    assert [link["activity"]["type"] for link in links] == ["link", "link", "link", "invite", "reply"]
    counted = (await service.get("/api/count", params={"target": POST})).json()
    assert counted == {"count": 5, "type": {"invite": 1, "mention": 3, "reply": 1}}


async def test_rsvps_are_counted_by_what_they_say(service: Service):
    for answer in ("yes", "yes", "no"):
        await service.respond(kind=Kind.RSVP, rsvp=answer)
    await service.respond(kind=Kind.LIKE)
    counted = (await service.get("/api/count.json", params={"target[]": POST})).json()
    assert counted == {"count": 4, "type": {"like": 1, "rsvp-no": 1, "rsvp-yes": 2}}


async def test_several_pages_are_counted_in_one_request(service: Service):
    other, none = "https://blog.example/other", "https://blog.example/none"
    for target in (POST, POST, f"{POST}#c1", other):
        await service.respond(target=target, kind=Kind.LIKE)
    held = await service.respond(target=other, state=EntryState.HELD)
    asked = [("target[]", each) for each in (POST, "//blog.example/other", none, f"{POST}#c1", "no URL")]
    counted = (await service.get("/api/count", params=asked)).json()
    assert counted == {
        "count": 4,
        "type": {"like": 4},
        "targets": {POST: 3, "//blog.example/other": 1, none: 0, f"{POST}#c1": 1, "no URL": 0},
    }
    first = await service.get("/api/count", params=asked)
    again = await service.get("/api/count", params=asked, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status == 304
    await service.post(f"/api/entries/{held.id}/approve", token=service.token)
    assert (await service.get("/api/count", params=asked)).json()["targets"]["//blog.example/other"] == 2


async def test_the_older_script_for_counts_gets_them_by_url(service: Service):
    """`data-webmention-count`: base and paths, looked up by the URL that stands on the page."""
    await service.respond()
    await service.respond(target="https://blog.example/?p=7")
    asked = {"base": "https://blog.example", "targets": "/post,/?p=7,/none"}
    counted = (await service.get("/api/count", params=asked)).json()
    assert counted == {"count": {POST: 1, "https://blog.example/?p=7": 1, "https://blog.example/none": 0}}
    called = await service.get("/api/count", params={**asked, "jsonp": "jQuery1_2"})
    assert called.text == f"jQuery1_2({json.dumps(counted, separators=(',', ':'))})"
    assert (await service.get("/api/count", params={"targets": POST})).json() == {"count": 1, "type": {"reply": 1}}
    assert (await service.get("/api/count", params={"base": "https://blog.example"})).error == (400, "invalid_input")
    odd = {"base": "javascript:", "targets": "/x,,\x00"}
    assert (await service.get("/api/count", params=odd)).json() == {"count": {"javascript:/x": 0, "\x00": 0}}


@pytest.mark.parametrize(
    "asked",
    [
        "/api/mentions.jf2?" + "&".join(f"target[]=//b/{number:x}%23a" for number in range(1_200)),
        "/api/count?" + "&".join(f"target[]=//b/{number:x}%23a" for number in range(1_200)),
        "/api/count?base=https://blog.example&targets=" + ",".join(f"/{number:x}" for number in range(5_000)),
        f"/api/count?base=https://blog.example/{'a' * 16_000}&targets=/1,/2",
    ],
    ids=["list", "count", "older count", "long base"],
)
async def test_more_than_one_question_may_ask_is_refused(service: Service, asked: str):
    """What fits into a request line is not too much for the database, nor repeated into megabytes."""
    answer = await service.get(asked)
    assert answer.error == (400, "invalid_input")
    assert len(answer.text) < 500


async def test_jsonp_calls_dotted_names_and_nothing_else(service: Service):
    await service.respond(text="line\u2028separator")
    callback = "window.JekyllWebmentionIO.processWebmentions"
    answer = await service.get("/api/mentions", params={"target": POST, "jsonp": callback})
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert "\u2028" not in answer.text
    match = re.fullmatch(re.escape(callback) + r"\((.*)\)", answer.text)
    assert match
    assert len(json.loads(match[1])["links"]) == 1
    for bad in ("alert(1)//", "a b", "a..b", "", "1a", "<script>", "x" * 300):
        assert (await service.get("/api/count", params={"target": POST, "jsonp": bad})).status == 400


async def test_every_atom_feed_has_a_name_of_its_own_and_tells_no_token(service: Service):
    await service.respond()
    atom = {"a": "http://www.w3.org/2005/Atom"}

    async def names(**params: str) -> tuple[str, str]:
        answer = await service.get("/api/mentions.atom", params=params)
        assert service.token not in answer.text
        feed = ET.fromstring(answer.text)
        link = feed.find("a:link[@rel='self']", atom)
        assert link is not None
        return feed.findtext("a:id", "", atom), link.attrib["href"]

    first, second = await names(target=POST), await names(target="https://blog.example/other")
    assert first != second
    for feed_id, self_url in (first, second):
        assert feed_id == self_url
        assert (await service.get(self_url)).status == 200
    private, _ = await names(token=service.token, **{"wm-property": "like-of"})
    assert private == f"{service.base}/api/mentions.atom?wm-property=like-of"


async def test_a_browser_that_opens_the_bare_address_gets_a_page_that_parses(service: Service):
    await service.respond("https://ann.example/reply", kind=Kind.LIKE, text="Good <3")
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    answer = await service.get("/api/mentions", params={"target": POST}, headers=browser)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    [feed] = mf2py.parse(doc=answer.text, url=service.base)["items"]
    [entry] = feed["children"]
    assert (feed["type"], entry["type"]) == (["h-feed"], ["h-entry"])
    assert entry["properties"]["like-of"] == [POST]
    assert entry["properties"]["author"][0]["properties"]["name"] == ["Ann"]
    json_again = await service.get("/api/mentions.json", params={"target": POST}, headers=browser)
    assert json_again.headers["Content-Type"].startswith("application/json")


async def test_atom_is_well_formed_whatever_people_write(service: Service):
    await service.respond("https://ann.example/a&b", text="a < b & c \ud7ff \u0008 ]]>", name=PlainText("\u000b<x>"))
    answer = await service.get("/api/mentions.atom", params={"target": POST})
    assert answer.headers["Content-Type"].startswith("application/atom+xml")
    feed = ET.fromstring(answer.body)
    ns = {"a": "http://www.w3.org/2005/Atom", "thr": "http://purl.org/syndication/thread/1.0"}
    [entry] = feed.findall("a:entry", ns)
    assert entry.findtext("a:title", "", ns) == "ann.example replied to /post"
    assert entry.find("thr:in-reply-to", ns).get("ref") == POST


# --- how it is sent -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["/api/mentions", "/api/mentions.jf2", "/api/mentions.atom", "/api/mentions.html", "/api/count", "/api/thread"],
)
async def test_every_answer_has_an_etag_that_changes_with_the_content(service: Service, path: str):
    await service.respond()
    first = await service.get(path, params={"target": POST})
    tag = first.headers["ETag"]
    assert not tag.startswith("W/")
    again = await service.get(path, params={"target": POST}, headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", tag)
    assert again.headers["Access-Control-Allow-Origin"] == "*"
    await service.respond()
    changed = await service.get(path, params={"target": POST}, headers={"If-None-Match": tag})
    assert (changed.status, changed.headers["ETag"] == tag) == (200, False)


async def test_a_large_answer_is_compressed_for_who_takes_it(service: Service):
    for _ in range(20):
        await service.respond()
    raw = {"Accept-Encoding": "identity"}
    plain = await service.get("/api/mentions.jf2", params={"target": POST}, headers=raw)
    zipped = await service.get("/api/mentions.jf2", params={"target": POST}, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert zipped.body == plain.body  # the client has decompressed it
    assert int(zipped.headers["Content-Length"]) < len(plain.body) / 2
    assert "Accept-Encoding" in zipped.headers["Vary"]
    tag = zipped.headers["ETag"]
    assert tag != plain.headers["ETag"]
    known = {**raw, "If-None-Match": tag}
    assert (await service.get("/api/mentions.jf2", params={"target": POST}, headers=known)).status == 304


@pytest.mark.parametrize("path", ["/api/mentions.jf2", "/api/thread", "/api/blocks", "/webmention", "/api/changes"])
async def test_any_origin_may_ask(service: Service, path: str):
    answer = await service.get(path, headers={"Origin": "https://reader.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    preflight = {"Origin": "https://reader.example", "Access-Control-Request-Method": "GET"}
    allowed = await service.request("OPTIONS", path, headers=preflight)
    assert allowed.status == 204
    assert "GET" in allowed.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in allowed.headers["Access-Control-Allow-Headers"]
    assert (await service.request("OPTIONS", "/nothing/here/at/all", headers=preflight)).status == 404


async def test_thousands_of_entries_come_in_one_page(service: Service):
    page = await service.respond()
    async with service.db.write() as c:
        for n in range(2_499):
            await entries.insert(
                c,
                site_id=page.site_id,
                page_id=page.page_id,
                source=f"https://many.example/{n}",
                target=POST,
                protocol=Protocol.WEBMENTION,
                reaction=page.reaction,
                state=EntryState.SHOWN,
                now=NOW,
            )
    answer = await service.get("/api/mentions.jf2", token=service.token, params={"per-page": 9001})
    assert len(ids(answer)) == 2_500
    assert answer.json()["paging"] == {"per-page": 9001, "page": 0, "total": 2500, "total-pages": 1}
    short = [
        each
        for page in range(5)
        for each in ids(
            await service.get("/api/mentions.jf2", token=service.token, params={"per-page": 500, "page": page})
        )
    ]
    assert ids(answer) == short, "a list that is made in pieces has the same order"
    for form, mark in (("json", '"verified":true'), ("atom", "<entry>"), ("html", 'class="h-entry mention"')):
        long = await service.get(f"/api/mentions.{form}", token=service.token, params={"per-page": 9001})
        assert long.text.count(mark) == 2_500
    second = {"per-page": 1000, "page": 2, "sort-dir": "up"}
    assert ids(await service.get("/api/mentions.jf2", token=service.token, params=second)) == short[::-1][2000:]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("reaction", "'{broken'"),
        ("reaction", "CAST(x'FFFE' AS TEXT)"),
        ("targets", "'7'"),
        ("kind", "'sixth-sense'"),
        ("protocol", "'carrier pigeon'"),
        ("received_at", "'once'"),
        ("updated_at", "'never'"),
        ("likes", "'many'"),
    ],
)
async def test_a_row_that_cannot_be_read_hides_no_other(service: Service, column: str, value: str):
    odd, good = await service.respond(), await service.respond()
    async with service.db.write() as c:
        await c.execute(text(f"UPDATE entries SET {column} = {value} WHERE id = {odd.id}"))
    asked = {"params": {"target": POST}}
    for path in ("mentions", "mentions.jf2", "mentions.atom", "mentions.html", "count", "thread", "thread.atom"):
        assert (await service.get(f"/api/{path}", **asked)).status == 200, path
    for path in ("/thread.html", "/embed"):
        assert (await service.get(path, **asked)).status == 200, path
    for path in ("mentions.jf2", "deleted", "export", "changes", "queue"):
        assert (await service.get(f"/api/{path}", token=service.token)).status == 200, path
    assert good.id in await jf2(service)
    assert good.id in ids(await service.get("/api/export", token=service.token))
    assert (await service.get(f"/entries/{odd.id}")).status in (200, 404)


@pytest.mark.parametrize(
    "reaction", ["null", "[]", '{"kind":"nonsense"}', '{"kind":"reply","content":7}', '{"kind":"like","url":{}}']
)
async def test_one_odd_row_does_not_hide_the_others(service: Service, reaction: str):
    odd, good = await service.respond(), await service.respond()
    async with service.db.write() as c:
        await c.execute(text("UPDATE entries SET reaction = :r WHERE id = :id"), {"r": reaction, "id": odd.id})
    for path in (
        "/api/mentions",
        "/api/mentions.jf2",
        "/api/mentions.atom",
        "/api/mentions.html",
        "/api/count",
        "/api/thread",
    ):
        assert (await service.get(path, params={"target": POST})).status == 200
    assert good.id in await jf2(service)


# --- what is gone, and everything ---------------------------------------------------------------------------------


async def test_what_was_deleted_is_told(service: Service):
    entry = await service.respond("https://ann.example/reply")
    await service.respond()
    await service.post(f"/api/entries/{entry.id}/delete", token=service.token)
    for params, token in (({"target": POST}, None), ({}, service.token)):
        feed = (await service.get("/api/deleted", params=params, token=token)).json()
        assert feed["name"] == "Deleted webmentions"
        [tomb] = feed["children"]
        assert (tomb["wm-id"], tomb["wm-source"], tomb["wm-target"]) == (entry.id, "https://ann.example/reply", POST)
        assert tomb["wm-deleted"]
    assert (await service.get("/api/deleted")).error == (400, "invalid_input")


async def test_who_sent_something_private_is_told_to_the_owner_alone_when_it_is_gone_too(service: Service):
    entry = await service.respond(private=True)
    await service.post(f"/api/entries/{entry.id}/delete", token=service.token)
    assert (await service.get("/api/deleted", params={"target": POST})).json()["children"] == []
    assert ids(await service.get("/api/deleted", token=service.token)) == [entry.id]


@contextmanager
def asked_of_databases() -> Iterator[list[str]]:
    """What the databases of this process are asked meanwhile."""
    statements: list[str] = []

    def hear(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", hear)


async def test_an_export_is_a_feed_with_one_entry_a_line(service: Service):
    private = await service.respond(private=True)
    shown = await service.respond(target="https://blog.example/other")
    await service.respond(state=EntryState.HELD)
    answer = await service.get("/api/export", token=service.token)
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="webmentions-blog.example-')
    feed = answer.json()
    assert (feed["type"], [child["wm-id"] for child in feed["children"]]) == ("feed", [private.id, shown.id])
    assert len(answer.text.strip().splitlines()) == 4
    same = await service.get("/api/export.jf2", token=service.token, headers={"If-None-Match": answer.headers["ETag"]})
    assert same.status == 304
    with asked_of_databases() as statements:
        head = await service.request("HEAD", "/api/export", token=service.token)
    assert (head.status, head.text, head.headers["ETag"]) == (200, "", answer.headers["ETag"])
    assert not [each for each in statements if "FROM entries" in each], "who asks for the head only has nothing read"
    rest = await service.get("/api/export", token=service.token, params={"since_id": private.id})
    assert ids(rest) == [shown.id], "an export that was cut off goes on"
    assert (await service.get("/api/export", token=await service.token_with("read"))).error == (403, "forbidden")
    assert (await service.get("/api/export")).error == (401, "forbidden")


async def test_an_export_goes_on_behind_an_odd_row(service: Service):
    """It is read 500 at a time; a row that cannot be read makes one of these shorter, and is not the end."""
    await service.respond()
    page = await service.page()
    async with service.db.write() as c:
        made = [(await respond(c, page, f"https://bob.example/{number}")).id for number in range(505)]
        await c.execute(text(f"UPDATE entries SET reaction = '{{' WHERE id = {made[3]}"))
    told = ids(await service.get("/api/export", token=service.token))
    assert told[1:] == [*made[:3], *made[4:]]
    wxr = b"".join([part async for part in exports.wxr(service.db, service.site, now=NOW)]).decode()
    assert wxr.count("<wp:comment_author_url>") == len(told)
