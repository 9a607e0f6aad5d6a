"""The journey of a claim: real pages, real stores, real reading processes; one thing at a time."""

from __future__ import annotations

import asyncio

import pytest

from mentions.decide import PageSeen
from mentions.model import Authority, EntryState, Hop, Kind, Protocol, Status, Url
from mentions.storage import blocks, changes, claims, doubts, entries, learning, sites
from tests.integration.workers.conftest import PUBLIC, Clock, Journeys
from tests.peers import Blog, Hostile
from tests.support.waiting import eventually
from workers.fetch.pace import HostBusy
from workers.jobs.targets import Look
from workers.kit import Kit

# --- a first mention ----------------------------------------------------------------------------------------------


async def test_a_reply_becomes_an_entry_of_its_page(receive: Journeys, blog: Blog, mine: Blog, kit: Kit):
    post = mine.page("/post", title="A post of mine")
    outcome = await receive(blog.post(links_to=post, text="Well said"), post)
    assert (outcome.status, outcome.held, outcome.changed) == (Status.SUCCESS, False, True)
    entry = await receive.entry(outcome)
    assert (entry.state, entry.reaction.kind, entry.protocol) == (EntryState.SHOWN, Kind.REPLY, Protocol.WEBMENTION)
    assert entry.reaction.author.name == "Ann Author"
    assert entry.reaction.content is not None
    assert entry.reaction.content.text == "Well said"
    page = await receive.page_of(post)
    assert page is not None
    assert (page.id, page.title, page.url) == (entry.page_id, "A post of mine", post)
    async with kit.db.read() as c:
        assert await claims.get(c, outcome.claim.id) == outcome
        assert [change.entry_id for change in await changes.since(c, 0)] == [entry.id]


async def test_the_trace_tells_the_way_to_all_pages(receive: Journeys, blog: Blog, mine: Blog):
    post = mine.page()
    source = blog.post(links_to=post)
    blog.serve("/old", status=302, headers={"Location": blog.path(source)})
    outcome = await receive(blog.url("/old"), post)
    assert [hop.status for hop in outcome.trace.hops] == [302, 200]
    assert [hop.url for hop in outcome.trace.target_hops] == [post]
    assert outcome.trace.link is not None
    assert outcome.trace.link.found_in == "a[href]"
    assert (await receive.entry(outcome)).source == blog.url("/old")


async def test_a_fragment_of_the_target_is_kept_and_the_page_is_the_same(receive: Journeys, blog: Blog, mine: Blog):
    post = mine.page()
    plain = await receive(blog.post(links_to=post), post)
    part = await receive(blog.post(links_to=post + "#c1"), post + "#c1")
    first, second = await receive.entry(plain), await receive.entry(part)
    assert (second.fragment, second.page_id) == ("c1", first.page_id)


async def test_the_target_is_asked_for_once_however_many_mention_it(receive: Journeys, blog: Blog, mine: Blog):
    post = mine.page()
    sources = [blog.post(links_to=post) for _ in range(6)]
    outcomes = await asyncio.gather(*(receive(source, post) for source in sources[:4]))
    outcomes += [await receive(source, post) for source in sources[4:]]
    assert {outcome.status for outcome in outcomes} == {Status.SUCCESS}
    assert len({(await receive.entry(outcome)).page_id for outcome in outcomes}) == 1
    assert len(mine.seen(post)) == 1


async def test_a_page_is_asked_again_after_a_day(receive: Journeys, blog: Blog, mine: Blog, clock: Clock, kit: Kit):
    post = mine.page(title="Old title")
    await receive(blog.post(links_to=post), post)
    clock.move_on(hours=25)
    mine.page(title="New title")
    await Journeys(kit)(blog.post(links_to=post), post)
    page = await receive.page_of(post)
    assert page is not None
    assert page.title == "New title"


# --- the target's page --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [404, 410])
async def test_a_target_that_is_not_there_makes_no_state(status, receive: Journeys, blog: Blog, mine: Blog):
    target = mine.serve("/nowhere", status=status)
    outcome = await receive(blog.post(links_to=target), target)
    assert (outcome.status, outcome.entry_id) == (Status.TARGET_NOT_FOUND, None)
    assert await receive.page_of(target) is None


