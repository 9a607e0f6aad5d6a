"""People who have signed in, through a running service: what their session lets them do, and what it does not."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text, update

from mentions import identity, urls
from mentions.identity import Identity
from mentions.model import Author, Authority, EntryState, PlainText, Url
from mentions.storage import changes, comments, entries, people, schema, sessions, sites
from mentions.storage import tables as t
from service import keys
from service.api.news import tell
from service.intake.reception import now
from service.signing import codes
from service.signing.codes import Proved
from tests.integration.service.conftest import POST, Service, running
from tests.support.waiting import eventually

BLOG = {"Origin": "https://blog.example"}
ANN = identity.of_answer({"way": "domain", "subject": "https://ann.example/", "name": "Ann Griffiths"})
MAIL = identity.of_email("bob@mail.example")


async def code_for(service: Service, who: Identity, verifier: str, *, origin="https://blog.example", site=None) -> str:
    """The code that a pop-up would end with."""
    proved = Proved(who, (site or service.site).id, origin)
    return await codes.issue(service.app[keys.FLOWS], proved, codes.challenge_of(verifier))


async def redeemed(service: Service, code: str, verifier: str, headers=BLOG):
    return await service.post("/api/session", json={"code": code, "verifier": verifier}, headers=headers)


async def signed_in(service: Service, who: Identity = ANN, *, site=None, origin="https://blog.example") -> str:
    """The token of a new session."""
    verifier = secrets.token_urlsafe(32)
    code = await code_for(service, who, verifier, site=site, origin=origin)
    answer = await redeemed(service, code, verifier, {"Origin": origin})
    assert answer.status == 201, answer
    return answer.json()["token"]


async def comment(service: Service, token: str | None = None, *, headers=BLOG, **fields):
    body = {"target": POST, "content": "Well **said**"} | fields
    return await service.post("/api/comments", json=body, headers=headers, token=token)


async def allow(service: Service, name: str, value: object) -> None:
    async with service.db.write() as c:
        await sites.set_option(c, service.site.id, name, value)
    service.app[keys.SITES].forget()


# --- the code -----------------------------------------------------------------------------------------------------


async def test_a_code_and_its_verifier_are_a_session(service):
    verifier = secrets.token_urlsafe(32)
    answer = await redeemed(service, await code_for(service, ANN, verifier), verifier)
    told = answer.json()
    assert answer.status == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert told["person"] == {
        "name": "Ann Griffiths",
        "url": "https://ann.example/",
        "way": "domain",
        "by": "ann.example",
    }
    shown = await service.get("/api/session", token=told["token"], headers=BLOG)
    assert shown.json() == {"expires_at": told["expires_at"], "person": told["person"]}


async def test_a_code_is_good_once_and_a_wrong_verifier_spends_it(service):
    verifier = secrets.token_urlsafe(32)
    code = await code_for(service, ANN, verifier)
    assert (await redeemed(service, code, verifier)).status == 201
    assert (await redeemed(service, code, verifier)).error == (401, "forbidden")
    code = await code_for(service, ANN, verifier)
    assert (await redeemed(service, code, secrets.token_urlsafe(32))).error == (401, "forbidden")
    assert (await redeemed(service, code, verifier)).error == (401, "forbidden")
    assert (await redeemed(service, "nonsense", "short")).error == (400, "invalid_request")
    assert (await service.post("/api/session", json={"code": 1}, headers=BLOG)).error == (400, "invalid_request")


async def test_a_code_is_of_the_page_that_opened_the_pop_up(service):
    verifier = secrets.token_urlsafe(32)
    code = await code_for(service, ANN, verifier)
    await service.add_site("other.example")
    service.app[keys.SITES].forget()
    assert (await redeemed(service, code, verifier, {"Origin": "https://other.example"})).error == (401, "forbidden")
    assert (await redeemed(service, code, verifier, {"Origin": "https://evil.example"})).status == 403


# --- writing ------------------------------------------------------------------------------------------------------


async def test_a_comment_is_by_whom_has_signed_in_and_says_so(service):
    entry = (await comment(service, await signed_in(service))).json()
    assert entry["author"] == {"type": "card", "name": "Ann Griffiths", "url": "https://ann.example/", "photo": ""}
    assert entry["wm-authorship"] == "signed-in"
    assert entry["wm-signed-in"] == {"way": "domain", "by": "ann.example"}
    [shown] = (await service.get(f"/api/thread?target={POST}")).json()["children"]
    assert shown["wm-signed-in"] == entry["wm-signed-in"]


async def test_a_proved_domain_is_not_what_somebody_types(service):
    token = await signed_in(service)
    entry = (await comment(service, token, name="Annie", url="https://bank.example/")).json()
    assert (entry["author"]["name"], entry["author"]["url"]) == ("Annie", "https://ann.example/")
    typed = (await comment(service, name="Ann", url="https://ann.example/", content="Me too")).json()
    assert typed["wm-authorship"] == "claimed"
    assert "wm-signed-in" not in typed


async def test_by_mail_one_says_once_what_one_is_called_and_the_address_is_never_shown(service):
    token = await signed_in(service, MAIL)
    nameless = await comment(service, token)
    assert (nameless.status, nameless.json()["field"]) == (400, "name")
    first = (await comment(service, token, name="Bob", url="bob.example")).json()
    assert (first["author"]["url"], first["wm-authorship"]) == ("https://bob.example/", "claimed")
    assert first["wm-signed-in"] == {"way": "email", "by": ""}
    second = (await comment(service, token, content="And another thing")).json()
    assert (second["author"]["name"], second["author"]["url"]) == ("Bob", "https://bob.example/")
    everything = (await service.get(f"/api/thread?target={POST}")).text
    assert "mail.example" not in everything
    assert (await service.get("/api/session", token=token)).json()["person"]["email"] == "bob@mail.example"


async def test_a_session_is_of_one_site(service):
    other, _ = await service.add_site("other.example")
    token = await signed_in(service, site=other, origin="https://other.example")
    assert (await comment(service, token, headers={})).error == (401, "forbidden")
    assert (await comment(service, token)).error == (401, "forbidden")
    assert (await service.get("/api/session", token=token, headers=BLOG)).error == (401, "forbidden")
    assert (await service.get("/api/session", token=token, headers={"Origin": "https://evil.example"})).status == 401
    assert (await service.get("/api/session", token=token)).status == 200


async def test_a_token_that_is_none_does_not_write_nameless(service):
    assert (await comment(service, "nonsense", name="Ann")).error == (401, "forbidden")
    assert (await comment(service, service.token, name="Owner")).status == 201


async def test_a_session_ends_with_its_owner_or_its_time_and_use_prolongs_it(service):
    token, other = await signed_in(service), await signed_in(service)
    assert (await service.request("DELETE", "/api/session", token=token, headers=BLOG)).status == 204
    assert (await service.get("/api/session", token=token)).error == (401, "forbidden")
    assert (await service.get("/api/session", token=other)).status == 200
    async with service.db.write() as c:
        await c.execute(update(t.sessions).values(expires_at=now() + timedelta(days=5)))
    before = now()
    assert (await service.get("/api/session", token=other)).status == 200
    async with service.db.read() as c:
        session = await sessions.check(c, other, now=now())
    assert session.expires_at >= before + sessions.LASTS
    async with service.db.write() as c:
        await c.execute(update(t.sessions).values(expires_at=now()))
        assert await sessions.prune(c, now()) == 1
    assert (await comment(service, other)).error == (401, "forbidden")


# --- editing and erasing ------------------------------------------------------------------------------------------


async def test_the_author_edits_and_removes_at_any_time_and_nobody_else(service):
    token, stranger = await signed_in(service), await signed_in(service, MAIL)
    entry = (await comment(service, token)).json()
    path = f"/api/comments/{entry['wm-id']}"
    async with service.db.write() as c:
        await c.execute(update(t.comments).values(editable_until=now() - timedelta(days=400)))
    assert (await service.request("PATCH", path, token=stranger, json={"content": "x"})).error == (401, "forbidden")
    assert (await service.request("PATCH", path, token=entry["edit-token"], json={"content": "x"})).status == 401
    again = await signed_in(service)  # from another machine, months later
    edited = await service.request("PATCH", path, token=again, json={"content": "Better *said*"})
    assert (edited.status, edited.json()["content"]["text"]) == (200, "Better said")
    assert edited.json()["wm-signed-in"]["by"] == "ann.example"
    async with service.db.read() as c:
        assert (await entries.revisions(c, entry["wm-id"]))[-1].actor == "author"
    links = "https://a.example https://b.example https://c.example"
    smuggled = await service.request("PATCH", path, token=again, json={"content": links})
    assert smuggled.json()["wm-status"] == "held"
    assert (await service.request("DELETE", path, token=stranger)).error == (401, "forbidden")
    assert (await service.request("DELETE", path, token=again)).status == 204
    assert (await service.request("DELETE", path, token=again)).error == (409, "conflict")


async def test_one_sees_all_that_one_has_written(service):
    token, other = await signed_in(service), await signed_in(service, MAIL)
    here = (await comment(service, token, email="ann@mail.example")).json()["wm-id"]
    elsewhere = (await comment(service, token, target="https://blog.example/other", content="There")).json()["wm-id"]
    held = (await comment(service, token, content="https://a.example https://b.example https://c.example")).json()
    await comment(service, other, name="Bob", content="Not hers")
    mine = (await service.get("/api/session/comments", token=token)).json()
    assert [each["wm-id"] for each in mine["comments"]] == [here, elsewhere, held["wm-id"]]
    assert (mine["comments"][0]["markdown"], mine["comments"][0]["email"]) == ("Well **said**", "ann@mail.example")
    assert [each["wm-status"] for each in mine["comments"]] == ["approved", "approved", "held"]
    assert mine["next"] is None
    below = (await service.get(f"/api/session/comments?target={POST}", token=token)).json()["comments"]
    assert [each["wm-id"] for each in below] == [here, held["wm-id"]]
    nowhere = await service.get("/api/session/comments?target=https://blog.example/new", token=token)
    assert nowhere.json()["comments"] == []
    assert (await service.get("/api/session/comments?after=x", token=token)).error == (400, "invalid_request")
    assert (await service.get("/api/session/comments")).error == (401, "forbidden")


async def test_who_wants_to_be_forgotten_is(service):
    token, elsewhere = await signed_in(service), await signed_in(service)
    first = (await comment(service, token, email="ann@mail.example")).json()["wm-id"]
    answer = (await comment(service, name="Bob", content="Indeed", parent=first)).json()["wm-id"]
    second = (await comment(service, token, target="https://blog.example/other", content="There")).json()["wm-id"]
    erased = await service.request("DELETE", "/api/session/person", token=token, headers=BLOG)
    assert (erased.status, erased.json()) == (200, {"comments": 2})
    [grave] = (await service.get(f"/api/thread?target={POST}")).json()["children"]
    assert "wm-deleted" in grave
    assert [each["wm-id"] for each in grave["comment"]] == [answer]
    for gone in (token, elsewhere):
        assert (await service.get("/api/session", token=gone)).error == (401, "forbidden")
    async with service.db.read() as c:
        for entry_id in (first, second):
            entry = await entries.get(c, entry_id)
            assert (entry.state, entry.reaction.author, entry.reaction.proof) == (EntryState.DELETED, Author(), None)
            assert await comments.get(c, entry_id) is None
        rows = [
            str(row)
            for table in (t.people, t.sessions, t.revisions, t.comments)
            for row in await c.execute(table.select())
        ]
    assert not [row for row in rows if "ann.example" in row or "Ann Griffiths" in row or "ann@mail.example" in row]
    told = (await service.get("/api/changes", token=service.token)).json()["changes"]
    assert [(each["change"], each["wm-id"]) for each in told][-2:] == [("deleted", first), ("deleted", second)]


async def is_held_up(service: Service) -> bool:
    """Whether a transaction waits for another."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with service.db.read() as c:
        return bool((await c.execute(query)).scalar_one())


