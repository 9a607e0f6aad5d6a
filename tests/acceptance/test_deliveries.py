"""Webhooks and webmentions go out of real processes, and a worker that is killed in the middle loses none."""

from __future__ import annotations

import asyncio
import json
import signal

import pytest
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from tests.peers import Blog, Peer, Pingable
from tests.support.product import Product
from tests.support.waiting import eventually

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]


async def comment(product: Product, target: str, content: str, **more: object) -> dict[str, object]:
    body = {"target": target, "name": "Cai", "content": content, **more}
    async with product.http.post(f"{product.base}/api/comments", json=body) as answer:
        assert answer.status == 201, await answer.text()
        return dict(await answer.json())


async def test_a_killed_worker_loses_no_message_and_the_next_sends_it_under_the_same_id(product: Product, blog: Blog):
    is_open = asyncio.Event()

    async def take(_request: web.Request) -> web.Response:
        await is_open.wait()
        return web.Response(status=204)

    async with Peer() as consumer:
        url = consumer.handle("/hook", take)
        said = await product.command("service", "hook", "add", url, "--site", blog.authority, "--json")
        secret = json.loads(said)["secret"]
        post = blog.page("/mine")
        made = await comment(product, post, "The first of all words")
        await eventually(lambda: consumer.seen("/hook"))
        await product.stop_worker(by=signal.SIGKILL)
        is_open.set()
        await comment(product, post, "Said while nobody delivered")
        product.start_worker()
        await eventually(lambda: len(consumer.seen("/hook")) >= 3, within_s=60, what="both are told, the first again")
        token = product.tokens[blog.authority]

        async def all_delivered() -> bool:
            log = (await product.get("/api/deliveries", token=token))["deliveries"]
            return [each["status"] for each in log] == ["delivered"] * 2

        await eventually(all_delivered)
        first, *others = consumer.seen("/hook")
        ids = [letter.headers["webhook-id"] for letter in (first, *others)]
        assert (len(ids), len(set(ids))) == (3, 2)
        assert ids.count(first.headers["webhook-id"]) == 2
        told = [Webhook(secret).verify(letter.body, dict(letter.headers)) for letter in (first, *others)]
        assert told[0]["data"]["wm-id"] == made["wm-id"]


async def test_the_library_of_standard_webhooks_takes_what_comes_before_and_after_the_secret_changes(
    product: Product, blog: Blog
):
    token = product.tokens[blog.authority]

    async def ask(path: str, **more: object) -> dict[str, object]:
        headers = {"Authorization": f"Bearer {token}"}
        async with product.http.post(product.base + path, headers=headers, **more) as answer:
            assert answer.status < 300, await answer.text()
            return dict(await answer.json())

    async with Peer() as consumer:
        url = consumer.handle("/hook", taken)
        hook = await ask("/api/hooks", json={"url": url})
        rotated = await ask(f"/api/hooks/{hook['id']}/rotate")
        await comment(product, blog.page("/mine"), "Croeso – 👋 & welcome")
        await ask(f"/api/hooks/{hook['id']}/test")
        await eventually(lambda: len(consumer.seen("/hook")) == 2)
        for letter in consumer.seen("/hook"):
            for secret in (hook["secret"], rotated["secret"]):
                told = Webhook(str(secret)).verify(letter.body, dict(letter.headers))
                assert told["type"] in ("entry.created", "test")
            with pytest.raises(WebhookVerificationError):
                Webhook(str(hook["secret"])).verify(letter.body + b" ", dict(letter.headers))
            with pytest.raises(WebhookVerificationError):
                Webhook("whsec_" + "A" * 43 + "=").verify(letter.body, dict(letter.headers))


async def taken(_request: web.Request) -> web.Response:
    return web.Response(status=204)


async def test_the_permalink_that_a_webmention_comes_from_links_to_what_it_was_sent_to(
    product: Product, blog: Blog, pingable: Pingable
):
    """The receiver's side of it: the source that it is told of answers, and has the links."""
    post = blog.page("/mine")
    page = pingable.page("/reply")
    html = f'<div class="h-entry"><a class="u-in-reply-to" href="{post}">x</a><p class="e-content">I reply</p></div>'
    pingable.serve("/reply", html, headers={"Link": f'<{pingable.url("/webmention")}>; rel="webmention"'})
    answered = (await product.mention(page, post))["data"]
    linked = pingable.page("/linked")
    made = await comment(product, post, f"See [this]({linked})", parent=answered["wm-id"])
    permalink = f"{product.base}/entries/{made['wm-id']}"
    await eventually(lambda: len(pingable.webmentions) == 2, within_s=60)
    assert sorted(pingable.webmentions) == sorted([(permalink, page), (permalink, linked)])
    async with product.http.get(permalink) as answer:
        html = await answer.text()
    assert f'class="u-in-reply-to" href="{page}"' in html
    assert f'href="{linked}"' in html
