"""The fragment: what a page with it parses to, what it says in which language, and what it never contains."""

from __future__ import annotations

import re
from typing import Any

import mf2py
import pytest
from bs4 import BeautifulSoup

from service.pages.entries import cut, host_of, read_moment
from service.pages.fragment import Look, render_thread

POST = "https://post.example/2026/doors"
BASE = "https://ymateb.example"


def entry(wm_id: int, who: str = "Ann", **more: Any) -> dict[str, Any]:
    """A jf2 entry as the API gives it, a reply unless said otherwise."""
    home = f"https://{who.lower().replace(' ', '-')}.example/"
    return {
        "type": "entry",
        "author": {"type": "card", "name": who, "photo": "", "url": home},
        "url": f"{home}{wm_id}",
        "published": "2026-03-01T09:17:00+01:00",
        "wm-received": "2026-03-01T08:20:00Z",
        "wm-id": wm_id,
        "wm-source": f"{home}{wm_id}",
        "wm-target": POST,
        "wm-protocol": "webmention",
        "wm-kind": "reply",
        "wm-property": "in-reply-to",
        "in-reply-to": POST,
        "content": {"html": f"<p>Said by {who}</p>", "text": f"Said by {who}"},
        "comment": [],
        **more,
    }


def thread(*children: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A thread as `GET /api/thread` gives it."""
    return {
        "type": "feed",
        "url": POST,
        "name": "Doors",
        "count": len(children),
        "reactions": {},
        "children": list(children),
        "cursor": 17,
        "next": None,
        "closed": False,
        **more,
    }


def parsed(html: str) -> list[dict[str, Any]]:
    """The microformats of a page that consists of the fragment."""
    page = f"<!doctype html><html><body>{html}</body></html>"
    items: list[dict[str, Any]] = mf2py.parse(doc=page, url=POST)["items"]
    return items


def test_a_thread_is_an_h_feed_of_nested_u_comment_h_cites():
    answer = entry(2, "Bryn")
    [feed] = parsed(render_thread(thread(entry(1, "Ann", comment=[answer]), entry(3, "Cai"), count=3), "en", BASE))
    assert feed["type"] == ["h-feed"]
    assert feed["properties"]["name"] == ["3 thoughts on “Doors”"]
    assert feed["properties"]["url"] == [POST]
    first, second = feed["properties"]["comment"]
    assert [first["type"], second["type"]] == [["h-cite"], ["h-cite"]]
    assert first["properties"]["author"][0]["properties"] == {"name": ["Ann"], "url": ["https://ann.example/"]}
    assert first["properties"]["url"] == ["https://ann.example/1"]
    assert first["properties"]["published"] == ["2026-03-01T09:17:00+0100"]
    assert first["properties"]["content"][0]["value"] == "Said by Ann"
    assert first["properties"]["in-reply-to"] == [POST]
    [below] = first["properties"]["comment"]
    assert below["properties"]["url"] == ["https://bryn.example/2"]
    assert below["properties"]["in-reply-to"] == ["https://ann.example/1"]


def test_inside_the_posts_h_entry_its_comments_are_the_posts():
    html = render_thread(thread(entry(1)), "en", BASE, Look(within="h-entry"))
    page = f'<article class="h-entry"><h1 class="p-name">Doors</h1>{html}</article>'
    [post] = parsed(page)
    assert post["properties"]["name"] == ["Doors"]
    assert [each["properties"]["url"] for each in post["properties"]["comment"]] == [["https://ann.example/1"]]
    assert "children" not in post


def test_reactions_are_faces_with_names():
    likes = [entry(n, who, content=None, **{"wm-kind": "like"}) for n, who in ((5, "Mair"), (6, "Idris"))]
    rsvps = [
        entry(7, "Ann", **{"wm-kind": "rsvp", "rsvp": "yes"}, content=None),
        entry(8, "Cai", **{"wm-kind": "rsvp", "rsvp": "no"}, content=None),
    ]
    html = render_thread(thread(reactions={"like": likes, "rsvp": rsvps}), "en", BASE)
    [feed] = parsed(html)
    names = [each["properties"]["author"][0]["properties"]["name"][0] for each in feed["properties"]["like"]]
    assert names == ["Mair", "Idris"]
    assert [each["properties"]["rsvp"] for each in feed["properties"]["rsvp"]] == [["yes"], ["no"]]
    soup = BeautifulSoup(html, "lxml")
    labels = [label.get_text() for label in soup.select(".ym-group .ym-label")]
    assert labels == ["Liked by 2 people", "1 person is going", "1 person cannot go"]
    assert all(chip.select_one("svg.ym-face") for chip in soup.select(".ym-chip"))


def test_an_emoji_stands_beside_the_face_however_it_was_marked_up():
    said = ({"text": "🐑"}, {"html": "<p>🐑</p>", "text": "🐑"})
    reacji = [entry(n, "Elin", content=content, **{"wm-kind": "reacji"}) for n, content in enumerate(said)]
    soup = BeautifulSoup(render_thread(thread(reactions={"reacji": reacji}), "en", BASE), "lxml")
    assert [chip.select_one(".e-content").get_text() for chip in soup.select(".ym-chip")] == ["🐑", "🐑"]


def test_many_faces_wait_behind_a_number():
    likes = [entry(n, f"P{n}", content=None, **{"wm-kind": "like"}) for n in range(1, 21)]
    soup = BeautifulSoup(render_thread(thread(reactions={"like": likes}), "cy", BASE), "lxml")
    assert len(soup.select(".ym-group > .ym-faces > li")) == 12
    assert soup.select_one("details summary").get_text() == "a 8 arall"
    assert len(soup.select("details li")) == 8


@pytest.mark.parametrize(
    ("count", "english", "welsh"),
    [
        (0, "No responses yet", "Dim ymateb eto"),
        (1, "One thought on “Doors”", "Un ymateb i “Doors”"),
        (2, "2 thoughts on “Doors”", "Dau ymateb i “Doors”"),
        (3, "3 thoughts on “Doors”", "Tri ymateb i “Doors”"),
        (4, "4 thoughts on “Doors”", "4 ymateb i “Doors”"),
        (5, "5 thoughts on “Doors”", "5 ymateb i “Doors”"),
        (6, "6 thoughts on “Doors”", "Chwe ymateb i “Doors”"),
        (11, "11 thoughts on “Doors”", "11 ymateb i “Doors”"),
        (1234, "1,234 thoughts on “Doors”", "1,234 ymateb i “Doors”"),
    ],
)
def test_the_heading_has_the_right_plural(count: int, english: str, welsh: str):
    for lang, expected in (("en", english), ("cy", welsh)):
        soup = BeautifulSoup(render_thread(thread(count=count), lang, BASE), "lxml")
        assert soup.select_one(".ym-heading").get_text() == expected


def test_two_languages_stand_side_by_side_each_marked_with_its_own():
    soup = BeautifulSoup(render_thread(thread(count=4), "en", BASE, Look(also="cy")), "lxml")
    for place, expected in (
        (".ym-heading", [("en", "4 thoughts on “Doors”"), ("cy", "4 ymateb i “Doors”")]),
        (".ym-answer .ym-label", [("en", "Leave a reply"), ("cy", "Gadael ymateb")]),
    ):
        parts = soup.select_one(place).select("[lang]")
        assert [(part["lang"], part.get_text()) for part in parts] == expected


def test_a_pingback_is_named_so_and_quotes_the_words_around_its_link():
    ping = entry(
        4, "", author={"type": "card", "name": "", "photo": "", "url": ""}, content=None, name="Links of the week",
        **{"wm-protocol": "pingback", "wm-kind": "mention", "wm-context": "I read a fine post & missed my stop"},
    )  # fmt: skip
    ping["wm-source"] = ping["url"] = "https://links.example/9"
    html = render_thread(thread(ping), "en", BASE)
    soup = BeautifulSoup(html, "lxml")
    item = soup.select_one("#c-4")
    assert "ym-pingback" in item["class"]
    assert item.select_one(".ym-verb").get_text() == "Pingback"
    assert item.select_one(".ym-author").get_text(strip=True) == "links.example"
    assert item.select_one("blockquote")["cite"] == "https://links.example/9"
    [comment] = parsed(html)[0]["properties"]["comment"]
    assert comment["properties"]["name"] == ["Links of the week"]
    assert comment["properties"]["summary"] == ["I read a fine post & missed my stop"]


def test_the_posts_author_is_marked():
    own, other = entry(1, "Nia", **{"wm-post-author": True}), entry(2, "Nia")
    soup = BeautifulSoup(render_thread(thread(own, other), "en", BASE), "lxml")
    assert [mark.find_parent("li")["id"] for mark in soup.select(".ym-mark")] == ["c-1"]


def test_a_removed_response_leaves_a_tombstone_that_holds_its_answers():
    gone = {"wm-id": 1, "wm-deleted": "2026-03-02T00:00:00Z", "comment": [entry(2, "Bryn")]}
    html = render_thread(thread(gone, count=1), "en", BASE)
    soup = BeautifulSoup(html, "lxml")
    assert soup.select_one("#c-1 > p").get_text() == "This response has been removed."
    assert soup.select_one("#c-1 #c-2")
    assert len(parsed(html)[0]["properties"]["comment"]) == 1


def test_a_deep_thread_goes_on_at_the_permalink():
    chain = entry(9, "Last")
    for number in range(8, 0, -1):
        chain = entry(number, f"P{number}", comment=[chain])
    soup = BeautifulSoup(render_thread(thread(chain), "en", BASE, Look(depth=4)), "lxml")
    assert soup.select_one("#c-4")
    assert not soup.select_one("#c-5")
    link = soup.select_one(".ym-deeper a")
    assert link["href"] == f"{BASE}/entries/4"
    assert link.get_text() == "Continue this thread: 5 more responses"


def test_each_entry_has_its_language_id_and_a_named_link_to_answer_it():
    soup = BeautifulSoup(render_thread(thread(entry(12, "Ann", **{"wm-lang": "fr"})), "cy", BASE), "lxml")
    item = soup.select_one("#c-12")
    assert item["lang"] == "fr"
    link = item.select_one(".ym-does a")
    assert (link["href"], link["aria-label"]) == (f"{BASE}/entries/12#respond", "Ateb Ann")
    assert item.select_one("time").get_text() == "1 Mawrth 2026, 09:17"


def test_an_answer_does_not_speak_the_language_of_what_it_answers():
    answers = [entry(2, "Bryn"), entry(3, "Cai", **{"wm-lang": "cy"})]
    html = render_thread(thread(entry(1, "Ann", comment=answers, **{"wm-lang": "fr"})), "cy", BASE)
    soup = BeautifulSoup(html, "lxml")
    assert [soup.select_one(f"#c-{n}")["lang"] for n in (1, 2, 3)] == ["fr", "", "cy"]
    assert [soup.select_one(f"#c-{n} > article .ym-does").get("lang") for n in (1, 2, 3)] == ["cy", "cy", None]


def test_foreign_text_is_escaped_everywhere():
    evil = '"><script>alert(1)</script>'
    bad = entry(
        1, "x", author={"type": "card", "name": evil, "url": "https://x.example/", "photo": ""},
        content={"text": evil}, name=evil, photo=["https://x.example/a.jpg"], **{"wm-lang": evil},
    )  # fmt: skip
    like = entry(2, "y", author={"type": "card", "name": evil, "url": "https://y.example/", "photo": ""}, content=None)
    html = render_thread(thread(bad, reactions={"like": [like]}, name=evil), "en", BASE, Look(also="cy"))
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 5


def test_there_is_nothing_that_a_strict_policy_would_refuse():
    html = render_thread(thread(entry(1), reactions={"like": [entry(2, content=None)]}), "en", BASE)
    assert not re.search(r"<style|<script|\sstyle=|\son[a-z]+=|javascript:|data:", html)
    ours = {value for value in re.findall(r'(?:src|action)="([^"]*)"', html) if not value.startswith(BASE)}
    assert ours == set()


def test_a_picture_is_shown_only_from_us():
    photo = "https://ann.example/me.jpg"
    card = {"type": "card", "name": "Ann", "photo": photo, "url": "https://ann.example/"}
    html = render_thread(
        thread(entry(1, author=card), entry(2, author=card, **{"wm-avatar": f"{BASE}/avatars/ann"})), "en", BASE
    )
    soup = BeautifulSoup(html, "lxml")
    assert [image["src"] for image in soup.select("img")] == [f"{BASE}/avatars/ann"]
    assert photo not in html
    [_first, second] = parsed(html)[0]["properties"]["comment"]
    assert second["properties"]["author"][0]["properties"]["photo"] == [{"value": f"{BASE}/avatars/ann", "alt": ""}]


def test_a_long_response_is_cut_and_goes_on_at_its_own_place():
    text = "word " * 1000
    html = render_thread(thread(entry(1, content={"html": f"<p>{text}</p>", "text": text})), "en", BASE)
    soup = BeautifulSoup(html, "lxml")
    assert len(soup.select_one(".ym-text").get_text()) < 720
    assert soup.select_one(".ym-on a").get_text() == "Read on at ann.example"


def test_an_entry_that_says_nothing_of_itself_is_still_an_entry():
    bare = {"wm-id": 3, "wm-source": "https://bare.example/x", "wm-target": POST}
    [comment] = parsed(render_thread(thread(bare), "en", BASE))[0]["properties"]["comment"]
    assert comment["properties"]["url"] == ["https://bare.example/x"]
    assert "published" not in comment["properties"]


def test_a_closed_thread_offers_no_form():
    soup = BeautifulSoup(render_thread(thread(entry(1), closed=True), "en", BASE), "lxml")
    assert not soup.select(".ym-answer form")
    assert soup.select_one(".ym-closed").get_text() == "This thread takes no more responses."


def test_the_form_for_comments_is_there_only_when_comments_are_open():
    closed = BeautifulSoup(render_thread(thread(), "en", BASE), "lxml")
    opened = BeautifulSoup(render_thread(thread(), "en", BASE, Look(comments_open=True)), "lxml")
    assert not closed.select(".ym-comment")
    form = opened.select_one(".ym-comment")
    assert form["action"] == f"{BASE}/api/comments"
    for field in form.select("input:not([type=hidden]), textarea"):
        assert form.select_one(f"label[for={field['id']}]").get_text()
    trap = form.select_one("[name=website2]")
    assert trap.find_parent(hidden=True)
    assert (trap["tabindex"], trap["autocomplete"]) == ("-1", "off")


def test_everything_can_be_liked_without_a_script_and_says_how_many_have():
    html = render_thread(thread(entry(1, "Ann", **{"wm-likes": 2}), entry(2, "Bryn")), "cy", BASE)
    soup = BeautifulSoup(html, "lxml")
    form = soup.select_one("#c-1 .ym-like")
    assert (form["method"], form["action"]) == ("post", f"{BASE}/api/entries/1/like?lang=cy")
    assert form.button["aria-label"] == "Hoffi: Ann"
    assert [each.get_text() for each in soup.select(".ym-likes")] == ["Hoffwyd gan ddau berson", ""]


def test_more_responses_are_a_link_away():
    html = render_thread(thread(entry(1), next="1772000000000000.5"), "cy", BASE)
    link = BeautifulSoup(html, "lxml").select_one(".ym-next a")
    assert (
        link["href"]
        == f"{BASE}/embed?target=https%3A%2F%2Fpost.example%2F2026%2Fdoors&lang=cy&after=1772000000000000.5"
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-01", "2026-03-01"),
        ("2026-03-01T09:17:00Z", "2026-03-01T09:17:00+00:00"),
        ("2026-03-01T09:17:00", "2026-03-01T09:17:00+00:00"),
        ("2026-03-01T09:17:00-05:00", "2026-03-01T09:17:00-05:00"),
        ("yesterday", None),
        ("2026-13-45", None),
    ],
)
def test_times_are_read_as_sources_write_them(value: str, expected: str | None):
    moment = read_moment(value)
    assert (moment.isoformat() if moment else None) == expected


def test_a_cut_ends_at_a_word():
    assert cut("one two, three", 9) == "one two …"
    assert cut("short", 9) == "short"
    assert host_of("https://www.example.com:8443/x") == "example.com:8443"
    assert host_of("not a url") == ""
