"""`import`, `export` and `site map`, as an operator types them: real processes on real files."""

from __future__ import annotations

import gzip
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.forge import Forge
from tests.support.product import ROOT

Command = Callable[..., subprocess.CompletedProcess[str]]
POST = "https://site.example/post"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Embedded defaults in a folder of its own."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("YMATEB_")}
    return {**ours, "YMATEB_DATA_DIR": str(tmp_path / "data"), "YMATEB_PUBLIC_URL": "https://y.example"}


@pytest.fixture
def command(environment: dict[str, str], forge: Forge) -> Command:
    """Runs `python -m service` with the site `site.example` registered."""

    def run(*arguments: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
        done = forge.run([str(each) for each in arguments], {**environment, **more})
        assert "Traceback" not in done.stderr, done.stderr
        return done

    assert run("site", "add", "site.example", "--alias", "old.example").returncode == 0
    return run


def mention(number: int, **facts: Any) -> dict[str, Any]:
    """A row of webmention.io's export."""
    source, target = f"https://ann{number % 977}.example/re/{number}", f"https://site.example/post/{number % 500}"
    name = ("in-reply-to", "like-of", "repost-of", "mention-of")[number % 4]
    row = {
        "type": "entry",
        "author": {
            "type": "card",
            "name": f"Ann {number % 977}",
            "photo": None,
            "url": f"https://ann{number % 977}.example/",
        },
        "url": source,
        "published": "2024-05-01T10:00:00+02:00",
        "wm-received": "2024-05-01T08:00:01Z",
        "wm-id": 1000 + number,
        "wm-source": source,
        "wm-target": target,
        "wm-protocol": "webmention",
        name: target,
        "wm-property": name,
        "wm-private": False,
    }
    if number % 4 == 0:
        row["content"] = {"html": f"<p>Well <b>said</b>, {number}.</p>", "text": f"Well said, {number}."}
    return row | facts


def export_file(path: Path, rows: Iterator[dict[str, Any]] | list[dict[str, Any]]) -> Path:
    with path.open("w") as file:
        file.write('{"type":"feed","name":"Webmentions","children":[\n')
        for number, row in enumerate(rows):
            file.write((",\n" if number else "") + json.dumps(row))
        file.write("\n]}\n")
    return path


def bring_in(command: Command, *arguments: str | Path) -> dict[str, Any]:
    done = command("import", "--site", "site.example", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def entries_in(environment: dict[str, str]) -> list[tuple[Any, ...]]:
    """Every entry with all its columns, as it is on disk."""
    with closing(sqlite3.connect(Path(environment["YMATEB_DATA_DIR"]) / "ymateb.sqlite3")) as db:
        return db.execute("SELECT * FROM entries ORDER BY id").fetchall()


def count(environment: dict[str, str]) -> int:
    path = Path(environment["YMATEB_DATA_DIR"]) / "ymateb.sqlite3"
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute("SELECT count(*) FROM entries").fetchone()[0])


def test_an_export_of_webmention_io_is_brought_in_with_a_report_and_changes_nothing_twice(
    command, environment, tmp_path
):
    foreign = mention(3, **{"wm-target": "https://elsewhere.example/"})
    nothing = mention(4, **{"wm-source": None})
    file = export_file(tmp_path / "mentions.json", [mention(0), mention(1), mention(2), foreign, nothing])
    report = tmp_path / "report.jsonl"
    looked = bring_in(command, "webmention.io", file, "--dry-run", "--report", report)
    assert (looked["moved"], looked["dry_run"], count(environment)) == (3, True, 0)
    done = command("import", "--site", "site.example", "webmention.io", file, "--report", report)
    assert done.stdout.splitlines() == [
        "3 moved, 0 there already, 2 skipped.",
        "  1 because its page does not belong to the site: 1003",
        "  1 because its source is no http(s) URL: 1004",
    ]
    assert done.stderr == ""  # no bar where nobody looks
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert [(line["number"], line["ref"], line["outcome"]) for line in lines] == [
        (0, "1000", "moved"),
        (1, "1001", "moved"),
        (2, "1002", "moved"),
        (3, "1003", "skipped"),
        (4, "1004", "skipped"),
    ]
    assert lines[0]["wm-id"] == 1000
    assert "elsewhere.example" in lines[3]["reason"]
    before = entries_in(environment)
    again = bring_in(command, "webmention.io", file)
    assert (again["moved"], again["present"], sum(again["skipped"].values())) == (0, 3, 2)
    assert entries_in(environment) == before


def test_what_cannot_be_brought_in_is_one_line_and_exit_1_and_wrong_usage_is_2(command, environment, tmp_path):
    bomb = tmp_path / "bomb.xml"
    bomb.write_text('<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><rss>&b;</rss>')
    html = tmp_path / "page.html"
    html.write_text("<html></html>")
    good = export_file(tmp_path / "good.json", [mention(0)])
    packed = tmp_path / "disqus.xml.gz"
    packed.write_bytes(gzip.compress(b"<disqus></disqus>"))
    half = tmp_path / "half.json"
    half.write_text(export_file(tmp_path / "whole.json", [mention(n) for n in range(3)]).read_text()[:-60])
    odd_map = tmp_path / "map.csv"
    odd_map.write_text("https://site.example/a\n")
    site = ("import", "--site", "site.example")
    for arguments, words in (
        ((*site, "wxr", bomb), "DTD"),
        ((*site, "disqus", bomb), "DTD"),
        ((*site, "disqus", packed), "unpack it first; nothing is in"),
        ((*site, "wxr", good), "JSON, as webmention.io has; say webmention.io instead of wxr"),
        ((*site, "webmention.io", html), "JSON"),
        ((*site, "isso", html), "Isso"),
        ((*site, "webmention.io", half), "the 2 records before that are in"),
        ((*site, "webmention.io", good, "--map", odd_map), "line 1"),
        ((*site, "isso", good, "--base", "nowhere"), "nowhere"),
        (("import", "--site", "nobody.example", "wxr", good), "not registered"),
    ):
        done = command(*arguments)
        assert (done.returncode, done.stdout) == (1, ""), arguments
        assert words in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert count(environment) == 2
    for arguments in ((*site, "wordpress", good), (*site, "wxr", tmp_path / "none.xml"), ("import", "wxr", good)):
        assert command(*arguments).returncode == 2
    assert command("export", "--site", "site.example", "--format", "wxr", "--shown").returncode == 2


def test_what_is_exported_and_brought_in_elsewhere_is_exported_the_same(command, tmp_path):
    rows = [mention(number) for number in range(600)]
    rows += [
        mention(600, **{"wm-status": "held", "wm-kind": "quotation", "wm-private": True, "wm-parent": 1000}),
        mention(601, **{"wm-kind": "reply", "wm-parent": 1605, "wm-source": "https://a.example/it's", "wm-lang": "cy"}),
        mention(
            605, **{"wm-kind": "reply", "wm-protocol": "comment", "wm-markdown": "*So*", "wm-email": "a@a.example"}
        ),
        mention(
            606, **{"wm-kind": "like", "wm-page": POST, "wm-page-name": "A post", "wm-likes": 2, "wm-copy-of": 1600}
        ),
    ]
    rows[600]["wm-target"] = rows[0]["wm-target"]
    rows[601]["wm-target"] = rows[602]["wm-target"]
    bring_in(command, "webmention.io", export_file(tmp_path / "rows.json", rows))
    first = command("export", "--site", "site.example").stdout
    assert len(json.loads(first)["children"]) == 604
    assert len(first.splitlines()) == 606
    exported = tmp_path / "exported.json"
    exported.write_text(first)
    elsewhere = {"YMATEB_DATA_DIR": str(tmp_path / "elsewhere")}
    assert command("site", "add", "site.example", "--alias", "old.example", **elsewhere).returncode == 0
    done = command("import", "--site", "site.example", "webmention.io", exported, **elsewhere)
    assert done.stdout.startswith("604 moved, 0 there already, 0 skipped.")
    assert command("export", "--site", "site.example", **elsewhere).stdout == first
    children = {child["wm-id"]: child for child in json.loads(first)["children"]}
    assert (children[1600]["wm-parent"], children[1601]["wm-parent"]) == (1000, 1605)
    assert (children[1605]["wm-email"], children[1606]["wm-page"]) == ("a@a.example", POST)
    shown = json.loads(command("export", "--site", "site.example", "--shown").stdout)["children"]
    assert 1600 not in {child["wm-id"] for child in shown}
    assert not any("wm-email" in child for child in shown)


def test_wxr_goes_out_and_in_again_with_its_threads(command, environment, tmp_path):
    rows = [
        mention(1, **{"wm-kind": "reply", "wm-parent": 1005, "wm-target": POST, "content": {"text": "a ]]> b"}}),
        mention(5, **{"wm-kind": "reply", "wm-protocol": "comment", "wm-email": "a@a.example", "wm-target": POST}),
        mention(
            6,
            **{
                "wm-kind": "mention",
                "wm-protocol": "pingback",
                "wm-target": POST,
                "wm-status": "spam",
                "wm-page-name": "A & B",
            },
        ),
    ]
    bring_in(command, "webmention.io", export_file(tmp_path / "rows.json", rows))
    first = command("export", "--site", "site.example", "--format", "wxr")
    assert first.returncode == 0
    assert first.stdout.startswith("<?xml")
    assert "<![CDATA[A &amp; B]]>" in first.stdout
    file = tmp_path / "site.xml"
    file.write_text(first.stdout)
    elsewhere = {"YMATEB_DATA_DIR": str(tmp_path / "elsewhere")}
    command("site", "add", "site.example", **elsewhere)
    done = command("import", "--site", "site.example", "wxr", file, **elsewhere)
    assert done.stdout == "3 moved, 0 there already, 0 skipped.\n"
    children = json.loads(command("export", "--site", "site.example", **elsewhere).stdout)["children"]
    by_source = {child["wm-source"]: child for child in children}
    reply, comment = by_source["https://ann1.example/re/1"], by_source["https://ann5.example/re/5"]
    assert (reply["wm-parent"], reply["content"]["text"]) == (comment["wm-id"], "a ]]> b")
    assert (comment["wm-protocol"], comment["wm-email"]) == ("comment", "a@a.example")
    assert by_source["https://ann6.example/re/6"]["wm-status"] == "spam"


def test_a_database_of_isso_is_brought_in_with_its_markdown(command, tmp_path):
    path = tmp_path / "comments.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE threads (id INTEGER PRIMARY KEY, uri VARCHAR, title VARCHAR)")
        db.execute(
            "CREATE TABLE comments (tid, id INTEGER PRIMARY KEY, parent, created FLOAT, modified FLOAT, mode,"
            " remote_addr, text, author, email, website, likes, dislikes, voters, notification)"
        )
        db.execute("INSERT INTO threads VALUES (1, '/post', 'A post')")
        columns = "tid, id, parent, created, mode, text, author, email, likes"
        row = f"INSERT INTO comments ({columns}) VALUES (1, ?, ?, 1714557600.5, ?, ?, ?, ?, ?)"
        db.execute(row, (1, None, 4, "", None, None, 0))
        db.execute(row, (2, 1, 1, "**Hello** <script>", "Ann", "ann@ann.example", 3))
    told = bring_in(command, "isso", path)
    assert (told["moved"], told["skipped"]) == (2, {})
    [hello] = json.loads(command("export", "--site", "site.example").stdout)["children"]
    assert hello["content"]["html"] == "<p><strong>Hello</strong> &lt;script&gt;</p>"
    assert (hello["wm-target"], hello["wm-likes"], hello["wm-markdown"]) == (POST, 3, "**Hello** <script>")
    assert hello["author"]["name"] == "Ann"