async def test_a_target_that_leads_to_somebody_else_is_none_of_ours(receive: Journeys, blog: Blog, mine: Blog):
    elsewhere = blog.page("/elsewhere")
    target = mine.serve("/out", status=302, headers={"Location": elsewhere})
    assert (await receive(blog.post(links_to=target), target)).status is Status.TARGET_NOT_FOUND


async def test_a_site_that_is_down_is_no_reason_to_refuse(receive: Journeys, blog: Blog, mine: Blog):
    target = mine.serve("/post", status=503)
    outcome = await receive(blog.post(links_to=target), target)
    assert outcome.status is Status.SUCCESS
    page = await receive.page_of(target)
    assert page is not None
    assert (page.title, page.checked_at) == (None, None)


async def test_spellings_that_redirect_to_one_page_share_its_thread(receive: Journeys, blog: Blog, mine: Blog):
    post = mine.page("/post")
    mine.serve("/?p=1", status=301, headers={"Location": "/post"})
    short = mine.url("/?p=1")
    first = await receive.entry(await receive(blog.post(links_to=short), short))
    second = await receive.entry(await receive(blog.post(links_to=post), post))
    assert first.page_id == second.page_id
    page = await receive.page_of(short)
    assert page is not None
    assert page.url == post


async def test_the_canonical_url_of_a_page_is_believed_within_its_site(receive: Journeys, blog: Blog, mine: Blog):
    body = '<title>t</title><link rel="canonical" href="/post">'
    for path in ("/post", "/post?from=feed"):
        mine.serve(path, body)
    with_query, plain = mine.url("/post?from=feed"), mine.url("/post")
    first = await receive.entry(await receive(blog.post(links_to=with_query), with_query))
    second = await receive.entry(await receive(blog.post(links_to=plain), plain))
    assert first.page_id == second.page_id


async def test_a_site_that_was_removed_meanwhile_has_no_targets(receive: Journeys, blog: Blog, mine: Blog, kit: Kit):
    post = mine.page()
    async with kit.db.write() as c:
        await sites.remove(c, mine.authority)
    assert (await receive(blog.post(links_to=post), post)).status is Status.TARGET_NOT_FOUND


# --- what the source is -------------------------------------------------------------------------------------------


async def test_no_link_is_told_with_what_nearly_matched(receive: Journeys, blog: Blog, mine: Blog):
    post = mine.page()
    outcome = await receive(blog.post(links_to=post + "/"), post)
    assert (outcome.status, outcome.entry_id) == (Status.NO_LINK_FOUND, None)
    assert [miss.reason for miss in outcome.trace.near_misses] == ["slash"]
    assert mine.seen(post) == [], "a target is not asked for without a link"


@pytest.mark.parametrize(("status", "outcome"), [(404, Status.NOT_FOUND), (410, Status.GONE), (403, Status.HTTP_ERROR)])
async def test_a_source_that_is_not_there(status, outcome, receive: Journeys, blog: Blog, mine: Blog):
    assert (await receive(blog.serve("/x", status=status), mine.page())).status is outcome


async def test_a_source_in_trouble_is_tried_again(receive: Journeys, blog: Blog, mine: Blog, kit: Kit):
    outcome = await receive(blog.serve("/x", status=503, headers={"Retry-After": "600"}), mine.page())
    assert outcome.status is Status.RETRYING
    assert outcome.next_try_at is not None
    assert (outcome.next_try_at - kit.now()).total_seconds() == pytest.approx(600)


async def test_a_source_of_another_type_holds_no_link(receive: Journeys, blog: Blog, mine: Blog):
    post = mine.page()
    picture = blog.serve("/cat.png", b"PNG " + post.encode(), content_type="image/png")
    assert (await receive(picture, post)).status is Status.UNSUPPORTED_CONTENT_TYPE


async def test_a_source_at_a_forbidden_address_is_never_asked(receive: Journeys, mine: Blog):
    for source in ("http://10.0.0.1/x", "http://169.254.169.254/latest/meta-data/", "http://[::1]:6379/"):
        assert (await receive(source, mine.page())).status is Status.FORBIDDEN_ADDRESS


async def test_json_and_text_are_searched_too(receive: Journeys, blog: Blog, mine: Blog):
    post = mine.page()
    json = blog.serve("/feed.json", f'{{"url": "{post}"}}', content_type="application/json")
    text = blog.serve("/note.txt", f"see {post}.", content_type="text/plain")
    assert [(await receive(source, post)).status for source in (json, text)] == [Status.SUCCESS, Status.SUCCESS]