async def test_what_somebody_writes_while_they_are_forgotten_is_not_kept(tmp_path, redis_url, postgres_url):
    await schema.migrate_async(postgres_url)
    async with running(tmp_path, redis_url, database_url=postgres_url) as service:
        token = await signed_in(service)
        async with service.db.write() as c:
            await people.forget(c, (await sessions.check(c, token, now=now())).person.id)
            writing = asyncio.create_task(comment(service, token))
            await eventually(lambda: is_held_up(service), what="the comment waits")
        assert (await writing).error == (401, "forbidden")
        assert (await service.get(f"/api/thread?target={POST}")).json()["count"] == 0


async def test_being_forgotten_and_a_moderator_do_not_wait_for_each_other_for_ever(tmp_path, redis_url, postgres_url):
    await schema.migrate_async(postgres_url)
    async with running(tmp_path, redis_url, database_url=postgres_url) as service:
        token = await signed_in(service)
        ids = [(await comment(service, token, content=f"Number {n}")).json()["wm-id"] for n in range(2)]
        async with service.db.write() as c:
            hidden = await entries.set_state(c, ids[1], EntryState.HIDDEN, now=now())
            erasing = asyncio.create_task(service.request("DELETE", "/api/session/person", token=token, headers=BLOG))
            await eventually(lambda: is_held_up(service), what="it waits for the moderator")
            await tell(c, hidden, before=replace(hidden, state=EntryState.SHOWN))
        erased = await erasing
        assert (erased.status, erased.json()) == (200, {"comments": 2})
        told = (await service.get("/api/changes", token=service.token)).json()["changes"]
        assert [(each["change"], each["wm-id"]) for each in told][-2:] == [("hidden", ids[1]), ("deleted", ids[0])]


