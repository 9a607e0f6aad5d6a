"""The microformats test suite (github.com/microformats/tests, CC0), read by our own parser."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mentions.interpret.microformats import parse_mf2
from tests.conformance.cases import DATA

SUITE = DATA / "mf2"
PAGES = sorted(SUITE.glob("*/*/*.json"))
BASES = ("http://example.com/", "http://example.com")
UNIT_BASES = ("http://example.test", "http://example.test/")
UNSUPPORTED = {
    "microformats-v1/includes/hcarditemref": "the include pattern is not supported",
    "microformats-v1/includes/heventitemref": "the include pattern is not supported",
    "microformats-v1/includes/hyperlink": "the include pattern is not supported",
    "microformats-v1/includes/object": "the include pattern is not supported",
    "microformats-v1/includes/table": "the include pattern is not supported",
    "microformats-v1/hcard/multiple": "the suite has a string where alt text makes it an object since 2020",
    "microformats-v1/hcard/name": "the suite has a string where alt text makes it an object since 2020",
    "microformats-v1/hresume/affiliation": "the suite has a string where alt text makes it an object since 2020",
    "microformats-v1/hproduct/aggregate": "the suite takes the text of a nested review for its value, not its name",
}
_MOMENT = re.compile(r"^(\d{4}-\d\d(?:-\d\d)?)[T ](\d\d:?\d\d(?::?\d\d(?:\.\d+)?)?)\s*(Z|z|[+-]\d\d(?::?\d\d)?)?$")


def comparable(value: Any) -> Any:
    """As the suite's README allows: order of rels, white space and the spelling of time zones do not matter."""
    if isinstance(value, dict):
        kept = {k: comparable(v) for k, v in value.items() if k not in ("debug", "alternates", "lang")}
        if isinstance(kept.get("rels"), list):
            kept["rels"] = sorted(kept["rels"])
        return kept
    if isinstance(value, list):
        return [comparable(part) for part in value]
    if not isinstance(value, str):
        return value
    if match := _MOMENT.match(value):
        zone = (match[3] or "").upper().replace(":", "")
        return f"{match[1]} {match[2]}{zone if zone in ('', 'Z') else zone[:3] + (zone[3:] or '00')}"
    return re.sub(r"\s+", " ", re.sub(r"\s*/>", ">", value)).strip()


def name_of(path: Path) -> str:
    return path.relative_to(SUITE).with_suffix("").as_posix()


def is_read(path: Path) -> bool:
    html = path.with_suffix(".html").read_text(encoding="utf-8")
    wanted = comparable(json.loads(path.read_text(encoding="utf-8")))
    bases = UNIT_BASES if "v2-unit" in name_of(path) else BASES
    return any(comparable(parse_mf2(html, base)) == wanted for base in bases)


@pytest.mark.parametrize("path", [p for p in PAGES if name_of(p) not in UNSUPPORTED], ids=name_of)
def test_the_suites_page_is_read(path: Path) -> None:
    assert is_read(path)


@pytest.mark.parametrize("path", [p for p in PAGES if name_of(p) in UNSUPPORTED], ids=name_of)
def test_what_is_not_supported_is_listed_truly(path: Path) -> None:
    """A page that is read after all has to leave the list."""
    assert not is_read(path)