async def test_markup_that_is_made_to_be_slow_costs_one_claim(receive: Journeys, blog: Blog, mine: Blog):
    post = mine.page()
    bomb = blog.serve("/bomb", "<b>" * 60_000 + f'<a href="{post}">x</a>')
    good = blog.post(links_to=post)
    worst, fine = await asyncio.gather(receive(bomb, post), receive(good, post))
    assert worst.status in (Status.INVALID_CONTENT, Status.SUCCESS)
    assert fine.status is Status.SUCCESS


async def test_a_page_without_microformats_is_read_plainly(receive: Journeys, blog: Blog, mine: Blog):
    post = mine.page()
    entry = await receive.entry(await receive(blog.post(links_to=post, kind="plain"), post, Protocol.PINGBACK))
    assert (entry.protocol, entry.reaction.kind) == (Protocol.PINGBACK, Kind.MENTION)
    assert entry.reaction.context


# --- who wrote it --------------------------------------------------------------------------------------------------


def by_url(blog: Blog, post: str, author: str) -> str:
    reply = f'<a class="u-in-reply-to" href="{post}">re</a>'
    return blog.serve("/by-url", f'<div class="h-entry">{reply}<a class="u-author" href="{author}"></a></div>')


async def test_an_author_page_that_names_the_source_as_its_own_vouches_for_it(
    receive: Journeys, blog: Blog, mine: Blog
):
    post = mine.page()
    async with Blog("127.0.0.7") as home:
        card = '<div class="h-card"><a class="p-name u-url u-uid" href="/ann">Ann</a></div>'
        page = f'{card}<a rel="me" href="{blog.url("/")}">blog</a>'
        about = home.serve("/ann", page)
        vouched = await receive.entry(await receive(by_url(blog, post, about), post))
        home.serve("/bob", page.replace("/ann", "/bob").replace('rel="me"', ""))
        other = mine.page("/other")
        claimed = await receive.entry(await receive(by_url(blog, other, home.url("/bob")), other))
    assert (vouched.reaction.author.name, vouched.reaction.authority) == ("Ann", Authority.AUTHOR_PAGE)
    assert claimed.reaction.authority is Authority.CLAIMED


async def test_an_author_page_is_fetched_once_for_many_mentions(receive: Journeys, blog: Blog, mine: Blog):
    post, about = mine.page(), blog.serve("/about", '<a class="h-card u-url u-uid" href="/about">Cerys</a>')
    outcome = await receive(by_url(blog, post, about), post)
    assert (await receive.entry(outcome)).reaction.author.name == "Cerys"
    assert [hop.url for hop in outcome.trace.author_hops] == [about]
    other = mine.page("/other")
    await receive(by_url(blog, other, about), other)
    assert len(blog.seen(about)) == 1


async def test_an_author_page_at_a_forbidden_address_is_not_asked_and_the_mention_stands(
    receive: Journeys, blog: Blog, mine: Blog
):
    post = mine.page()
    outcome = await receive(by_url(blog, post, "http://10.0.0.1/me"), post)
    assert outcome.status is Status.SUCCESS
    assert outcome.trace.author_hops[-1].status is None


async def test_an_author_page_that_is_gone_costs_only_the_author(receive: Journeys, blog: Blog, mine: Blog):
    post = mine.page()
    assert (await receive(by_url(blog, post, blog.url("/nobody")), post)).status is Status.SUCCESS


# --- update and delete --------------------------------------------------------------------------------------------


async def test_the_same_page_again_changes_nothing(receive: Journeys, blog: Blog, mine: Blog, kit: Kit):
    post = mine.page()
    source = blog.post(links_to=post)
    first = await receive(source, post)
    again = await receive(source, post)
    assert (again.status, again.changed, again.entry_id) == (Status.SUCCESS, False, first.entry_id)
    async with kit.db.read() as c:
        assert len(await changes.since(c, 0)) == 1
        assert first.entry_id is not None
        assert len(await entries.revisions(c, first.entry_id)) == 1


