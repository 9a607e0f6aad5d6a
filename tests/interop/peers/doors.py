"""The doors through which responses reach a site, ours or another's, and what our export tells of them."""

from __future__ import annotations

import asyncio
import json
import xmlrpc.client
from typing import Any

from tests.support.product import Product

Jf2 = dict[str, Any]


async def pingback(endpoint: str, source: str, target: str) -> str:
    """One pingback by the standard library's client; what the endpoint said.  A fault is raised."""
    client = xmlrpc.client.ServerProxy(endpoint)
    return str(await asyncio.to_thread(client.pingback.ping, source, target))


async def comment(product: Product, target: str, name: str, content: str, **more: object) -> Jf2:
    """A comment typed below a post; the answer."""
    body = {"target": target, "name": name, "content": content, **more}
    async with product.http.post(f"{product.base}/api/comments", json=body) as answer:
        assert answer.status == 201, await answer.text()
        return dict(await answer.json())


async def exported(product: Product, site: str) -> list[Jf2]:
    """All that is not deleted, as the owner takes it away."""
    feed = json.loads(await product.command("service", "export", "--site", site))
    return list(feed["children"])
