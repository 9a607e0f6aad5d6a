"""Old addresses and new ones, as people write them into a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from mentions.moving import UnreadableExport
from mentions.moving.url_map import UrlMap


def from_text(tmp_path: Path, text: str) -> UrlMap:
    path = tmp_path / "map.csv"
    path.write_bytes(text.encode())
    return UrlMap.from_file(path)


def test_old_addresses_are_told_apart_as_pages_are(tmp_path: Path):
    moved = from_text(tmp_path, "\ufefffrom,to\r\n https://a.example/old , https://a.example/new#top \r\n\r\n")
    for old in ("http://www.a.example/old", "https://a.example/old#part", "https://a.example:443/old"):
        assert moved.new_for(old) == "https://a.example/new"
    assert moved.new_for("https://a.example/old/") is None
    assert moved.new_for("nowhere") is None
    assert moved.pages == [("a.example/old", "https://a.example/new")]
    assert not moved.has_prefixes


def test_exact_rows_go_before_prefixes_and_longer_prefixes_before_shorter(tmp_path: Path):
    rows = "https://o.example/*,https://n.example/*\nhttps://o.example/b/*,https://n.example/blog/*\n"
    moved = from_text(tmp_path, rows + '"https://o.example/b/x,y","https://n.example/z"\n')
    assert moved.has_prefixes
    assert moved.new_for("https://o.example/a?q=1") == "https://n.example/a?q=1"
    assert moved.new_for("https://o.example/b/c") == "https://n.example/blog/c"
    assert moved.new_for("https://o.example/b/x,y") == "https://n.example/z"
    assert moved.new_for("https://n.example/a") is None


def test_what_stays_where_it_is_has_not_moved(tmp_path: Path):
    moved = from_text(tmp_path, "http://a.example/x,https://a.example/x\nhttps://a.example/y/*,https://a.example/y/*\n")
    assert moved.new_for("https://a.example/x") is None
    assert moved.new_for("https://a.example/y/z") is None


@pytest.mark.parametrize(
    "row",
    [
        "https://a.example/",
        "https://a.example/,/new",
        "a,b,c",
        "https://a.example/*,https://a.example/b",
        "x://y,z://y",
    ],
)
def test_a_row_that_cannot_be_read_is_named_by_its_line(tmp_path: Path, row: str):
    with pytest.raises(UnreadableExport, match="line 2"):
        from_text(tmp_path, f"old,new\n{row}\n")


def test_a_row_of_paths_is_no_heading(tmp_path: Path):
    with pytest.raises(UnreadableExport, match="line 1"):
        from_text(tmp_path, "/old,/new\n")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path):
    (tmp_path / "map.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UnreadableExport, match="UTF-8"):
        UrlMap.from_file(tmp_path / "map.csv")
