# ruff: noqa: E501 -- markup and data read better unbroken
"""Whole pages through the reading functions: what each part of the journey adds, and what it may not say."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentions import codec
from mentions.errors import ParserError
from mentions.model import Author, Authority, Document, Kind, Reaction, Reading, Url
from mentions.reading import MAX_MF2, read_author, read_author_failed, read_links, read_source, read_target

SOURCE = "https://source.example/post"
TARGET = "https://target.example/post"
LINK = f'<a href="{TARGET}">a fine post</a>'
CARD = '<a class="p-author h-card" href="/">Bob</a>'


def document(body: str, *, url: str = SOURCE, content_type: str = "text/html") -> Document:
    return Document(Url(url), content_type, "utf-8", body.encode())


def read(body: str, *, source: str = SOURCE, url: str | None = None, **kw: Any) -> Reading:
    return read_source(document(body, url=url or source.partition("#")[0], **kw), source=source, target=TARGET)


def reaction(body: str, **kw: Any) -> Reaction:
    found = read(body, **kw).reaction
    assert found is not None
    return found


def entry(inside: str) -> str:
    return f'<article class="h-entry">{CARD}{inside}</article>'


# --- the link ----------------------------------------------------------------------------------------------------


def test_a_page_without_the_link_has_no_reaction_but_its_near_misses() -> None:
    reading = read(f'<a href="{TARGET}/">x</a>')
    assert (reading.link, reading.reaction) == (None, None)
    assert [miss.reason for miss in reading.near_misses] == ["slash"]


def test_a_page_that_says_it_is_gone_is_gone() -> None:
    reading = read(f'<meta http-equiv="Status" content="410 Gone">{LINK}')
    assert reading.is_gone
    assert reading.reaction is None


def test_markup_made_to_be_slow_is_refused() -> None:
    with pytest.raises(ParserError):
        read("<div>" * 20_000 + LINK)


def test_a_reading_survives_the_way_between_processes() -> None:
    reading = read(entry(f'<p class="e-content">Well {LINK}</p>'))
    assert codec.reading_from_json(orjson.loads(orjson.dumps(codec.to_json(reading)))) == reading
    assert reading.mf2 is not None
    assert reading.mf2["items"][0]["type"] == ["h-entry"]


def test_of_a_huge_page_only_the_entry_is_kept_raw() -> None:
    filler = "".join(f'<div class="h-entry"><p class="p-name">{"n" * 1000}</p></div>' for _ in range(300))
    reading = read(entry(f"{LINK}") + filler)
    assert reading.mf2 is not None
    assert len(reading.mf2["items"]) == 1
    assert len(orjson.dumps(reading.mf2)) < MAX_MF2


# --- which entry -------------------------------------------------------------------------------------------------


def test_a_fragment_of_the_source_names_the_entry() -> None:
    body = (
        f'<div class="h-entry" id="a"><p class="e-content">first {LINK}</p></div>'
        f'<div class="h-entry" id="b"><p class="e-content">second {LINK}</p></div>'
    )
    found = reaction(body, source=f"{SOURCE}#b")
    assert found.content is not None
    assert found.content.text == "second a fine post"


def test_a_fragment_may_name_a_comment() -> None:
    body = entry(
        f'<p class="e-content">mine</p><div class="u-comment h-cite" id="c5"><p class="p-author h-card">Carl</p><p class="e-content">his {LINK}</p></div>'
    )
    found = reaction(body, source=f"{SOURCE}#c5")
    assert found.content is not None
    assert (found.author.name, found.content.text) == ("Carl", "his a fine post")


def test_a_fragment_may_be_inside_or_around_the_entry() -> None:
    other = f'<div class="h-entry"><p class="e-content">other {LINK}</p></div>'
    mine = f'<div class="h-entry"><p class="e-content">mine {LINK}</p>%s</div>'
    inside = reaction(other + mine % '<i id="x"></i>', source=f"{SOURCE}#x")
    around = reaction(other + '<div id="x"><section class="s">' + mine % "" + "</section></div>", source=f"{SOURCE}#x")
    assert [r.content and r.content.text for r in (inside, around)] == ["mine a fine post"] * 2


def test_an_unknown_fragment_changes_nothing() -> None:
    assert reaction(entry(f'<p class="e-content">x {LINK}</p>'), source=f"{SOURCE}#nowhere").author.name == "Bob"


def test_after_a_redirect_the_final_url_names_the_entry_too() -> None:
    body = f'<div class="h-entry"><a class="u-url" href="/x"></a><p class="e-content">x {LINK}</p></div><div class="h-entry"><a class="u-url" href="/new"></a><p class="e-content">y {LINK}</p></div>'
    found = reaction(body, url="https://source.example/new")
    assert found.content is not None
    assert found.content.text == "y a fine post"


def test_an_entry_in_a_feed_is_found() -> None:
    body = f'<div class="h-feed"><p class="p-name">Blog</p><div class="h-entry"><p class="e-content">no</p></div><div class="h-entry"><p class="e-content">yes {LINK}</p></div></div>'
    found = reaction(body)
    assert found.content is not None
    assert found.content.text == "yes a fine post"


def test_a_citation_alone_is_no_entry_and_its_author_not_ours() -> None:
    cite = f'<blockquote class="h-cite"><a class="p-author h-card" href="https://target.example/">Tess</a> {LINK}</blockquote>'
    found = reaction(f"<title>T</title>{cite}")
    assert (found.kind, found.author, found.name) == (Kind.MENTION, Author(), "T")


def test_a_citation_in_the_content_is_in_the_entrys_own_words() -> None:
    found = reaction(entry(f'<div class="e-content">As <cite class="h-cite">{LINK}</cite> says</div>'))
    assert found.content is not None
    assert found.content.text == "As a fine post says"


def test_class_names_of_style_libraries_are_no_items() -> None:
    inside = f'<div class="h-full p-4 h-screen"><p class="e-content h-auto">styled {LINK}</p></div>'
    found = reaction(f'<body class="h-full">{entry(inside)}')
    assert found.content is not None
    assert (found.content.text, found.author.name) == ("styled a fine post", "Bob")


def test_an_entry_that_names_the_target_needs_no_link_in_its_words() -> None:
    body = entry(f'<data class="u-like-of" value="{TARGET}"></data>') + f"<nav>{LINK}</nav>"
    assert reaction(body).kind is Kind.LIKE


def test_a_link_beside_the_entry_makes_a_bare_mention_with_context() -> None:
    body = (
        entry('<h1 class="p-name">My life</h1><p class="e-content">hello world</p>')
        + f"<p>Friends of mine wrote {LINK} about it</p>"
    )
    found = reaction(body)
    assert (found.kind, found.content, found.summary) == (Kind.MENTION, None, None)
    assert (found.author.name, found.name, found.context) == (
        "Bob",
        "My life",
        "Friends of mine wrote a fine post about it",
    )


def test_a_link_in_a_comment_makes_a_bare_mention_without_context() -> None:
    body = entry(
        f'<p class="e-content">my own</p><div class="u-comment h-cite"><p class="p-content">their {LINK}</p></div>'
    )
    found = reaction(body)
    assert (found.kind, found.content, found.context, found.author.name) == (Kind.MENTION, None, None, "Bob")


# --- what it says ------------------------------------------------------------------------------------------------


def test_pictures_of_the_content_are_photos_and_not_in_its_html() -> None:
    found = reaction(
        entry(
            f'{LINK}<img class="u-photo" src="/a.jpg" alt="a"><div class="e-content">x <img src="b.png"><img src="/dot.gif" width="1" height="1"><img class="emoji" src="/e.png" alt="e"><img src="data:image/png,x"></div>'
        )
    )
    assert list(found.photos) == ["https://source.example/a.jpg", "https://source.example/b.png"]
    assert found.content is not None
    assert "<img" not in (found.content.html or "")


def test_pictures_that_stand_for_characters_become_characters() -> None:
    smiley = '<img class="emoji" src="https://s.w.org/x.svg" alt="🎉">'
    found = reaction(
        entry(f'<a class="u-in-reply-to" href="{TARGET}"></a><div class="e-content"><p>{smiley}</p></div>')
    )
    assert found.kind is Kind.REACJI
    assert found.content is not None
    assert (found.content.html, found.content.text, found.photos) == ("<p>🎉</p>", "🎉", ())


def test_tags_are_text_and_people_have_names() -> None:
    body = entry(
        f'{LINK}<a class="p-category h-card" href="https://gwen.example/">Gwen</a><a class="u-category" href="https://x.example/">x</a><b class="p-category">#web</b>'
    )
    assert list(reaction(body).categories) == ["Gwen", "web"]


def test_sounds_and_films_are_kept() -> None:
    found = reaction(
        entry(
            f'{LINK}<audio class="u-audio" src="/s.mp3"></audio><div class="e-content">x<video><source src="/v.mp4"></video></div>'
        )
    )
    assert (list(found.audios), list(found.videos)) == (
        ["https://source.example/s.mp3"],
        ["https://source.example/v.mp4"],
    )


def test_urls_are_safe_in_attributes_and_http_only() -> None:
    found = reaction(
        entry(
            f'{LINK}<a class="u-url" href="/x\'&quot;&lt;y">u</a><a class="u-syndication" href="javascript:alert(1)"></a><a class="u-syndication" href="https://silo.example/1"></a>'
        )
    )
    assert found.url == "https://source.example/x%27%22%3Cy"
    assert list(found.syndication) == ["https://silo.example/1"]


def test_everything_else_of_an_entry_is_kept() -> None:
    body = entry(
        f'<h1 class="p-name">Title</h1><p class="p-summary">Short</p><div class="e-content" lang="cy"><p>Hir iawn</p></div><a class="u-in-reply-to" href="{TARGET}">x</a>'
        '<div class="u-in-reply-to h-cite"><a class="u-url" href="https://third.example/p">p</a></div><a class="u-syndication" href="https://silo.example/9">s</a>'
        '<a class="p-category">web</a><span class="p-category">#reading</span><data class="u-uid" value="tag:x,2024:1"></data><a class="u-url" href="/post">u</a><time class="dt-published">2024-05-01T10:00:00Z</time>'
    )
    found = reaction(f'<html lang="en"><link rel="canonical" href="/canonical">{body}')
    assert found.kind is Kind.REPLY
    assert (found.name, found.summary, found.content and found.content.text) == ("Title", "Short", "Hir iawn")
    assert list(found.in_reply_to) == [TARGET, "https://third.example/p"]
    assert (found.uid, found.url, found.canonical) == ("tag:x,2024:1", SOURCE, "https://source.example/canonical")
    assert list(found.categories) == ["web", "reading"]
    assert (found.lang, found.published) == ("cy", "2024-05-01T10:00:00+00:00")


def test_the_language_of_the_page_stands_in() -> None:
    assert reaction(f'<html lang="cy-GB">{entry(LINK)}').lang == "cy-GB"
    assert reaction(f'<html lang="not a language">{entry(LINK)}').lang is None


@pytest.mark.parametrize(
    ("name", "content", "title"),
    [
        ("Long text that \u2026", "Long text that goes on.", None),
        ("Long text that...", "Long text that goes on.", None),
        ("LONG TEXT", "Long text that goes on.", None),
        ("Goes on", "Long text that goes on.", "Goes on"),
        ("A title", "", "A title"),
    ],
)
def test_a_name_that_begins_the_text_is_no_title(name: str, content: str, title: str | None) -> None:
    assert reaction(entry(f'<p class="p-name">{name}</p><p class="e-content">{content}</p>{LINK}')).name == title


def test_an_invitation_names_its_guests() -> None:
    found = reaction(
        entry(
            f'<a class="u-in-reply-to" href="{TARGET}">to</a> <a class="u-invitee h-card" href="https://guest.example/">Gwen</a><a class="u-invitee" href="https://other.example/">x</a>'
        )
    )
    assert found.kind is Kind.INVITE
    assert list(found.invitees) == [Author("Gwen", "https://guest.example/"), Author(None, "https://other.example/")]  # type: ignore[arg-type]


def test_a_reply_of_one_emoji_by_name_only_is_a_reacji() -> None:
    found = reaction(entry(f'<p class="p-name">🎉</p><a class="u-in-reply-to" href="{TARGET}"></a>'))
    assert found.kind is Kind.REACJI
    assert found.content is not None
    assert (found.content.text, found.name) == ("🎉", None)


# --- who ---------------------------------------------------------------------------------------------------------


def test_an_author_of_the_sources_own_site_has_its_authority() -> None:
    assert reaction(entry(LINK)).authority is Authority.SAME_ORIGIN


def test_an_author_of_another_site_is_only_claimed() -> None:
    body = f'<div class="h-entry"><a class="p-author h-card" href="https://famous.example/">Famous</a>{LINK}</div>'
    assert reaction(body).authority is Authority.CLAIMED


def test_a_url_of_another_site_is_only_claimed() -> None:
    assert reaction(entry(f'{LINK}<a class="u-url" href="https://silo.example/1">s</a>')).authority is Authority.CLAIMED


def test_a_bridge_speaks_for_others() -> None:
    body = f'<div class="h-entry"><a class="p-author h-card" href="https://social.example/@ann">Ann</a>{LINK}</div>'
    assert reaction(body, source="https://brid.gy/comment/mastodon/x/1").authority is Authority.BRIDGED
    assert reaction(body, source="https://notbrid.gy/comment/1").authority is Authority.CLAIMED


WORDPRESS = f"""<title>A post – A blog</title><article class="post hentry"><h1 class="entry-title">A post</h1>
<div class="entry-content"><p>Hello, {LINK}.</p></div>
<footer><span class="byline">By <a href="/author/ann/" rel="author">Ann Author</a></span></footer></article>"""
"""As the themes that come with WordPress write it: no card anywhere, the author is the text of a link."""


def test_an_author_whose_own_page_has_no_card_is_called_as_the_link_to_it_is() -> None:
    reading = read(WORDPRESS)
    assert reading.author_page == "https://source.example/author/ann/"
    archive = document(
        '<h1>Author: Ann</h1><article class="hentry">…</article>', url="https://source.example/author/ann/"
    )
    for known in (read_author_failed(reading), read_author(archive, reading=reading, requested=archive.url)):
        assert known.reaction is not None
        assert known.reaction.author == Author(name="Ann Author", url="https://source.example/author/ann/")
    card = document('<a class="h-card" rel="me" href="/author/ann/">Ann A. Author</a>', url=archive.url)
    better = read_author(card, reading=reading, requested=card.url).reaction
    assert better is not None
    assert better.author.name == "Ann A. Author"


AUTHOR_PAGE = Url("https://ann.example/")


def asking(
    source_body: str = f'<div class="h-entry"><a class="u-author" href="{AUTHOR_PAGE}">x</a>{LINK}</div>',
) -> Reading:
    reading = read(source_body)
    assert reading.author_page == AUTHOR_PAGE
    return reading


def asked(body: str, *, url: str = AUTHOR_PAGE) -> Reaction:
    found = read_author(document(body, url=url), reading=asking(), requested=AUTHOR_PAGE, source=SOURCE)
    assert found.author_page is None
    assert found.reaction is not None
    return found.reaction


def test_an_authors_page_tells_name_and_picture() -> None:
    found = asked('<div class="h-card"><a class="u-url u-uid" href="/">Ann</a><img class="u-photo" src="/a.jpg"></div>')
    assert found.author == Author("Ann", AUTHOR_PAGE, Url("https://ann.example/a.jpg"))  # type: ignore[arg-type]
    assert found.authority is Authority.CLAIMED


def test_an_authors_page_that_names_the_sources_site_vouches_for_it() -> None:
    card = '<a class="h-card u-url u-uid" href="/">Ann</a>'
    ours = asked(f'{card}<a rel="me" href="https://source.example/">blog</a>')
    assert ours.authority is Authority.AUTHOR_PAGE
    theirs = asked(f'{card}<a rel="me" href="https://elsewhere.example/">blog</a>')
    assert theirs.authority is Authority.CLAIMED


def test_without_a_source_nobody_is_vouched_for() -> None:
    page = document(
        '<a class="h-card" href="/">Ann</a><a rel="me" href="https://source.example/">blog</a>', url=AUTHOR_PAGE
    )
    found = read_author(page, reading=asking(), requested=AUTHOR_PAGE).reaction
    assert found is not None
    assert (found.author.name, found.authority) == ("Ann", Authority.CLAIMED)


def test_nobody_vouches_for_a_third_site() -> None:
    """A page that says rel=me of both its accomplice and a famous site does not make its card that site's owner."""
    card = '<a class="h-card" rel="me" href="https://famous.example/">Famous</a>'
    found = asked(f'{card}<a rel="me" href="https://source.example/">blog</a>')
    assert found.author.url == "https://famous.example/"
    assert found.authority is Authority.CLAIMED


