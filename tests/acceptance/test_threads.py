"""Which reply hangs where, through the product's own doors: by every name, in any order, after removals."""

from __future__ import annotations

from typing import Any

import pytest

from tests.peers import Blog

pytestmark = pytest.mark.acceptance


@pytest.fixture
async def friend():
    """A weblog of somebody else."""
    async with Blog("127.0.3.1") as site:
        yield site


def reply(friend: Blog, path: str, *replies_to: str, more: str = "") -> str:
    links = "".join(f'<a class="u-in-reply-to" href="{url}">re</a>' for url in replies_to)
    return friend.serve(
        path,
        f'<!doctype html><html lang="en"><body><div class="h-entry">{links}<p class="e-content">{path}</p>{more}</div>',
    )


def outline(children: list[dict[str, Any]]) -> list[Any]:
    """A thread as [what it says, [what hangs below it]]."""
    return [[each["content"]["text"] if "content" in each else "gone", outline(each["comment"])] for each in children]


async def heard(product, source: str, target: str) -> None:
    assert (await product.mention(source, target))["status"] == "success"


async def test_a_reply_hangs_below_what_it_answers_however_it_names_it(product, blog, friend):
    post = blog.page("/post", title="Doors")
    names = '<a class="u-url" href="/known-as"></a><a class="u-syndication" href="https://silo.example/9"></a>'
    first = reply(friend, "/first", post, more=names + '<data class="u-uid" value="https://id.example/9"></data>')
    await heard(product, first, post)
    [entry] = await product.shown_on(post)
    ours = f"{product.base}/entries/{entry['wm-id']}"
    ways = {
        "source": first,
        "url": friend.url("/known-as"),
        "uid": "https://id.example/9",
        "syndication": "https://silo.example/9",
        "permalink": ours,
        "anchor": f"{post}#c-{entry['wm-id']}",
        "replytocom": f"{post}?replytocom={entry['wm-id']}",
        "c": f"{post}?c={entry['wm-id']}",
    }
    for name, url in ways.items():
        await heard(product, reply(friend, f"/{name}", post, url), post)
    for name, url in {"to-permalink": ours, "to-anchor": ways["anchor"], "to-replytocom": ways["replytocom"]}.items():
        await heard(product, reply(friend, f"/{name}", url), url)
    thread = await product.get("/api/thread", target=post)
    [[said, below]] = outline(thread["children"])
    assert said == "/first"
    assert sorted(below) == sorted([f"/{name}", []] for name in (*ways, "to-permalink", "to-anchor", "to-replytocom"))
    assert thread["count"] == 12
    assert {each["wm-parent"] for each in thread["children"][0]["comment"]} == {entry["wm-id"]}


async def test_what_comes_before_its_parent_is_hung_later_and_a_removed_parent_leaves_a_tombstone(
    product, blog, friend
):
    post = blog.page("/post")
    for path, *to in (("/3", post, friend.url("/2")), ("/2", post, friend.url("/1")), ("/1", post)):
        await heard(product, reply(friend, path, *to), post)

    async def standing() -> list[Any]:
        return outline((await product.get("/api/thread", target=post))["children"])

    assert await standing() == [["/1", [["/2", [["/3", []]]]]]]
    friend.delete(friend.url("/2"))
    assert (await product.mention(friend.url("/2"), post))["status"] == "deleted"
    assert await standing() == [["/1", [["gone", [["/3", []]]]]]]
    assert (await product.get("/api/thread", target=post))["count"] == 2
    reply(friend, "/2", post, friend.url("/1"))
    await heard(product, friend.url("/2"), post)
    assert await standing() == [["/1", [["/2", [["/3", []]]]]]]
    friend.delete(friend.url("/3"))
    friend.delete(friend.url("/2"))
    for path in ("/2", "/3"):
        assert (await product.mention(friend.url(path), post))["status"] == "deleted"
    assert await standing() == [["/1", []]]
