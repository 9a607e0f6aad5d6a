"""The same service on PostgreSQL: what SQL could answer differently there."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import text

from mentions.model import Change, EntryState, Kind, Url
from mentions.storage import changes, entries, hooks, pages, schema
from service.api import live
from service.intake.reception import now
from tests.integration.service.conftest import NOW, POST, Service, running
from tests.integration.service.test_comments import comment
from tests.support.postgres import PostgresServer, name_of, until_one_waits
from tests.support.waiting import eventually


async def test_the_service_reads_and_moderates_on_postgresql(tmp_path: Path, redis_url: str, postgres_url: str):
    await schema.migrate_async(postgres_url)
    async with running(tmp_path, redis_url, database_url=postgres_url) as service:
        assert (await service.mention("https://ann.example/", POST)).status == 201
        first = await service.respond("https://ann.example/1", text="Croeso – 👋")
        second = await service.respond(in_reply_to=(Url("https://ann.example/1"),))
        rsvps = [await service.respond(kind=Kind.RSVP, rsvp=answer, text=None) for answer in ("no", "yes")]
        held = await service.respond(state=EntryState.HELD)
        await _reads(service, [second.id, first.id], [rsvps[1].id, rsvps[0].id])
        assert (await service.post(f"/api/entries/{held.id}/approve", token=service.token)).status == 200
        changed = (await service.get("/api/changes", token=service.token)).json()["changes"]
        assert [change["change"] for change in changed] == ["created"] * 5 + ["approved"]
        closing = {"params": {"target": POST}, "json": {"closed": True}, "token": service.token}
        assert (await service.request("PATCH", "/api/thread", **closing)).status == 200
        assert (await service.mention("https://bob.example/", POST)).error == (400, "target_closed")
        assert (await service.get("/readyz")).status == 200


async def _reads(service: Service, replies: list[int], rsvps: list[int]) -> None:
    params = {"target": POST, "sort-by": "rsvp", "wm-property[]": "rsvp"}
    feed = (await service.get("/api/mentions.jf2", params=params)).json()
    assert [child["wm-id"] for child in feed["children"]] == rsvps
    feed = (await service.get("/api/mentions.jf2", token=service.token, params={"wm-property": "in-reply-to"})).json()
    assert ([child["wm-id"] for child in feed["children"]], feed["paging"]["total"]) == (replies, 2)
    thread = (await service.get("/api/thread", params={"target": POST})).json()
    assert thread["children"][0]["content"]["text"] == "Croeso – 👋"
    assert [child["wm-id"] for child in thread["children"][0]["comment"]] == [replies[0]]
    count = (await service.get("/api/count", params={"target": POST})).json()
    assert count == {"count": 4, "type": {"reply": 2, "rsvp-no": 1, "rsvp-yes": 1}}


async def test_without_the_database_answers_are_503_and_say_when_to_come_again(
    tmp_path: Path, redis_url: str, short_folder: Path
):
    folder = Path(tempfile.mkdtemp(dir=short_folder))
    folder.chmod(0o755)
    server = PostgresServer(folder).start()
    try:
        url = server.create()
        await schema.migrate_async(url)
        async with running(tmp_path, redis_url, database_url=url) as service:
            await service.respond()
            server.stop()
            for path in ("/api/count", "/api/mentions.jf2", "/api/thread"):
                away = await service.get(path, params={"target": POST})
                assert away.error == (503, "service_unavailable")
                assert away.headers["Retry-After"]
            assert (await service.get("/webmention/x")).error == (503, "service_unavailable")
            ready = await service.get("/readyz")
            assert (ready.status, ready.json()["checks"]) == (503, {"database": "unreachable", "redis": "ok"})
            assert (await service.get("/healthz")).status == 200
    finally:
        server.stop()


async def test_changes_of_writers_that_overlap_are_told_without_a_gap(
    tmp_path: Path, redis_url: str, postgres_url: str
):
    await schema.migrate_async(postgres_url)
    async with running(tmp_path, redis_url, database_url=postgres_url) as service:
        await service.respond()
        seen: list[int] = []
        done = asyncio.Event()

        async def follow() -> None:
            cursor = 0
            while True:
                was_done = done.is_set()
                async with service.db.read() as c:
                    happened = await live.changes.since(c, cursor, 10, site_id=service.site.id)
                seen.extend(changed.entry_id for changed in happened)
                cursor = happened[-1].cursor if happened else cursor
                if was_done and not happened:
                    return

        async def write() -> None:
            await asyncio.gather(*(service.respond(f"https://s.example/{n}") for n in range(40)))
            done.set()

        await asyncio.gather(follow(), write())
        assert len(seen) == len(set(seen)) == 41


async def test_moderators_who_decide_on_the_same_entries_at_once_do_not_get_in_each_others_way(
    tmp_path: Path, redis_url: str, postgres_url: str
):
    await schema.migrate_async(postgres_url)
    async with running(tmp_path, redis_url, database_url=postgres_url) as service:
        ids = [(await service.respond()).id for _ in range(12)]

        async def many(number: int) -> list[int]:
            order = ids if number % 2 else ids[::-1]
            answers = [
                await service.post(f"/api/entries/{action}", token=service.token, json={"ids": order})
                for action in ("hide", "approve", "spam", "restore")
            ]
            return [answer.status for answer in answers]

        async def one(number: int) -> list[int]:
            answers = [
                await service.post(
                    f"/api/entries/{entry_id}/{'hide' if number % 2 else 'approve'}", token=service.token
                )
                for entry_id in (ids if number % 3 else ids[::-1])
            ]
            return [answer.status for answer in answers]

        everybody = await asyncio.gather(*(many(n) for n in range(4)), *(one(n) for n in range(4)))
        assert {status for statuses in everybody for status in statuses} == {200}


@pytest.mark.parametrize("decision", [EntryState.SPAM, EntryState.DELETED])
async def test_an_author_who_edits_while_a_moderator_decides_does_not_undo_it(
    tmp_path: Path, redis_url: str, postgres_url: str, decision: EntryState
):
    await schema.migrate_async(postgres_url)
    async with running(tmp_path, redis_url, database_url=postgres_url) as service:
        made = await comment(service)
        entry_id, path = made.json()["wm-id"], f"/api/comments/{made.json()['wm-id']}"
        links = " ".join(f"https://{n}.example/" for n in range(20))
        async with service.db.write() as c:
            await entries.set_state(c, entry_id, decision, now=NOW)
            editing = asyncio.create_task(
                comment(service, method="PATCH", path=path, token=made.json()["edit-token"], content=links)
            )
            await until_one_waits(service.db)
        answer = await editing
        assert answer.status == (409 if decision is EntryState.DELETED else 200)
        async with service.db.read() as c:
            entry = await entries.get(c, entry_id)
            told = [each.change for each in await changes.since(c, 0)]
        assert entry is not None
        assert entry.state is decision
        assert told == [Change.CREATED], "the decision, which this test did not tell, is told once by who decides"


async def test_a_moderator_who_approves_what_its_author_has_just_changed_tells_it(
    tmp_path: Path, redis_url: str, postgres_url: str
):
    await schema.migrate_async(postgres_url)
    async with running(tmp_path, redis_url, database_url=postgres_url) as service:
        entry = await service.respond()
        async with service.db.write() as c:
            await entries.set_state(c, entry.id, EntryState.HELD, now=NOW, actor="author")
            approving = asyncio.create_task(service.post(f"/api/entries/{entry.id}/approve", token=service.token))
            await until_one_waits(service.db)
        assert (await approving).json()["wm-status"] == "shown"
        async with service.db.read() as c:
            assert [each.change for each in await changes.since(c, 0)] == [Change.CREATED, Change.APPROVED]


async def test_two_who_rotate_a_secret_at_once_lose_none(tmp_path: Path, redis_url: str, postgres_url: str):
    await schema.migrate_async(postgres_url)
    async with running(tmp_path, redis_url, database_url=postgres_url) as service:
        url = "https://hooks.example/in"
        made = (await service.post("/api/hooks", token=service.token, json={"url": url})).json()
        async with service.db.write() as c:
            [hook] = await hooks.for_site(c, service.site.id)
            first = await hooks.rotate(c, hook, now=now())
            rotating = asyncio.create_task(service.post(f"/api/hooks/{hook.id}/rotate", token=service.token))
            await until_one_waits(service.db)
        second = (await rotating).json()
        async with service.db.read() as c:
            [hook] = await hooks.for_site(c, service.site.id)
        assert [each.text for each in hook.secrets] == [second["secret"], first.secrets[0].text, made["secret"]]


async def test_while_the_database_takes_no_writes_threads_are_read_and_writers_come_again(
    tmp_path: Path, redis_url: str, postgres_server: PostgresServer, postgres_url: str
):
    await schema.migrate_async(postgres_url)
    async with running(tmp_path, redis_url, database_url=postgres_url) as service:
        await service.respond()
        thread = {"params": {"target": POST}}
        before = (await service.get("/api/thread", **thread)).json()
        second = await service.respond()
        name = name_of(postgres_url)
        postgres_server.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        postgres_server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        meanwhile = await service.get("/api/thread", **thread)
        assert (meanwhile.status, meanwhile.json()["count"]) == (200, 1)
        assert meanwhile.json()["cursor"] == before["cursor"], "from there on all is told that is not shown"
        for path in ("/thread.html", "/embed", f"/entries/{second.id}"):
            assert (await service.get(path, **thread)).status == 200
        for path in ("/api/mentions.jf2", "/api/changes", "/api/export"):
            assert (await service.get(path, token=service.token)).status == 200, "it cannot be noted that it was used"
        refused = await comment(service)
        assert refused.error == (503, "service_unavailable")
        postgres_server.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
        postgres_server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")

        async def is_shown() -> bool:
            return (await service.get("/api/thread", **thread)).json()["count"] == 2

        await eventually(is_shown)


async def test_a_comment_on_a_page_that_becomes_one_with_another_stands_there(
    tmp_path: Path, redis_url: str, postgres_url: str
):
    await schema.migrate_async(postgres_url)
    async with running(tmp_path, redis_url, database_url=postgres_url) as service:
        await service.respond()
        old = "https://blog.example/old"
        parent = await service.respond(target=old)
        page = await service.page()
        async with service.db.write() as c:
            await pages.learn(c, page.id, aliases=[old], checked_at=NOW)
            said = {None: "Off they go", parent.id: "Well answered"}  # the same twice might be held
            commenting = [
                asyncio.create_task(comment(service, target=old, parent=each, content=words))
                for each, words in said.items()
            ]
            await until_one_waits(service.db)
        assert [(await each).status for each in commenting] == [201, 201]
        thread = (await service.get("/api/thread", params={"target": POST})).json()
        assert (thread["count"], thread["children"][1]["comment"][0]["wm-parent"]) == (4, parent.id)


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_an_author_who_meets_pages_that_become_one_need_not_come_again(
    tmp_path: Path, redis_url: str, postgres_url: str, method: str
):
    await schema.migrate_async(postgres_url)
    async with running(tmp_path, redis_url, database_url=postgres_url) as service:
        made = (await comment(service)).json()
        own = {"path": f"/api/comments/{made['wm-id']}", "token": made["edit-token"], "content": "Better said"}
        async with service.db.write() as c:
            await c.execute(text("SET LOCAL deadlock_timeout = '1h'"))  # the other one gives way
            await changes.lock(c)  # as whoever joins pages: the cursor first, then the rows
            changing = asyncio.create_task(comment(service, method=method, **own))
            await until_one_waits(service.db)
            await entries.lock(c, [made["wm-id"]])
        assert (await changing).status == (200 if method == "PATCH" else 204)
