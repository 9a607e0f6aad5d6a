"""The main job, end to end: a response is sent, verified, and stands in the thread of the post that it answers."""

from __future__ import annotations

import signal
import xmlrpc.client

import pytest

from tests.peers import Blog
from tests.support.processes import running_on
from tests.support.waiting import eventually

pytestmark = pytest.mark.acceptance


@pytest.fixture
async def friend():
    """A blog of somebody else, on another address, that responds to posts of `blog`."""
    async with Blog("127.0.3.1") as site:
        yield site


async def ping(product, source: str, target: str) -> object:
    """One pingback; its answer, or the fault's code."""
    call = xmlrpc.client.dumps((source, target), "pingback.ping").encode()
    async with product.http.post(f"{product.base}/xmlrpc", data=call, headers={"Content-Type": "text/xml"}) as response:
        assert response.status == 200
        try:
            return xmlrpc.client.loads(await response.read())[0][0]
        except xmlrpc.client.Fault as fault:
            return fault.faultCode


async def test_a_reply_arrives_is_edited_and_goes(product, blog, friend):
    target = blog.page("/post", title="A post worth answering")
    source = friend.post(links_to=target, kind="reply", author="Bo", text="Quite so.")
    said = await product.mention(source, target)
    assert (said["status"], said["data"]["wm-property"]) == ("success", "in-reply-to")

    [entry] = await product.shown_on(target)
    assert entry["author"]["name"] == "Bo"
    assert entry["content"]["text"] == "Quite so."
    assert (entry["wm-source"], entry["wm-target"]) == (source, target)

    friend.edit(source, links_to=target, author="Bo", text="On reflection, no.")
    assert (await product.mention(source, target))["status"] == "success"
    [edited] = await product.shown_on(target)
    assert (edited["wm-id"], edited["content"]["text"]) == (entry["wm-id"], "On reflection, no.")

    friend.delete(source)
    assert (await product.mention(source, target))["status"] == "deleted"
    assert await product.shown_on(target) == []


async def test_every_kind_stands_in_the_thread_of_its_post(product, blog, friend):
    target, elsewhere = blog.page("/post"), blog.page("/elsewhere")
    for kind in ("reply", "like", "repost", "bookmark", "mention", "rsvp", "plain"):
        said = await product.mention(friend.post(links_to=target, kind=kind), target)
        assert said["status"] == "success", (kind, said)
    thread = await product.get("/api/thread", target=target)
    assert thread["counts"] == {"reply": 1, "like": 1, "repost": 1, "bookmark": 1, "mention": 2, "rsvp": 1}
    assert (await product.get("/api/count", target=target))["count"] == 7
    assert (await product.get("/api/thread", target=elsewhere))["count"] == 0
    async with product.http.get(f"{product.base}/thread.html", params={"target": target}) as response:
        assert response.status == 200
        assert (await response.text()).count("u-comment") >= 1


async def test_a_pingback_becomes_an_entry_and_again_is_48(product, blog, friend):
    target = blog.page("/post")
    source = friend.post(links_to=target, kind="plain")
    assert isinstance(await ping(product, source, target), str)
    [entry] = await product.shown_on(target)
    assert (entry["wm-protocol"], entry["wm-source"]) == ("pingback", source)
    assert await ping(product, source, target) == 48
    assert await ping(product, friend.post(links_to=None), target) == 17
    assert await ping(product, friend.url("/nowhere"), target) == 16
    assert await ping(product, source, "http://elsewhere.example/") == 33


async def test_a_claim_that_does_not_hold_says_why(product, blog, friend):
    target = blog.page("/post")
    near = friend.post(links_to=f"{target}/")
    said = await product.mention(near, target)
    assert said["status"] == "no_link_found"
    assert f"{target}/" in str(said["trace"])
    assert (await product.mention(friend.lose(friend.url("/a")), target))["status"] == "not_found"
    assert (await product.mention(friend.delete(friend.url("/b")), target))["status"] == "gone"
    assert await product.shown_on(target) == []


async def test_what_is_not_ours_or_no_claim_is_refused_at_once(product, blog, friend):
    source = friend.post(links_to="http://elsewhere.example/")
    for form, code in (
        ((source, "http://elsewhere.example/"), "invalid_target"),
        ((source, "not a url"), "invalid_request"),
        (("ftp://a.example/", blog.url("/post")), "invalid_request"),
        ((blog.url("/post"), blog.url("/post")), "invalid_request"),
    ):
        response = await product.send(*form)
        assert (response.status, (await response.json())["error"]) == (400, code)


async def test_a_comment_stands_beside_the_mentions(product, blog, friend):
    target = blog.page("/post")
    await product.mention(friend.post(links_to=target), target)
    form = {"target": target, "name": "Cai", "content": "From *below* the post."}
    origin = {"Origin": blog.origin}
    async with product.http.post(f"{product.base}/api/comments", json=form, headers=origin) as response:
        assert response.status == 201, await response.text()
    thread = await product.get("/api/thread", target=target)
    assert [child["author"]["name"] for child in thread["children"]] == ["Ann Author", "Cai"]


async def test_a_terminal_that_is_closed_leaves_nothing_running(product, blog, friend):
    target = blog.page("/post")
    assert (await product.mention(friend.post(links_to=target), target))["status"] == "success"
    assert await product.stop_worker(by=signal.SIGHUP) == 0
    assert await product.stop_service(by=signal.SIGHUP) == 0
    await eventually(lambda: not running_on(product.folder), what="service, worker and Redis are gone")
