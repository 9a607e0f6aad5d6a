"""The conformance data beside this file, and the placeholders in it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
_UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20}


def load(name: str) -> dict[str, Any]:
    return json.loads((DATA / name).read_text(encoding="utf-8"))


def expand(body: str) -> str:
    """Fills `{pad:N}`, `{repeat:X:N}` and `{nest:X:N}`."""
    body = re.sub(r"\{pad:(\d+)(KiB|MiB|)\}", lambda m: "x " * (int(m[1]) * _UNITS[m[2]] // 2), body)
    body = re.sub(r"\{repeat:(.*?):(\d+)\}", lambda m: m[1] * int(m[2]), body)
    return re.sub(r"\{nest:(.*?):(\d+)\}", lambda m: _nested(m[1], int(m[2])), body)


def filled(text: str, **values: str) -> str:
    """Fills `{name}` placeholders."""
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text


def _nested(opening: str, times: int) -> str:
    if opening == "[":
        return "[" * times + "]" * times
    tag = re.match(r"<(\w+)", opening)
    assert tag is not None
    return opening * times + f"</{tag[1]}>" * times
