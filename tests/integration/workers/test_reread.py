"""Entries of an older sanitising policy are made again, quietly, and never twice."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import replace

from mentions import markdown
from mentions.model import Change, Content, Entry, EntryState, Kind, PlainText, Protocol, Reaction, SafeHtml
from mentions.sanitize import POLICY_VERSION
from mentions.storage import changes, comments, entries, pages
from tests.integration.workers.conftest import Clock
from tests.peers import Blog
from tests.support.waiting import eventually
from workers.jobs.reread import Rereader
from workers.kit import Kit
from workers.reading import ReadingPool

HARMFUL = '<p>Old words <img src="x" onerror="alert(1)"></p>'


async def keep_old(
    kit: Kit,
    mine: Blog,
    html: str,
    *,
    number: int = 1,
    state: EntryState = EntryState.SHOWN,
    typed: str | None = None,
    mf2: dict[str, object] | None = None,
) -> Entry:
    """An entry as an older policy left it; `typed` makes it a comment."""
    reaction = Reaction(Kind.REPLY, content=Content(SafeHtml(html), PlainText("Old words")))
    async with kit.db.write() as c:
        page = await pages.ensure(c, 1, mine.url("/post"), now=kit.now())
        entry = await entries.insert(
            c, site_id=1, page_id=page.id, source=f"https://ann.example/{number}", target=page.url,
            protocol=Protocol.WEBMENTION if typed is None else Protocol.COMMENT, reaction=reaction, state=state,
            now=kit.now(), policy_version=POLICY_VERSION - 1, mf2=mf2,
        )  # fmt: skip
        if typed is not None:
            await comments.keep(c, entry.id, markdown=typed)
    return entry


async def now_of(kit: Kit, entry: Entry) -> Entry:
    async with kit.db.read() as c:
        found = await entries.get(c, entry.id)
    assert found is not None
    return found


async def changes_of(kit: Kit) -> list[tuple[int, Change]]:
    async with kit.db.read() as c:
        return [(row.entry_id, row.change) for row in await changes.since(c, 0, 1000)]


async def outdated(kit: Kit) -> list[int]:
    async with kit.db.read() as c:
        return [entry.id for entry in await entries.outdated(c, POLICY_VERSION, 0, 1000)]


async def test_what_is_shown_differently_is_an_update_with_a_change(kit: Kit, mine: Blog):
    old = await keep_old(kit, mine, HARMFUL)
    assert await Rereader(kit).read_again() == 1
    new = await now_of(kit, old)
    assert new.reaction.content == Content(SafeHtml("<p>Old words </p>"), PlainText("Old words"))
    assert (new.policy_version, new.revision) == (POLICY_VERSION, old.revision + 1)
    assert await changes_of(kit) == [(old.id, Change.UPDATED)]
    async with kit.db.read() as c:
        assert (await entries.revisions(c, old.id))[-1].actor == "rules"


async def test_what_is_shown_as_before_changes_only_its_version(kit: Kit, mine: Blog):
    old = await keep_old(kit, mine, "<p>Old words</p>")
    assert await Rereader(kit).read_again() == 1
    new = await now_of(kit, old)
    assert (new.reaction, new.revision, new.updated_at) == (old.reaction, old.revision, old.updated_at)
    assert new.policy_version == POLICY_VERSION
    assert await changes_of(kit) == []


async def test_what_the_author_wrote_comes_back_from_the_raw_microformats(kit: Kit, mine: Blog):
    content = {"html": "<p>Old <em>words</em></p>", "value": "Old words"}
    raw: dict[str, object] = {"items": [{"type": ["h-entry"], "properties": {"content": [content]}}]}
    old = await keep_old(kit, mine, "<p>Old words</p>", mf2=raw)
    await Rereader(kit).read_again()
    new = await now_of(kit, old)
    assert new.reaction.content is not None
    assert new.reaction.content.html == "<p>Old <em>words</em></p>"


async def test_a_comment_is_rendered_again_from_its_markdown(kit: Kit, mine: Blog):
    old = await keep_old(kit, mine, HARMFUL, typed="Old *words*")
    await Rereader(kit).read_again()
    assert (await now_of(kit, old)).reaction.content == markdown.render("Old *words*")


async def test_what_nobody_sees_is_made_again_without_a_change(kit: Kit, mine: Blog):
    held = await keep_old(kit, mine, HARMFUL, state=EntryState.HELD)
    await Rereader(kit).read_again()
    new = await now_of(kit, held)
    assert new.reaction != held.reaction
    assert new.state is EntryState.HELD
    assert await changes_of(kit) == []


async def test_it_goes_on_in_batches_and_ends(kit: Kit, mine: Blog):
    old = [await keep_old(kit, mine, HARMFUL, number=number) for number in range(5)]
    rereader = Rereader(kit, at_a_time=2)
    assert [await rereader.read_again() for _ in range(4)] == [2, 2, 1, 0]
    assert await outdated(kit) == []
    assert await changes_of(kit) == [(entry.id, Change.UPDATED) for entry in old]


async def test_what_cannot_be_read_holds_up_nobody_and_has_its_next_turn(kit: Kit, mine: Blog):
    first = await keep_old(kit, mine, HARMFUL)
    second = await keep_old(kit, mine, HARMFUL, number=2)
    async with ReadingPool(size=1, timeout_s=1.0) as pool:
        os.kill(pool.process_ids[0], signal.SIGSTOP)
        rereader = Rereader(replace(kit, pool=pool))
        assert await rereader.read_again() == 2
        assert await outdated(kit) == [first.id]
        assert (await now_of(kit, second)).policy_version == POLICY_VERSION
        assert await rereader.read_again() == 1
    assert await outdated(kit) == []


async def test_what_its_source_changed_meanwhile_is_left_alone(kit: Kit, mine: Blog):
    old = await keep_old(kit, mine, HARMFUL)
    newer = Reaction(Kind.REPLY, content=Content(SafeHtml("<p>New words</p>"), PlainText("New words")))
    async with ReadingPool(size=1, timeout_s=20.0) as pool:
        [child] = pool.process_ids
        os.kill(child, signal.SIGSTOP)
        reading = asyncio.create_task(Rereader(replace(kit, pool=pool)).read_again())
        await eventually(lambda: not pool.has_free, what="the old words are being read")
        async with kit.db.write() as c:
            await entries.update(c, old.id, now=kit.now(), reaction=newer)
        os.kill(child, signal.SIGCONT)
        assert await reading == 1
    assert (await now_of(kit, old)).reaction == newer
    assert await outdated(kit) == [old.id]


async def test_when_all_is_done_it_looks_again_after_an_hour(kit: Kit, mine: Blog, clock: Clock):
    rereader = Rereader(kit)
    assert await rereader.read_again() == 0
    await keep_old(kit, mine, HARMFUL)
    assert await rereader.read_again() == 0
    clock.move_on(minutes=61)
    assert await rereader.read_again() == 1