def test_a_bridge_that_names_an_authors_page_stays_a_bridge() -> None:
    body = f'<div class="h-entry"><a class="u-author" href="{AUTHOR_PAGE}">x</a>{LINK}</div>'
    reading = read(body, source="https://brid.gy/comment/1")
    page = document('<a class="h-card" href="/">Ann</a>', url=AUTHOR_PAGE)
    found = read_author(page, reading=reading, requested=AUTHOR_PAGE, source="https://brid.gy/comment/1").reaction
    assert found is not None
    assert (found.author.name, found.authority) == ("Ann", Authority.BRIDGED)


def test_an_authors_page_that_has_moved_is_read_by_both_its_urls() -> None:
    card = '<a class="h-card" href="https://new.example/">Ann</a>'
    assert asked(card, url="https://new.example/").author.name == "Ann"


@pytest.mark.parametrize(
    "body", ["", "<p>nothing</p>", '<p class="h-card">A</p><p class="h-card">B</p>', '<p class="h-entry">x</p>']
)
def test_an_authors_page_that_tells_nothing_leaves_the_url(body: str) -> None:
    assert asked(body).author == Author(url=AUTHOR_PAGE)


def test_an_authors_page_that_is_no_page_leaves_the_url() -> None:
    found = read_author(
        document("{}", url=AUTHOR_PAGE, content_type="application/json"), reading=asking(), requested=AUTHOR_PAGE
    )
    assert found == read_author_failed(asking())


