"""Pages that are made to cost much cost little: they are read in a process whose processor time is limited."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.interpret.hostile import PAGES

SECONDS = 3
MEGABYTES = 1024
MAX_RESULT = 1 << 20
ROOT = Path(__file__).parents[3]
CHILD = """
import json, resource, sys
import orjson
from mentions import codec
from mentions.errors import ParserError
from mentions.model import Document, Url
from mentions.reading import read_links, read_source, read_target
from tests.unit.interpret.hostile import PAGES, TARGET
resource.setrlimit(resource.RLIMIT_AS, ({megabytes} << 20, {megabytes} << 20))
done = {{}}
for name in json.load(sys.stdin):
    used = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    resource.setrlimit(resource.RLIMIT_CPU, (int(used) + {seconds} + 1, resource.RLIM_INFINITY))
    document = Document(Url("https://source.example/p"), "text/html", "utf-8", PAGES[name].encode())
    try:
        reading = read_source(document, source="https://source.example/p", target=TARGET)
        read_target(document)
        read_links(document)
        done[name] = len(orjson.dumps(codec.to_json(reading)))
    except ParserError as refused:
        done[name] = str(refused)
    print(json.dumps({{name: done[name]}}), flush=True)
"""


@pytest.fixture(scope="module")
def outcomes() -> dict[str, object]:
    """Page -> bytes of the reading, or why it was refused; a page that cost too much has none, nor those after it."""
    program = CHILD.format(megabytes=MEGABYTES, seconds=SECONDS)
    run = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(list(PAGES)),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=240,
        check=False,
    )
    found: dict[str, object] = {}
    for line in run.stdout.splitlines():
        found |= json.loads(line)
    assert run.returncode == 0, f"after {len(found)} pages: {run.stderr[-500:]}"
    return found


@pytest.mark.parametrize("name", PAGES)
def test_a_hostile_page_is_read_or_refused_in_time_and_its_reading_is_small(
    name: str, outcomes: dict[str, object]
) -> None:
    outcome = outcomes[name]
    assert isinstance(outcome, str) or (isinstance(outcome, int) and outcome < MAX_RESULT)


def test_most_hostile_pages_are_read_after_all(outcomes: dict[str, object]) -> None:
    """Refusing is for what no parser can do, not for what is only odd."""
    refused = [name for name, outcome in outcomes.items() if isinstance(outcome, str)]
    assert len(refused) <= 12, refused
    assert "divisions in each other, 5000" not in refused
    assert "classic cards in each other, 400" not in refused
    assert "paragraphs of open bold, 1000" not in refused
