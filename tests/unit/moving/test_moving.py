"""Files of other systems, as their exporters write them and as history has bent them."""

import io
import json
import sqlite3
import tracemalloc
from datetime import UTC, datetime

import pytest

from mentions.model import EntryState, Kind, Protocol
from mentions.moving import Moved, Skipped, UnreadableExport, disqus, isso, webmention_io, wxr
from mentions.moving.records import content_of_text

REPLY = {
    "type": "entry",
    "author": {"type": "card", "name": "Ann", "photo": None, "url": "https://ann.example/"},
    "url": "https://ann.example/re",
    "published": "2024-05-01T10:00:00+02:00",
    "wm-received": "2024-05-01T08:00:01Z",
    "wm-id": 1876543,
    "wm-source": "https://ann.example/re",
    "wm-target": "https://site.example/post",
    "wm-protocol": "webmention",
    "content": {"html": "<p>Well <b>said</b><script>alert(1)</script></p>", "text": "Well said"},
    "in-reply-to": "https://site.example/post",
    "wm-property": "in-reply-to",
    "wm-private": False,
}


def from_webmention_io(*children, key="children"):
    return list(webmention_io.read(io.BytesIO(json.dumps({"type": "feed", key: list(children)}).encode())))


def test_a_jf2_row_of_webmention_io_keeps_its_id_and_loses_its_script():
    [moved] = from_webmention_io(REPLY)
    assert isinstance(moved, Moved)
    assert (moved.wm_id, moved.source, moved.target) == (1876543, REPLY["wm-source"], REPLY["wm-target"])
    assert moved.protocol is Protocol.WEBMENTION
    assert moved.reaction.kind is Kind.REPLY
    assert moved.reaction.author.name == "Ann"
    assert moved.reaction.published == "2024-05-01T10:00:00+02:00"
    assert moved.received_at == datetime(2024, 5, 1, 8, 0, 1, tzinfo=UTC)
    assert moved.reaction.content is not None
    assert moved.reaction.content.html == "<p>Well <b>said</b></p>"


@pytest.mark.parametrize(
    ("change", "kind", "rsvp"),
    [
        ({"wm-property": "like-of"}, Kind.LIKE, None),
        ({"wm-property": "rsvp", "rsvp": "maybe"}, Kind.RSVP, "maybe"),
        ({"wm-property": "rsvp", "rsvp": "marty mcguire"}, Kind.REPLY, None),
        ({"wm-property": None}, Kind.MENTION, None),
        ({"wm-property": "mention-of"}, Kind.MENTION, None),
    ],
)
def test_kinds_of_webmention_io_are_read_however_odd(change, kind, rsvp):
    [moved] = from_webmention_io({**REPLY, **change})
    assert (moved.reaction.kind, moved.reaction.rsvp) == (kind, rsvp)


@pytest.mark.parametrize(
    "change",
    [
        {"author": None},
        {"author": {"name": None, "url": None, "photo": ""}},
        {"wm-protocol": None},
        {"published": None},
        {"published": "last tuesday"},
        {"wm-received": None},
        {"content": None},
        {"content": "plain"},
        {"content": {"content-type": "text/html", "value": "<p>old form</p>"}},
        {"photo": "https://ann.example/one.jpg"},
        {"url": None},
        {"syndication": [None, 3, "https://silo.example/1"]},
        {"wm-id": None},
        {"rels": None, "summary": {"content-type": "text/plain", "value": "short"}},
    ],
)
def test_rows_with_nulls_and_odd_values_are_moved(change):
    [moved] = from_webmention_io({**REPLY, **change})
    assert isinstance(moved, Moved)


def test_a_row_without_a_source_is_skipped_with_the_reason_and_the_rest_goes_on():
    first, second, third = from_webmention_io({**REPLY, "wm-source": None}, "what", {**REPLY, "wm-id": 2})
    assert isinstance(first, Skipped)
    assert "source" in first.reason
    assert second == Skipped("#1", "it is no object")
    assert isinstance(third, Moved)


def test_the_older_form_is_read_too():
    link = {
        "source": "https://ann.example/like",
        "verified": True,
        "verified_date": "2022-06-10T08:20:16+00:00",
        "id": 7,
        "private": False,
        "data": {"author": {"name": "Felipe", "url": "https://f.example/"}, "content": None, "published": None},
        "activity": {"type": "rsvp-yes"},
        "target": "https://site.example/post",
    }
    [moved] = from_webmention_io(link, key="links")
    assert (moved.wm_id, moved.reaction.kind, moved.reaction.rsvp) == (7, Kind.RSVP, "yes")