def test_pages_that_moved_take_their_threads_along(command, environment, tmp_path):
    rows = [mention(0, **{"wm-target": "https://old.example/a"}), mention(1, **{"wm-target": "https://site.example/b"})]
    rows += [mention(2, **{"wm-target": "https://site.example/2019/c"})]
    bring_in(command, "webmention.io", export_file(tmp_path / "rows.json", rows))
    moved = tmp_path / "map.csv"
    moved.write_text(
        "old,new\nhttps://old.example/a,https://site.example/b\nhttps://site.example/x,https://site.example/y\n"
        "https://site.example/2019/*,https://site.example/blog/*\nhttps://else.example/,https://site.example/\n"
    )
    for arguments, known in ((["--dry-run"], 0), ([], 0), ([], 3)):
        told = json.loads(command("site", "map", "site.example", moved, "--json", *arguments).stdout)
        assert told["known"] == (known if known == 0 else 2)
        assert (told["joined"], told["added"], told["renamed"]) == ((1, 1, 1) if known == 0 else (0, 0, 0))
        assert told["skipped"] == ["else.example/"]
    with closing(sqlite3.connect(Path(environment["YMATEB_DATA_DIR"]) / "ymateb.sqlite3")) as db:
        pages = sorted(db.execute("SELECT p.url, k.key FROM pages p JOIN page_urls k ON k.page_id = p.id").fetchall())
        assert db.execute("SELECT count(DISTINCT page_id) FROM entries").fetchone() == (2,)
    assert pages == [
        ("https://site.example/b", "old.example/a"),
        ("https://site.example/b", "site.example/b"),
        ("https://site.example/blog/c", "site.example/2019/c"),
        ("https://site.example/blog/c", "site.example/blog/c"),
        ("https://site.example/y", "site.example/x"),
        ("https://site.example/y", "site.example/y"),
    ]


