"""Rates of comments: by visitor, and behind a proxy only when the proxy is trusted by configuration."""

from __future__ import annotations

from service.api.comments import COMMENT_BURST
from service.api.owning import CHANGE_BURST
from tests.integration.service.conftest import POST, Service, running


async def write(service: Service, number: int, visitor: str) -> int:
    body = {"target": POST, "name": "Ann", "content": f"Comment {number}"}
    answer = await service.post("/api/comments", json=body, headers={"X-Forwarded-For": visitor})
    return answer.status


async def test_what_a_visitor_says_of_their_address_is_not_believed(tmp_path, redis_url: str):
    async with running(tmp_path, redis_url, rate_limits=True) as service:
        told = [await write(service, number, f"203.0.113.{number}") for number in range(COMMENT_BURST + 1)]
    assert told == [201] * COMMENT_BURST + [429]


async def test_behind_a_trusted_proxy_each_visitor_has_a_rate_of_their_own(tmp_path, redis_url: str):
    async with running(tmp_path, redis_url, rate_limits=True, trusted_proxies="127.0.0.0/8") as service:
        told = [await write(service, number, f"203.0.113.{number}") for number in range(COMMENT_BURST + 2)]
        same = [await write(service, 100 + number, "198.51.100.7") for number in range(COMMENT_BURST + 1)]
        forged = await write(service, 200, "192.0.2.1, 198.51.100.7")
    assert told == [201] * (COMMENT_BURST + 2)
    assert same == [201] * COMMENT_BURST + [429]
    assert forged == 429


async def test_a_comment_is_not_changed_as_fast_as_a_program_can(tmp_path, redis_url: str):
    """Each change keeps what stood there before."""
    async with running(tmp_path, redis_url, rate_limits=True) as service:
        body = {"target": POST, "name": "Ann", "content": "Comment"}
        mine = (await service.post("/api/comments", json=body)).json()
        address, statuses = f"/api/comments/{mine['wm-id']}", []
        for number in range(CHANGE_BURST + 2):
            words = {"content": f"Words {number}"}
            statuses.append((await service.request("PATCH", address, json=words, token=mine["edit-token"])).status)
        form = {"key": mine["edit-token"], "content": "Words of the form"}
        answer = await service.post(f"/entries/{mine['wm-id']}/edit", data=form)
    assert statuses[:CHANGE_BURST] == [200] * CHANGE_BURST
    assert statuses[-1] == answer.status == 429
    assert "Words of the form" in answer.text, "nothing typed is lost"
