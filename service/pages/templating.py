"""Templates to HTML: one Jinja environment per language, always escaping, undefined names being errors.

Hands the words of `service/i18n` to the templates; knows nothing of requests (`answers.py`) or of threads."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mentions import typed
from service.i18n import Catalogue, catalogue
from service.pages.words import script_words, session_words

TEMPLATES: Final = Path(__file__).parent / "templates"


@cache
def environment(lang: str) -> Environment:
    """The environment whose `gettext` and `ngettext` speak `lang`."""
    words = catalogue(lang)
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    env.install_gettext_callables(words.gettext, words.ngettext, newstyle=True)  # type: ignore[attr-defined]
    env.globals["locale"] = words
    env.globals["limits"] = {"content": typed.MOST_CONTENT, "name": typed.MOST_NAME, "trap": typed.HONEYPOT}
    env.globals["script_words"] = script_words(words)
    env.globals["session_words"] = session_words(words)
    env.filters["number"] = words.number
    env.filters["moment"] = words.moment
    env.filters["told"] = lambda moment: words.moment(datetime.fromisoformat(moment)) + " UTC"
    return env


def render(template: str, lang: str, /, **context: Any) -> str:
    """The template as text."""
    return environment(lang).get_template(template).render(context)


def trusted(html: str) -> Markup:
    """HTML that goes into a page as it is: rendered by our own templates, or made by `mentions/sanitize.py`."""
    return Markup(html)  # noqa: S704  the only place


def phrase(words: Catalogue, singular: str, plural: str, n: int, **values: object) -> Markup:
    """A counted sentence in any language, escaped; for places where two languages stand beside each other."""
    escaped = {name: Markup.escape(value) for name, value in values.items()}
    return trusted(words.ngettext(singular, plural, n)) % {"num": words.number(n), **escaped}