def test_an_empty_feed_is_no_error_and_another_file_is():
    assert from_webmention_io() == []
    with pytest.raises(UnreadableExport, match="neither"):
        list(webmention_io.read(io.BytesIO(b'{"items": []}')))
    with pytest.raises(UnreadableExport, match="JSON"):
        list(webmention_io.read(io.BytesIO(b"<html>")))


def test_a_file_that_breaks_off_hands_out_what_came_before():
    whole = json.dumps({"children": [REPLY, {**REPLY, "wm-id": 2}]}).encode()
    read = webmention_io.read(io.BytesIO(whole[:-40]))
    assert next(read).wm_id == 1876543
    with pytest.raises(UnreadableExport, match="breaks off"):
        list(read)


WXR = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:wp="http://wordpress.org/export/1.2/"><channel><title>Site</title>
<item><title>A post</title><link>https://site.example/post</link><wp:post_id>3</wp:post_id>
{comments}
</item></channel></rss>"""


def comment(number, *, form="", approved="1", parent="0", url="", content="Hello", meta=""):
    return f"""<wp:comment><wp:comment_id>{number}</wp:comment_id><wp:comment_author><![CDATA[Ann]]></wp:comment_author>
<wp:comment_author_url>{url}</wp:comment_author_url><wp:comment_date>2024-05-01 12:00:00</wp:comment_date>
<wp:comment_date_gmt>2024-05-01 10:00:00</wp:comment_date_gmt>
<wp:comment_content><![CDATA[{content}]]></wp:comment_content>
<wp:comment_approved>{approved}</wp:comment_approved><wp:comment_type>{form}</wp:comment_type>
<wp:comment_parent>{parent}</wp:comment_parent>{meta}</wp:comment>"""


def from_wxr(*comments):
    return list(wxr.read(io.BytesIO(WXR.format(comments="".join(comments)).encode())))


def test_wordpress_comments_keep_thread_state_and_date():
    first, answer, spam, trash = from_wxr(
        comment(1, url="https://ann.example/"),
        comment(2, parent=1, approved="0"),
        comment(3, approved="spam"),
        comment(4, approved="trash"),
    )
    assert (first.source, first.target) == ("https://site.example/post#comment-1", "https://site.example/post")
    assert (first.protocol, first.reaction.kind) == (Protocol.COMMENT, Kind.REPLY)
    assert first.received_at == datetime(2024, 5, 1, 10, tzinfo=UTC)
    assert first.page_title == "A post"
    assert (answer.parent_ref, answer.state) == ("1", EntryState.HELD)
    assert spam.state is EntryState.SPAM
    assert isinstance(trash, Skipped)


def test_a_pingback_of_wordpress_keeps_the_page_that_sent_it_as_its_source():
    [ping] = from_wxr(comment(1, form="pingback", url="https://blog.example/links", content="[&#8230;] a fine post"))
    assert (ping.protocol, ping.source) == (Protocol.PINGBACK, "https://blog.example/links")
    assert ping.reaction.kind is Kind.MENTION
    # WordPress keeps the title of that page where authors stand, and what is around the link as the words.
    assert (ping.reaction.name, ping.reaction.author.name) == ("Ann", None)
    assert (ping.reaction.context, ping.reaction.content) == ("[…] a fine post", None)


def test_names_and_titles_of_wordpress_are_html_and_are_read_as_text():
    escaped = comment(1).replace("[Ann]", "[Ann &amp; Bo&#039;s &lt;3 &quot;Site&quot;]")
    file = WXR.format(comments=escaped).replace("<title>A post<", "<title><![CDATA[Q &amp; A]]><")
    [moved] = wxr.read(io.BytesIO(file.encode()))
    assert moved.reaction.author.name == 'Ann & Bo\'s <3 "Site"'
    assert moved.page_title == "Q & A"


def test_a_webmention_of_the_wordpress_plugin_keeps_source_and_kind():
    meta = """<wp:commentmeta><wp:meta_key>webmention_source_url</wp:meta_key>
