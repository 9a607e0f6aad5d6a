"""Outcomes of claims: what their status URLs answer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from mentions.model import WAITING, Status, Trace
from mentions.storage import claims
from tests.integration.storage.making import MINUTE, NOW, outcome


async def test_an_outcome_comes_back_whole(db):
    kept = outcome(entry_id=7, held=True, attempts=2, changed=False, summary="Tŷ 🏠")
    async with db.write() as c:
        await claims.save(c, kept)
    async with db.read() as c:
        assert await claims.get(c, kept.claim.id) == kept
        assert await claims.get(c, "unknown") is None


async def test_a_later_look_replaces_a_waiting_outcome(db):
    first = outcome(status=Status.RETRYING, next_try_at=NOW + MINUTE, summary="timed out")
    last = outcome(status=Status.SUCCESS, at=NOW + MINUTE, attempts=1)
    async with db.write() as c:
        await claims.save(c, first)
        await claims.save(c, last)
        assert await claims.get(c, last.claim.id) == last


async def test_a_job_that_runs_twice_leaves_the_outcome_of_the_first_run(db):
    first = outcome(entry_id=1)
    second = outcome(entry_id=1, at=NOW + MINUTE, changed=False, summary="unchanged")
    async with db.write() as c:
        await claims.save(c, first)
        await claims.save(c, second)
        assert await claims.get(c, first.claim.id) == first


@pytest.mark.parametrize("waiting", sorted(WAITING))
async def test_a_final_outcome_never_waits_again(db, waiting):
    async with db.write() as c:
        await claims.save(c, outcome())
        await claims.save(c, outcome(status=waiting, at=NOW + MINUTE))
        assert (await claims.get(c, outcome().claim.id)).status is Status.SUCCESS


async def test_another_final_outcome_replaces_a_final_one(db):
    async with db.write() as c:
        await claims.save(c, outcome())
        await claims.save(c, outcome(status=Status.DELETED, at=NOW + MINUTE))
        assert (await claims.get(c, outcome().claim.id)).status is Status.DELETED


async def test_words_that_no_database_takes_are_mended(db):
    odd = outcome(summary="a\x00b\ud800c", trace=Trace(notes=("nul \x00, half \udfff",)))
    async with db.write() as c:
        await claims.save(c, odd)
        kept = await claims.get(c, odd.claim.id)
    assert kept.summary == "a\ufffdb\ufffdc"
    assert "half \ufffd" in kept.trace.notes[0]


async def test_a_trace_of_another_version_does_not_break_the_list(db, site):
    async with db.write() as c:
        await claims.save(c, outcome())
        await c.execute(text("""UPDATE claims SET trace = '{"hops": "many", "mood": "good"}'"""))
        (kept,) = await claims.recent(c, site.id)
    assert "cannot be read" in kept.trace.notes[0]


async def test_the_history_of_a_pair_is_newest_first_and_its_own(db):
    async with db.write() as c:
        for number in range(3):
            await claims.save(c, outcome(f"pair{number}", received_at=NOW + number * MINUTE))
        await claims.save(c, outcome("other", target="https://example.com/elsewhere"))
        found = await claims.history(c, "https://ANN.example/1", "https://example.com/post")
    assert [one.claim.id for one in found] == ["pair2", "pair1", "pair0"]


async def test_the_recent_claims_of_a_site_can_be_paged_through(db, site):
    async with db.write() as c:
        for number in range(5):
            await claims.save(c, outcome(f"c{number}", at=NOW + (number // 2) * MINUTE))
        await claims.save(c, outcome("alias", target="https://www.blog.example.com/x", at=NOW - MINUTE))
        await claims.save(c, outcome("foreign", target="https://other.example/x"))
        await claims.save(c, outcome("lost", status=Status.NO_LINK_FOUND, at=NOW - 2 * MINUTE))
        seen, before = [], None
        while page := await claims.recent(c, site.id, limit=2, before=before):
            seen += [one.claim.id for one in page]
            before = page[-1]
        lost = await claims.recent(c, site.id, statuses=[Status.NO_LINK_FOUND])
    assert seen == ["c4", "c2", "c3", "c0", "c1", "alias", "lost"]
    assert [one.claim.id for one in lost] == ["lost"]


async def test_the_claims_of_an_entry_are_found(db):
    async with db.write() as c:
        await claims.save(c, outcome("a", entry_id=5))
        await claims.save(c, outcome("b", entry_id=5, at=NOW + MINUTE))
        await claims.save(c, outcome("c", entry_id=6))
        assert [one.claim.id for one in await claims.of_entry(c, 5)] == ["b", "a"]


async def test_old_outcomes_are_forgotten(db):
    async with db.write() as c:
        await claims.save(c, outcome("old", at=NOW - timedelta(days=31)))
        await claims.save(c, outcome("new"))
        assert await claims.prune(c, NOW - timedelta(days=30)) == 1
        assert await claims.get(c, "old") is None
        assert await claims.get(c, "new") is not None
