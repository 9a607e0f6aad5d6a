"""What a site learns is what the rules make of its owner's decisions, whatever their order."""

from __future__ import annotations

import itertools
from random import Random

import pytest

from mentions import learned
from mentions.learned import Memory, Tally
from mentions.model import EntryState, Protocol
from mentions.storage import doubts, entries, learning
from tests.integration.storage.making import NOW, reply, respond

_NUMBERS = itertools.count(1)


async def waiting(c, page, text: str, state: EntryState = EntryState.HELD):
    return await respond(c, page, f"https://ann.example/{next(_NUMBERS)}", reply(text), state=state)


async def decide(c, entry, state: EntryState):
    new = await entries.set_state(c, entry.id, state, now=NOW)
    await learning.decided(c, entry, new, now=NOW)
    return new


async def test_decisions_are_learned_and_taken_back_to_the_start(db, page):
    async with db.write() as c:
        held = await waiting(c, page, "cheap casino pills")
        spam = await decide(c, held, EntryState.SPAM)
        memory = await learning.memory_of(c, page.site_id)
        hashes = [each.hash for each in learned.features_of(held.reaction, held.protocol, held.source)]
        assert memory == Memory().learn(hashes, is_spam=True)
        shown = await decide(c, spam, EntryState.SHOWN)
        assert await learning.memory_of(c, page.site_id) == Memory()
        await decide(c, shown, EntryState.HIDDEN)
        assert await learning.memory_of(c, page.site_id) == Memory()


async def test_what_was_approved_and_is_spam_after_all_changes_sides(db, page):
    async with db.write() as c:
        shown = await decide(c, await waiting(c, page, "hello"), EntryState.SHOWN)
        assert (await learning.memory_of(c, page.site_id)).decisions == Tally(0, 1)
        await decide(c, shown, EntryState.SPAM)
        assert (await learning.memory_of(c, page.site_id)).decisions == Tally(1, 0)


async def test_what_a_rule_took_for_spam_and_the_owner_shows_is_learned_as_good(db, page):
    async with db.write() as c:
        await decide(c, await waiting(c, page, "hello", EntryState.SPAM), EntryState.SHOWN)
        assert (await learning.memory_of(c, page.site_id)).decisions == Tally(0, 1)


async def test_what_was_shown_anyway_teaches_nothing(db, page):
    async with db.write() as c:
        shown = await waiting(c, page, "hello", EntryState.SHOWN)
        await decide(c, shown, EntryState.SHOWN)
        hidden = await decide(c, shown, EntryState.HIDDEN)
        await decide(c, hidden, EntryState.SHOWN)
        assert await learning.memory_of(c, page.site_id) == Memory()


@pytest.mark.parametrize("seed", range(4))
async def test_any_order_of_decisions_and_reversals_leaves_the_same(db, page, seed):
    random = Random(seed)
    async with db.write() as c:
        held = [await waiting(c, page, f"text {n % 3} casino {n}") for n in range(8)]
        wanted = [random.choice((EntryState.SPAM, EntryState.SHOWN)) for _ in held]
        pairs = list(zip(held, wanted, strict=True))
        random.shuffle(pairs)
        expected = Memory()
        for entry, state in pairs:
            await decide(c, entry, state)
            hashes = [each.hash for each in learned.features_of(entry.reaction, entry.protocol, entry.source)]
            expected = expected.learn(hashes, is_spam=state is EntryState.SPAM)
        assert await learning.memory_of(c, page.site_id) == expected


async def test_a_score_is_the_rules_and_another_sites_is_none(db, page):
    async with db.write() as c:
        for number in range(10):
            await decide(c, await waiting(c, page, f"cheap casino pills {number}"), EntryState.SPAM)
            await decide(c, await waiting(c, page, f"diolch am y blog {number}"), EntryState.SHOWN)
        asked = (reply("more casino pills"), Protocol.WEBMENTION, "https://new.example/1")
        found = await learning.score(c, page.site_id, *asked)
        assert found == learned.score(await learning.memory_of(c, page.site_id), learned.features_of(*asked))
        assert found is not None
        assert found.holds
        assert await learning.score(c, page.site_id + 1, *asked) is None


async def test_a_tombstone_keeps_no_reasons(db, page):
    async with db.write() as c:
        entry = await waiting(c, page, "casino")
        await doubts.keep(c, entry.id, ("the word “casino”",))
        assert await doubts.of(c, [entry.id]) == {entry.id: ("the word “casino”",)}
        await entries.withdraw(c, entry.id, now=NOW)
        assert await doubts.of(c, [entry.id]) == {}
