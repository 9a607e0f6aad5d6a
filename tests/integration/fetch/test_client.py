"""What a stranger's server answers, and what it costs us: kind servers first, then a hostile one."""

from __future__ import annotations

import asyncio
import resource
import time
from ipaddress import ip_network

import pytest
from aiohttp import web

from mentions.media import is_read_type
from mentions.model import Fetched, Gone, Refused, Status, Unchanged, Unreachable, Url
from tests.peers import Hostile, Peer
from tests.support.waiting import eventually
from workers.fetch.client import MAX_BYTES, Fetcher
from workers.fetch.guard import AddressPolicy
from workers.fetch.pace import Pace

# --- kind servers --------------------------------------------------------------------------------------------------


async def test_a_page_comes_with_its_type_links_and_validators(peer: Peer, fetcher: Fetcher):
    headers = {"Link": "</wm>; rel=webmention", "X-Pingback": "http://a.example/x", "Last-Modified": "yesterday"}
    url = peer.serve("/page", "<p>hé", content_type='Text/HTML; Charset="ISO-8859-1"', headers=headers)
    seen = await fetcher.get(Url(url))
    assert isinstance(seen, Fetched)
    assert (seen.document.url, seen.document.content_type, seen.document.charset) == (url, "text/html", "iso-8859-1")
    assert seen.document.body == "<p>hé".encode()
    assert seen.links == ("</wm>; rel=webmention",)
    assert seen.headers == {"x-pingback": "http://a.example/x"}
    assert seen.etag
    assert seen.last_modified == "yesterday"
    assert [(hop.url, hop.status, hop.error) for hop in seen.hops] == [(url, 200, None)]


async def test_the_request_says_who_asks_and_what_is_wanted(peer: Peer, fetcher: Fetcher):
    await fetcher.get(Url(peer.serve("/page")))
    [request] = peer.seen("/page")
    assert "Webmention" in request.headers["User-Agent"]
    assert request.headers["Accept"].startswith("text/html")
    assert request.headers["Accept-Encoding"] == "gzip, deflate"
    assert "Cookie" not in request.headers


async def test_the_url_goes_over_the_wire_as_it_is(peer: Peer, fetcher: Fetcher):
    raw: list[str] = []

    async def remember(request: web.Request) -> web.Response:
        raw.append(request.raw_path)
        return web.Response(text="x")

    path = "/a%2Fb/%7Eme;v=1%3B?next=a%2Fb&p=1%2B1&q=%27x"
    peer.handle("/a/b/~me;v=1;", remember)
    await fetcher.get(Url(peer.url(path) + "#fragment"))
    assert raw == [path]


async def test_redirects_are_followed_and_told(peer: Peer, fetcher: Fetcher):
    peer.serve("/1", status=301, headers={"Location": "/2"})
    peer.serve("/2", status=303, headers={"Location": f"http://{peer.authority}/3?x=1"})
    last = peer.serve("/3?x=1", "here")
    seen = await fetcher.get(Url(peer.url("/1") + "#part"))
    assert isinstance(seen, Fetched)
    assert seen.document.url == last + "#part"
    assert [hop.status for hop in seen.hops] == [301, 303, 200]


@pytest.mark.parametrize("location", ["ftp://a.example/", "javascript:alert(1)", "http://", "mailto:a@b.example"])
async def test_a_redirect_to_another_scheme_is_refused(location, peer: Peer, fetcher: Fetcher):
    url = peer.serve("/away", status=302, headers={"Location": location})
    seen = await fetcher.get(Url(url))
    assert isinstance(seen, Refused)
    assert seen.status is Status.FORBIDDEN_ADDRESS


@pytest.mark.parametrize(
    ("status", "kind", "outcome"),
    [
        (404, Gone, Status.NOT_FOUND),
        (410, Gone, Status.GONE),
        (401, Refused, Status.HTTP_ERROR),
        (403, Refused, Status.HTTP_ERROR),
        (451, Refused, Status.HTTP_ERROR),
        (206, Refused, Status.HTTP_ERROR),
        (300, Refused, Status.HTTP_ERROR),
        (500, Unreachable, Status.HTTP_ERROR),
        (503, Unreachable, Status.HTTP_ERROR),
        (429, Unreachable, Status.HTTP_ERROR),
        (408, Unreachable, Status.HTTP_ERROR),
    ],
)
async def test_each_status_has_its_outcome(status, kind, outcome, peer: Peer, fetcher: Fetcher):
    seen = await fetcher.get(Url(peer.serve("/page", "words", status=status)))
    assert type(seen) is kind
    assert seen.status is outcome
    assert seen.hops[-1].status == status


