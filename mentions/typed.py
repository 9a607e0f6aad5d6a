"""A comment as somebody typed it below a post: what it may hold, and what makes it suspicious.

Pure.  The words are Markdown (`markdown.py`); who may write from where is `service/origins.py`'s affair, what the owner
wants held is `policy.py`'s.  The weights are in docs/moderation.md too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from mentions import markdown, sanitize, urls
from mentions.errors import InvalidField
from mentions.form_tokens import NO_FORM, Form, Shown
from mentions.model import Content, PlainText, Url
from mentions.reasons import Cause, Reason

MOST_NAME: Final = 100
MOST_EMAIL: Final = 254
"""RFC 5321 4.5.3.1, less the angle brackets."""
MOST_CONTENT: Final = 20_000
HONEYPOT: Final = "website2"
"""A field that no person sees, and robots fill."""
HOLD_AT: Final = 2
SPAM_AT: Final = 5
MANY_LINKS: Final = 3
SHORTEST_WRITING_S: Final = 3.0
"""Hardly anybody reads a form, types something and sends it in less."""
SOME_PAGES: Final = 3
MANY_PAGES: Final = 5
"""Other pages on which the same visitor has just written."""
_EMAIL: Final = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]+")
_LANG: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")
_LINK: Final = re.compile(r"https?://", re.IGNORECASE)
_BRACKETED: Final = re.compile(r"\[/?(?:url|link|img)\b|<a\s", re.IGNORECASE)
_HOST_NAME: Final = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,24}(?:/\S*)?")
"""In small letters: “J.Jones” is somebody's name."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A comment that may be kept."""

    name: PlainText
    markdown: str
    content: Content
    url: Url | None = None
    email: str | None = None
    lang: str | None = None
    is_trapped: bool = False
    """The field that no person sees was filled in."""


@dataclass(frozen=True, slots=True)
class Around:
    """What is known of a comment beside its words."""

    form: Shown = NO_FORM
    is_repeated: bool = False
    """The site was given the same words before, within a day."""
    is_nearly_repeated: bool = False
    pages_of_links: int = 0
    """Other pages on which one of its links was left, within a day."""
    pages_of_visitor: int = 0
    """Other pages on which the same visitor has written, within ten minutes."""
    blocked_links: tuple[str, ...] = ()
    """Hosts that it links to and that the owner has blocked."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """How much a comment looks like spam, and why."""

    found: tuple[tuple[int, Reason], ...] = ()
    """Reasons with their weights."""

    @property
    def score(self) -> int:
        """The weights together."""
        return sum(weight for weight, _ in self.found)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """All of them, whether or not they are enough."""
        return tuple(reason for _, reason in self.found)

    @property
    def holds(self) -> bool:
        """Whether a person should look at it first."""
        return self.score >= HOLD_AT

    @property
    def is_spam(self) -> bool:
        """Whether nobody needs to."""
        return self.score >= SPAM_AT

    def after_proof(self) -> Suspicion:
        """What is left of it when a proof of work has settled what is of manner."""
        return Suspicion(tuple(each for each in self.found if not each[1].is_of_manner))


def read_comment(fields: Mapping[str, object]) -> Typed:
    """The comment out of a form or a JSON object; raises InvalidField."""
    name = sanitize.clean_text(_text(fields, "name", required=True), MOST_NAME + 1)
    if not name:
        raise InvalidField("name has nothing to read in it", field="name", fault="missing")
    if len(name) > MOST_NAME:
        raise InvalidField(f"name is longer than {MOST_NAME} characters", field="name", fault="too_long")
    words = read_words(fields)
    return Typed(
        name=name,
        markdown=words[0],
        content=words[1],
        url=_url(fields),
        email=_email(fields),
        lang=_lang(fields),
        is_trapped=bool(_text(fields, HONEYPOT)),
    )


def read_words(fields: Mapping[str, object]) -> tuple[str, Content]:
    """The Markdown of a comment and what it shows; raises InvalidField."""
    text = _text(fields, "content", required=True)
    if len(text) > MOST_CONTENT:
        raise InvalidField(f"content is longer than {MOST_CONTENT} characters", field="content", fault="too_long")
    content = markdown.render(text)
    if content is None:
        raise InvalidField("content has nothing to read in it", field="content", fault="missing")
    return text, content


def suspicion(typed: Typed, around: Around = Around(), *, shortest_s: float = SHORTEST_WRITING_S) -> Suspicion:
    """What speaks against showing it at once; within `shortest_s` seconds hardly any person fills a form in."""
    found = (*_of_words(typed), *_of_repetition(around), *_of_manner(typed, around, shortest_s))
    return Suspicion(tuple((weight, Reason(cause, words)) for weight, cause, words in found))


_Found = Iterator[tuple[int, Cause, str]]


def _of_words(typed: Typed) -> _Found:
    if typed.is_trapped:
        yield SPAM_AT, Cause.TRAPPED, "a field that no person sees was filled in"
    if (links := len(_LINK.findall(typed.markdown))) >= MANY_LINKS:
        yield 2, Cause.LINKS, f"it has {links} links"
    if _BRACKETED.search(typed.markdown):
        yield 2, Cause.MARKUP, "its links are written for forums and HTML"
    if _LINK.search(typed.name):
        yield 2, Cause.NAME, "its name is an address"
    elif _HOST_NAME.fullmatch(typed.name) and not _is_own_host(typed):
        yield 1, Cause.NAME, "its name is the address of another site than its author's"


def _is_own_host(typed: Typed) -> bool:
    """Whether the name is the host of the author's own URL, as many people sign."""
    return typed.url is not None and urls.site_authority(typed.url) == urls.site_authority(typed.name.partition("/")[0])