async def test_an_edited_page_keeps_its_entry_and_changes_its_words(receive: Journeys, blog: Blog, mine: Blog):
    post = mine.page()
    source = blog.post(links_to=post)
    first = await receive(source, post)
    blog.edit(source, links_to=post, kind="like")
    again = await receive(source, post)
    entry = await receive.entry(again)
    assert (again.changed, entry.id, entry.reaction.kind, entry.revision) == (True, first.entry_id, Kind.LIKE, 2)


async def test_a_removed_link_withdraws_the_mention_and_a_new_one_brings_it_back(
    receive: Journeys, blog: Blog, mine: Blog
):
    post = mine.page()
    source = blog.post(links_to=post)
    first = await receive(source, post)
    blog.edit(source, links_to=None)
    gone = await receive(source, post)
    assert (gone.status, gone.entry_id) == (Status.DELETED, first.entry_id)
    assert (await receive.entry(gone)).state is EntryState.DELETED
    assert (await receive(source, post)).status is Status.NO_LINK_FOUND
    blog.edit(source, links_to=post)
    back = await receive(source, post)
    assert (back.status, back.entry_id) == (Status.SUCCESS, first.entry_id)
    assert (await receive.entry(back)).state is EntryState.SHOWN


@pytest.mark.parametrize("status", [404, 410])
async def test_a_page_that_is_gone_withdraws_its_mention(status, receive: Journeys, blog: Blog, mine: Blog):
    post = mine.page()
    source = blog.post(links_to=post)
    await receive(source, post)
    blog.serve(source, status=status)
    assert (await receive(source, post)).status is Status.DELETED
    assert (await receive(source, post)).status in (Status.GONE, Status.NOT_FOUND)


async def test_a_passing_fault_deletes_nothing(receive: Journeys, blog: Blog, mine: Blog):
    post = mine.page()
    source = blog.post(links_to=post)
    first = await receive(source, post)
    blog.break_down(source)
    assert (await receive(source, post)).status is Status.RETRYING
    assert (await receive.entry(first)).state is EntryState.SHOWN


async def test_a_source_with_two_links_to_a_page_loses_one_at_a_time(receive: Journeys, blog: Blog, mine: Blog):
    post, part = mine.page(), mine.url("/post#part")
    both = f'<p><a href="{post}">a</a> <a href="{part}">b</a></p>'
    source = blog.serve("/both", both)
    first, second = await receive(source, post), await receive(source, part)
    assert first.entry_id == second.entry_id
    assert (await receive.entry(second)).targets == (post, part)
    blog.serve("/both", f'<p><a href="{part}">b</a></p>')
    assert (await receive(source, post)).status is Status.DELETED
    entry = await receive.entry(first)
    assert (entry.state, entry.targets, entry.target, entry.fragment) == (EntryState.SHOWN, (part,), part, "part")
    blog.serve("/both", "<p>none</p>")
    assert (await receive(source, part)).status is Status.DELETED
    assert (await receive.entry(first)).state is EntryState.DELETED


async def test_what_the_owner_hid_or_deleted_stays_so_when_it_is_sent_again(
    receive: Journeys, blog: Blog, mine: Blog, kit: Kit
):
    post = mine.page()
    for state in (EntryState.HIDDEN, EntryState.SPAM, EntryState.DELETED):
        source = blog.post(links_to=post)
        first = await receive(source, post)
        assert first.entry_id is not None
        async with kit.db.write() as c:
            await entries.set_state(c, first.entry_id, state, now=kit.now())
        blog.edit(source, links_to=post, text="Buy now")
        again = await receive(source, post)
        assert again.status is (Status.DELETED if state is EntryState.DELETED else Status.SUCCESS)
        assert (await receive.entry(first)).state is state


@pytest.mark.parametrize("state", [EntryState.HIDDEN, EntryState.SPAM, EntryState.DELETED])
async def test_what_the_owner_removed_does_not_come_back_under_another_spelling(
    receive: Journeys, blog: Blog, mine: Blog, kit: Kit, state: EntryState
):
    post = mine.page()
    source = blog.post(links_to=post)
    first = await receive(source, post)
    assert first.entry_id is not None
    async with kit.db.write() as c:
        await entries.set_state(c, first.entry_id, state, now=kit.now())
    again = await receive(f"{source}#again", post)
    assert again.entry_id == first.entry_id
    assert (await receive.entry(first)).state is state
    async with kit.db.read() as c:
        assert [entry.id for entry in await entries.of_site(c, 1)] == []
    if state is EntryState.DELETED:
        async with kit.db.write() as c:
            old = await receive.entry(first)
            await entries.update(c, old.id, now=kit.now(), state=EntryState.SHOWN, target=post, actor="owner")
        assert (await receive(f"{source}#again", post)).entry_id != first.entry_id, "nothing is removed any more"


