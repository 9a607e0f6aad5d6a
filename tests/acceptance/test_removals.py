"""What an owner removed stays removed, through the API and the worker, until the owner says otherwise."""

from __future__ import annotations

import xmlrpc.client

import pytest

from tests.peers import Blog
from tests.support.product import Product
from tests.support.waiting import eventually


async def pinged(product: Product, source: str, target: str) -> int | None:
    """The fault that a pingback is answered with; None where it is a success."""
    call = xmlrpc.client.dumps((source, target), "pingback.ping")
    async with product.http.post(f"{product.base}/xmlrpc", data=call, headers={"Content-Type": "text/xml"}) as answer:
        try:
            xmlrpc.client.loads(await answer.text())
        except xmlrpc.client.Fault as fault:
            return fault.faultCode
    return None


@pytest.mark.acceptance
@pytest.mark.parametrize("action", ["delete", "hide", "spam"])
async def test_a_response_that_was_removed_does_not_come_back_by_a_resend(product: Product, blog: Blog, action: str):
    token = product.tokens[blog.authority]
    post = blog.page()
    async with Blog("127.0.0.2") as other:
        source = other.post(links_to=post, text="Buy this")
        assert (await product.mention(source, post))["status"] == "success"
        [entry] = await product.shown_on(post)

        async def decide(what: str) -> None:
            url = f"{product.base}/api/entries/{entry['wm-id']}/{what}"
            async with product.http.post(url, headers={"Authorization": f"Bearer {token}"}) as answer:
                assert answer.status == 200, await answer.text()

        await decide(action)
        assert await product.shown_on(post) == []
        await product.mention(source, post)
        other.edit(source, links_to=post, text="Buy that")
        await product.mention(source, post)
        assert await product.shown_on(post) == []
        assert await pinged(product, source, post) == (49 if action == "delete" else 48)
        await product.mention(f"{source}#again", post)
        assert await product.shown_on(post) == []
        assert (await product.get("/api/count", target=post))["count"] == 0

        await decide("restore")

        async def is_back() -> bool:
            shown = await product.shown_on(post)
            texts = [each.get("content", {}).get("text", "") for each in shown]  # none until its source was read again

            return [text.startswith("Buy that") for text in texts] == [True]

        await eventually(is_back, every_s=0.05, what="what was restored is read again")
        decisions = (await product.get("/api/audit", token=token))["decisions"]
        first = {"delete": "withdrawn", "hide": "hidden", "spam": "spam"}[action]
        assert [each["act"] for each in reversed(decisions)] == [first, "shown"]
