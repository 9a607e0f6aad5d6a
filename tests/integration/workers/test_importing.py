"""Bringing in another system's API: everything once, in any order of mishaps, and later only what is new."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from sqlalchemy import func, select
from structlog.testing import capture_logs

from mentions.errors import InvalidRequest, Unavailable
from mentions.model import Site
from mentions.moving.api_pages import Api, Cursor
from mentions.moving.records import UnreadableExport
from mentions.storage import entries, imports, pulling, sites
from mentions.storage import tables as t
from mentions.storage.imports import Report
from mentions.streams.errands import Errands
from mentions.streams.link import RedisLink
from service.commands.pulling import Puller
from tests.integration.workers.test_errands import running
from tests.peers import Hostile, MentionsApi
from tests.peers.mentions_api import TOKEN, mention
from workers.jobs.errands import HANDLERS
from workers.kit import Kit


@pytest_asyncio.fixture(loop_scope="session")
async def peer() -> AsyncIterator[MentionsApi]:
    async with MentionsApi() as api:
        yield api


class Owner:
    """Somebody who moves in."""

    def __init__(self, kit: Kit, errands: Errands, site: Site) -> None:
        self.kit, self.errands, self.site = kit, errands, site

    async def pull(self, address: str, **how: Any) -> Report:
        api = Api.read(address)
        ask = Puller(self.errands, api).ask
        return await pulling.pull(self.kit.db, self.site, ask, digest=api.digest(), clock=self.kit.now, **how)

    async def preview(self, address: str, **how: Any) -> Report:
        api = Api.read(address)
        ask = Puller(self.errands, api).ask
        return await pulling.preview(self.kit.db, self.site, ask, digest=api.digest(), **how)

    async def ids(self) -> list[int]:
        async with self.kit.db.read() as c:
            return list((await c.execute(select(t.entries.c.id).order_by(t.entries.c.id))).scalars())


@pytest_asyncio.fixture(loop_scope="session")
async def owner(kit: Kit, link: RedisLink) -> AsyncIterator[Owner]:
    async with kit.db.write() as c:
        site = await sites.add(c, "site.example", (), now=kit.now())
    errands = Errands(link.client)
    async with running(kit, errands, HANDLERS):
        yield Owner(kit, errands, site)


def numbers(*ranges: range) -> list[int]:
    return [1000 + number for each in ranges for number in each]


@pytest.mark.parametrize(("cap", "tells_total"), [(1000, True), (None, False), (20, True), (7, False)])
async def test_everything_comes_whatever_the_server_gives_at_once(
    owner: Owner, peer: MentionsApi, cap: int | None, tells_total: bool
):
    """webmention.io as it is (1,000 at most) and as it was (no totals), and servers that give less."""
    peer.cap, peer.tells_total = cap, tells_total
    peer.rows = [mention(number) for number in range(430)]
    looked = await owner.preview(peer.address_of())
    assert (looked.moved, await owner.ids()) == (430, [])
    report = await owner.pull(peer.address_of())
    assert (report.moved, report.present, report.skipped) == (430, 0, {})
    assert await owner.ids() == numbers(range(430))


async def test_the_older_form_comes_too(owner: Owner, peer: MentionsApi):
    peer.rows = [mention(number) for number in range(30)]
    assert (await owner.pull(peer.address_of("json"))).moved == 30


async def test_a_later_run_asks_only_for_what_is_new(owner: Owner, peer: MentionsApi):
    peer.rows = [mention(number) for number in range(250)]
    await owner.pull(peer.address_of())
    peer.rows += [mention(number) for number in range(250, 255)]
    peer.pages_asked.clear()
    report = await owner.pull(peer.address_of())
    assert (report.moved, report.present) == (5, 0)
    assert {asked["since_id"] for asked in peer.pages_asked} == {"1249"}
    nothing = await owner.pull(peer.address_of())
    assert (nothing.moved, nothing.present) == (0, 0)


async def test_what_was_held_there_comes_when_all_is_asked_for(owner: Owner, peer: MentionsApi):
    held = mention(3)
    peer.rows = [mention(number) for number in range(10) if number != 3]
    await owner.pull(peer.address_of())
    peer.rows.append(held)
    assert (await owner.pull(peer.address_of())).moved == 0
    assert (await owner.preview(peer.address_of(), everything=True)).moved == 1
    report = await owner.pull(peer.address_of(), everything=True)
    assert (report.moved, report.present) == (1, 9)
    assert (await owner.pull(peer.address_of())).total == 0, "and then only what is new again"


async def test_nothing_slips_away_when_rows_vanish_while_we_page(owner: Owner, peer: MentionsApi):
    peer.rows = [mention(number) for number in range(600)]

    def vanish(page: int) -> None:
        if page == 1 and len(peer.rows) == 600:
            del peer.rows[10:40]

    peer.before_page = vanish
    await owner.pull(peer.address_of())
    assert set(await owner.ids()) >= set(numbers(range(10), range(40, 600)))


async def test_what_comes_while_we_page_comes_too(owner: Owner, peer: MentionsApi):
    peer.rows = [mention(number) for number in range(450)]

    def come(page: int) -> None:
        if len(peer.rows) < 460:
            peer.rows.append(mention(len(peer.rows)))

    peer.before_page = come
    await owner.pull(peer.address_of())
    peer.before_page = lambda _page: None
    await owner.pull(peer.address_of())
    assert await owner.ids() == numbers(range(len(peer.rows)))


async def test_pages_that_are_too_large_are_asked_for_in_pieces(owner: Owner, peer: MentionsApi):
    long = {"html": f"<p>{'word ' * 8_000}</p>", "text": "word " * 8_000}
    peer.rows = [mention(number, content=long if number >= 210 else None) for number in range(300)]
    report = await owner.pull(peer.address_of())
    assert (report.moved, report.present) == (300, 0)
    sizes = [int(asked["per-page"]) for asked in peer.pages_asked]
    assert sizes[0] == 200 > sizes[-1]


async def test_a_single_record_that_is_too_large_ends_it_with_a_word(owner: Owner, peer: MentionsApi):
    peer.rows = [mention(0), mention(1, content={"html": "x" * (3 << 20), "text": ""})]
    with pytest.raises(UnreadableExport, match="more at once than we read"):
        await owner.pull(peer.address_of())
    assert await owner.ids() == [1000]


async def test_rows_that_are_none_of_ours_are_skipped_with_a_reason(owner: Owner, peer: MentionsApi):
    foreign, nothing = mention(0, **{"wm-target": "https://elsewhere.example/"}), mention(1, **{"wm-source": None})
    peer.rows = [foreign, nothing, mention(2)]
    report = await owner.pull(peer.address_of())
    assert (report.moved, sum(report.skipped.values())) == (1, 2)


async def test_an_answer_of_a_later_run_hangs_below_what_came_earlier(owner: Owner, peer: MentionsApi):
    """Another Ymateb names parents by their ids."""
    parent = mention(0, **{"wm-kind": "reply"})
    peer.rows = [parent]
    await owner.pull(peer.address_of())
    peer.rows.append(mention(50, **{"wm-kind": "reply", "wm-parent": 1000}))
    await owner.pull(peer.address_of())
    async with owner.kit.db.read() as c:
        answer = await entries.get(c, 1050)
    assert answer is not None
    assert answer.parent_id == 1000


# --- mishaps ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [500, 502, 503, 429])
async def test_a_server_that_is_out_of_order_is_asked_again(owner: Owner, peer: MentionsApi, status: int):
    peer.rows = [mention(number) for number in range(3)]
    peer.failures = [web.Response(status=status, headers={"Retry-After": "1"}) for _ in range(2)]
    assert (await owner.pull(peer.address_of())).moved == 3


async def test_who_asks_to_be_left_alone_for_long_is_and_the_next_run_goes_on(owner: Owner, peer: MentionsApi):
    peer.rows = [mention(number) for number in range(300)]

    def break_down(page: int) -> None:
        if page == 1:
            peer.failures.append(web.Response(status=429, headers={"Retry-After": "7200"}))

    peer.before_page = break_down
    with pytest.raises(Unavailable, match="left alone for 7200 s; say the same again later"):
        await owner.pull(peer.address_of())
    assert len(await owner.ids()) >= 200
    peer.before_page, peer.failures = lambda _page: None, []
    peer.pages_asked.clear()
    report = await owner.pull(peer.address_of())
    assert (report.moved, report.present) == (300, 0), "the report is of both runs"
    assert peer.pages_asked[0]["page"] == "1"
    assert await owner.ids() == numbers(range(300))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda: web.json_response({}, status=401), "does not accept the token"),
        (lambda: web.json_response({}, status=403), "does not accept the token"),
        (lambda: web.json_response({}, status=404), "has no API at this address"),
        (lambda: web.json_response({}, status=400), "answered 400"),
        (lambda: web.Response(text="<p>Sign in", content_type="text/html"), "does not answer in JSON"),
        (lambda: web.Response(status=301, headers={"Location": "/elsewhere"}), "redirects"),
        (lambda: web.json_response({"error": "what?"}), "neither `children` (jf2) nor `links`"),
        (lambda: web.Response(body=b'{"children":[', content_type="application/json"), "not JSON, or breaks off"),
        (lambda: web.Response(body=b'"\xff"', content_type="application/json"), "no text"),
        (lambda: web.json_response([]), "neither"),
        (lambda: web.json_response({"children": "x"}), "neither"),
    ],
)
async def test_answers_that_are_none_are_told_in_one_line(owner: Owner, peer: MentionsApi, answer: Any, words: str):
    peer.failures = [answer()]
    with capture_logs() as lines, pytest.raises(UnreadableExport) as refused:
        await owner.pull(peer.address_of())
    assert words in str(refused.value)
    assert TOKEN not in str(refused.value) + str(lines)
    assert peer.seen("/elsewhere") == []


async def test_a_server_that_does_not_page_is_left(owner: Owner, peer: MentionsApi):
    body = web.json_response({"children": [mention(number) for number in range(200)]}).body

    async def same(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type="application/json")

    peer.handle("/api/mentions.jf2", same)
    with pytest.raises(UnreadableExport, match="the same page again and again"):
        await owner.pull(peer.address_of())
    assert len(await owner.ids()) == 200


async def test_a_total_that_is_a_lie_does_not_keep_us_for_ever(owner: Owner, peer: MentionsApi):
    async def lie(request: web.Request) -> web.StreamResponse:
        rows = [mention(0)] if request.query["page"] == "0" else []
        return web.json_response({"children": rows, "paging": {"total": 10**9}})

    peer.handle("/api/mentions.jf2", lie)
    report = await owner.pull(peer.address_of())
    assert (report.moved, len(peer.seen())) == (1, 6)


async def test_a_network_of_ours_is_no_api(owner: Owner):
    with pytest.raises(UnreadableExport, match="must not be connected to"):
        await owner.pull("http://169.254.169.254/api/mentions.jf2?token=x")


async def test_without_a_worker_one_is_told_so(kit: Kit, link: RedisLink, peer: MentionsApi):
    asking = Errands(link.client).ask("import.page", {"url": peer.address_of()}, timeout_s=0.2)
    with pytest.raises(Unavailable, match="workers run"):
        await asking


async def test_endless_answers_end(owner: Owner):
    async with Hostile() as hostile:
        with pytest.raises(UnreadableExport, match="does not answer in JSON"):
            await owner.pull(hostile.url("endless_body"))


# --- the token -------------------------------------------------------------------------------------------------------


async def test_the_token_is_kept_nowhere(owner: Owner, peer: MentionsApi, link: RedisLink):
    peer.rows = [mention(0)]
    with capture_logs() as lines:
        await owner.pull(peer.address_of())
    assert TOKEN not in str(lines)
    assert TOKEN not in repr(Api.read(peer.address_of()))
    async with owner.kit.db.read() as c:
        for table in (t.imports, t.audit, t.entries):
            assert TOKEN not in str((await c.execute(select(table))).all())
    keys = await link.client.keys("*errand*")
    assert keys == []


async def test_another_token_for_the_same_api_goes_on(owner: Owner, peer: MentionsApi):
    assert Api.read("https://a.example/api?token=1&domain=x").digest() == (
        Api.read("https://a.example/api?domain=x", token="2").digest()
    )
    assert Api.read("https://a.example/api?domain=x").digest() != Api.read("https://a.example/api?domain=y").digest()


async def test_two_at_the_same_api_do_not_meet_in_the_middle(owner: Owner, peer: MentionsApi):
    peer.rows = [mention(number) for number in range(900)]
    done = await asyncio.gather(*(owner.pull(peer.address_of()) for _ in range(2)), return_exceptions=True)
    assert any(isinstance(each, Report) for each in done) or len(await owner.ids()) > 0
    await owner.pull(peer.address_of(), everything=True)
    assert await owner.ids() == numbers(range(900))
    async with owner.kit.db.read() as c:
        assert (await c.execute(select(func.count()).select_from(t.imports))).scalar_one() == 1
        assert await imports.cursor_of(c, owner.site.id, pulling.FORM, Api.read(peer.address_of()).digest()) is not None


@pytest.mark.parametrize("address", ["ftp://a.example/", "https://user:pw@a.example/api", "https://"])
async def test_what_is_no_address_is_refused(address: str):
    with pytest.raises(InvalidRequest):
        Api.read(address)


async def test_parameters_of_paging_are_ours(owner: Owner, peer: MentionsApi):
    api = Api.read(peer.address_of(**{"per-page": "5", "perPage": "5", "sort-dir": "down", "wm-property": "like-of"}))
    asked = api.request(Cursor(since=7, offset=400))
    assert asked.partition("?")[2] == (
        "domain=site.example&wm-property=like-of&per-page=200&page=2&sort-by=created&sort-dir=up&since_id=7"
        f"&token={TOKEN}"
    )