async def test_a_webmention_after_a_pingback_makes_it_one_response(receive: Journeys, blog: Blog, mine: Blog):
    post = mine.page()
    source = blog.post(links_to=post)
    ping = await receive(source, post, Protocol.PINGBACK)
    mention = await receive(source, post)
    assert mention.entry_id == ping.entry_id
    assert (await receive.entry(mention)).protocol is Protocol.WEBMENTION


async def test_a_claim_that_is_worked_on_twice_leaves_the_rows_of_one(
    receive: Journeys, blog: Blog, mine: Blog, kit: Kit
):
    post = mine.page()
    claim = receive.claim(blog.post(links_to=post), post)
    first, second = await receive.receiver.receive(claim), await receive.receiver.receive(claim)
    assert (first.entry_id, first.status) == (second.entry_id, second.status)
    async with kit.db.read() as c:
        assert len(await changes.since(c, 0)) == 1
        kept = await claims.get(c, claim.id)
    assert kept == first, "the first outcome stands: a pingback must not become a 48 by a take-over"


async def test_eight_at_once_make_one_entry(receive: Journeys, blog: Blog, mine: Blog):
    post = mine.page()
    source = blog.post(links_to=post)
    outcomes = await asyncio.gather(*(receive(source, post) for _ in range(8)))
    assert {outcome.status for outcome in outcomes} == {Status.SUCCESS}
    assert len({outcome.entry_id for outcome in outcomes}) == 1


# --- what the owner wants -----------------------------------------------------------------------------------------


async def block(kit: Kit, site_id: int, kind: str, value: str) -> None:
    async with kit.db.write() as c:
        await blocks.add(c, site_id, kind, value, now=kit.now())


async def test_a_blocked_source_is_not_fetched(receive: Journeys, blog: Blog, mine: Blog, kit: Kit):
    post = mine.page()
    source = blog.post(links_to=post)
    await block(kit, (await receive.site(mine)).id, "authority", blog.authority)
    assert (await receive(source, post)).status is Status.BLOCKED
    assert blog.requests == []


async def test_a_redirect_to_a_blocked_host_is_blocked(receive: Journeys, blog: Blog, mine: Blog, kit: Kit):
    post = mine.page()
    async with Blog("127.0.0.3") as evil:
        blog.serve("/nice", status=302, headers={"Location": evil.post(links_to=post)})
        await block(kit, (await receive.site(mine)).id, "authority", evil.authority)
        assert (await receive(blog.url("/nice"), post)).status is Status.BLOCKED


async def test_a_blocked_author_is_blocked_wherever_they_write(receive: Journeys, blog: Blog, mine: Blog, kit: Kit):
    post = mine.page()
    await block(kit, (await receive.site(mine)).id, "author", "Ann Author")
    outcome = await receive(blog.post(links_to=post), post)
    assert (outcome.status, outcome.entry_id) == (Status.BLOCKED, None)
    assert await receive.page_of(post) is None


async def test_a_site_may_hold_everything_and_re_sending_does_not_unpublish(
    receive: Journeys, blog: Blog, mine: Blog, kit: Kit
):
    post = mine.page()
    async with kit.db.write() as c:
        await sites.set_option(c, (await receive.site(mine)).id, "hold", "all")
    source = blog.post(links_to=post)
    first = await receive(source, post)
    assert first.held
    assert first.entry_id is not None
    async with kit.db.write() as c:
        await entries.set_state(c, first.entry_id, EntryState.SHOWN, now=kit.now())
    blog.edit(source, links_to=post)
    again = await receive(source, post)
    assert not again.held
    assert (await receive.entry(again)).state is EntryState.SHOWN


async def test_strangers_wait_until_one_of_theirs_was_approved(receive: Journeys, blog: Blog, mine: Blog, kit: Kit):
    post = mine.page()
    async with kit.db.write() as c:
        await sites.set_option(c, (await receive.site(mine)).id, "hold", "strangers")
    first = await receive(blog.post(links_to=post), post)
    assert first.held
    assert first.entry_id is not None
    async with kit.db.write() as c:
        await entries.set_state(c, first.entry_id, EntryState.SHOWN, now=kit.now())
    assert not (await receive(blog.post(links_to=post), post)).held


