"""The words of every page and fragment, in every language that has a catalogue beside this module.

A language is one gettext file, `<tag>.po`, with a plural form for each category that the CLDR gives the language
(Welsh: zero one two few many other).  English is the language of the templates and needs no file.  Catalogues are
read once, when they are first asked for.  Knows nothing of HTTP or of templates."""

from __future__ import annotations

import gettext
import io
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Final

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

FOLDER: Final = Path(__file__).parent
SOURCE_LANGUAGE: Final = "en"
LANGUAGES: Final = (SOURCE_LANGUAGE, *sorted(path.stem for path in FOLDER.glob("*.po")))
"""Tags of all languages that pages can speak, the language of the templates first."""

PLURAL_SAMPLES: Final = range(201)
"""Numbers that meet every plural category of whole numbers in any language that we may get."""

_REGIONS: Final = {"en": "en_GB"}
"""CLDR locales for dates where the bare language means another order of day and month than is read in Wales."""


class Catalogue:
    """The texts, plural forms, dates and numbers of one language."""

    def __init__(self, lang: str, translations: gettext.NullTranslations) -> None:
        self.lang = lang
        self.locale = Locale.parse(_REGIONS.get(lang, lang).replace("-", "_"))
        self._translations = translations

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return self.locale.text_direction

    @property
    def own_name(self) -> str:
        """What the language calls itself, with a capital: `English`, `Cymraeg`."""
        name = Locale.parse(self.lang.replace("-", "_")).get_display_name() or self.lang
        return name[0].upper() + name[1:]

    def gettext(self, message: str) -> str:
        """The translation of `message`, or itself."""
        return self._translations.gettext(message)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """The form of a message for `n`, its placeholders still in it."""
        return self._translations.ngettext(singular, plural, n)

    def forms(self, singular: str, plural: str) -> dict[str, str]:
        """Every plural category of the language -> its text, with `{n}` for the number; for `Intl.PluralRules`."""
        forms: dict[str, str] = {}
        for n in PLURAL_SAMPLES:
            category = self.locale.plural_form(n)
            if category not in forms:
                forms[category] = self.ngettext(singular, plural, n).replace("%(num)s", "{n}")
        return forms

    def number(self, value: int) -> str:
        """`1,024` as the language writes it."""
        return format_decimal(value, locale=self.locale)

    def moment(self, when: date) -> str:
        """`14 March 2026, 09:05`; a mere date stays one.  The offset of `when` is kept, as its author wrote it."""
        if isinstance(when, datetime):
            return format_datetime(when, "d MMMM y, HH:mm", locale=self.locale)
        return format_date(when, "d MMMM y", locale=self.locale)

    def both(self, items: list[str]) -> str:
        """`a, b and c`."""
        return format_list(items, locale=self.locale)


def _read(lang: str) -> gettext.NullTranslations:
    path = FOLDER / f"{lang}.po"
    if not path.exists():
        return gettext.NullTranslations()
    with path.open("rb") as source:
        messages = read_po(source, locale=lang, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@cache
def catalogue(lang: str) -> Catalogue:
    """The catalogue of one of LANGUAGES."""
    if lang not in LANGUAGES:
        raise LookupError(f"there is no catalogue for {lang!r}")
    return Catalogue(lang, _read(lang))


def spoken(tag: str | None) -> str | None:
    """The language of ours that a tag such as `cy-GB` or `EN` means; None when we do not speak it."""
    if not tag:
        return None
    primary = tag.strip().replace("_", "-").lower()
    while primary:
        if primary in LANGUAGES:
            return primary
        primary = primary.rpartition("-")[0]
    return None


def preferred(accept_language: str) -> str | None:
    """The best of our languages for an `Accept-Language` header; None when it names none of them (RFC 9110 12.5.4)."""
    wishes: list[tuple[float, int, str]] = []
    for position, item in enumerate(accept_language.split(",")[:20]):
        tag, _, rest = item.partition(";")
        lang = spoken(tag)
        weight = _weight(rest)
        if lang and weight > 0:
            wishes.append((-weight, position, lang))
    return min(wishes)[2] if wishes else None


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def names() -> Mapping[str, str]:
    """Every language -> what it calls itself."""
    return {lang: catalogue(lang).own_name for lang in LANGUAGES}
