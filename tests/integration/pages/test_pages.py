"""What people see, over real HTTP: languages, headers, microformats, what is there and what is not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import aiohttp
import mf2py
import pytest
from aiohttp.test_utils import TestClient, TestServer
from bs4 import BeautifulSoup
from yarl import URL

from config.settings import Settings
from mentions import urls
from mentions.model import Claim, EntryState, Kind, Link, NearMiss, Outcome, Protocol, Status, Trace
from mentions.storage import claims, entries, pages
from service.app import create_app
from service.pages.fragment import Look, render_thread
from service.widget.release import current
from tests.browser.world import MORNING, World, said

PAGES = ["/", "/demo", "/demo/", "/demo/post", "/demo/blog/", "/demo/blog/reply", "/demo/blog/links", "/webmention"]


async def text_of(client: aiohttp.ClientSession, path: str, status: int = 200) -> str:
    async with client.get(path) as answer:
        assert answer.status == status, await answer.text()
        return await answer.text()


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_is_there_in_both_languages_under_the_strict_policy(client, path: str):
    for lang in ("en", "cy"):
        async with client.get(path, params={"lang": lang}) as answer:
            body = await answer.text()
            assert answer.status == 200
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "require-trusted-types-for 'script'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert "style=" not in body
            assert "<style" not in body
            assert "onclick" not in body
            if not path.startswith("/demo/"):
                assert BeautifulSoup(body, "lxml").html["lang"] == lang


async def test_the_browser_chooses_the_language_unless_the_url_does(client):
    async with client.get("/", headers={"Accept-Language": "cy,en;q=0.5"}) as answer:
        assert 'lang="cy"' in await answer.text()
        assert "Accept-Language" in answer.headers["Vary"]
    async with client.get("/?lang=en", headers={"Accept-Language": "cy"}) as answer:
        assert '<html lang="en"' in await answer.text()


async def test_the_front_page_shows_the_demo_thread_and_how_to_start(world, client):
    await world.seed(world.base + "/demo/post")
    soup = BeautifulSoup(await text_of(client, "/"), "lxml")
    assert soup.select_one("ymateb-thread .ym-heading").get_text() == "4 thoughts on “Leaving the door open”"
    assert [code.get_text().split()[-1] for code in soup.select(".steps pre")] == ["run", "example.com", "URL"]
    assert f"{world.base}/widget.js" in soup.select_one(".then pre").get_text()


async def test_there_is_no_demo_where_it_is_off(tmp_path: Path, redis_url: str):
    async with World(tmp_path, redis_url, demo="off") as world, aiohttp.ClientSession(world.base) as client:
        front = BeautifulSoup(await text_of(client, "/"), "lxml")
        assert not front.select("ymateb-thread")
        assert not front.select('a[href*="/demo"]')
        for path in PAGES:
            if path.startswith("/demo"):
                await text_of(client, path, 404)


async def test_the_demo_post_parses_with_its_responses_and_says_where_they_are_taken(world, client):
    post = world.base + "/demo/post"
    await world.seed(post)
    async with client.get("/demo/post") as answer:
        assert answer.headers["X-Pingback"] == f"{world.base}/xmlrpc"
        assert answer.headers["Link"] == f'<{world.base}/webmention>; rel="webmention"'
        page = mf2py.parse(doc=await answer.text(), url=post)
    assert page["rels"]["webmention"] == [f"{world.base}/webmention"]
    assert page["rels"]["pingback"] == [f"{world.base}/xmlrpc"]
    [entry] = page["items"]
    assert entry["type"] == ["h-entry"]
    assert entry["properties"]["name"] == ["Leaving the door open"]
    assert entry["properties"]["author"][0]["properties"]["name"] == ["Nia Rowlands"]
    assert len(entry["properties"]["comment"]) == 2
    assert len(entry["properties"]["like"]) == 3


async def test_the_second_weblog_answers_the_post_once_with_and_once_without_microformats(world, client):
    post = world.base + "/demo/post"
    [reply] = mf2py.parse(doc=await text_of(client, "/demo/blog/reply"), url=world.base + "/demo/blog/reply")["items"]
    assert reply["properties"]["in-reply-to"] == [post]
    [author] = reply["properties"]["author"]
    assert author["properties"]["name"] == ["Emrys Vaughan"]
    async with client.get(author["properties"]["photo"][0]["value"]) as picture:
        assert picture.status == 200
        assert picture.content_type == "image/svg+xml"
    links = await text_of(client, "/demo/blog/links")
    assert mf2py.parse(doc=links)["items"] == []
    assert f'<a href="{post}">' in links


async def test_a_fragment_is_fresh_until_it_looks_different(world, client):
    post = world.host + "/post"
    await world.add(post, "https://a.example/1", said(Kind.REPLY, "Ann", "https://a.example/", "<p>one</p>"))
    url = world.thread_url(post, lang="cy")
    async with client.get(url) as answer:
        etag, body = answer.headers["ETag"], await answer.text()
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert answer.content_type == "text/html"
        assert 'lang="cy"' in body
    other = world.host + "/other"
    await world.add(other, "https://b.example/1", said(Kind.REPLY, "Bob", "https://b.example/", "<p>elsewhere</p>"))
    async with client.get(url, headers={"If-None-Match": etag}) as answer:
        assert answer.status == 304
    await world.add(post, "https://a.example/2", said(Kind.REPLY, "Ann", "https://a.example/", "<p>two</p>"))
    async with client.get(url, headers={"If-None-Match": etag}) as answer:
        assert answer.status == 200
        assert "two" in await answer.text()


async def test_a_page_that_nobody_has_answered_has_an_empty_thread(world, client):
    body = await text_of(client, world.thread_url(world.host + "/quiet"))
    assert "No responses yet" in body
    [feed] = mf2py.parse(doc=body)["items"]
    assert "comment" not in feed["properties"]


@pytest.mark.parametrize(
    "path",
    [
        "/thread.html",
        "/thread.html?target=",
        "/thread.html?target=https%3A%2F%2Felsewhere.example%2F",
        "/embed",
        "/embed?target=x",
    ],
)
async def test_a_thread_needs_a_target_of_ours(client, path: str):
    assert "problem" in await text_of(client, path, 400)


async def test_the_embed_page_is_the_same_thread_and_may_be_framed_by_anybody(world, client):
    post = world.host + "/post"
    await world.seed(post)
    async with client.get(f"/embed?target={quote(post, safe='')}&lang=cy&also=en") as answer:
        assert "frame-ancestors *" in answer.headers["Content-Security-Policy"]
        soup = BeautifulSoup(await answer.text(), "lxml")
    assert soup.html["lang"] == "cy"
    assert len(soup.select("ymateb-thread .ym-item")) == 4
    assert soup.select_one(".ym-elsewhere form")["action"] == f"{world.base}/webmention"
    assert soup.select_one("link[rel=canonical]")["href"] == post


async def test_a_long_thread_is_paged(world, client):
    post = world.host + "/long"
    for number in range(205):
        await world.add(
            post,
            f"https://p{number}.example/",
            said(Kind.REPLY, f"P{number}", f"https://p{number}.example/", "<p>x</p>"),
        )
    soup = BeautifulSoup(await text_of(client, world.thread_url(post)), "lxml")
    assert len(soup.select(".ym-item")) == 200
    rest = BeautifulSoup(await text_of(client, soup.select_one(".ym-next a")["href"]), "lxml")
    assert len(rest.select(".ym-item")) == 5
    assert rest.select_one(".ym-heading").get_text().startswith("205 thoughts")


async def test_a_permalink_is_a_cite_of_what_came_from_elsewhere_with_its_answers(world, client):
    post = world.host + "/post"
    await world.seed(post)
    async with world.db.read() as c:
        page = await pages.by_key(c, urls.page_key(post))
        first = (await entries.thread(c, page.id, (EntryState.SHOWN,), None, 10))[0]
    async with client.get(f"/entries/{first.id}") as answer:
        assert 'rel="webmention"' in answer.headers["Link"]
        found = mf2py.parse(doc=await answer.text(), url=str(answer.url))
    [cite] = found["items"]
    assert cite["type"] == ["h-cite"]
    assert cite["properties"]["url"] == [first.source]
    assert cite["properties"]["in-reply-to"] == [post]
    assert cite["properties"]["author"][0]["properties"]["name"] == ["Ann Griffiths"]
    [answer_] = cite["properties"]["comment"]
    assert answer_["properties"]["in-reply-to"] == [first.source]
    assert found["rels"]["webmention"] == [f"{world.base}/webmention"]


async def test_a_permalink_says_what_a_preview_of_it_needs(world, client):
    post = world.host + "/post"
    said_so = said(Kind.REPLY, "Ann", "https://a.example/", f'<p>One "two"\n three</p><p>{"word " * 60}</p>')
    entry = await world.add(
        post, "https://a.example/1", said_so, title="Doors", avatar="/avatars/" + "0" * 32 + ".webp"
    )
    soup = BeautifulSoup(await text_of(client, f"/entries/{entry.id}"), "lxml")
    told = {meta.get("property") or meta["name"]: meta["content"] for meta in soup.select("meta[content]")}
    assert told["og:title"] == "Ann on “Doors”"
    assert told["og:url"] == f"{world.base}/entries/{entry.id}"
    assert told["og:description"] == told["description"]
    assert told["description"].startswith('One "two" three word')
    assert len(told["description"]) <= 202
    assert told["og:image"] == f"{world.base}/avatars/{'0' * 32}.webp"
    assert soup.select_one("link[rel=canonical]")["href"] == "https://a.example/1"
    assert soup.select_one("link[type='application/atom+xml']")["href"].startswith(world.base)


async def test_the_permalink_of_a_comment_typed_here_is_an_entry(world, client):
    post = world.host + "/post"
    parent = await world.add(post, "https://a.example/1", said(Kind.REPLY, "Ann", "https://a.example/", "<p>one</p>"))
    own = await world.add(
        post,
        f"{world.base}/entries/0",
        said(
            Kind.REPLY, "Cai", "https://cai.example/", "<p>typed</p>", in_reply_to=(urls.parse("https://a.example/1"),)
        ),
        protocol=Protocol.COMMENT,
        parent=parent,
    )
    [entry] = mf2py.parse(doc=await text_of(client, f"/entries/{own.id}"), url=f"{world.base}/entries/{own.id}")[
        "items"
    ]
    assert entry["type"] == ["h-entry"]
    assert entry["properties"]["url"] == [f"{world.base}/entries/{own.id}"]
    assert set(entry["properties"]["in-reply-to"]) == {f"{world.base}/entries/{parent.id}", parent.source, post}


async def test_what_is_not_shown_has_no_permalink_and_what_was_removed_says_so(world, client):
    post = world.host + "/post"
    made = [
        await world.add(post, f"https://a.example/{n}", said(Kind.REPLY, "Ann", "https://a.example/", "<p>one</p>"))
        for n in range(2)
    ]
    async with world.db.write() as c:
        await entries.set_state(c, made[0].id, EntryState.HELD, now=MORNING)
        await entries.withdraw(c, made[1].id, now=MORNING)
    await text_of(client, f"/entries/{made[0].id}", 404)
    assert "This response has been removed." in await text_of(client, f"/entries/{made[1].id}", 410)
    await text_of(client, "/entries/999999", 404)


async def test_nothing_here_is_said_in_the_same_design(client):
    body = await text_of(client, "/nowhere?lang=cy", 404)
    soup = BeautifulSoup(body, "lxml")
    assert soup.select_one("#problem h1").get_text() == "Does dim byd yma."
    assert soup.select_one("header.top .brand")


@pytest.mark.parametrize("path", ["//stranger.example/x", "/\\stranger.example/x", "/%5Cstranger.example/", "/a%22b"])
async def test_no_address_makes_a_page_of_ours_link_to_another_host(world, client, path: str):
    async with client.get(URL(f"{world.base}{path}", encoded=True)) as answer:
        soup = BeautifulSoup(await answer.text(), "lxml")
    link = soup.select_one("a.tongue[lang=cy]")["href"]
    assert link.startswith("/")
    assert urls.authority(urls.parse(link, base=world.base)) == urls.authority(world.base)


async def test_behind_a_path_every_link_and_form_stays_behind_it(tmp_path: Path, redis_url: str):
    settings = Settings(data_dir=tmp_path, redis_url=redis_url, public_url="https://blog.example/responses", demo="on")
    async with TestClient(TestServer(create_app(settings))) as client:
        for path in ("/", "/demo/post", "/webmention", "/blog.example:8080/webmention", "/nowhere"):
            async with client.get(path, headers={"Accept": "text/html"}) as answer:
                soup = BeautifulSoup(await answer.text(), "lxml")
            for name in ("href", "src", "action"):
                for found in soup.select(f'[{name}^="/"]'):
                    assert found[name].startswith("/responses/"), (path, found)


async def test_the_form_leads_to_a_status_page_that_says_what_is_going_on(world, client):
    form = BeautifulSoup(await text_of(client, "/webmention?source=https%3A%2F%2Fa.example%2F1"), "lxml").select_one(
        "form[data-send]"
    )
    assert form.select_one("[name=source]")["value"] == "https://a.example/1"
    fields = {"source": "https://a.example/1", "target": world.base + "/demo/post"}
    async with client.post(form["action"], data=fields) as answer:
        assert answer.status == 200
        assert "/webmention/" in str(answer.url)
        soup = BeautifulSoup(await answer.text(), "lxml")
    status = soup.select_one("#status")
    assert status["data-status"] == "queued"
    assert status.has_attr("data-waiting")
    assert status.select_one(".state strong").get_text() == "Waiting for its turn"
    assert soup.select_one("noscript meta[http-equiv=refresh]")


async def test_a_status_page_in_welsh_has_welsh_times_and_reasons(world, client):
    target, at = world.base + "/demo/post", datetime(2026, 3, 1, 9, 5, tzinfo=UTC)
    miss = NearMiss(Link(target + "/", "/", "a[href]"), "slash")
    claim = Claim("a" * 20, "https://a.example/1", target, Protocol.WEBMENTION, at)
    outcome = Outcome(claim, Status.NO_LINK_FOUND, "The source does not link.", at, Trace(near_misses=(miss,)))
    later = replace(outcome, claim=replace(claim, id="b" * 20), status=Status.RETRYING, next_try_at=at)
    async with world.db.write() as c:
        await claims.save(c, outcome)
        await claims.save(c, later)
    soup = BeautifulSoup(await text_of(client, f"/webmention/{claim.id}?lang=cy"), "lxml")
    assert soup.select_one(".misses .note").get_text() == "mae’r slaes ar y diwedd yn wahanol"
    assert "does not link" not in soup.get_text()
    assert "The source does not link." in await text_of(client, f"/webmention/{claim.id}?lang=en")
    told = await text_of(client, f"/webmention/{'b' * 20}?lang=cy")
    assert "Y cynnig nesaf: 1 Mawrth 2026, 09:05 UTC" in told


async def test_the_widgets_files_have_short_names_and_immutable_ones(world, client):
    for short, name in (("/widget.js", "thread.js"), ("/widget.css", "thread.css"), ("/widget/count.js", "count.js")):
        async with client.get(short) as answer:
            body = await answer.read()
            assert "max-age=300" in answer.headers["Cache-Control"]
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
        async with client.get(f"/widget/{current().version}/{name}") as answer:
            assert await answer.read() == body
            assert "immutable" in answer.headers["Cache-Control"]
            etag = answer.headers["ETag"]
        async with client.get(short, headers={"If-None-Match": etag}) as answer:
            assert answer.status == 304
    assert json.loads(await text_of(client, "/widget/integrity.json"))["version"] == current().version
    await text_of(client, "/widget/0.0.0-00000000/thread.js", 404)


async def test_static_files_and_faces(client):
    front = BeautifulSoup(await text_of(client, "/"), "lxml")
    for link in front.select("link[rel=stylesheet], link[rel=icon], header img, script[src]"):
        async with client.get(link.get("href") or link["src"]) as answer:
            assert answer.status == 200
            assert "immutable" in answer.headers["Cache-Control"]
    async with client.get("/avatar/0123456789abcdef.svg") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    await text_of(client, "/avatar/abc.svg", 404)


async def test_the_form_for_comments_posts_what_the_api_takes_and_comes_back_to_the_comment(world, client):
    post = world.host + "/post"
    thread = {"url": post, "count": 0, "children": [], "reactions": {}}
    form = BeautifulSoup(render_thread(thread, "cy", world.base, Look(comments_open=True)), "lxml").select_one(
        ".ym-comment"
    )
    fields = {field["name"]: field.get("value", "") for field in form.select("input")}
    fields |= {"name": "Non", "content": "Diolch *yn fawr*!"}
    headers = {"Origin": world.host}
    async with client.post(form["action"], data=fields, headers=headers, allow_redirects=False) as answer:
        assert answer.status == 303
        place, _, anchor = answer.headers["Location"].partition("#")
    soup = BeautifulSoup(await text_of(client, place), "lxml")
    assert soup.select_one(f"#{anchor} .ym-text em").get_text() == "yn fawr"
    assert soup.html["lang"] == "cy"
    fields |= {"content": "http://a.example http://b.example http://c.example http://d.example [url=x]y[/url]"}
    async with client.post(form["action"], data=fields, headers=headers) as answer:
        soup = BeautifulSoup(await answer.text(), "lxml")
    assert soup.select_one("#held[role=status]").get_text() == "Mae eich sylw’n disgwyl ei gymedroli."
    assert len(soup.select(".ym-item")) == 1


async def test_a_large_branch_and_many_faces_are_shown_in_part_with_links_to_the_rest(world, client):
    post = world.host + "/large"
    ann = "https://ann.example/"
    root = await world.add(post, ann + "1", said(Kind.REPLY, "Ann", ann, "<p>The first word</p>"))
    async with world.db.write() as c:
        for n in range(610):
            home = f"https://crowd{n}.example/"
            await entries.insert(
                c,
                site_id=root.site_id,
                page_id=root.page_id,
                source=home,
                target=post,
                protocol=Protocol.WEBMENTION,
                reaction=said(Kind.REPLY, f"Crowd {n}", home, "<p>An answer</p>"),
                state=EntryState.SHOWN,
                now=MORNING,
                parent_id=root.id,
            )
    for n in range(70):
        await world.add(post, f"https://fan{n}.example/", said(Kind.LIKE, f"Fan {n}", f"https://fan{n}.example/"))
    soup = BeautifulSoup(await text_of(client, world.thread_url(post)), "lxml")
    assert len(soup.select(".ym-faces .h-cite")) == 60
    assert soup.select_one(".ym-group .ym-label").get_text() == "Liked by 70 people"
    rest = soup.select_one(".ym-group .ym-deeper a")
    assert rest.get_text() == "and 10 more"
    everybody = await text_of(client, rest["href"])
    assert all(f"https://fan{n}.example/" in everybody for n in range(70))
    first = soup.select(".ym-top .ym-list .ym-item")
    more = soup.select_one(".ym-top .ym-list + .ym-deeper a")
    assert more.get_text() == f"Continue this thread: {610 - len(first)} more responses"
    soup = BeautifulSoup(await text_of(client, more["href"]), "lxml")
    assert len(soup.select(".ym-top > .ym-item")) == 610 - len(first) > 100
    assert soup.select_one(".ym-whole a").get_text() == "All responses"
    whole = BeautifulSoup(await text_of(client, soup.select_one(".ym-whole a")["href"]), "lxml")
    assert whole.select_one(f"#c-{root.id}")
