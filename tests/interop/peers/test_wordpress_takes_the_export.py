"""A site moves to WordPress at the same address: a real WordPress takes the WXR that `export` writes, and keeps it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import feedparser
import pytest
from bs4 import BeautifulSoup, Tag

from tests.interop.peers.doors import Jf2, comment, exported, pingback
from tests.interop.peers.told import told_by_us, told_by_wordpress, words
from tests.interop.peers.wordpress import Machine, WordPress
from tests.peers import Blog
from tests.support.product import Product
from tests.support.waiting import eventually

pytestmark = [pytest.mark.real_peers, pytest.mark.timeout(240)]


def row(target: str, number: int, **facts: Any) -> Jf2:
    """A response of long ago, as our own export tells of it."""
    source = f"https://archif.example/{number}"
    published = str(facts.get("published", f"2019-03-{number:02}T10:00:00+01:00"))
    return {
        "type": "entry",
        "author": {"type": "card", "name": f"Awdur {number}", "url": "https://archif.example/", "photo": None},
        "url": source,
        "published": published,
        "published_ts": int(datetime.fromisoformat(published).timestamp()),
        "wm-received": f"2019-03-{number:02}T09:00:05Z",
        "wm-id": 9000 + number,
        "wm-source": source,
        "wm-target": target,
        "wm-protocol": "webmention",
        "wm-kind": "reply",
        "content": {"text": f"Ymateb rhif {number}"},
        "wm-private": False,
    } | facts


def old_responses(bore_da: str, nadolig: str) -> list[Jf2]:
    """Every protocol, state and odd thing that a WXR file has to carry."""
    typed = {"wm-protocol": "comment", "wm-markdown": "So"}
    deep = [
        row(nadolig, 10 + depth, **typed, **({"wm-parent": 9009 + depth} if depth else {}),
            content={"text": f"Lefel {depth}"})
        for depth in range(4)
    ]  # fmt: skip
    return [
        row(bore_da, 1, **{"wm-kind": "like", "content": None}),
        row(bore_da, 2, **{"wm-kind": "rsvp", "rsvp": "yes"}),
        row(bore_da, 3, **{"wm-status": "held"}, content={"text": "Yn aros"}),
        row(bore_da, 4, **{"wm-status": "spam"}, content={"text": "Prynwch hwn"}),
        row(bore_da, 5, **{"wm-private": True}, content={"text": "Yn breifat"}),
        row(bore_da, 6, **{"wm-status": "hidden"}, content={"text": "O'r golwg"}),
        # An answer with a smaller number than what it answers, and both of them by one author at one second.
        row(bore_da, 7, **typed, **{"wm-parent": 9008, "published": "2019-03-08T10:00:00Z"},
            author={"name": "Nia", "url": None}, content={"text": "Ateb Nia"}),
        row(bore_da, 8, **typed, **{"published": "2019-03-08T10:00:00Z", "wm-email": "nia@nia.example"},
            author={"name": "Nia", "url": None}, content={"html": "<p>Sylw <em>Nia</em> &amp; ]]&gt; \\ 'dyfyniad'</p>",
                                                          "text": "Sylw Nia & ]]> \\ 'dyfyniad'"}),
        row(bore_da, 9, **{"wm-protocol": "pingback", "wm-kind": "mention", "author": {"name": None, "url": None},
                           "name": "Dolenni", "content": None, "wm-context": "[…] gwelwch y post hwn […]"}),
        *deep,
    ]  # fmt: skip


async def respond(product: Product, site: Blog, folder: Path) -> tuple[str, str]:
    """A site with two posts and responses to them by every door; the posts."""
    bore_da = site.page("/bore-da/", title="Bore da, bawb! ŵŷâêîôû")
    nadolig = site.page("/nadolig/", title="Nadolig & “Blwyddyn” newydd <dda>")
    file = folder / "old.json"
    file.write_text(json.dumps({"children": old_responses(bore_da, nadolig)}))
    await product.command("service", "import", "--site", site.authority, "webmention.io", str(file))
    async with Blog("127.0.0.2") as friend:
        reply = await product.mention(friend.post(links_to=bore_da, author="Siân Ŵyn", text="Rwy'n cytuno 🎉"), bore_da)
        plain = friend.post(links_to=nadolig, kind="plain", text="Darllenwch")
        await pingback(f"{product.base}/xmlrpc", plain, nadolig)
        await eventually(lambda: _is_there(product, nadolig, plain))
    first = await comment(
        product, bore_da, "Gŵyneth 👩🏽‍💻", "Diolch **yn fawr** am hyn ❤️", parent=reply["data"]["wm-id"]
    )
    await comment(product, bore_da, "Siân Ŵyn", "Croeso: `<b>`\n\n> ti", parent=first["wm-id"])
    return bore_da, nadolig


async def _is_there(product: Product, target: str, source: str) -> bool:
    return source in [entry["wm-source"] for entry in await product.shown_on(target)]


def thread_of(page: str) -> list[tuple[int, str, str]]:
    """Depth, author and words of each comment of a page, as WordPress shows them."""
    return [
        (
            len(item.find_parents("ol", class_="children")),
            one(item, ".fn, .comment-body > a").get_text(" ", strip=True),
            words(str(content)) if (content := item.select_one(":scope > article .comment-content")) else "",
        )
        for item in BeautifulSoup(page, "lxml").select("ol.comment-list li")
    ]


def one(inside: Tag, selector: str) -> Tag:
    found = inside.select_one(selector)
    assert found is not None, f"no {selector} in {inside}"
    return found


async def test_a_real_wordpress_takes_the_whole_export_once(machine: Machine, tmp_path: Path):
    async with Blog() as site, Product(sites=[site.authority]) as product:
        bore_da, nadolig = await respond(product, site, tmp_path)
        ours = await exported(product, site.authority)
        wxr = await product.command("service", "export", "--site", site.authority, "--format", "wxr")
    assert len(ours) == 17
    async with WordPress(machine, title="Blog Cymraeg", port=site.port) as wordpress:
        file = wordpress.hand("ymateb.xml", wxr)
        assert json.loads(await wordpress.run("import_wxr.php", file)) == {"posts": 2, "comments": 17}
        theirs = await told_by_wordpress(wordpress)
        assert (list(theirs - told_by_us(ours)), list(told_by_us(ours) - theirs)) == ([], [])
        await check_what_readers_see(wordpress, bore_da, nadolig)
        assert json.loads(await wordpress.run("import_wxr.php", file)) == {"posts": 0, "comments": 0}
        assert await told_by_wordpress(wordpress) == theirs


async def check_what_readers_see(wordpress: WordPress, bore_da: str, nadolig: str) -> None:
    """The posts are where they were, with their titles, threads and feeds; what waits or is spam is nowhere."""
    page = await wordpress.read(bore_da)
    heading = one(BeautifulSoup(page, "lxml"), "h1.entry-title").get_text()
    assert heading == "Bore da, bawb! ŵŷâêîôû"
    assert thread_of(page) == [
        (0, "Awdur 1", ""),
        (0, "Awdur 2", "Ymateb rhif 2"),
        (0, "Nia", "Sylw Nia & ]]> \\ ‘dyfyniad’"),
        (1, "Nia", "Ateb Nia"),
        (0, "Dolenni", ""),
        (0, "Siân Ŵyn", "Rwy’n cytuno 🎉"),
        (1, "Gŵyneth 👩🏽\u200d💻", "Diolch yn fawr am hyn ❤️"),
        (2, "Siân Ŵyn", "Croeso: <b> ti"),
    ]
    feed = feedparser.parse(await wordpress.read("/bore-da/feed/"))
    assert sorted(item.author for item in feed.entries) == sorted(author for _, author, _ in thread_of(page))
    page = await wordpress.read(nadolig)
    assert one(BeautifulSoup(page, "lxml"), "h1.entry-title").get_text() == "Nadolig & “Blwyddyn” newydd <dda>"
    *nested, ping = thread_of(page)
    assert nested == [(depth, f"Awdur {10 + depth}", f"Lefel {depth}") for depth in range(4)]
    assert ping == (0, "Links of the day", "")
