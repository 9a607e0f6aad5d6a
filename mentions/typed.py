"""A comment as somebody typed it below a post: what it may hold, and what makes it suspicious.

Pure.  The words are Markdown (`markdown.py`); who may write from where is `service/origins.py`'s affair, what the owner
wants held is `policy.py`'s."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mentions import markdown, sanitize, urls
from mentions.errors import InvalidField
from mentions.model import Content, PlainText, Url

MOST_NAME: Final = 100
MOST_EMAIL: Final = 254
"""RFC 5321 4.5.3.1, less the angle brackets."""
MOST_CONTENT: Final = 20_000
HONEYPOT: Final = "website2"
"""A field that no person sees, and robots fill."""
HOLD_AT: Final = 2
SPAM_AT: Final = 5
MANY_LINKS: Final = 3
_EMAIL: Final = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]+")
_LANG: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")
_LINK: Final = re.compile(r"https?://", re.IGNORECASE)
_BRACKETED: Final = re.compile(r"\[/?url\b|<a\s", re.IGNORECASE)


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
class Suspicion:
    """How much a comment looks like spam, and why, in words for the owner."""

    score: int
    reasons: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether a person should look at it first."""
        return self.score >= HOLD_AT

    @property
    def is_spam(self) -> bool:
        """Whether nobody needs to."""
        return self.score >= SPAM_AT


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


def suspicion(typed: Typed, *, is_repeated: bool, seconds_to_write: float | None = None) -> Suspicion:
    """What speaks against showing it at once.

    `is_repeated`: the site was given the same words before; `seconds_to_write`: since the form was shown, if known."""
    found: list[tuple[int, str]] = []
    if typed.is_trapped:
        found.append((SPAM_AT, "a field that no person sees was filled in"))
    links = len(_LINK.findall(typed.markdown))
    if links >= MANY_LINKS:
        found.append((HOLD_AT, f"it has {links} links"))
    if _BRACKETED.search(typed.markdown):
        found.append((HOLD_AT, "its links are written for forums and HTML"))
    if _LINK.search(typed.name):
        found.append((HOLD_AT, "its name is an address"))
    if is_repeated:
        found.append((HOLD_AT, "the same words were left here before"))
    if seconds_to_write is not None and seconds_to_write < 2:
        found.append((HOLD_AT, "it was written faster than anybody types"))
    return Suspicion(sum(score for score, _ in found), tuple(reason for _, reason in found))


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