def test_a_name_beside_the_authors_url_is_kept_when_his_page_fails() -> None:
    reading = asking(
        f'<div class="h-entry"><a class="u-author" href="{AUTHOR_PAGE}">x</a><span class="p-author">Ann</span>{LINK}</div>'
    )
    failed = read_author_failed(reading)
    assert failed.reaction is not None
    assert failed.reaction.author == Author("Ann", AUTHOR_PAGE)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "mailto:ann@source.example", "data:text/html,x", " JavaScript:x"]
)
def test_an_author_link_that_is_not_followed_is_no_name(link: str) -> None:
    assert reaction(f'<div class="h-entry"><a class="u-author" href="{link}">x</a>{LINK}</div>').author == Author()


@pytest.mark.parametrize("name", ["0", "Ann: a life", "&lt;script&gt;alert(1)&lt;/script&gt;", "R2-D2", "\u202eAnn"])
def test_any_other_text_is_a_name_and_plain(name: str) -> None:
    found = reaction(f'<div class="h-entry"><span class="p-author">{name}</span>{LINK}</div>').author
    assert found.name == name.replace("&lt;", "<").replace("&gt;", ">").replace("\u202e", "")
    assert found.url is None


def test_what_the_page_is_credited_to_stands_in_for_an_author_property() -> None:
    body = f'<meta name="author" content="Ann"><div class="h-entry"><p class="e-content">x {LINK}</p></div>'
    assert reaction(body).author.name == "Ann"


