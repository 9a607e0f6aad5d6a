"""What speaks against a comment beside its words: the form that it came by, and what was written before."""

from __future__ import annotations

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup

from mentions import form_tokens
from mentions.model import Author, Protocol
from mentions.storage import comments
from service import keys
from service.intake.reception import now
from tests.integration.service.conftest import POST, Service, running

BLOG = {"Origin": "https://blog.example"}
STORY = (
    "What you write about doors reminded me of the house where I grew up: nobody locked anything, and when the baker "
    "came by on Saturdays he simply left the bread on the table."
)


@pytest.fixture
async def patient(tmp_path, redis_url: str):
    """A service that counts visitors' pages, behind a proxy that it trusts."""
    async with running(tmp_path, redis_url, rate_limits=True, trusted_proxies="127.0.0.0/8") as service:
        yield service


@pytest.fixture
async def hasty(tmp_path, redis_url: str):
    """A service for which a minute is too fast, so that the machine may be slow."""
    async with running(tmp_path, redis_url, keys.Tempo(shortest_writing_s=60)) as service:
        yield service


async def token(service: Service, *, target: str = POST, ago_s: float = 60) -> str:
    """A token as the form had it so long ago."""
    at = now() - timedelta(seconds=ago_s)
    key = await service.app[keys.SIGNING].current(at)
    return form_tokens.make(key.name, key.secret, target, at)


async def sent(service: Service, *, as_form: bool = True, headers=BLOG, **fields: str) -> tuple[str, tuple[str, ...]]:
    """What became of a comment, and the owner's reasons."""
    body = {"target": POST, "name": "Ann", "content": "Well said"} | fields
    answer = await service.post("/api/comments", headers=headers, **({"data": body} if as_form else {"json": body}))
    assert answer.status == 201, answer
    async with service.db.read() as c:
        hidden = await comments.get(c, answer.json()["wm-id"])
    assert hidden is not None
    return answer.json()["wm-status"], hidden.doubts


async def test_the_form_has_a_token_and_the_page_stays_the_same_for_who_has_it(service):
    page = await service.get(f"/thread.html?target={POST}")
    [field] = BeautifulSoup(page.text, "lxml").select(".ym-comment [name=token]")
    assert page.headers["ETag"].startswith('W/"')
    known = {"If-None-Match": page.headers["ETag"]}
    assert (await service.get(f"/thread.html?target={POST}", headers=known)).status == 304
    entry = await service.respond()
    assert (await service.get(f"/thread.html?target={POST}", headers=known)).status == 200
    for path in (f"/embed?target={POST}", f"/entries/{entry.id}"):
        page = await service.get(path, headers={"Accept": "text/html"})
        [other] = BeautifulSoup(page.text, "lxml").select(".ym-comment [name=token]")
        assert other["value"].count(".") == field["value"].count(".") == 2


LINK = "Look at https://shop.example/"


async def test_who_leaves_a_link_sooner_than_anybody_types_waits(hasty):
    status, [reason] = await sent(hasty, content=LINK, token=await token(hasty, ago_s=0.5))
    assert (status, reason.startswith("it was written in ")) == ("held", True)
    assert await sent(hasty, content=f"{LINK}slow", token=await token(hasty, ago_s=61)) == ("approved", ())


async def test_quick_words_without_a_link_are_taken_with_a_doubt(hasty):
    status, [reason] = await sent(hasty, token=await token(hasty, ago_s=0.5))
    assert (status, reason.startswith("it was written in ")) == ("approved", True)


async def test_three_seconds_are_too_few(service):
    assert (await sent(service, content=LINK, token=await token(service, ago_s=-1)))[0] == "held"
    assert await sent(service, content=f"{LINK}slow", token=await token(service, ago_s=3.1)) == ("approved", ())


@pytest.mark.parametrize("ago_s", [13 * 3600, 60 * 3600])
async def test_an_old_form_is_taken_from_a_person(service, ago_s):
    status, [reason] = await sent(service, token=await token(service, ago_s=ago_s))
    assert status == "approved"
    assert ("half a day" in reason) or ("none of ours" in reason)


async def test_a_form_without_our_token_is_taken_with_a_doubt(service):
    assert await sent(service) == ("approved", ("it came as a form, but without the form's token",))
    elsewhere = await token(service, target="https://blog.example/other")
    assert (await sent(service, content="Other", token=elsewhere))[1] == (
        "the token of its form is none of ours, or of another page",
    )
    assert (await sent(service, content="Third", token="x.y.z"))[0] == "approved"


async def test_programs_have_no_form(service):
    assert await sent(service, as_form=False) == ("approved", ())


async def test_who_begins_to_write_gets_a_token_of_that_moment(hasty):
    service = hasty
    answer = await service.get(f"/api/comments/token?target={POST}", headers=BLOG)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert answer.json()["expires_in"] == form_tokens.GOOD_FOR_S
    status, [reason] = await sent(service, content=LINK, token=answer.json()["token"])
    assert (status, reason.startswith("it was written in ")) == ("held", True)
    assert (await service.get("/api/comments/token?target=https://elsewhere.example/")).error == (400, "invalid_target")
    assert (await service.get("/api/comments/token")).error == (400, "invalid_request")


async def test_all_processes_share_the_key_and_a_redis_that_forgot_it_costs_a_doubt(tmp_path, redis_url, service):
    written = await token(service)
    async with running(tmp_path / "other", redis_url) as other:
        assert await sent(other, token=written) == ("approved", ())
    async for name in service.app[keys.REDIS].client.scan_iter("*signing-key*"):
        await service.app[keys.REDIS].client.delete(name)
    async with running(tmp_path / "later", redis_url) as later:
        status, [reason] = await sent(later, content="Later", token=written)
    assert (status, "none of ours" in reason) == ("approved", True)


