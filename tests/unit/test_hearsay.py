"""Which comments of a source are told below it: those that nobody has heard of by themselves, within bounds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mentions import hearsay, sanitize, urls
from mentions.model import Author, Content, Entry, EntryState, Kind, Protocol, Reaction
from mentions.storage.blocks import Rule

POST = "https://post.example/doors"
BASE = "https://ymateb.example/entries/"
AT = datetime(2026, 3, 1, tzinfo=UTC)


def comment(url: str | None, text: str = "told", *, kind: Kind = Kind.REPLY, author: str = "Carl") -> Reaction:
    html = sanitize.safe_html(f"<p>{text}</p>", base=POST)
    who = Author(sanitize.clean_text(author, 50), urls.parse("https://carl.example/"))
    content = Content(html, sanitize.plain_text(html)) if text else None
    return Reaction(kind, author=who, url=urls.parse(url) if url else None, content=content)


def entry(*comments: Reaction, wm_id: int = 1, state: EntryState = EntryState.SHOWN) -> Entry:
    return Entry(
        id=wm_id, page_id=1, site_id=1, source=f"https://b.example/{wm_id}", target=POST, targets=(POST,),
        fragment=None, protocol=Protocol.WEBMENTION, state=state, received_at=AT, updated_at=AT,
        reaction=Reaction(Kind.REPLY, comments=comments),
    )  # fmt: skip


def told(*entries: Entry, known: tuple[str, ...] = (), blocks: tuple[Rule, ...] = (), **options: object):
    found = hearsay.tell(
        entries, page_url=POST, is_known=known, blocks=blocks, site_options=options, permalink_base=BASE
    )
    return {wm_id: [one.url for one in some] for wm_id, some in found.items()}


def test_a_reply_with_words_and_an_address_is_told():
    assert told(entry(comment("https://c.example/1"))) == {1: ["https://c.example/1"]}


@pytest.mark.parametrize(
    "one",
    [
        comment(None),
        comment("https://c.example/1", ""),
        comment("https://c.example/1", kind=Kind.LIKE),
        comment("https://b.example/1"),
        comment("http://www.post.example/doors"),
        comment("https://ymateb.example/entries/7"),
    ],
    ids=["no address", "no words", "like", "the source itself", "the post", "ours"],
)
def test_what_has_no_address_no_words_or_is_known_anyway_is_not_told(one: Reaction):
    assert told(entry(one)) == {}


def test_what_came_by_itself_is_not_told_whatever_its_scheme():
    assert told(entry(comment("https://c.example/1")), known=("http://www.c.example/1",)) == {}


def test_what_two_sources_carry_is_told_once_below_the_first():
    same = comment("https://c.example/1")
    assert told(entry(same, wm_id=2), entry(same, same, wm_id=1)) == {1: ["https://c.example/1"]}


@pytest.mark.parametrize("state", [state for state in EntryState if state is not EntryState.SHOWN])
def test_only_what_is_shown_tells(state: EntryState):
    assert told(entry(comment("https://c.example/1"), state=state)) == {}


@pytest.mark.parametrize(
    "rule", [Rule("authority", "c.example"), Rule("url_prefix", "https://c.example/"), Rule("author", "Carl")]
)
def test_what_a_block_hits_is_not_told(rule: Rule):
    assert told(entry(comment("https://c.example/1")), blocks=(rule,)) == {}


@pytest.mark.parametrize("hold", ["strangers", "all", "strangers+links"])
def test_a_site_that_holds_strangers_is_told_nothing_by_them(hold: str):
    assert told(entry(comment("https://c.example/1")), hold=hold) == {}
    assert told(entry(comment("https://c.example/1")), hold="links") == {1: ["https://c.example/1"]}


def test_a_claim_to_be_somebody_trusted_is_not_believed():
    trusted = {"hold": "all", "trusted": ["c.example", "https://carl.example/"]}
    assert told(entry(comment("https://c.example/1")), **trusted) == {}


def test_a_source_tells_so_many_and_no_more():
    many = tuple(comment(f"https://c.example/{n}") for n in range(hearsay.MOST + 5))
    assert len(told(entry(*many))[1]) == hearsay.MOST


def test_what_is_told_is_not_looked_into_deeper():
    deep = replace(comment("https://c.example/1"), comments=(comment("https://d.example/1"),))
    assert told(entry(deep)) == {1: ["https://c.example/1"]}