def _of_repetition(around: Around) -> _Found:
    if around.blocked_links:
        yield 3, Cause.BLOCKED_LINK, f"it links to {', '.join(around.blocked_links[:3])}, which you have blocked"
    if around.is_repeated:
        yield 2, Cause.REPEATED, "the same words were left here before"
    elif around.is_nearly_repeated:
        yield 2, Cause.REPEATED, "nearly the same words were left here before"
    if number := around.pages_of_links:
        others = "another page" if number == 1 else f"{number} other pages"
        yield min(number, 2), Cause.SPREAD, f"one of its links was left on {others} today"


def _of_manner(typed: Typed, around: Around, shortest_s: float) -> _Found:
    match around.form:
        case Shown(form=Form.MISSING):
            yield 1, Cause.NO_FORM, "it came as a form, but without the form's token"
        case Shown(form=Form.FOREIGN):
            yield 1, Cause.NO_FORM, "the token of its form is none of ours, or of another page"
        case Shown(form=Form.OLD):
            yield 1, Cause.NO_FORM, "its form was got half a day ago or longer"
        case Shown(seconds=float(seconds)) if seconds < shortest_s:
            # a draft that was kept, or a form that a password manager filled in, is quick too; robots leave links
            weight = 2 if _LINK.search(typed.markdown) else 1
            yield weight, Cause.FAST, f"it was written in {max(seconds, 0):.1f} seconds"
    if (number := around.pages_of_visitor) >= SOME_PAGES:
        weight = 2 if number >= MANY_PAGES else 1
        yield weight, Cause.MANY, f"the same visitor wrote on {number} other pages within ten minutes"


def _text(fields: Mapping[str, object], name: str, *, required: bool = False) -> str:
    value = fields.get(name)
    if value is None or value == "":
        if required:
            raise InvalidField(f"{name} is missing", field=name, fault="missing")
        return ""
    if not isinstance(value, str):
        raise InvalidField(f"{name} has to be text", field=name, fault="malformed")
    return value.strip()


def _url(fields: Mapping[str, object]) -> Url | None:
    text = _text(fields, "url")
    if not text:
        return None
    url = urls.attribute_safe(text) or urls.attribute_safe(f"https://{text}")
    if url is None or urls.has_userinfo(url) or len(url) > urls.MAX_CLAIM_BYTES:
        raise InvalidField("url is no http or https address", field="url", fault="malformed")
    return url


def _email(fields: Mapping[str, object]) -> str | None:
    text = _text(fields, "email")
    if not text:
        return None
    if len(text) > MOST_EMAIL or not _EMAIL.fullmatch(text):
        raise InvalidField("email is no e-mail address", field="email", fault="malformed")
    return text


def _lang(fields: Mapping[str, object]) -> str | None:
    text = _text(fields, "lang")
    return text if _LANG.fullmatch(text) else None
