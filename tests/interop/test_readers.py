"""Who else reads: Atom readers, JSONP scripts, Jekyll's plugin, and pages that paste what they get into attributes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from html import escape
from urllib.parse import quote

import feedparser
import pytest
from playwright.async_api import Page

from mentions.model import Author, EntryState, Kind, PlainText, Url
from tests.integration.service.conftest import NOW, POST, SITE, Service
from tests.peers import Blog

HOSTILE = (
    'https://evil.example/" onmouseover="hit()',
    "https://evil.example/' onmouseover='hit()",
    'https://evil.example/"><img src=x onerror=hit()>',
    "https://evil.example/?q=</a><script>hit()</script>",
    'https://evil.example/#" autofocus onfocus="hit()',
    "https://evil.example/`onmouseover=hit()`",
    "javascript:hit()",
    " java\nscript:hit()",
    "data:text/html,<script>hit()</script>",
    "//evil.example/no-scheme",
    "vbscript:hit()",
    "",
)

PASTING = """<!doctype html><meta charset="utf-8"><title>A page that trusts its API</title><ul id="list"></ul>
<script>
let hits = 0;
function hit() { hits += 1; }
async function show(api, target) {
    const feed = await (await fetch(`${api}?per-page=30&sort-by=published&sort-dir=up&target[]=${target}`)).json();
    document.getElementById("list").innerHTML = feed.children.map((child) => {
        const host = child.url.split("/")[2];
        return `<li><a class="url" href="${child.url}" title="${host}">link</a>` +
            `<a href='${child["wm-source"]}' data-target='${child["wm-target"]}'>source</a>` +
            `<a href="${child.author.url}"><img alt="" src="${child.author.photo}"></a></li>`;
    }).join("");
}
</script>"""


async def test_an_atom_reader_finds_nothing_wrong_with_the_feed(service: Service):
    for number, kind in enumerate((Kind.REPLY, Kind.LIKE, Kind.RSVP, Kind.MENTION, Kind.REACJI)):
        await service.respond(
            f"https://ann.example/{number}?a=1&b=<2>",
            kind=kind,
            text="Tom & Jerry < “Mice” \x0b\ufffe 🐭 ]]>",
            rsvp="yes" if kind is Kind.RSVP else None,
            author=Author(PlainText("Ann <b>&amp; Co\x00"), Url("https://ann.example/?x=1&y=2")),
        )
    answer = await service.get("/api/mentions.atom", params={"target": POST})
    parsed = feedparser.parse(answer.body, response_headers={"content-type": answer.headers["Content-Type"]})
    assert not parsed.bozo, parsed.get("bozo_exception")
    assert parsed.version == "atom10"
    assert parsed.feed.title
    assert len({entry.id for entry in parsed.entries}) == 5
    for entry in parsed.entries:
        assert entry.title
        assert entry.link.startswith("https://ann.example/")
        assert entry.author.startswith("Ann <b>&amp; Co")
        assert datetime(*entry.updated_parsed[:6], tzinfo=UTC) > NOW
    assert {entry.content[0].value.count("🐭") for entry in parsed.entries} == {1}


async def test_an_atom_reader_with_a_token_in_the_address_gets_the_whole_site(service: Service):
    for post in ("one", "two"):
        await service.respond(target=f"https://{SITE}/{post}")
    answer = await service.get(f"/api/mentions.atom?token={service.token}")
    assert len(feedparser.parse(answer.body).entries) == 2


async def test_a_page_that_pastes_urls_into_attributes_runs_nobodys_script(service: Service, blog: Blog, page: Page):
    picture = f"{service.base}/nothing.png"
    for number, url in enumerate(HOSTILE):
        await service.respond(
            f"https://evil.example/{number}/{url}",
            f'{POST}?"onmouseover="hit()',
            url=Url(url),
            author=Author(PlainText("Eve"), Url(url), photo=Url(f"{picture}?{number}\" onload=\"hit()' onload='hit()")),
        )
    await page.goto(blog.serve("/thread", PASTING))
    asked = quote(f'{POST}?"onmouseover="hit()', safe="")
    await page.evaluate("([api, target]) => show(api, target)", [f"{service.base}/api/mentions.jf2", asked])
    links = page.locator("#list a")
    assert await links.count() == 3 * len(HOSTILE)
    for link in await links.all():
        await link.dispatch_event("mouseover")
        await link.dispatch_event("focus")
    names = "(all) => [...new Set(all.flatMap((e) => [e.tagName, ...e.getAttributeNames()]))].sort()"
    found = await page.locator("#list *").evaluate_all(names)
    assert found == ["A", "IMG", "LI", "alt", "class", "data-target", "href", "src", "title"]
    schemes = "(all) => [...new Set(all.filter((e) => e.getAttribute('href')).map((e) => e.protocol))].sort()"
    assert await links.evaluate_all(schemes) in (["https:"], ["http:", "https:"])
    assert await page.locator("#list a.url:not([href^='http'])").count() == 0
    assert await page.evaluate("hits") == 0


@pytest.mark.parametrize("callback", ["window.JekyllWebmentionIO.processWebmentions", "$.fn.show_them", "cb"])
async def test_a_script_element_calls_a_dotted_callback(service: Service, blog: Blog, page: Page, callback: str):
    entry = await service.respond(text="</script><script>hit()</script> \u2028 & \u2029")
    names = callback.removeprefix("window.").split(".")
    path = "window" + "".join(f"[{json.dumps(name)}]" for name in names[:-1])
    holders = "".join(
        "window" + "".join(f"[{json.dumps(name)}]" for name in names[:depth]) + " = {};"
        for depth in range(1, len(names))
    )
    taking = f"{path}[{json.dumps(names[-1])}] = (data) => {{ window.got = data; }};"
    src = f"{service.base}/api/mentions?jsonp={quote(callback)}&target[]={quote(POST, safe='')}"
    html = f"<!doctype html><title>JSONP</title><script>{holders}{taking}</script><script src='{escape(src)}'></script>"
    await page.goto(blog.serve("/jsonp", html))
    got = await page.evaluate("window.got")
    assert [link["id"] for link in got["links"]] == [entry.id]
    assert got["links"][0]["data"]["content"].count("hit()") == 1


JEKYLL = (  # as recorded from aarongustafson/jekyll-webmention_io, at build time and in the browser
    "/api/mentions?target[]={post}&target[]={old}&sort-by=published&perPage=9999",
    "/api/mentions?target[]={post}&target[]={old}&since_id={before}&sort-by=published&perPage=9999",
    "/api/mentions?&target[]={post}&target[]={old}&perPage=9999&sort-by=published",
    "/api/links?target[]={post}&target[]={old}&perPage=9999",
    "/api/mentions?target%5B%5D={post}&target%5B%5D={old}&sort-by=published&perPage=9999",
)


@pytest.mark.parametrize("shape", JEKYLL)
async def test_what_jekylls_plugin_asks_for_is_what_it_gets(service: Service, shape: str):
    old = f"https://{SITE}/2013/01/an-old-place.html"
    first = await service.respond(target=POST, kind=Kind.REPLY, text="First")
    made = [first]
    for number in range(60):
        made.append(await service.respond(target=(POST, old)[number % 2], kind=(Kind.LIKE, Kind.REPLY)[number % 2]))
    await service.respond(target=f"https://{SITE}/another")
    await service.respond(target=POST, state=EntryState.HIDDEN)
    before = first.id - 1
    asked = shape.format(post=quote(POST, safe=""), old=quote(old, safe=""), before=before)
    links = (await service.get(asked, headers={"Accept": "*/*", "User-Agent": "Ruby"})).json()["links"]
    assert {link["id"] for link in links} == {entry.id for entry in made}
    for link in links:  # every member that lib/jekyll/webmentions.rb reads without asking whether it is there
        assert link["source"].startswith("http")
        assert link["target"] in (POST, old)
        assert link["verified_date"]
        assert link["activity"]["type"] in ("like", "reply")
        assert {"url", "name", "content", "published_ts"} <= link["data"].keys()
        assert link["data"]["author"]["name"] == "Ann"