def bridged(bridge: Blog, person: str, post: str, **more) -> str:
    """What a bridge serves of somebody's post on another network."""
    return bridge.post(links_to=post, author=person, home=f"https://social.example/@{person}", **more)


async def test_one_approved_person_behind_a_bridge_does_not_open_it_for_the_others(
    receive: Journeys, blog: Blog, mine: Blog, kit: Kit
):
    post = mine.page()
    async with kit.db.write() as c:
        site_id = (await receive.site(mine)).id
        await sites.set_option(c, site_id, "hold", "strangers")
        await sites.set_option(c, site_id, "bridges", [blog.authority])
    first = await receive(bridged(blog, "ann", post), post)
    assert first.held
    async with kit.db.write() as c:
        await entries.set_state(c, first.entry_id, EntryState.SHOWN, now=kit.now())
    assert not (await receive(bridged(blog, "ann", post), post)).held
    assert (await receive(bridged(blog, "spam", post), post)).held
    assert (await receive(blog.post(links_to=post), post)).held


async def test_an_author_who_is_only_claimed_is_nobody_that_is_trusted(
    receive: Journeys, blog: Blog, mine: Blog, kit: Kit
):
    post = mine.page()
    async with kit.db.write() as c:
        await sites.set_option(c, (await receive.site(mine)).id, "hold", "strangers")
    async with Blog("127.0.0.3") as other:
        known = await receive(other.post(links_to=post), post)
        async with kit.db.write() as c:
            await entries.set_state(c, known.entry_id, EntryState.SHOWN, now=kit.now())
        assert not (await receive(other.post(links_to=post), post)).held
        assert (await receive(blog.post(links_to=post, home=other.url("/")), post)).held


async def test_what_looks_like_what_the_owner_called_spam_waits(receive: Journeys, blog: Blog, mine: Blog, kit: Kit):
    post = mine.page()
    for number in range(20):
        words = "cheap casino pills" if number % 2 else "thank you for the recipe"
        entry = await receive.entry(await receive(blog.post(links_to=post, text=f"{words} {number}"), post))
        async with kit.db.write() as c:
            held = await entries.set_state(c, entry.id, EntryState.HELD, now=kit.now())
            wanted = EntryState.SPAM if number % 2 else EntryState.SHOWN
            await learning.decided(c, held, await entries.set_state(c, entry.id, wanted, now=kit.now()), now=kit.now())
    spam = await receive(blog.post(links_to=post, text="The cheap casino again"), post, Protocol.PINGBACK)
    good = await receive(blog.post(links_to=post, text="A recipe, thank you"), post)
    assert (spam.held, good.held) == (True, False)
    async with kit.db.read() as c:
        [(entry_id, [reason])] = (await doubts.of(c, [spam.entry_id, good.entry_id])).items()
    assert entry_id == spam.entry_id
    assert "the word “casino”" in reason


# --- threads -------------------------------------------------------------------------------------------------------


def answer(blog: Blog, path: str, *replies_to: str) -> str:
    links = "".join(f'<a class="u-in-reply-to" href="{url}">re</a>' for url in replies_to)
    return blog.serve(
        path, f'<div class="h-entry">{links}<p class="e-content">{path}</p><a class="u-url" href="{path}"></a></div>'
    )


async def test_a_reply_to_a_reply_hangs_below_it_even_when_it_names_the_post_too(
    receive: Journeys, blog: Blog, mine: Blog
):
    post = mine.page()
    first = await receive.entry(await receive(answer(blog, "/1", post), post))
    second = await receive.entry(await receive(answer(blog, "/2", post, blog.url("/1")), post))
    third = await receive.entry(await receive(answer(blog, "/3", post, blog.url("/1"), blog.url("/2")), post))
    assert (first.parent_id, second.parent_id, third.parent_id) == (None, first.id, second.id)


async def test_a_parent_that_comes_late_adopts_its_answers(receive: Journeys, blog: Blog, mine: Blog):
    post = mine.page()
    child = await receive(answer(blog, "/2", post, blog.url("/1")), post)
    assert (await receive.entry(child)).parent_id is None
    parent = await receive(answer(blog, "/1", post), post)
    assert (await receive.entry(child)).parent_id == parent.entry_id