async def test_being_forgotten_is_done_again_where_another_transaction_was_in_the_way(
    tmp_path, redis_url, postgres_url
):
    await schema.migrate_async(postgres_url)
    async with running(tmp_path, redis_url, database_url=postgres_url) as service:
        token = await signed_in(service)
        entry_id = (await comment(service, token)).json()["wm-id"]
        async with service.db.write() as c:  # as two pages that become one: the cursor first, then rows
            await c.execute(text("SET LOCAL deadlock_timeout = '1h'"))  # the other one gives way
            await changes.lock(c)
            erasing = asyncio.create_task(service.request("DELETE", "/api/session/person", token=token, headers=BLOG))
            await eventually(lambda: is_held_up(service), what="it waits for the cursor")
            await entries.set_state(c, entry_id, EntryState.HIDDEN, now=now())
        erased = await erasing
        assert (erased.status, erased.json()) == (200, {"comments": 1})


async def test_whoever_signed_in_and_wrote_nothing_is_forgotten_in_time(service):
    await signed_in(service)
    token = await signed_in(service, MAIL)
    await comment(service, token, name="Bob")
    async with service.db.write() as c:
        await c.execute(update(t.sessions).values(expires_at=now()))
        await sessions.prune(c, now())
        assert await people.prune(c, now() - timedelta(days=1)) == 0
        assert await people.prune(c, now() + timedelta(days=1)) == 1
        assert [row.way for row in await c.execute(t.people.select())] == ["email"]