# --- pages without microformats ----------------------------------------------------------------------------------


def test_a_plain_page_has_title_context_and_language() -> None:
    found = reaction(
        f'<html lang="en"><title>Links &amp; more</title><nav>x</nav><h1>Weekly</h1><p>This week I read {LINK} about replies.</p><p>More.</p>'
    )
    assert (found.kind, found.name, found.lang, found.content) == (Kind.MENTION, "Links & more", "en", None)
    assert found.context == "This week I read a fine post about replies."
    assert found.author == Author()


def test_a_plain_page_is_credited_by_json_ld() -> None:
    data = '{"@graph":[{"@type":"WebSite","author":{"name":"Nobody"}},{"@type":["BlogPosting"],"headline":"H","datePublished":"2024-05-01T10:00:00+02:00","author":[{"@type":"Person","name":"Ann","url":"/ann","image":{"url":"/a.jpg"}}]}]}'
    found = reaction(f'<title>T</title><script type="application/ld+json">{data}</script>{LINK}')
    assert found.author == Author("Ann", "https://source.example/ann", "https://source.example/a.jpg")  # type: ignore[arg-type]
    assert (found.name, found.published) == ("H", "2024-05-01T10:00:00+02:00")


@pytest.mark.parametrize(
    ("head", "author"),
    [
        ('<meta name="author" content="Ann">', ("Ann", None)),
        ('<meta property="article:author" content="https://ann.example/">', (None, "https://ann.example/")),
        ('<meta property="article:author" content="Ann">', ("Ann", None)),
        ('<a rel="author" href="/ann">Ann</a>', ("Ann", "https://source.example/ann")),
        ('<script type="application/ld+json">{"@type":"Article","author":"Ann"}</script>', ("Ann", None)),
        ('<script type="application/ld+json">{"@type":"Article","author":{"name":3}}</script>', (None, None)),
        ('<script type="application/ld+json">{"@type":"Article","author":</script>', (None, None)),
        ('<meta name="author" content="<b>Ann</b>">', ("<b>Ann</b>", None)),
        ('<meta name="author" content="">', (None, None)),
    ],
)
def test_the_places_where_plain_pages_name_their_author(head: str, author: tuple[str | None, str | None]) -> None:
    found = reaction(f"{head}<p>{LINK}</p>").author
    assert (found.name, found.url) == author


