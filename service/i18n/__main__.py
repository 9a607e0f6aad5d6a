"""`python -m service.i18n`: collects every message of the service and brings the catalogues up to date.

Writes `ymateb.pot`, the empty catalogue that a new language starts from, and adds what is new to each `<tag>.po`,
empty, for a translator to fill; what is no longer said is dropped."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract as extract_python
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from service.i18n import FOLDER, LANGUAGES, SOURCE_LANGUAGE

SERVICE: Final = FOLDER.parent
KEYWORDS: Final[dict[str, Any]] = {"gettext": None, "ngettext": (1, 2), "forms": (1, 2), "phrase": (2, 3)}
"""Functions whose first strings are messages; `phrase` and `forms` are ours."""
OPTIONS: Final = {"trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true"}

Message = str | tuple[str, ...]


def extract() -> Iterator[tuple[Message, str]]:
    """Every message (or its singular and plural) with the file that it stands in."""
    for path in sorted(SERVICE.rglob("*.py")):
        place = path.relative_to(SERVICE).as_posix()
        with path.open("rb") as source:
            for _line, found, _comments, _context in extract_python("python", source, KEYWORDS):
                yield _message(found), place
    for path in sorted(SERVICE.rglob("templates/*.html")):
        place = path.relative_to(SERVICE).as_posix()
        with path.open("rb") as source:
            for _line, function, told, _comments in babel_extract(source, ("gettext", "ngettext"), (), OPTIONS):
                message = _message(told)
                yield (message if function == "ngettext" or isinstance(message, str) else message[0]), place


def _message(found: object) -> Message:
    """What was extracted, without the places of arguments that are no strings."""
    return tuple(part for part in found if isinstance(part, str)) if isinstance(found, tuple | list) else str(found)


def template() -> Catalog:
    """All messages, not translated; each knows the files that say it."""
    catalog = Catalog(project="Ymateb", charset="utf-8", fuzzy=False)
    for message, place in extract():
        locations: Any = [(f"service/{place}", None)]  # without line numbers, which change all the time
        catalog.add(message, locations=locations)
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


def _is_complete(text: object) -> bool:
    return all(text) if isinstance(text, tuple | list) else bool(text)


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
