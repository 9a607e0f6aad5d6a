"""The catalogues: nothing is missing, every plural category of a language has its form, and placeholders survive."""

from __future__ import annotations

import re

import pytest
from babel.messages.pofile import read_po

from service.i18n import FOLDER, LANGUAGES, PLURAL_SAMPLES, SOURCE_LANGUAGE, catalogue, names, preferred, spoken
from service.i18n.__main__ import template, written
from service.pages.fragment import news_forms

TRANSLATED = [lang for lang in LANGUAGES if lang != SOURCE_LANGUAGE]
PLACEHOLDER = re.compile(r"%\((\w+)\)s|</?[a-z][^>]*>")


def messages(lang: str):
    with (FOLDER / f"{lang}.po").open("rb") as file:
        return read_po(file, locale=lang)


def test_english_and_welsh_are_spoken():
    assert names().items() >= {"en": "English", "cy": "Cymraeg"}.items()


@pytest.mark.parametrize("lang", TRANSLATED)
def test_every_message_of_the_service_is_translated(lang: str):
    catalog = messages(lang)
    missing = []
    for message in template():
        if not message.id:
            continue
        found = catalog.get(message.id)
        texts = found.string if found and isinstance(found.string, tuple) else (found.string if found else "",)
        if not all(texts) or (isinstance(message.id, tuple) and len(texts) != catalog.num_plurals):
            missing.append(message.id)
    assert missing == []


@pytest.mark.parametrize("lang", TRANSLATED)
def test_placeholders_and_markup_survive_translation(lang: str):
    for message in messages(lang):
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        allowed = set(PLACEHOLDER.findall(ids[-1])) | {"num"}
        for text in texts:
            assert set(PLACEHOLDER.findall(text)) <= allowed, text
        assert "num" not in PLACEHOLDER.findall(ids[-1]) or "num" in PLACEHOLDER.findall(texts[-1]), texts
        if len(texts) == 1:
            assert sorted(match.group() for match in PLACEHOLDER.finditer(ids[0])) == sorted(
                match.group() for match in PLACEHOLDER.finditer(texts[0])
            )


@pytest.mark.parametrize("lang", TRANSLATED)
def test_gettext_and_the_cldr_agree_on_the_form_of_every_number(lang: str):
    catalog, words = messages(lang), catalogue(lang)
    categories = sorted(words.locale.plural_form.tags | {"other"})
    assert catalog.num_plurals == len(categories)
    seen: dict[int, str] = {}
    for n in PLURAL_SAMPLES:
        assert seen.setdefault(words._translations.plural(n), words.locale.plural_form(n)) == words.locale.plural_form(
            n
        )
    assert sorted(seen.values()) == categories


def test_welsh_has_six_forms_in_the_order_of_the_cldr():
    words = catalogue("cy")
    told = [words.ngettext("Liked by %(num)s person", "Liked by %(num)s people", n) for n in (0, 1, 2, 3, 6, 4, 100)]
    assert told == [
        "Heb ei hoffi gan neb",
        "Hoffwyd gan un person",
        "Hoffwyd gan ddau berson",
        "Hoffwyd gan dri pherson",
        "Hoffwyd gan chwe pherson",
        "Hoffwyd gan %(num)s o bobl",
        "Hoffwyd gan %(num)s o bobl",
    ]


def test_the_script_gets_a_text_for_every_category():
    assert set(news_forms(catalogue("cy"))) == {"zero", "one", "two", "few", "many", "other"}
    assert news_forms(catalogue("en")) == {
        "one": "{n} new response – show it",
        "other": "{n} new responses – show them",
    }


def test_the_template_catalogue_is_up_to_date():
    assert (FOLDER / "ymateb.pot").read_text("utf-8") == written(template()), "run: python -m service.i18n"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("cy-GB,cy;q=0.9,en;q=0.8", "cy"),
        ("de,en;q=0.3,cy;q=0.7", "cy"),
        ("fr", None),
        ("", None),
        ("en;q=0, cy;q=0.1", "cy"),
        ("cy;q=rubbish, en", "en"),
    ],
)
def test_the_browsers_wishes_are_heard(header: str, expected: str | None):
    assert preferred(header) == expected


@pytest.mark.parametrize(
    ("tag", "expected"), [("cy", "cy"), ("EN_us", "en"), ("cy-Latn-GB", "cy"), ("xx", None), (None, None), ("", None)]
)
def test_a_tag_means_the_nearest_language_of_ours(tag: str | None, expected: str | None):
    assert spoken(tag) == expected
