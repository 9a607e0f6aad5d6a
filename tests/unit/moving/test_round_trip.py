"""What our export says of an entry is all there is to say: read again, it is the same entry."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mentions import sanitize, urls
from mentions.markdown import render
from mentions.model import (
    Author,
    Authority,
    Content,
    Entry,
    EntryState,
    Kind,
    Page,
    PlainText,
    Proof,
    Protocol,
    Reaction,
    Site,
    Url,
    Way,
)
from mentions.moving import Moved, own_words, webmention_io, wxr, wxr_writing
from mentions.moving.records import lines_of
from service.api import jf2

NOW = datetime(2026, 11, 22, 8, 0, 0, 250_000, tzinfo=UTC)
SITE = Site(1, "example.com", (), NOW)

letters = st.characters(exclude_categories=["Cs"], max_codepoint=0x1F64F)
raw_text = st.text(st.one_of(st.sampled_from(" \n\t<>&'\"`]\x00\u202e"), letters), max_size=30)
line = raw_text.map(lambda text: sanitize.clean_text(text, 200)).filter(bool)
block = raw_text.map(lines_of).filter(bool)
path = st.text(st.sampled_from("ab/%27'`\"<é ?#=&;"), max_size=10)
url = path.map(lambda text: urls.parse(f"https://a.example/{text}")).filter(bool)
some_urls = st.lists(url, max_size=2, unique=True).map(tuple)
author = st.builds(Author, name=st.none() | line, url=st.none() | url, photo=st.none() | url)
moment = st.integers(0, 4 * 10**15).map(lambda us: datetime.fromtimestamp(0, UTC) + timedelta(microseconds=us))
html = st.sampled_from(
    ["<p>{}</p>", "<p>a</p>\n<blockquote>{}</blockquote>", "<pre>{}\n b</pre>", "{} <a href='/x'>y</a>"]
)


@st.composite
def contents(draw: st.DrawFn) -> Content:
    text = draw(block)
    if draw(st.booleans()):
        return Content(None, text)
    safe = sanitize.safe_html(
        draw(html).format(text.replace("&", "&amp;").replace("<", "&lt;")), base="https://a.example/"
    )
    words = sanitize.plain_text(safe)
    return Content(safe, words) if safe and words else Content(None, text)


@st.composite
def published(draw: st.DrawFn) -> dict[str, Any]:
    """As pages write it: with an offset, without, a date only, not at all."""
    at = draw(moment)
    form = draw(st.integers(0, 3))
    if form == 0:
        return {}
    if form == 1:
        return {"published": at.date().isoformat()}
    if form == 2:
        return {"published": at.replace(tzinfo=None).isoformat()}
    local = at.astimezone(timezone(timedelta(minutes=draw(st.integers(-720, 840)))))
    return {"published": local.isoformat(), "published_at": at}


@st.composite
def reactions(draw: st.DrawFn, *, depth: int = 1) -> Reaction:
    kind = draw(st.sampled_from(Kind))
    comments = st.lists(reactions(depth=0), max_size=2).map(tuple) if depth else st.just(())
    return Reaction(
        kind=kind,
        author=draw(author),
        authority=draw(st.sampled_from(Authority)),
        url=draw(st.none() | url),
        uid=draw(st.none() | line),
        name=draw(st.none() | line),
        summary=draw(st.none() | block),
        content=draw(st.none() | contents()),
        context=draw(st.none() | line),
        **draw(published()),
        lang=draw(st.sampled_from([None, "cy", "en-GB"])),
        rsvp=draw(st.sampled_from(["yes", "no", "maybe", "interested"])) if kind is Kind.RSVP else None,
        in_reply_to=draw(some_urls),
        syndication=draw(some_urls),
        canonical=draw(st.none() | url),
        photos=draw(some_urls),
        videos=draw(some_urls),
        audios=draw(some_urls),
        categories=draw(st.lists(line, max_size=2).map(tuple)),
        invitees=draw(st.lists(author.filter(lambda one: one != Author()), max_size=2).map(tuple)),
        comments=draw(comments),
        proof=draw(st.none() | st.builds(Proof, st.sampled_from(Way), st.none() | line)) if depth else None,
    )


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    target = draw(
        st.sampled_from(["https://example.com/post", "http://www.example.com/it's?a#b'c", "https://example.com/old"])
    )
    received = draw(moment)
    targets = (target, *draw(st.lists(st.just("https://example.com/`?`'"), max_size=1)))
    return Entry(
        id=draw(st.integers(1, 10**9)),
        page_id=1,
        site_id=1,
        source=draw(url),
        target=target,
        targets=targets,
        fragment=urls.fragment(target),
        protocol=draw(st.sampled_from(Protocol)),
        state=draw(st.sampled_from([state for state in EntryState if state is not EntryState.DELETED])),
        reaction=draw(reactions()),
        received_at=received,
        updated_at=received + draw(st.timedeltas(timedelta(0), timedelta(days=900))),
        parent_id=draw(st.none() | st.integers(1, 10**9)),
        cluster_id=draw(st.none() | st.integers(1, 10**9)),
        private=draw(st.booleans()),
        likes=draw(st.integers(0, 5)),
        avatar=draw(st.sampled_from([None, "avatar/1.webp"])),
        policy_version=sanitize.POLICY_VERSION,
    )


def plain(source: str, reaction: Reaction) -> Entry:
    """A comment on the page."""
    target = "https://example.com/post"
    state, protocol = EntryState.SPAM, Protocol.COMMENT
    return Entry(1, 1, 1, source, target, (target,), None, protocol, state, reaction, NOW, NOW)


PAGE = Page(1, 1, "https://example.com/post", "A post & more", closed=False, checked_at=None)


def through_the_export(entry: Entry, page: Page = PAGE, **hidden: str | None) -> Moved:
    record = own_words.write(jf2.entry_to_jf2(entry, page, "https://y.example"), entry, page, **hidden)
    [moved] = webmention_io.read(io.BytesIO(b'{"children":[' + orjson.dumps(record) + b"]}"))
    assert isinstance(moved, Moved)
    return moved


def normal(reaction: Reaction, source: str) -> Reaction:
    """A reaction whose own URL is the source needs not say so."""
    comments = tuple(normal(one, source) for one in reaction.comments)
    return replace(reaction, url=None if reaction.url == source else reaction.url, comments=comments)


@settings(deadline=None)
@given(entries(), st.none() | block)
@example(plain("https://a.example/it's", Reaction(Kind.REPLY)), None)
def test_an_entry_comes_out_of_the_export_as_it_went_in(entry: Entry, markdown: str | None):
    moved = through_the_export(entry, markdown=markdown, email="ann@ann.example")
    assert moved.reaction == normal(entry.reaction, entry.source)
    assert (moved.source, moved.target, moved.protocol) == (entry.source, entry.target, entry.protocol)
    assert (moved.targets or (entry.target,)) == (entry.targets or (entry.target,))
    assert (moved.state, moved.private, moved.likes) == (entry.state, entry.private, entry.likes)
    assert (moved.received_at, moved.updated_at or moved.received_at) == (entry.received_at, entry.updated_at)
    assert moved.wm_id == entry.id
    assert (moved.parent_ref, moved.copy_of_ref) == tuple(
        str(up) if up else None for up in (entry.parent_id, entry.cluster_id)
    )
    assert urls.page_key(moved.page or moved.target) == "example.com/post"
    assert moved.page_title == PAGE.title
    assert (moved.markdown, moved.email) == (markdown, "ann@ann.example")


@settings(deadline=None)
@given(entries())
def test_an_entry_comes_out_of_wxr_with_all_that_wordpress_has_a_place_for(entry: Entry):
    part = wxr_writing.comment(entry, PAGE, number=entry.id, parent=entry.parent_id or 0, email="ann@ann.example")
    document = wxr_writing.head(SITE, now=NOW) + wxr_writing.item_head(PAGE, at=NOW) + part
    [moved] = wxr.read(io.BytesIO((document + wxr_writing.ITEM_TAIL + wxr_writing.TAIL).encode()))
    assert isinstance(moved, Moved)
    said = entry.reaction
    assert (moved.ref, moved.parent_ref) == (str(entry.id), str(entry.parent_id) if entry.parent_id else None)
    assert (moved.protocol, moved.reaction.kind, moved.reaction.rsvp) == (entry.protocol, said.kind, said.rsvp)
    assert urls.same_resource(moved.source, entry.source) or urls.attribute_safe(entry.source) == moved.source
    assert urls.page_key(moved.target) == "example.com/post" if moved.protocol is Protocol.COMMENT else moved.target
    assert moved.reaction.author.name == said.author.name
    assert moved.page_title == PAGE.title
    waits = entry.private or entry.state is EntryState.HIDDEN
    assert moved.state is (
        entry.state
        if entry.state is EntryState.SPAM and not entry.private
        else EntryState.HELD
        if waits
        else entry.state
    )
    if said.content is not None and said.content.html:
        assert moved.reaction.content is not None
        assert moved.reaction.content.html == said.content.html


@pytest.mark.parametrize(
    ("reaction", "shown"),
    [
        (Reaction(Kind.MENTION, name=PlainText("Links"), author=Author(PlainText("Ann"))), "Links"),
        (Reaction(Kind.MENTION, author=Author(PlainText("Ann"))), "Ann"),
        (Reaction(Kind.MENTION), "a.example"),
    ],
)
def test_wordpress_shows_a_pingback_by_its_title_and_both_come_back(reaction: Reaction, shown: str):
    entry = replace(plain("https://a.example/1", reaction), protocol=Protocol.PINGBACK)
    part = wxr_writing.comment(entry, PAGE, number=1)
    assert f"<wp:comment_author><![CDATA[{shown}]]></wp:comment_author>" in part
    document = wxr_writing.head(SITE, now=NOW) + wxr_writing.item_head(PAGE, at=NOW) + part
    [moved] = wxr.read(io.BytesIO((document + wxr_writing.ITEM_TAIL + wxr_writing.TAIL).encode()))
    assert isinstance(moved, Moved)
    assert (moved.reaction.name, moved.reaction.author.name) == (reaction.name, reaction.author.name)


def test_names_and_titles_are_html_for_wordpress():
    said = Reaction(Kind.REPLY, author=Author(PlainText("<script>Ann & Bo")))
    part = wxr_writing.comment(plain("https://a.example/1", said), PAGE, number=1)
    assert "<wp:comment_author><![CDATA[&lt;script&gt;Ann &amp; Bo]]></wp:comment_author>" in part
    assert "<title><![CDATA[A post &amp; more]]></title>" in wxr_writing.item_head(PAGE, at=NOW)


def test_a_foreign_row_gets_none_of_our_words():
    row = {"wm-source": "https://a.example/1", "wm-target": "https://example.com/", "wm-property": "like-of"}
    [moved] = webmention_io.read(io.BytesIO(json.dumps({"children": [{**row, "wm-status": "spam"}]}).encode()))
    assert moved.state is EntryState.SHOWN


@pytest.mark.parametrize(
    "odd",
    [
        {"wm-exact": ["https://a.example/1"]},
        {"wm-exact": {"https://a.example/1": "javascript:alert(1)"}},
        {"wm-exact": {"https://a.example/1": "https://evil.example/"}},
        {"wm-exact": {"https://a.example/1": None}},
        {"wm-parent": "7", "wm-copy-of": -1, "wm-likes": "many"},
        {"wm-page": 3, "wm-targets": {"a": 1}, "wm-status": "deleted", "wm-authorship": "mine", "wm-protocol": 4},
        {"wm-invitees": "Ann", "comment": ["Ann", None, {"content": 4}], "wm-in-reply-to": [3, "data:x"]},
        {"wm-kind": "nothing", "wm-updated": "yesterday", "wm-received-at": 4, "uid": 5, "wm-lang": [1], "wm-email": 3},
    ],
)
def test_our_words_are_read_as_a_strangers(odd: dict[str, Any]):
    row = {"wm-source": "https://a.example/1", "wm-target": "https://example.com/", "wm-kind": "like"}
    [moved] = webmention_io.read(io.BytesIO(json.dumps({"children": [{**row, **odd}]}).encode()))
    assert isinstance(moved, Moved)
    assert (moved.source, moved.state) == ("https://a.example/1", EntryState.SHOWN)
    assert moved.parent_ref is None


def test_numbers_for_wordpress_put_parents_first_and_stay_the_pages_own():
    assert wxr_writing.numbers({1: None, 5: 1, 9: 5}) == {1: 1, 5: 5, 9: 9}
    parents = {2: 9, 4: 2, 9: None, 11: 4}
    numbers = wxr_writing.numbers(parents)
    assert sorted(numbers.values()) == sorted(parents)
    assert all(numbers[up] < numbers[own] for own, up in parents.items() if up)
    circle = wxr_writing.numbers({1: 2, 2: 1, 3: 1})
    assert sorted(circle.values()) == [1, 2, 3]
    assert wxr_writing.numbers({}) == {}


def test_markdown_of_comments_survives():
    content = render("**So** it\nis")
    reaction = Reaction(Kind.REPLY, content=content, author=Author(PlainText("Ann"), Url("https://ann.example/")))
    entry = plain("https://y.example/entries/1", reaction)
    assert through_the_export(entry, markdown="**So** it\nis").markdown == "**So** it\nis"