def test_link_previews_tell_title_and_picture() -> None:
    found = reaction(
        f'<meta property="og:title" content="Clean"><meta property="og:image" content="/og.png"><meta property="og:locale" content="cy_GB"><title>Clean | Site</title>{LINK}'
    )
    assert (found.name, list(found.photos), found.lang) == ("Clean", ["https://source.example/og.png"], "cy-GB")


def test_a_page_with_cards_only_is_plain() -> None:
    found = reaction(
        f'<title>T</title><div class="h-card"><a class="u-url" href="/">Ann</a></div><p>see {LINK} there, friends</p>'
    )
    assert (found.name, found.author, found.context) == ("T", Author(), "see a fine post there, friends")


# --- other documents ---------------------------------------------------------------------------------------------


def test_text_has_the_paragraph_around_the_url() -> None:
    found = reaction(f"First.\n\nI read {TARGET} and\nliked it.\n\nLast.", content_type="text/plain")
    assert found.context == f"I read {TARGET} and liked it."


def test_a_canonical_url_stands_in_the_head_where_no_comment_can() -> None:
    page = (
        '<!DOCTYPE html><head><title>t</title>{head}</head><body><link rel="canonical" href="https://else.example/">x'
    )
    assert read_target(document(page.format(head=""))).canonical is None
    head = '<link rel="canonical" href="/c">'
    assert read_target(document(page.format(head=head))).canonical == "https://source.example/c"


