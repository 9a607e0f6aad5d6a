"""`python -m service.i18n`: collects every message of the service and brings the catalogues up to date.

Writes `ymateb.pot`, the empty catalogue that a new language starts from, and adds what is new to each `<tag>.po`, empty,
for a translator to fill; what is no longer said is dropped."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract as extract_python
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from service.i18n import FOLDER, LANGUAGES, SOURCE_LANGUAGE

SERVICE: Final = FOLDER.parent
KEYWORDS: Final = {"gettext": None, "ngettext": (1, 2), "forms": (1, 2), "phrase": (2, 3)}
"""Functions whose first strings are messages; `phrase` and `forms` are ours."""
OPTIONS: Final = {"trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true"}

Message = str | tuple[str, ...]


def extract() -> Iterator[tuple[Message, str]]:
    """Every message (or its singular and plural) with the file that it stands in."""
    for path in sorted(SERVICE.rglob("*.py")):
        with path.open("rb") as source:
            for _line, message, _comments, _context in extract_python("python", source, KEYWORDS):
                yield message, path.relative_to(SERVICE).as_posix()
    for path in sorted(SERVICE.rglob("templates/*.html")):
        with path.open("rb") as source:
            for _line, function, message, _comments in babel_extract(source, ("gettext", "ngettext"), (), OPTIONS):
                text = message if isinstance(message, str) else _strings(message)
                yield (text if function == "ngettext" else _first(text)), path.relative_to(SERVICE).as_posix()


def _strings(message: tuple[str | None, ...]) -> tuple[str, ...]:
    return tuple(part for part in message if isinstance(part, str))


def _first(text: Message) -> str:
    return text if isinstance(text, str) else text[0]


def template() -> Catalog:
    """All messages, not translated; each knows the files that say it."""
    catalog = Catalog(project="Ymateb", charset="utf-8", fuzzy=False)
    for message, place in extract():
        catalog.add(message, locations=[(f"service/{place}", None)])
    return catalog


def written(catalog: Catalog) -> str:
    """A catalogue as a file, the same whenever its messages are the same."""
    out = io.BytesIO()
    write_po(out, catalog, width=120, sort_output=True, omit_header=True, include_lineno=False, ignore_obsolete=True)
    header = {"Project-Id-Version": "Ymateb", "Content-Type": "text/plain; charset=utf-8"}
    if catalog.locale is not None:
        header |= {"Language": catalog.locale_identifier or "", "Plural-Forms": catalog.plural_forms}
    lines = "".join(f'"{name}: {value}\\n"\n' for name, value in header.items())
    return f'msgid ""\nmsgstr ""\n{lines}\n{out.getvalue().decode().lstrip()}'


def update(path: Path, source: Catalog) -> int:
    """Brings one catalogue up to date; how many of its messages lack a translation now."""
    with path.open("rb") as file:
        catalog = read_po(file, locale=path.stem)
    catalog.update(source, no_fuzzy_matching=True, update_creation_date=False)
    path.write_text(written(catalog), "utf-8")
    return sum(1 for message in catalog if message.id and not _is_complete(message.string))


def _is_complete(text: str | tuple[str, ...] | None) -> bool:
    return all(text) if isinstance(text, tuple) else bool(text)


def main() -> int:
    """Updates everything; 1 when a translation is missing."""
    source = template()
    (FOLDER / "ymateb.pot").write_text(written(source), "utf-8")
    missing = {lang: update(FOLDER / f"{lang}.po", source) for lang in LANGUAGES if lang != SOURCE_LANGUAGE}
    for lang, count in missing.items():
        print(f"{lang}: {count} of {len(source)} messages lack a translation")
    return int(any(missing.values()))


if __name__ == "__main__":
    sys.exit(main())
