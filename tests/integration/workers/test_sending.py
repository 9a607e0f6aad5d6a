"""What goes over the wire when we send: one look at the target, one POST, the URL as the source has it."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest
from aiohttp import web

from mentions.model import Url
from tests.peers import Blog
from workers.kit import Kit
from workers.send import Sent, send

SOURCE = Url("http://source.example/post")
ADVERTISED = '<link rel="webmention" href="/endpoint">'


async def send_to(kit: Kit, target: str) -> Sent:
    [sent] = await send(kit.fetcher, kit.pool, SOURCE, Url(target))
    return sent


async def test_the_form_has_source_and_target_and_the_target_is_as_it_was_linked(kit: Kit, blog: Blog):
    page = blog.serve("/new", ADVERTISED)
    old = blog.serve("/old", status=301, headers={"Location": page})
    blog.serve("/endpoint", status=202)
    assert (await send_to(kit, old + "#part")).is_accepted
    [posted] = blog.seen("/endpoint", method="POST")
    assert posted.headers["Content-Type"].partition(";")[0] == "application/x-www-form-urlencoded"
    assert parse_qs(posted.body.decode()) == {"source": [SOURCE], "target": [old + "#part"]}


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_every_2xx_is_success(status: int, kit: Kit, blog: Blog):
    target = blog.serve("/page", ADVERTISED)
    blog.serve("/endpoint", status=status)
    assert (await send_to(kit, target)).is_accepted


async def test_a_page_that_may_be_read_once_is_asked_once(kit: Kit, blog: Blog):
    asked: list[str] = []

    async def once(request: web.Request) -> web.Response:
        asked.append(request.method)
        if len(asked) > 1:
            return web.Response(status=410)
        return web.Response(text=ADVERTISED, content_type="text/html")

    target = blog.handle("/once", once)
    blog.serve("/endpoint", status=202)
    assert (await send_to(kit, target)).is_accepted
    assert asked == ["GET"]
    assert len(blog.seen("/endpoint", method="POST")) == 1


async def test_the_endpoint_is_found_anew_each_time(kit: Kit, blog: Blog):
    blog.serve("/endpoint?key=1", status=202)
    blog.serve("/endpoint?key=2", status=202)
    for key in (1, 2):
        target = blog.serve(
            "/page", f'<link rel="webmention" href="/endpoint?key={key}">', headers={"Cache-Control": "max-age=600"}
        )
        assert (await send_to(kit, target)).is_accepted
        assert len(blog.seen(f"/endpoint?key={key}", method="POST")) == 1


async def test_a_page_behind_a_password_is_no_error(kit: Kit, blog: Blog):
    assert (await send_to(kit, blog.serve("/private", "who are you", status=401))).is_accepted


async def test_a_target_that_is_gone_has_nobody_to_tell(kit: Kit, blog: Blog):
    sent = await send_to(kit, blog.serve("/gone", ADVERTISED, status=410))
    assert (sent.is_accepted, sent.receiver) == (True, None)
