"""docs/moving.md names only commands, options and keys that exist, and its map is read."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from mentions.moving import own_words
from mentions.moving.url_map import UrlMap
from service.commands import cli
from service.commands.sources import FORMATS

ROOT = Path(__file__).parents[2]
MANUAL = (ROOT / "docs/moving.md").read_text()
COMMANDS = re.findall(r"python -m service ([^`\n>#]+)", MANUAL)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", MANUAL, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_has_the_options_that_are_named(line: str):
    words = shlex.split(re.sub(r"[\[\]]", " ", line))
    command: click.Command = cli
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    options = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options


def test_every_format_is_in_the_table_and_no_other():
    assert set(re.findall(r"^\| `([a-z.]+)` \|", MANUAL, re.MULTILINE)) == set(FORMATS)


def test_the_map_is_one(tmp_path: Path):
    [text] = blocks("csv")
    (tmp_path / "map.csv").write_text(text)
    moved = UrlMap.from_file(tmp_path / "map.csv")
    assert moved.new_for("http://example.com/?p=12") == "https://example.com/hello/"
    assert moved.new_for("https://old.example/a/b") == "https://example.com/a/b"


def test_our_keys_are_those_that_are_written():
    written = Path(own_words.__file__).read_text()
    for key in set(re.findall(r"`(wm-[a-z-]+)`", MANUAL)) - {"wm-id", "wm-target"}:
        assert f'"{key}"' in written, key