async def test_a_wrong_form_keeps_its_token_and_an_old_one_is_renewed(service):
    good = await token(service)
    for given, comes_back in ((good, True), (await token(service, ago_s=100_000), False), ("", False)):
        form = {"target": POST, "name": "", "content": "Helo", "token": given}
        answer = await service.post("/api/comments", data=form, headers={**BLOG, "Accept": "text/html"})
        [field] = BeautifulSoup(answer.text, "lxml").select("[name=token]")
        assert (field["value"] == given) is comes_back
        content = f"Again {given[-4:]}"
        assert await sent(service, content=content, token=field["value"]) == ("approved", ())


async def test_nearly_the_same_words_wait_on_any_page(service):
    assert (await sent(service, as_form=False, content=STORY))[0] == "approved"
    again = STORY.replace("Saturdays", "Sundays") + " 17"
    status, reasons = await sent(service, as_form=False, content=again, name="Bob", target="https://blog.example/other")
    assert (status, reasons) == ("held", ("nearly the same words were left here before",))


async def test_one_link_on_ever_more_pages_waits(service):
    outcomes = []
    for number, word in enumerate(("uno", "dau", "tri")):
        outcomes.append(
            await sent(service, as_form=False, content=f"[{word}](https://shop.example/buy)", target=f"{POST}/{number}")
        )
    assert [status for status, _ in outcomes] == ["approved", "approved", "held"]
    assert outcomes[2][1] == ("one of its links was left on 2 other pages today",)
    assert (await sent(service, as_form=False, content="[own](https://blog.example/a)", target=f"{POST}/9"))[1] == ()


async def test_who_writes_on_many_pages_within_minutes_waits(patient):
    async def write(visitor: str, number: int):
        headers = {**BLOG, "X-Forwarded-For": visitor}
        return await sent(
            patient, as_form=False, headers=headers, content=f"{visitor} {number}", target=f"{POST}/{number}"
        )

    outcomes = [await write("203.0.113.5", number) for number in range(6)]
    assert [status for status, _ in outcomes] == ["approved"] * 5 + ["held"]
    assert outcomes[5][1] == ("the same visitor wrote on 5 other pages within ten minutes",)
    assert (await write("203.0.113.6", 1)) == ("approved", ())


async def test_a_link_to_what_is_blocked_waits(service):
    await service.request("PUT", "/api/blocks", json={"authority": "bad.example"}, token=service.token)
    status, reasons = await sent(service, as_form=False, content="[x](https://shop.bad.example/1)")
    assert (status, reasons) == ("held", ("it links to shop.bad.example, which you have blocked",))


async def test_who_is_blocked_by_name_url_or_address_writes_no_comment(service):
    people = [{"name": "Spammer"}, {"url": "https://spam.example/me"}, {"email": "Me@Spam.example"}]
    for number, person in enumerate(people):
        assert (await sent(service, as_form=False, content=f"Before {number}", **person))[0] == "approved"
    for rule in ("spammer", "https://spam.example/me", "me@spam.example"):
        hits = await service.get(f"/api/blocks/preview?author={rule}", token=service.token)
        assert len(hits.json()["children"]) == 1, rule
        await service.request("PUT", "/api/blocks", json={"author": rule}, token=service.token)
    for number, person in enumerate(people):
        body = {"target": POST, "name": "Ann", "content": f"After {number}"} | person
        assert (await service.post("/api/comments", headers=BLOG, json=body)).error == (403, "blocked")
    assert (await sent(service, as_form=False, content="Other", email="you@spam.example"))[0] == "approved"


async def test_an_edit_does_not_smuggle_in_what_was_said_before(service):
    await sent(service, as_form=False, content=STORY)
    await sent(service, as_form=False, content="[a](https://shop.example/buy)", target=f"{POST}/1")
    await sent(service, as_form=False, content="[b](https://shop.example/buy)", target=f"{POST}/2")
    body = {"target": f"{POST}/3", "name": "Bob", "content": "Mine, and nobody else's words, about something else."}
    mine = (await service.post("/api/comments", headers=BLOG, json=body)).json()
    path, edit_token = f"/api/comments/{mine['wm-id']}", mine["edit-token"]

    async def edit(content: str) -> dict[str, object]:
        answer = await service.request("PATCH", path, json={"content": content}, headers=BLOG, token=edit_token)
        assert answer.status == 200
        return dict(answer.json())

    assert (await edit(body["content"]))["wm-status"] == "approved"
    assert (await edit(body["content"] + " Twice."))["wm-status"] == "approved"
    told = await edit(STORY.upper())
    assert (told["wm-status"], told["wm-reasons"]) == ("held", ["The same words were left here before."])
    await service.post(f"/api/entries/{mine['wm-id']}/approve", token=service.token)
    told = await edit("[c](https://shop.example/buy)")
    assert (told["wm-status"], told["wm-reasons"]) == ("held", ["It has links that somebody looks at first."])


async def test_a_moderator_edits_an_imported_comment_that_has_no_name(service):
    entry = await service.respond(protocol=Protocol.COMMENT, author=Author())
    async with service.db.write() as c:
        await comments.keep(c, entry.id, markdown="Said elsewhere")
    path = f"/api/comments/{entry.id}"
    answer = await service.request("PATCH", path, json={"content": "Moderated"}, token=service.token)
    assert (answer.status, answer.json()["content"]["text"]) == (200, "Moderated")
