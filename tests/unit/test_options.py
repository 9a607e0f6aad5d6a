"""The options of a site: strict when they are set, lenient when they are read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mentions import options
from mentions.errors import InvalidRequest

DOC = Path(options.__file__).parents[1] / "docs" / "moderation.md"


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("hold", "strangers+links", "strangers+links"),
        ("hold_pingback", "all", "all"),
        ("hold_kinds", "like, mention,like", ["like", "mention"]),
        ("hold_kinds", [], []),
        ("hold_protocols", ["pingback"], ["pingback"]),
        ("trusted", "www.Friend.example,https://Ann.example", ["friend.example", "https://ann.example/"]),
        ("bridges", ["https://bridge.example/x"], ["bridge.example"]),
        ("comments", "No", False),
        ("comments", True, True),
        ("comments", None, None),
    ],
)
def test_a_value_is_kept_in_one_form(name, given, kept):
    assert options.check(name, given) == kept


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("hold", "some"),
        ("hold", ["all"]),
        ("hold_kinds", "smile"),
        ("hold_kinds", [1]),
        ("trusted", "/"),
        ("trusted", ["https://"]),
        ("bridges", ["a.example"] * 501),
        ("comments", "perhaps"),
        ("comments", 1),
    ],
)
def test_a_value_that_it_cannot_be_is_refused_with_what_it_can_be(name, given):
    with pytest.raises(InvalidRequest, match=f"^{name} has to be {re.escape(options.OPTIONS[name].takes)}$"):
        options.check(name, given)


def test_an_unknown_option_is_refused_with_those_there_are():
    with pytest.raises(InvalidRequest, match=r"no option 'holt'; the options are hold, hold_webmention, "):
        options.check("holt", "all")


def test_what_is_odd_in_the_database_is_as_if_it_were_not_set():
    told = options.effective({"hold": "?", "trusted": 7, "comments": False, "demo": True})
    assert told == {**{name: option.default for name, option in options.OPTIONS.items()}, "comments": False}


def test_every_option_is_documented_with_what_it_takes_and_its_default():
    rows = re.findall(
        r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", DOC.read_text(encoding="utf-8"), re.MULTILINE
    )
    told = {name: (takes.replace("`", ""), default.strip("`")) for name, takes, default, _ in rows}
    assert told == {name: (each.takes, default_of(each)) for name, each in options.OPTIONS.items()}


def default_of(option: options.Option) -> str:
    match option.default:
        case None:
            return "not set"
        case []:
            return "none given"
        case [*every]:
            return ", ".join(every)
        case flag if isinstance(flag, bool):
            return str(flag).lower()
        case other:
            return str(other)
