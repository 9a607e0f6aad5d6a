"""Webmentions and pingbacks that come in crowds: shown on a new site, held where the owner wants it, never silently."""

from __future__ import annotations

import pytest

from mentions.model import EntryState, Outcome, Protocol
from mentions.policy import MANY_PAGES
from mentions.storage import doubts, sites
from tests.integration.workers.conftest import Clock, Journeys
from tests.peers import Blog
from workers.kit import Kit

WORDS = "I was tired of my old job until a friend told me about this wonderful place where anybody can earn a living."


async def wants(kit: Kit, mine: Blog, name: str, value: object) -> None:
    """The owner sets an option."""
    async with kit.db.write() as c:
        site = await sites.by_authority(c, mine.authority)
        assert site is not None
        await sites.set_option(c, site.id, name, value)


async def reasons(kit: Kit, outcome: Outcome) -> tuple[str, ...]:
    assert outcome.entry_id is not None
    async with kit.db.read() as c:
        return (await doubts.of(c, [outcome.entry_id])).get(outcome.entry_id, ())


async def burst(receive: Journeys, blog: Blog, mine: Blog, number: int) -> list[Outcome]:
    """Pingbacks from different pages of one host to as many pages, with words of their own."""
    said = []
    for each in range(number):
        post = mine.page(f"/burst/{each}")
        said.append(await receive(blog.post(links_to=post, text=f"Short {each}"), post, Protocol.PINGBACK))
    return said


async def test_a_new_site_shows_whatever_has_verified(receive: Journeys, blog: Blog, mine: Blog, kit: Kit):
    outcomes = await burst(receive, blog, mine, MANY_PAGES + 1)
    assert not any(outcome.held for outcome in outcomes)
    assert await reasons(kit, outcomes[-1]) == ()


async def test_one_host_that_answers_many_pages_waits_where_the_owner_wants_it(
    receive: Journeys, blog: Blog, mine: Blog, kit: Kit
):
    await wants(kit, mine, "hold_bursts", True)
    outcomes = await burst(receive, blog, mine, MANY_PAGES + 1)
    assert [outcome.held for outcome in outcomes] == [False] * MANY_PAGES + [True]
    [reason] = await reasons(kit, outcomes[-1])
    assert "has answered 10 other pages within an hour" in reason


async def test_the_same_words_from_page_after_page_wait(receive: Journeys, blog: Blog, mine: Blog, kit: Kit):
    await wants(kit, mine, "hold_bursts", True)
    one, two = mine.page("/one"), mine.page("/two")
    first = await receive(blog.post(links_to=one, text=WORDS), one)
    again = await receive(blog.post(links_to=two, text=WORDS.replace("job", "work")), two)
    assert (first.held, again.held) == (False, True)
    assert await reasons(kit, again) == ("nearly the same words came from another page today",)
    assert (await receive.entry(again)).state is EntryState.HELD


async def test_one_page_that_answers_several_repeats_nothing(receive: Journeys, blog: Blog, mine: Blog, kit: Kit):
    await wants(kit, mine, "hold_bursts", True)
    one, two = mine.page("/one"), mine.page("/two")
    source = blog.serve("/digest", f'<p class="h-entry"><a href="{one}">1</a> <a href="{two}">2</a> {WORDS}</p>')
    assert not (await receive(source, one)).held
    assert not (await receive(source, two)).held
    assert not (await receive(source, one)).held


@pytest.mark.parametrize("option", ["trusted", "bridges"])
async def test_whom_the_owner_trusts_may_come_in_crowds(
    receive: Journeys, blog: Blog, mine: Blog, kit: Kit, option: str
):
    await wants(kit, mine, "hold_bursts", True)
    await wants(kit, mine, option, [blog.authority])
    outcomes = await burst(receive, blog, mine, MANY_PAGES + 1)
    assert not any(outcome.held for outcome in outcomes)


async def test_what_waits_anyway_tells_of_the_crowd(receive: Journeys, blog: Blog, mine: Blog, kit: Kit, clock: Clock):
    await wants(kit, mine, "hold_pingback", "all")
    outcomes = await burst(receive, blog, mine, MANY_PAGES + 1)
    assert (await reasons(kit, outcomes[0])) == ("the site holds everything",)
    assert len(await reasons(kit, outcomes[-1])) == 2
