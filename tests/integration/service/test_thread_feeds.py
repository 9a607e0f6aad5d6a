"""Atom feeds of a thread and of a site, as a feed reader reads them (RFC 4287, RFC 4685)."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import feedparser
import pytest
from selectolax.lexbor import LexborHTMLParser

from mentions.model import EntryState
from mentions.storage import entries
from tests.integration.service.conftest import NOW, POST, Service

ATOM, THR = "{http://www.w3.org/2005/Atom}", "{http://purl.org/syndication/thread/1.0}"


async def read(service: Service, path: str, **params: str):
    """The feed as feedparser has it, and as XML."""
    answer = await service.get(path, params=params)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/atom+xml; charset=utf-8")
    feed = feedparser.parse(answer.body)
    assert not feed.bozo
    assert feed.version == "atom10"
    return feed, ET.fromstring(answer.body)


def element(root: ET.Element, entry_id: int) -> ET.Element:
    return next(each for each in root.iter(f"{ATOM}entry") if each.findtext(f"{ATOM}id").endswith(f"/{entry_id}"))


@pytest.mark.parametrize("path", ["/api/thread.atom", "/thread.atom"])
async def test_a_thread_tells_who_answers_whom(service: Service, path):
    first = await service.respond("https://ann.example/1", text="A <b>first</b> one")
    second = await service.respond("https://bob.example/2", parent_id=first.id)
    await service.respond(parent_id=first.id, state=EntryState.HELD)
    await service.respond(target="https://blog.example/other")
    feed, root = await read(service, path, target=POST)
    assert [each.id.rsplit("/", 1)[1] for each in feed.entries] == [str(second.id), str(first.id)]
    assert (feed.feed.title, feed.feed.link) == (f"Responses to {POST}", POST)
    above, below = element(root, first.id), element(root, second.id)
    assert above.find(f"{THR}in-reply-to").attrib == {"ref": POST, "href": POST, "type": "text/html"}
    assert below.find(f"{THR}in-reply-to").attrib == {
        "ref": above.findtext(f"{ATOM}id"),
        "href": f"{service.base}/entries/{first.id}",
        "type": "text/html",
        "source": f"{service.base}/api/thread.atom?target=https%3A%2F%2Fblog.example%2Fpost",
    }
    assert (above.findtext(f"{THR}total"), below.findtext(f"{THR}total")) == ("1", "0")
    [replies] = [link for link in above.iter(f"{ATOM}link") if link.get("rel") == "replies"]
    assert replies.get("href") == f"{service.base}/entries/{first.id}"
    assert (replies.get(f"{THR}count"), replies.get(f"{THR}updated")) == ("1", below.findtext(f"{ATOM}updated"))


async def test_a_feed_is_as_new_as_its_last_change(service: Service):
    entry = await service.respond(text="before")
    feed, _ = await read(service, "/thread.atom", target=POST)
    async with service.db.write() as c:
        await entries.set_state(c, entry.id, EntryState.HIDDEN, now=NOW)
        await entries.set_state(c, entry.id, EntryState.SHOWN, now=NOW.replace(hour=12))
    later, _ = await read(service, "/thread.atom", target=POST)
    assert (feed.feed.updated < later.feed.updated) is True
    assert later.entries[0].updated == later.feed.updated
    assert later.entries[0].published == feed.entries[0].published


async def test_a_site_has_one_feed_of_all_its_pages_and_of_no_other_site(service: Service):
    other, _ = await service.add_site("second.example")
    await service.respond(target="https://second.example/", site=other)
    mine = [await service.respond(target=f"https://blog.example/{n}") for n in range(3)]
    await service.respond(private=True)
    feed, _ = await read(service, "/feed.atom", domain="www.blog.example")
    assert [each.id.rsplit("/", 1)[1] for each in feed.entries] == [str(each.id) for each in reversed(mine)]
    short, _ = await read(service, "/feed.atom", domain="blog.example", **{"per-page": "1"})
    assert len(short.entries) == 1


async def test_a_page_that_nobody_has_answered_has_an_empty_feed(service: Service):
    feed, _ = await read(service, "/thread.atom", target="https://blog.example/quiet")
    assert feed.entries == []


async def test_what_is_not_here_has_no_feed(service: Service):
    assert (await service.get("/thread.atom")).status == 400
    assert (await service.get("/feed.atom")).status == 400
    assert (await service.get("/thread.atom", params={"target": "https://elsewhere.example/"})).status == 400
    assert (await service.get("/feed.atom", params={"domain": "elsewhere.example"})).error == (404, "not_found")


async def test_who_has_the_feed_already_is_told_so(service: Service):
    await service.respond()
    first = await service.get("/thread.atom", params={"target": POST})
    again = await service.get("/thread.atom", params={"target": POST}, headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status, again.status) == (200, 304)


@pytest.mark.parametrize("path", ["/entries/{id}", "/embed?target=https://blog.example/post"])
async def test_pages_of_a_thread_name_its_feed(service: Service, path):
    entry = await service.respond()
    page = await service.get(path.format(id=entry.id), headers={"Accept": "text/html"})
    [link] = LexborHTMLParser(page.text).css('link[rel="alternate"][type="application/atom+xml"]')
    feed, _ = await read(service, link.attributes["href"].removeprefix(service.base))
    assert feed.feed.link == POST
    assert len(feed.entries) == 1
