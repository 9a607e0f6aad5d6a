"""Rates of visitors behind a proxy, as processes: told apart only when the operator's settings trust the proxy."""

from __future__ import annotations

import pytest

from tests.support.product import Product

pytestmark = pytest.mark.acceptance
TARGET = "https://blog.example/post"


async def written(product: Product, visitor: str, number: int) -> list[int]:
    """Statuses of so many comments that a proxy passes on for a visitor."""
    statuses = []
    for each in range(number):
        body = {"target": TARGET, "name": "Ann", "content": f"{visitor} says {each}"}
        headers = {"X-Forwarded-For": visitor}
        async with product.http.post(f"{product.base}/api/comments", json=body, headers=headers) as answer:
            statuses.append(answer.status)
    return statuses


@pytest.mark.parametrize(("trusted", "second"), [("127.0.0.1/32", [201]), ("", [429])])
async def test_visitors_have_rates_of_their_own_behind_a_trusted_proxy_only(trusted, second):
    settings = {"YMATEB_RATE_LIMITS": "on", "YMATEB_TRUSTED_PROXIES": trusted}
    async with Product(sites=["blog.example"], workers=0, settings=settings) as product:
        assert await written(product, "203.0.113.1", 7) == [201] * 6 + [429]
        assert await written(product, "203.0.113.2", 1) == second