async def test_two_that_answer_each_other_make_no_circle(receive: Journeys, blog: Blog, mine: Blog):
    post = mine.page()
    one = await receive(answer(blog, "/1", post, blog.url("/2"), blog.url("/1")), post)
    two = await receive(answer(blog, "/2", post, blog.url("/1")), post)
    one = await receive(blog.url("/1"), post)
    parents = {(await receive.entry(outcome)).parent_id for outcome in (one, two)}
    assert None in parents
    assert len(parents) == 2


async def test_a_mention_of_our_permalink_answers_that_entry(receive: Journeys, blog: Blog, mine: Blog):
    post = mine.page()
    first = await receive.entry(await receive(blog.post(links_to=post), post))
    permalink = f"{PUBLIC}/entries/{first.id}"
    outcome = await receive(answer(blog, "/2", permalink), permalink)
    entry = await receive.entry(outcome)
    assert (outcome.status, entry.page_id, entry.parent_id) == (Status.SUCCESS, first.page_id, first.id)
    nowhere = f"{PUBLIC}/entries/999"
    assert (await receive(answer(blog, "/3", nowhere), nowhere)).status is Status.TARGET_NOT_FOUND


@pytest.mark.parametrize(
    "name", ["{post}#c-{id}", "{post}?replytocom={id}", "{post}?replytocom={id}#respond", "{post}?c={id}"]
)
@pytest.mark.parametrize("says_so", ["in the target", "in its words"])
async def test_a_reply_that_names_a_response_on_its_posts_page_hangs_below_it(
    receive: Journeys, blog: Blog, mine: Blog, name: str, says_so: str
):
    post = mine.page()
    first = await receive.entry(await receive(blog.post(links_to=post), post))
    named = name.format(post=post, id=first.id)
    target = named if says_so == "in the target" else post
    outcome = await receive(answer(blog, "/2", post, named), target)
    entry = await receive.entry(outcome)
    assert (outcome.status, entry.page_id, entry.parent_id) == (Status.SUCCESS, first.page_id, first.id)


async def test_a_number_of_another_page_is_no_parent(receive: Journeys, blog: Blog, mine: Blog):
    post, other = mine.page(), mine.page("/other")
    elsewhere = await receive.entry(await receive(blog.post(links_to=other), other))
    for number, named in enumerate((f"{post}#c-{elsewhere.id}", f"{blog.url('/x')}?c={elsewhere.id}")):
        entry = await receive.entry(await receive(answer(blog, f"/{number}", post, named), post))
        assert entry.parent_id is None


async def test_a_reply_that_names_our_permalink_hangs_below_it(receive: Journeys, blog: Blog, mine: Blog):
    post = mine.page()
    first = await receive.entry(await receive(blog.post(links_to=post), post))
    second = await receive(answer(blog, "/2", post, f"{PUBLIC}/entries/{first.id}"), post)
    assert (await receive.entry(second)).parent_id == first.id


# --- politeness -----------------------------------------------------------------------------------------------------


async def test_a_busy_host_is_put_back_and_not_asked(receive: Journeys, mine: Blog):
    post = mine.page()
    async with Hostile("127.0.0.9") as slow:
        source = slow.url("hang_before_headers")
        running = [asyncio.create_task(receive(source, post)) for _ in range(12)]
        await eventually(lambda: len(slow.requests) == 4)
        with pytest.raises(HostBusy) as busy:
            await receive(source, post)
        assert 0 < busy.value.retry_in_s < 31
        assert len(slow.requests) == 4
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def test_a_slow_site_of_ours_is_left_alone_for_a_while(receive: Journeys, blog: Blog, mine: Blog):
    target = mine.serve("/post", status=503)
    await receive(blog.post(links_to=target), target)
    await receive(blog.post(links_to=target), target)
    assert len(mine.seen(target)) == 1


def test_a_look_remembers_every_name_of_its_page():
    hops = (Hop("http://a.example/1", 301, 1), Hop("http://a.example/2", 200, 1))
    assert Look(PageSeen.PRESENT, hops, final_url=Url("http://a.example/2")).names == (
        "http://a.example/1",
        "http://a.example/2",
    )
