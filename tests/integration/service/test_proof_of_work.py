"""Proof of work, through a running service: who is asked, what it settles, and that nobody is turned away."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from mentions.proof_of_work import LEAST
from mentions.storage import comments, sites
from service import keys
from tests.integration.service.conftest import POST, Service, running
from tests.integration.service.test_comment_defence import token

BLOG = {"Origin": "https://blog.example"}


@pytest.fixture
async def service(tmp_path, redis_url: str):
    """A service for which a minute is too fast, so that the machine may be slow."""
    async with running(tmp_path, redis_url, keys.Tempo(shortest_writing_s=60)) as it:
        yield it


async def send(service: Service, *, headers=BLOG, **fields: str):
    """Sends a form with a link in its words as the widget does, half a second after it was shown."""
    quick = {"target": POST, "name": "Ann", "token": await token(service, ago_s=0.5)}
    content = f"{fields.pop('content', 'Well said')} https://ann.example/"
    return await service.post("/api/comments", data=quick | fields | {"content": content}, headers=headers)


def solution(challenge: dict[str, Any]) -> str:
    """What a browser works out."""
    assert challenge["algorithm"] == "SHA-256"
    for number in range(challenge["most"] + 1):
        if sha256(f"{challenge['salt']}{number}".encode()).hexdigest() == challenge["goal"]:
            return f"{challenge['token']}.{number}"
    raise AssertionError("no number solves the challenge")


async def asked(service: Service, **fields: str) -> dict[str, Any]:
    """The challenge that a comment is answered with."""
    answer = await send(service, proof="", **fields)
    assert answer.error == (428, "proof_required")
    assert answer.headers["Cache-Control"] == "no-store"
    return dict(answer.json()["challenge"])


async def shown(service: Service) -> int:
    return int((await service.get(f"/api/thread?target={POST}")).json()["count"])


async def test_a_quick_comment_is_shown_once_the_browser_has_done_its_sum(service):
    challenge = await asked(service)
    assert challenge["most"] == LEAST
    assert await shown(service) == 0
    answer = await send(service, proof=solution(challenge))
    assert (answer.status, answer.json()["wm-status"]) == (201, "approved")
    assert await shown(service) == 1


async def test_who_cannot_do_it_waits_and_is_told_why(service):
    answer = await send(service, headers={**BLOG, "Accept-Language": "cy"})
    assert (answer.status, answer.json()["wm-status"]) == (201, "held")
    assert answer.json()["wm-reasons"] == ["Cafodd ei ysgrifennu’n gyflym iawn."]


async def test_a_proof_is_used_once_and_for_one_comment(service):
    proof = solution(await asked(service))
    assert (await send(service, proof=proof, content="Something else")).error == (428, "proof_required")
    assert (await send(service, proof=proof)).status == 201
    again = await send(service, proof=proof)  # the same words, too: that is not of manner, and waits
    assert (again.status, again.json()["wm-status"]) == (201, "held")
    other = await send(service, proof=proof, content="Something else")
    assert other.error == (428, "proof_required")
    assert (await send(service, proof="made up", content="Third")).error == (428, "proof_required")


async def test_it_costs_more_each_time(service):
    mosts = [(await asked(service, content=f"Comment {number}"))["most"] for number in range(4)]
    assert mosts == [LEAST, 2 * LEAST, 4 * LEAST, 8 * LEAST]


async def test_nobody_works_for_what_waits_anyway(service):
    links = "https://a.example https://b.example https://c.example"
    answer = await send(service, proof="", content=links)
    assert (answer.status, answer.json()["wm-status"]) == (201, "held")
    assert answer.json()["wm-reasons"] == [
        "It has links that somebody looks at first.",
        "It was written very quickly.",
    ]
    trapped = await send(service, proof="", content="robot", website2="x")
    assert (trapped.status, trapped.json()["wm-status"], trapped.json()["wm-reasons"]) == (201, "held", [])
    async with service.db.write() as c:
        await sites.set_option(c, service.site.id, "hold_comment", "all")
    service.app[keys.SITES].forget()
    held = await send(service, proof="", content="Other words")
    assert (held.status, held.json()["wm-status"]) == (201, "held")
    assert "The owner of this site looks at all comments first." in held.json()["wm-reasons"]


async def test_an_owner_may_switch_it_off(service):
    changed = await service.request("PATCH", "/api/site", json={"options": {"proof": False}}, token=service.token)
    assert changed.json()["options"]["proof"] is False
    assert (await send(service, proof="")).json()["wm-status"] == "held"


async def test_without_a_script_the_form_comes_back_with_why_it_waits(service):
    answer = await send(service, headers={**BLOG, "Accept": "text/html"}, lang="cy", proof="")
    assert answer.status == 303
    page = await service.get(answer.headers["Location"].partition("#")[0])
    assert "Mae eich sylw’n disgwyl ei gymedroli. Cafodd ei ysgrifennu’n gyflym iawn." in page.text


async def test_the_owner_reads_what_was_settled_no_more(service):
    answer = await send(service, proof=solution(await asked(service)))
    async with service.db.read() as c:
        hidden = await comments.get(c, answer.json()["wm-id"])
    assert hidden is not None
    assert hidden.doubts == ()


async def test_a_weak_sign_is_the_owners_to_read_and_nothing_to_the_author(service):
    async with service.db.write() as c:
        await sites.set_option(c, service.site.id, "hold_comment", "all")
    service.app[keys.SITES].forget()
    answer = await send(service, token="")
    assert answer.json()["wm-reasons"] == ["The owner of this site looks at all comments first."]
    waiting = (await service.get("/api/queue", token=service.token)).json()["children"]
    assert waiting[0]["wm-doubts"] == [
        "the site holds everything",
        "it came as a form, but without the form's token",
    ]