# --- trust --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", [ANN, MAIL], ids=["domain", "email"])
async def test_who_was_approved_once_is_no_stranger_any_more(service, who):
    await allow(service, "hold", "strangers")
    token = await signed_in(service, who)
    first = (await comment(service, token, name="Ann")).json()
    assert first["wm-status"] == "held"
    assert (await comment(service, token, name="Ann", content="While it waits")).json()["wm-status"] == "held"
    assert (await service.post(f"/api/entries/{first['wm-id']}/approve", token=service.token)).status == 200
    assert (await comment(service, token, name="Ann", content="Later")).json()["wm-status"] == "approved"
    typed = await comment(service, name="Ann", url="https://ann.example/", email="bob@mail.example", content="Me?")
    assert typed.json()["wm-status"] == "held"


async def test_a_domain_is_one_person_whether_it_signs_in_or_sends_webmentions(service):
    await allow(service, "hold", "strangers")
    await service.respond(author=Author(PlainText("Ann"), Url("https://ann.example/")), authority=Authority.SAME_ORIGIN)
    assert (await comment(service, await signed_in(service))).json()["wm-status"] == "approved"
    assert (await comment(service, name="Ann", url="https://ann.example/", content="x")).json()["wm-status"] == "held"


async def test_the_owner_may_trust_a_domain_by_name_and_block_it(service):
    await allow(service, "hold", "all")
    await allow(service, "trusted", [urls.parse("https://ann.example")])
    token = await signed_in(service)
    assert (await comment(service, token)).json()["wm-status"] == "approved"
    assert (await comment(service, name="Ann", url="https://ann.example", content="x")).json()["wm-status"] == "held"
    await service.request("PUT", "/api/blocks", json={"author": "https://ann.example/"}, token=service.token)
    assert (await comment(service, token, content="again")).error == (403, "blocked")


async def test_the_posts_author_is_known_by_their_domain(service):
    owner = identity.of_answer({"way": "domain", "subject": "https://blog.example/"})
    await comment(service, await signed_in(service, owner))
    await comment(service, name="Impostor", url="https://blog.example/", content="No, me")
    first, second = (await service.get(f"/api/thread?target={POST}")).json()["children"]
    assert first.get("wm-post-author") is True
    assert "wm-post-author" not in second


async def test_codes_cannot_be_guessed_at_for_ever(tmp_path, redis_url):
    async with running(tmp_path, redis_url, rate_limits=True) as service:
        verifier, status = secrets.token_urlsafe(32), 401
        for _ in range(30):
            answer = await redeemed(service, "guess", verifier)
            status = answer.status
            if status == 429:
                break
        assert status == 429
        assert int(answer.headers["Retry-After"]) >= 1
