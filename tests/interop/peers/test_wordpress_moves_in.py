"""A blog leaves WordPress: what a real Tools → Export writes comes in whole, with its threads, and once only."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.interop.peers.doors import Jf2, exported, pingback
from tests.interop.peers.told import told_by_us, told_by_wordpress
from tests.interop.peers.wordpress import Machine, WordPress
from tests.peers import Blog
from tests.support.product import Product

pytestmark = [pytest.mark.real_peers, pytest.mark.timeout(240)]


async def write(wordpress: WordPress, post: int, content: str, **facts: Any) -> int:
    """A comment; its id."""
    fields = {
        "post": post,
        "content": content,
        "author_name": "Nia Ŵyn",
        "author_email": "nia@nia.example",
        "status": "approve",
        **facts,
    }
    return int((await wordpress.rest("comments", post=fields))["id"])


async def discuss(wordpress: WordPress, friend: Blog) -> str:
    """A post with a deep thread, comments in every state, and two pingbacks, one of them approved; its URL."""
    post = await wordpress.publish("Y tŷ & “ni”", "<p>Llun o'r tŷ</p>", date="2019-03-01T08:00:00")
    number = (await wordpress.rest("posts"))[0]["id"]
    first = await write(wordpress, number, "Hyfryd 🎉\n\nail baragraff", date="2019-03-02T09:00:00")
    below = await write(wordpress, number, "Ateb <em>cyntaf</em>", parent=first, author_name="", author_email="")
    await write(wordpress, number, "Ateb i'r ateb", parent=below, author_url="https://nia.example/")
    await write(wordpress, number, "Ail ateb i'r sylw cyntaf", parent=first, status="hold")
    await write(wordpress, number, "Prynwch hwn nawr", status="spam")
    gone = await write(wordpress, number, "I'r bin")
    await wordpress.rest(f"comments/{gone}", post={"status": "trash"})
    for title in ("Dolenni'r dydd & mwy", "Eraill"):
        source = friend.serve(
            f"/{len(title)}", f"<title>{title}</title><p>Dyma <a href='{post}'>post da</a> am dŷ arall.</p>"
        )
        await pingback(f"{wordpress.origin}/xmlrpc.php", source, post)
    approved = next(each for each in await wordpress.comments() if each["author_name"].startswith("Dolenni"))
    await wordpress.rest(f"comments/{approved['id']}", post={"status": "approve"})
    return post


async def test_what_a_real_wordpress_exports_comes_in_whole_and_once(machine: Machine, tmp_path: Path):
    async with WordPress(machine, title="Blog Cymraeg", is_patient=True) as wordpress, Blog("127.0.0.2") as friend:
        post = await discuss(wordpress, friend)
        theirs = await told_by_wordpress(wordpress)
        file = tmp_path / "wordpress.xml"
        file.write_bytes(await wordpress.export())
        async with Product(sites=[wordpress.authority], workers=0) as product:
            bring_in = ("service", "import", "--site", wordpress.authority, "wxr", str(file))
            said = (await product.command(*bring_in)).splitlines()
            assert said[0] == "6 moved, 0 there already, 1 skipped."
            assert said[1].startswith("  1 because it is trash")
            ours = await exported(product, wordpress.authority)
            kept = Counter({each: times for each, times in theirs.items() if each[4] in ("approved", "hold")})
            assert (list(kept - told_by_us(ours)), list(told_by_us(ours) - kept)) == ([], [])
            await check_thread(product, post)
            again = await product.command(*bring_in)
            assert again.startswith("0 moved, 6 there already, 1 skipped.")
            assert await exported(product, wordpress.authority) == ours


async def check_thread(product: Product, post: str) -> None:
    """What a reader gets: four thoughts, one of them a pingback that is shown by the title of its page."""
    thread = await product.get("/api/thread", target=post)
    assert (thread["count"], thread["name"]) == (4, "Y tŷ & “ni”")
    assert shape_of(thread["children"]) == [
        ("Nia Ŵyn", "Hyfryd 🎉 ail baragraff", [("golygydd", "Ateb cyntaf", [("Nia Ŵyn", "Ateb i'r ateb", [])])]),
        ("", "[…] post da am dŷ […]", []),
    ]
    [ping] = [entry for entry in thread["children"] if entry["wm-protocol"] == "pingback"]
    assert ping["name"] == "Dolenni'r dydd & mwy"


def shape_of(entries: list[Jf2]) -> list[tuple[str, str, list[Any]]]:
    """Author, words and answers of each."""
    return [
        (
            entry["author"]["name"],
            " ".join((entry.get("content") or {"text": entry.get("wm-context")})["text"].split()),
            shape_of(entry.get("comment", [])),
        )
        for entry in entries
    ]