def peak_kb(line: list[str], environment: dict[str, str]) -> int:
    """What a process needs at its largest, by its own account."""
    program = """if True:
        import resource, runpy, sys
        sys.argv = ["service", *sys.argv[1:]]
        try:
            runpy.run_module("service", run_name="__main__")
        except SystemExit as end:
            assert not end.code, end
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
    """
    done = subprocess.run(
        [sys.executable, "-c", program, *line], cwd=ROOT, env=environment, capture_output=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr.decode()
    return int(done.stderr.split()[-1])


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_50_000_mentions_survive_a_kill_in_the_middle_in_flat_memory(command, environment, tmp_path):
    small = export_file(tmp_path / "small.json", [mention(number) for number in range(1_000)])
    large = export_file(tmp_path / "large.json", (mention(number) for number in range(50_000)))
    of_few = peak_kb(["import", "--site", "site.example", "webmention.io", str(small)], environment)
    report = tmp_path / "report.jsonl"
    line = ["import", "--site", "site.example", "webmention.io", str(large), "--report", str(report)]
    victim = subprocess.Popen([sys.executable, "-m", "service", *line], cwd=ROOT, env=environment)
    deadline = time.monotonic() + 240
    while count(environment) < 15_000:
        assert victim.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    reached = count(environment)
    assert 15_000 <= reached < 50_000
    of_many = peak_kb(line, environment)
    assert count(environment) == 50_000
    assert of_many < 1.2 * of_few + 8_000, "memory grows with the file"
    told = [json.loads(text) for text in report.read_text().splitlines()]
    assert [one["number"] for one in told] == list(range(50_000))
    assert sum(one["outcome"] == "moved" for one in told) == 49_000  # the first thousand were there
    with closing(sqlite3.connect(Path(environment["YMATEB_DATA_DIR"]) / "ymateb.sqlite3")) as db:
        assert db.execute("SELECT count(*), count(DISTINCT id), min(id), max(id) FROM entries").fetchone() == (
            50_000, 50_000, 1_000, 50_999,
        )  # fmt: skip
        assert db.execute("SELECT count(DISTINCT cursor) FROM changes").fetchone() == (50_000,)
        assert db.execute("SELECT count(*) FROM import_refs").fetchone() == (0,)


def test_what_stands_in_a_file_does_nothing_to_the_terminal(command: Command, tmp_path: Path):
    hostile = tmp_path / "hostile.json"
    hostile.write_bytes(b'{"children": \x1b]0;mine\x07')
    refused = command("import", "--site", "site.example", "webmention.io", hostile)
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: the file is not JSON, or breaks off")
    row = mention(1) | {"wm-target": "https://else.example/\x07\u009b2J\u202e"}
    hostile.write_text(json.dumps({"children": [row]}))
    skipped = command("import", "--site", "site.example", "webmention.io", hostile)
    assert "1 skipped" in skipped.stdout
    assert not set(refused.stderr + skipped.stdout) & set("\x07\x1b\u009b\u202e")
