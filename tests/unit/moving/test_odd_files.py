"""Files that are damaged, packed, wrongly encoded or of another kind than named: read, or refused in one line."""

import gzip
import io
import json
import sqlite3
import time
import tracemalloc
from contextlib import closing

import pytest

from mentions.moving import UnreadableExport, guess, isso, webmention_io, wxr
from mentions.moving.records import content_of_text
from tests.unit.moving.test_moving import BOMB, DISQUS, REPLY, WXR, comment


@pytest.mark.parametrize(
    ("encoding", "words"), [("klingon", "unknown encoding"), ("shift_jis", "multi-byte"), ("utf-7", "multi-byte")]
)
def test_an_encoding_that_is_not_read_is_named(encoding, words):
    file = WXR.format(comments=comment(1)).replace("UTF-8", encoding)
    with pytest.raises(UnreadableExport, match=f"make it UTF-8: .*{words}"):
        list(wxr.read(io.BytesIO(file.encode())))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_files_in_other_encodings_are_read_as_they_say(encoding):
    file = WXR.format(comments=comment(1, content="Siân")).replace("UTF-8", encoding.removesuffix("-sig"))
    [moved] = wxr.read(io.BytesIO(file.encode(encoding)))
    assert moved.reaction.content.text == "Siân"


def test_blanks_before_a_file_and_control_characters_in_it_are_passed_over():
    file = "\n \n" + WXR.format(comments=comment(1, content="a\x0b\0b\x1b"))
    [moved] = wxr.read(io.BytesIO(file.encode()))
    assert moved.reaction.content.text == "ab"


def test_megabytes_of_blanks_cost_no_memory():
    head, tail = WXR.format(comments=comment(1)).split("<item>")

    class Blanks(io.RawIOBase):
        parts = [head.encode(), *[b" \n" * 32_768] * 400, b"<item>" + tail.encode()]

        def read(self, _size=-1):
            return self.parts.pop(0) if self.parts else b""

    tracemalloc.start()
    assert len(list(wxr.read(Blanks()))) == 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


@pytest.mark.parametrize(
    ("read", "head", "filling"),
    [
        (wxr.read, b"<rss><channel><item><title>", b"blah "),
        (webmention_io.read, b'{"x": "', b"blah "),
        (webmention_io.read, b'{"children": [', b"  \n "),
    ],
)
def test_what_never_ends_is_refused_after_some_megabytes(read, head, filling):
    file = io.BytesIO(head + filling * (5 << 20))
    with pytest.raises(UnreadableExport, match="a single thing of more than 16 MB"):
        list(read(file))


def test_json_may_begin_with_a_byte_order_mark():
    file = io.BytesIO(b"\xef\xbb\xbf" + json.dumps({"children": [REPLY]}).encode())
    assert len(list(webmention_io.read(file))) == 1


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_endless_nesting_is_refused_at_once(opening):
    file = io.BytesIO(('{"children":[' + opening * 200_000).encode())
    started = time.process_time()
    with pytest.raises(UnreadableExport, match="64 deep"):
        list(webmention_io.read(file))
    assert time.process_time() - started < 5


GUESSES = {
    b"": "an empty file",
    bytes(4096): "nothing but zeros or blanks",
    gzip.compress(b"x"): r"packed \(gzip\): unpack it first",
    b"PK\x03\x04...": r"packed \(zip\)",
    b"SQLite format 3\0": "SQLite.* say isso instead",
    b'\xef\xbb\xbf {"children": []}': "JSON.* say webmention.io instead",
    b"<!DOCTYPE html>\n<title>Log in</title>": "an HTML page",
    b'<?xml version="1.0"?><!-- <rss> --><feed xmlns="http://www.w3.org/2005/Atom">': "an Atom feed",
    b'<?xml version="1.0"?><rss version="2.0"><channel>': "an RSS feed",
    b"<?xml version='1.0'?><opml>": "XML of another kind, <opml>",
}


@pytest.mark.parametrize(("head", "words"), GUESSES.items())
def test_another_file_than_the_named_one_is_called_by_its_name(head, words):
    with pytest.raises(UnreadableExport, match=f"not Disqus' XML: it looks like .*{words}"):
        guess.check(head, "disqus")


def test_a_file_that_is_what_it_is_called_or_nothing_known_is_left_to_its_reader():
    wordpress = WXR.format(comments="<!-- <disqus> -->").encode()
    for form, head in (
        ("wxr", wordpress),
        ("wxr", wordpress.decode().encode("utf-16")),
        ("disqus", DISQUS.format(posts="http://wordpress.org/export/1.2/").encode()),
        ("webmention.io", b' {"links": []}'),
        ("isso", b"SQLite format 3\0"),
        ("wxr", BOMB.encode()),
        ("disqus", b"anything"),
    ):
        guess.check(head, form)
    with pytest.raises(UnreadableExport, match="say disqus instead of wxr"):
        guess.check(DISQUS.encode(), "wxr")


def isso_database(path, *rows):
    """A database of Isso 0.9 to 0.14 with these (thread, id, parent, created, text, author, likes)."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE threads (id INTEGER PRIMARY KEY, uri VARCHAR, title VARCHAR)")
        db.execute(
            "CREATE TABLE comments (tid, id INTEGER PRIMARY KEY, parent, created FLOAT, modified, mode DEFAULT 1,"
            " remote_addr, text, author, email, website, likes, dislikes, voters)"
        )
        db.execute("INSERT INTO threads VALUES (1, '/post/', X'ff00'), (2, NULL, NULL)")
        columns = "tid, id, parent, created, text, author, likes"
        db.executemany(f"INSERT INTO comments ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    return path


def test_whatever_sqlite_keeps_in_the_columns_of_isso_is_read_or_reported(tmp_path):
    path = isso_database(
        tmp_path / "comments.db",
        (1, 1, 1, 1714557600.5, b"\xff", 5, "many"),
        (1, 2, 99, 1714557600, "a\0b", b"\xff", -3),
        (1, 3, None, "yesterday", "x", "Ann", 0),
        (1, 4, None, 1e30, "x", "Ann", 0),
        (2, 5, None, 1714557600, "x", "Ann", 0),
        (9, 6, None, 1714557600, "of no thread", "Ann", 0),
    )
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE comments SET text = CAST(X'ff41' AS TEXT) WHERE id = 2")
    first, second, *others = isso.read(path, base="https://site.example/", render=content_of_text)
    assert (first.reaction.content, first.reaction.author.name, first.likes, first.page_title) == (None, None, 0, None)
    assert (second.reaction.content.text, second.likes, second.parent_ref) == ("\ufffdA", 0, "99")
    assert [one.reason for one in others] == ["it has no date"] * 2 + ["its thread has no http(s) address: 'None'"] * 2


def test_a_damaged_and_a_locked_database_are_told_apart(tmp_path):
    path = isso_database(tmp_path / "comments.db", *((1, n, None, 1714557600, "x" * 500, "Ann", 0) for n in range(99)))
    torn = tmp_path / "torn.db"
    torn.write_bytes(path.read_bytes()[:9_000])
    with pytest.raises(UnreadableExport, match="damaged"):
        list(isso.read(torn, base="https://site.example/", render=content_of_text))
    with closing(sqlite3.connect(path, isolation_level=None)) as owner:
        owner.execute("BEGIN EXCLUSIVE")
        with pytest.raises(UnreadableExport, match="locked by another process"):
            list(isso.read(path, base="https://site.example/", render=content_of_text))