async def test_a_retry_after_is_read_as_seconds_and_as_a_date(peer: Peer, fetcher: Fetcher):
    async def ask(value: str) -> int | None:
        url = peer.serve("/busy", status=503, headers={"Retry-After": value})
        seen = await fetcher.get(Url(url))
        assert isinstance(seen, Unreachable)
        return seen.retry_after_s

    assert await ask("120") == 120
    assert await ask("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert await ask("Wed, 21 Oct 2099 07:28:00 GMT") == 86_400
    assert await ask("soon") is None


async def test_an_unchanged_page_says_so(peer: Peer, fetcher: Fetcher):
    url = Url(peer.serve("/page", "same"))
    first = await fetcher.get(url)
    assert isinstance(first, Fetched)
    assert isinstance(await fetcher.get(url, etag=first.etag), Unchanged)
    peer.serve("/page", "other")
    assert isinstance(await fetcher.get(url, etag=first.etag), Fetched)


async def test_a_type_that_holds_no_links_is_refused_unread(peer: Peer, fetcher: Fetcher):
    url = Url(peer.serve("/film", b"\0" * 100, content_type="video/mp4", headers={"Link": "<x>; rel=y"}))
    seen = await fetcher.get(url, is_readable=is_read_type)
    assert isinstance(seen, Refused)
    assert seen.status is Status.UNSUPPORTED_CONTENT_TYPE
    lenient = await fetcher.get(url, is_readable=is_read_type, is_lenient=True)
    assert isinstance(lenient, Fetched)
    assert (lenient.document.body, lenient.links) == (b"", ("<x>; rel=y",))


async def test_a_page_of_just_a_megabyte_is_read_and_one_byte_more_is_too_large(peer: Peer, fetcher: Fetcher):
    fits = await fetcher.get(Url(peer.serve("/fits", b"a" * MAX_BYTES)))
    assert isinstance(fits, Fetched)
    assert len(fits.document.body) == MAX_BYTES
    url = Url(peer.serve("/more", b"a" * (MAX_BYTES + 1)))
    more = await fetcher.get(url)
    assert isinstance(more, Refused)
    assert more.status is Status.TOO_LARGE
    lenient = await fetcher.get(url, is_lenient=True)
    assert isinstance(lenient, Fetched)
    assert len(lenient.document.body) == MAX_BYTES


async def test_no_content_is_an_empty_page(peer: Peer, fetcher: Fetcher):
    seen = await fetcher.get(Url(peer.serve("/none", status=204)))
    assert isinstance(seen, Fetched)
    assert seen.document.body == b""


async def test_a_refused_connection_may_pass(fetcher: Fetcher):
    async with Peer() as gone:
        url = Url(gone.url("/"))
    seen = await fetcher.get(url)
    assert isinstance(seen, Unreachable)
    assert seen.status is Status.CONNECT_ERROR


async def test_a_server_without_tls_is_an_ssl_error(hostile: Hostile, fetcher: Fetcher):
    seen = await fetcher.get(Url(f"https://{hostile.authority}/not_http"), budget_s=2)
    assert isinstance(seen, Unreachable)
    assert seen.status in (Status.SSL_ERROR, Status.CONNECT_ERROR, Status.TIMEOUT)


async def test_a_post_is_delivered_again_only_by_307_and_308(peer: Peer, fetcher: Fetcher):
    got = peer.serve("/endpoint", "thanks", status=202)
    for status, is_followed in ((301, False), (302, False), (303, False), (307, True), (308, True)):
        url = peer.serve("/moved", status=status, headers={"Location": "/endpoint"})
        posted = await fetcher.post_form(Url(url), {"source": "http://a.example/?a=b&c", "target": "http://b.example/"})
        assert posted.is_accepted is is_followed, status
        assert posted.status == (202 if is_followed else status)
    assert [request.method for request in peer.seen(got)] == ["POST", "POST"]
    assert {request.body for request in peer.seen(got)} == {
        b"source=http%3A%2F%2Fa.example%2F%3Fa%3Db%26c&target=http%3A%2F%2Fb.example%2F"
    }


async def test_the_location_of_an_answer_is_resolved(peer: Peer, fetcher: Fetcher):
    url = peer.serve("/endpoint", status=201, headers={"Location": "status/1"})
    posted = await fetcher.post_form(Url(url), {})
    assert posted.location == peer.url("/status/1")


# --- a hostile one -------------------------------------------------------------------------------------------------

TIMEOUTS = ["slow_drip", "hang_before_headers", "hang_after_headers", "many_early_hints"]
TOO_LARGE = ["endless_body", "gzip_bomb", "deflate_bomb"]
PASSING = ["says_more", "broken_chunks", "hang_up", "not_http", "endless_headers", "huge_header"]


@pytest.mark.parametrize("name", TIMEOUTS)
async def test_who_keeps_us_waiting_gets_the_budget_and_no_more(name, hostile: Hostile, fetcher: Fetcher):
    started = time.monotonic()
    seen = await fetcher.get(Url(hostile.url(name)), budget_s=0.8)
    assert isinstance(seen, Unreachable)
    assert seen.status is Status.TIMEOUT
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("name", TOO_LARGE)
async def test_who_sends_too_much_is_cut_off_before_it_costs_memory(name, hostile: Hostile, fetcher: Fetcher):
    if name.endswith("bomb"):
        hostile.bomb(name.split("_", maxsplit=1)[0])  # packed before we measure
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seen = await fetcher.get(Url(hostile.url(name)))
    assert isinstance(seen, Refused)
    assert seen.status is Status.TOO_LARGE
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10, "kilobytes of memory"


@pytest.mark.parametrize("name", PASSING)
async def test_a_broken_answer_may_be_whole_next_time(name, hostile: Hostile, fetcher: Fetcher):
    seen = await fetcher.get(Url(hostile.url(name)), budget_s=5)
    assert isinstance(seen, Unreachable), seen


@pytest.mark.parametrize("name", ["unknown_encoding", "broken_gzip"])
async def test_an_encoding_that_is_none_is_invalid_content(name, hostile: Hostile, fetcher: Fetcher):
    seen = await fetcher.get(Url(hostile.url(name)))
    assert isinstance(seen, Refused | Unreachable)
    assert seen.status in (Status.INVALID_CONTENT, Status.CONNECT_ERROR)


async def test_redirects_have_an_end(hostile: Hostile, fetcher: Fetcher):
    loop = await fetcher.get(Url(hostile.url("redirect_loop")))
    assert isinstance(loop, Refused)
    assert (loop.status, len(loop.hops)) == (Status.TOO_MANY_REDIRECTS, 11)
    assert isinstance(await fetcher.get(Url(hostile.url("redirect_chain?left=10"))), Fetched)
    longer = await fetcher.get(Url(hostile.url("redirect_chain?left=11")))
    assert isinstance(longer, Refused)
    assert isinstance(await fetcher.get(Url(hostile.url("redirect_nowhere"))), Refused)


async def test_the_budget_counts_over_all_hops(peer: Peer, fetcher: Fetcher):
    async def slow(request: web.Request) -> web.Response:
        await asyncio.sleep(0.3)
        return web.Response(status=302, headers={"Location": f"{request.path}x"})

    for number in range(11):
        peer.handle("/s" + "x" * number, slow)
    peer.handle("/s", slow)
    seen = await fetcher.get(Url(peer.url("/s")), budget_s=0.8)
    assert isinstance(seen, Unreachable)
    assert seen.status is Status.TIMEOUT
    assert len(seen.hops) < 4, "each hop alone would have had the time"


async def test_bytes_that_are_no_text_break_nothing(hostile: Hostile, fetcher: Fetcher):
    for name in ("broken_charset", "unknown_charset"):
        seen = await fetcher.get(Url(hostile.url(name)))
        assert isinstance(seen, Fetched)


async def test_a_hundred_hanging_hosts_hold_up_nobody(peer: Peer, fetcher: Fetcher):
    url = Url(peer.serve("/quick", "here"))
    async with asyncio.TaskGroup() as group:
        sites = [await Hostile(f"127.0.1.{number}").__aenter__() for number in range(1, 101)]
        hanging = [group.create_task(fetcher.get(Url(site.url("hang_before_headers")), budget_s=4)) for site in sites]
        await eventually(lambda: all(site.requests for site in sites))
        assert isinstance(await fetcher.get(url), Fetched)
        assert not any(task.done() for task in hanging)
    assert all(isinstance(task.result(), Unreachable) for task in hanging)
    await asyncio.gather(*(site.__aexit__() for site in sites))


async def test_a_secret_is_sent_to_whom_it_is_for_and_not_further(peer: Peer, fetcher: Fetcher):
    moved = Url(peer.serve("/moved", status=307, headers={"Location": "/elsewhere"}))
    assert isinstance(await fetcher.get(moved, authorization="Bearer s3cret", max_hops=0), Refused)
    posted = await fetcher.post_form(moved, {"code": "s3cret"}, max_hops=0)
    assert posted.fault is not None
    assert [seen.headers.get("Authorization") for seen in peer.seen(moved)] == ["Bearer s3cret", None]
    assert peer.seen("/elsewhere") == []


async def test_what_the_operator_opened_is_known_by_its_address():
    policy = AddressPolicy(allowed_networks=(ip_network("127.0.0.0/8"), ip_network("::1/128")))
    async with Fetcher(
        policy, pace=Pace(None, per_authority=1), user_agent="x", own_authority="localhost:8080", own_port=8080
    ) as client:
        opened = ("127.0.0.9:81", "127.0.0.9", "[::1]:81", "[::1]", "localhost:8080")
        closed = ("10.0.0.1", "[::2]", "localhost", "localhost:81", "127.0.0.9.example", "")
        assert [client.is_opened(authority) for authority in (*opened, *closed)] == [True] * 5 + [False] * 6
