"""The options written down: `config/example.toml` and the table in docs/operating.md, both made from settings.py.

`python -m config.reference toml` and `… markdown` print them; tests/docs keeps the files equal to what is printed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from config.settings import SECTIONS
from config.sources import SECRETS, variable


def default_text(value: Any) -> str | None:
    """A default as an operator writes it in an environment variable; None when the option is unset by default."""
    match value:
        case None:
            return None
        case bool():
            return "on" if value else "off"
        case tuple() | frozenset():
            return ",".join(str(part) for part in sorted(value))
        case Path():
            return f"./{value}"
        case _:
            return str(value)


def _toml_value(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return json.dumps(default_text(value), ensure_ascii=False)


def _options(section: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    yield from section.model_fields.items()


def toml() -> str:
    """`config/example.toml`: every option with its help and default; those that are unset by default commented out."""
    lines = [
        "# Every option of Ymateb with its default.  Name a copy of this file in YMATEB_CONFIG.",
        "# The environment wins over it: `port` here is YMATEB_PORT there.",
    ]
    for section in SECTIONS:
        lines += ["", f"# --- {section.__doc__} ---"]
        for name, field in _options(section):
            lines += ["", f"# {field.description}"]
            lines.append(f"# {name} =" if field.default is None else f"{name} = {_toml_value(field.default)}")
            if name in SECRETS:
                lines.append(f"# {name}_file =")
    return "\n".join(lines) + "\n"


def markdown() -> str:
    """The table of docs/operating.md."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    for section in SECTIONS:
        for name, field in _options(section):
            default = default_text(field.default)
            shown = f"`{default}`" if default else "empty" if default == "" else "unset"
            twin = f" (or `{variable(name)}_FILE`)" if name in SECRETS else ""
            lines.append(f"| `{variable(name)}`{twin} | {shown} | {field.description} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write({"toml": toml, "markdown": markdown}[sys.argv[1]]())