def test_the_title_of_a_page_is_not_that_of_what_it_recommends() -> None:
    others = "".join(f'<div class="h-entry"><a class="p-name u-url" href="/{n}">Other {n}</a></div>' for n in (1, 2))
    for recommended in (others, others[: len(others) // 2]):
        facts = read_target(document(f"<title>Doors</title><h1>Doors</h1>{recommended}"))
        assert (facts.title, facts.author) == ("Doors", None)
    own = '<div class="h-entry"><a class="p-name u-url" href="http://www.source.example/post/">Doors of ours</a></div>'
    assert read_target(document(f"<title>Doors</title>{others}{own}")).title == "Doors of ours"


def test_a_comment_that_is_given_by_two_class_names_is_one() -> None:
    comment = (
        '<div class="u-comment p-comment h-cite"><b class="p-author h-card">Cy</b><p class="e-content">Nice</p></div>'
    )
    assert [one.author.name for one in reaction(entry(f"{LINK}{comment}")).comments] == ["Cy"]


def test_json_has_title_and_text_of_the_object_that_names_the_target() -> None:
    feed = {
        "items": [
            {"title": "no", "url": "https://x.example/"},
            {"title": "A note", "url": TARGET, "content_html": "<p>About <b>it</b></p>"},
        ]
    }
    found = reaction(orjson.dumps(feed).decode(), content_type="application/feed+json")
    assert (found.kind, found.name, found.context) == (Kind.MENTION, "A note", "About it")


def test_xhtml_is_read_as_a_page() -> None:
    found = reaction(
        f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body>{entry(LINK)}</body></html>',
        content_type="application/xhtml+xml",
    )
    assert found.author.name == "Bob"


# --- our own pages -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "title"),
    [
        (
            '<title>/post</title><article class="h-entry"><h1 class="p-name">A post of mine</h1></article>',
            "A post of mine",
        ),
        (
            '<title>T</title><article class="h-entry"><h1 class="p-name">Note text</h1><p class="e-content">Note text and more</p></article>',
            "T",
        ),
        ("<title>T</title><div class='h-entry'>only text</div>", "T"),
        ('<meta property="og:title" content="O"><title>T</title>', "O"),
        ("<h1>H <b>1</b></h1>", "H 1"),
        ("", None),
        (
            '<title>T</title><div class="h-entry"><a class="u-url" href="/a"></a><b class="p-name">A</b></div><div class="h-entry"><a class="u-url" href="/post"></a><b class="p-name">B</b></div>',
            "B",
        ),
    ],
)
def test_the_title_of_a_target(body: str, title: str | None) -> None:
    assert read_target(document(body)).title == title


def test_what_else_a_target_says_of_itself() -> None:
    facts = read_target(document(f'<html lang="cy"><link rel="canonical" href="/c?x=1">{entry("x")}'))
    assert (facts.canonical, facts.lang, facts.url) == ("https://source.example/c?x=1", "cy", SOURCE)
    assert facts.author == Author("Bob", "https://source.example/")  # type: ignore[arg-type]


def test_a_target_that_is_no_page_has_its_url() -> None:
    facts = read_target(document("x", content_type="text/plain"))
    assert (facts.url, facts.title, facts.author) == (SOURCE, None, None)


@pytest.mark.parametrize(
    ("body", "links"),
    [
        (entry('<p class="e-content"><a href="https://a.example/">a</a><a rel="nofollow" href="https://b.example/">b</a><a href="https://a.example/">a</a><a href="#x">self</a><a href="/other">o</a></p>'), ["https://a.example/", "https://b.example/", "https://source.example/other"]),
        (entry('<a class="u-in-reply-to" href="https://r.example/">r</a><p class="e-content">x</p>'), ["https://r.example/"]),
        (entry('<div class="u-like-of h-cite"><a class="u-url" href="https://l.example/">l</a></div>'), ["https://l.example/"]),
        (entry('<a href="https://in.example/">i</a><a class="u-url" href="/post">u</a><a class="u-syndication" href="https://silo.example/">s</a><div class="u-comment h-cite"><a class="u-url" href="https://c.example/">c</a></div>'), ["https://in.example/"]),
        ('<nav><a href="https://n.example/">n</a></nav>' + entry('<p class="e-content"><a href="https://a.example/">a</a></p>') + '<footer><a href="https://f.example/">f</a></footer>', ["https://a.example/"]),
        ('<header><a href="https://h.example/">h</a></header><article><nav><a href="https://n.example/"></a></nav><a href="https://a.example/#f">a</a><blockquote cite="https://q.example/">q</blockquote></article>', ["https://a.example/#f", "https://q.example/"]),
        ('<a href="mailto:a@b.example">m</a><a href="javascript:x">j</a><a href="https://u@p.example/">p</a>', []),
        (entry('<a class="p-category h-card" href="https://person.example/">P</a><p class="e-content">x</p>'), ["https://person.example/"]),
    ],
)  # fmt: skip
def test_the_links_that_are_sent_to(body: str, links: list[str]) -> None:
    assert list(read_links(document(body)).links) == links


def test_the_links_of_what_is_no_page_are_none() -> None:
    assert read_links(document(TARGET, content_type="text/plain")).links == ()


# --- laws --------------------------------------------------------------------------------------------------------

BITS = st.sampled_from(
    ['<div class="h-entry">', '<div class="u-comment h-cite">', '<a class="u-in-reply-to h-cite" href="', '<a class="p-author h-card u-url" href="', '<span class="p-rsvp">yes</span>', '<p class="e-content">', '<p class="p-name">', "</div>", "</p>",
     "</a>", '">', TARGET, SOURCE, "/x", "<base href=//[>", '<time class="dt-published" datetime="', "9999-12-31T23:59:59-14:00", '<div class="vcard">', '<div class="hentry">', '<a rel="author" href="', '<a rel="in-reply-to" href="', LINK,
     '<script type="application/ld+json">{"author":[[', "</script>", '<meta name="author" content="', '<link rel="canonical" href="', '<h1 id="x">', "<template>", "</template>", "<table>", "🎉", "\x00", "\u202e"]
)  # fmt: skip


@given(st.lists(BITS | st.text(max_size=6), max_size=40).map("".join), st.sampled_from([SOURCE, f"{SOURCE}#x"]))
def test_no_page_raises_and_every_reading_is_json(body: str, source: str) -> None:
    page = Document(Url(SOURCE), "text/html", "utf-8", body.encode("utf-8", "ignore"))
    reading = read_source(page, source=source, target=TARGET)
    assert (reading.reaction is None) is (reading.link is None)
    asked_again = read_author(page, reading=reading, requested=Url("https://ann.example/"), source=source)
    for result in (reading, asked_again):
        assert codec.reading_from_json(orjson.loads(orjson.dumps(codec.to_json(result)))) == result
    orjson.dumps(codec.to_json(read_target(page)))
    orjson.dumps(codec.to_json(read_links(page)))


@given(
    st.binary(max_size=300),
    st.sampled_from(["text/html", "application/json", "text/plain", "", "application/xhtml+xml"]),
)
def test_no_bytes_raise(body: bytes, content_type: str) -> None:
    read_source(Document(Url(SOURCE), content_type, None, body + LINK.encode()), source=SOURCE, target=TARGET)
