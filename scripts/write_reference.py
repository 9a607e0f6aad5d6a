"""`make docs`: writes config/example.toml and the table of options in docs/operating.md."""

from __future__ import annotations

import re
from pathlib import Path

from config import reference

BEGIN, END = "<!-- options: made by `make docs` -->\n", "<!-- end of options -->\n"


def main() -> None:
    """Both files, in place."""
    Path("config/example.toml").write_text(reference.toml(), encoding="utf-8")
    manual = Path("docs/operating.md")
    text = manual.read_text(encoding="utf-8")
    table = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    manual.write_text(table.sub(lambda _: BEGIN + reference.markdown() + END, text, count=1), encoding="utf-8")


if __name__ == "__main__":
    main()
