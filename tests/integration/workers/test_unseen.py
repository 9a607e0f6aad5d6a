"""Pages with a thread that nobody has looked at: their title and canonical URL are learned, and no site is hammered."""

from __future__ import annotations

import pytest

from mentions.model import Content, EntryState, Kind, Page, PlainText, Protocol, Reaction
from mentions.storage import entries, pages
from mentions.streams.limits import Limits
from tests.integration.workers.conftest import PUBLIC, Clock, Journeys
from tests.peers import Blog
from workers.jobs.unseen import UnseenPages
from workers.kit import Kit


async def comment(kit: Kit, receive: Journeys, mine: Blog, url: str) -> int:
    """A comment on a page that nobody ever mentioned; the id of the page."""
    site = await receive.site(mine)
    said = Reaction(Kind.REPLY, content=Content(None, PlainText("Well said")))
    async with kit.db.write() as c:
        page = await pages.ensure(c, site.id, url, now=kit.now())
        await entries.insert(
            c, site_id=site.id, page_id=page.id, source=lambda number: f"{PUBLIC}/entries/{number}", target=url,
            protocol=Protocol.COMMENT, reaction=said, state=EntryState.SHOWN, now=kit.now(),
        )  # fmt: skip
    return page.id


async def page_of(kit: Kit, page_id: int) -> Page | None:
    async with kit.db.read() as c:
        return await pages.by_id(c, page_id)


async def test_the_title_of_a_page_that_was_only_commented_on_is_learned_once(
    kit: Kit, receive: Journeys, limits: Limits, mine: Blog
):
    post = mine.page(title="A post with comments")
    page_id = await comment(kit, receive, mine, post)
    unseen = UnseenPages(kit, limits)
    assert await unseen.look() == 1
    page = await page_of(kit, page_id)
    assert page is not None
    assert (page.title, page.checked_at) == ("A post with comments", kit.now())
    assert await unseen.look() == 0
    assert len(mine.seen(post)) == 1


async def test_pages_without_a_thread_are_not_looked_at(kit: Kit, receive: Journeys, limits: Limits, mine: Blog):
    site = await receive.site(mine)
    post = mine.page()
    async with kit.db.write() as c:
        await pages.ensure(c, site.id, post, now=kit.now())
    assert await UnseenPages(kit, limits).look() == 0
    assert mine.seen(post) == []


async def test_a_canonical_url_that_is_known_makes_the_two_threads_one(
    kit: Kit, receive: Journeys, limits: Limits, mine: Blog, blog: Blog
):
    post = mine.page(title="The post itself")
    seen = await receive(blog.post(links_to=post), post)
    other = mine.serve("/amp", f'<title>x</title><link rel="canonical" href="{post}"><p>The post, quickly</p>')
    page_id = await comment(kit, receive, mine, other)
    assert await UnseenPages(kit, limits).look() == 1
    assert await page_of(kit, page_id) is None, "the older page stays"
    page = await receive.page_of(other)
    assert page is not None
    assert page.id == (await receive.entry(seen)).page_id
    async with kit.db.read() as c:
        assert len(await entries.thread(c, page.id)) == 2


@pytest.mark.parametrize("status", [404, 410, 500, 503])
async def test_a_page_that_cannot_be_read_is_tried_once_a_day(
    status: int, kit: Kit, receive: Journeys, limits: Limits, mine: Blog, clock: Clock
):
    post = mine.serve("/post", "out of order", status=status)
    page_id = await comment(kit, receive, mine, post)
    for _ in range(3):
        assert await UnseenPages(kit, limits).look() == 0, "another worker, the same day"
    assert len(mine.seen(post)) == 1
    mine.page("/post", title="Back again")
    clock.move_on(hours=25)
    assert await UnseenPages(kit, limits).look() == 1
    page = await page_of(kit, page_id)
    assert page is not None
    assert page.title == "Back again"


async def test_pages_that_fail_do_not_keep_others_from_their_turn(
    kit: Kit, receive: Journeys, limits: Limits, mine: Blog
):
    for number in range(3):
        await comment(kit, receive, mine, mine.serve(f"/broken/{number}", "no", status=500))
    await comment(kit, receive, mine, mine.page())
    unseen = UnseenPages(kit, limits, at_a_time=2)
    assert [await unseen.look() for _ in range(2)] == [0, 1]


async def test_a_page_that_leads_to_somebody_else_teaches_nothing(
    kit: Kit, receive: Journeys, limits: Limits, mine: Blog, blog: Blog
):
    post = mine.serve("/post", status=302, headers={"Location": blog.page(title="Not ours")})
    page_id = await comment(kit, receive, mine, post)
    assert await UnseenPages(kit, limits).look() == 0
    page = await page_of(kit, page_id)
    assert page is not None
    assert (page.title, page.checked_at) == (None, None)