<wp:meta_value>https://blog.example/like</wp:meta_value></wp:commentmeta>"""
    [like] = from_wxr(comment(1, form="like", url="https://ann.example/", meta=meta))
    assert (like.protocol, like.source) == (Protocol.WEBMENTION, "https://blog.example/like")
    assert (like.reaction.kind, like.reaction.author.url) == (Kind.LIKE, "https://ann.example/")


DISQUS = """<?xml version="1.0"?><disqus xmlns="http://disqus.com" xmlns:dsq="http://disqus.com/disqus-internals">
<thread dsq:id="10"><id>x</id><link>https://site.example/post</link><title>A post</title></thread>
<thread dsq:id="11"><link>nowhere</link></thread>
{posts}</disqus>"""


def post(number, *, thread=10, parent=None, deleted="false", spam="false"):
    below = f'<parent dsq:id="{parent}"/>' if parent else ""
    return f"""<post dsq:id="{number}"><message><![CDATA[<p>Hello</p>]]></message>
<createdAt>2024-05-01T10:00:00Z</createdAt>
<isDeleted>{deleted}</isDeleted><isSpam>{spam}</isSpam><author><name>Ann</name></author>
<thread dsq:id="{thread}"/>{below}</post>"""


def test_disqus_posts_find_their_thread_and_parent():
    posts = post(1) + post(2, parent=1, spam="true") + post(3, thread=11) + post(4, deleted="true")
    first, second, lost, deleted = disqus.read(io.BytesIO(DISQUS.format(posts=posts).encode()))
    assert (first.target, first.page_title) == ("https://site.example/post", "A post")
    assert (second.parent_ref, second.state) == ("1", EntryState.SPAM)
    assert isinstance(lost, Skipped)
    assert isinstance(deleted, Skipped)


BOMB = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><rss><channel><item>
<title>&b;</title></item></channel></rss>"""


@pytest.mark.parametrize("read", [wxr.read, disqus.read])
def test_entities_are_refused(read):
    with pytest.raises(UnreadableExport, match="DTD"):
        list(read(io.BytesIO(BOMB.encode())))


@pytest.mark.parametrize("read", [wxr.read, disqus.read])
def test_broken_xml_is_named(read):
    with pytest.raises(UnreadableExport, match="well-formed"):
        list(read(io.BytesIO(b"<rss><channel>")))


def test_a_long_wxr_file_is_read_in_flat_memory(tmp_path):
    path = tmp_path / "long.xml"
    item = "<item><title>t</title><link>https://site.example/post</link>" + comment(1, content="x" * 2000) + "</item>"
    head, tail = WXR.split("<item>", maxsplit=1)[0], "</channel></rss>"

    def peak_of(items):
        path.write_text(head + item * items + tail)
        tracemalloc.start()
        with path.open("rb") as file:
            assert sum(isinstance(one, Moved) for one in wxr.read(file)) == items
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    assert peak_of(1000) < 2 * peak_of(100)


def test_an_isso_database_is_read_with_its_parents(tmp_path):
    path = tmp_path / "comments.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE threads (id INTEGER PRIMARY KEY, uri VARCHAR, title VARCHAR)")
        db.execute(
            "CREATE TABLE comments (tid, id INTEGER PRIMARY KEY, parent, created FLOAT, modified, mode, remote_addr,"
            " text, author, email, website, likes, dislikes, voters, notification)"
        )
        db.execute("INSERT INTO threads VALUES (1, '/post/', 'A post')")
        columns = "tid, created, id, parent, mode, text, author, website"
        row = f"INSERT INTO comments ({columns}) VALUES (1, 1714557600.5, ?, ?, ?, ?, ?, ?)"
        db.execute(row, (1, None, 1, "**Hello**", "Ann", "https://ann.example/"))
        db.execute(row, (2, 1, 2, "Answer", None, "javascript:alert(1)"))
        db.execute(row, (3, None, 4, "", None, None))
        db.execute(row, (4, None, 9, "", None, None))
    db.close()
    first, answer, gone, odd = isso.read(path, base="https://site.example/", render=content_of_text)
    assert (first.target, first.reaction.author.url) == ("https://site.example/post/", "https://ann.example/")
    assert (answer.parent_ref, answer.state, answer.reaction.author.url) == ("1", EntryState.HELD, None)
    assert gone.state is EntryState.DELETED
    assert isinstance(odd, Skipped)


def test_another_file_is_no_isso_database(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to be looked at " * 50)
    with pytest.raises(UnreadableExport, match="Isso"):
        list(isso.read(path, base="https://site.example/", render=content_of_text))
