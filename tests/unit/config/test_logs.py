"""What is written, to whom, in which form: asked of a real process, because logging is one per process."""

from __future__ import annotations

import json
import subprocess
import sys

SPEAKER = """
import logging, sys
from config.logs import configure, get_logger
from config.settings import Settings
configure(Settings(log_level=sys.argv[1], log_format=sys.argv[2]))
log = get_logger("tests.speaker")
log.debug("page.measured", size=3)
log.info("page.fetched", url="http://a.example/", took_s=0.5, who={"b", })
logging.getLogger("library").warning("odd %s", "thing")
try:
    secret = "in a local variable"
    raise RuntimeError("broken")
except RuntimeError:
    log.exception("page.failed")
"""


def speak(level: str, form: str) -> list[str]:
    said = subprocess.run(
        [sys.executable, "-c", SPEAKER, level, form], capture_output=True, text=True, check=True, timeout=30
    )
    assert said.stdout == "", "standard output belongs to what a command answers"
    return said.stderr.splitlines()


def test_away_from_a_terminal_every_line_is_a_json_object():
    lines = [json.loads(line) for line in speak("info", "auto")]
    assert [line["event"] for line in lines] == ["page.fetched", "odd thing", "page.failed"]
    assert lines[0] | {"timestamp": ""} == {
        "event": "page.fetched",
        "level": "info",
        "module": "tests.speaker",
        "timestamp": "",
        "took_s": 0.5,
        "url": "http://a.example/",
        "who": "{'b'}",
    }
    assert lines[1]["logger"] == "library"
    assert lines[1]["level"] == "warning"
    assert lines[2]["exception"].endswith("RuntimeError: broken")


def test_what_is_below_the_level_is_not_written():
    assert [json.loads(line)["event"] for line in speak("warning", "json")] == ["odd thing", "page.failed"]
    assert json.loads(speak("debug", "json")[0])["event"] == "page.measured"


def test_text_is_for_people():
    lines = speak("info", "text")
    assert "page.fetched" in lines[0]
    assert "took_s=0.5" in lines[0]
    assert "\x1b" not in lines[0], "no colours away from a terminal"


def test_a_traceback_tells_no_local_variables():
    assert "in a local variable" not in "".join(speak("info", "json"))
