"""Why a response waits: the cause, for whoever says it in another language, and the words, for the owner.

The words name what was found and are kept (`storage/doubts.py`); what the author is told goes by the cause
(`service/pages/words.py`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Cause(StrEnum):
    """What speaks against showing a response at once."""

    TRAPPED = "trapped"
    """A field that no person sees was filled in."""
    LINKS = "links"
    MARKUP = "markup"
    """Links as forums and HTML write them, which nobody needs here."""
    NAME = "name"
    """The name is an address."""
    REPEATED = "repeated"
    """The same words, or nearly the same."""
    SPREAD = "spread"
    """A link that was left on other pages too."""
    BLOCKED_LINK = "blocked_link"
    FAST = "fast"
    NO_FORM = "no_form"
    """A form that was not got from us, or too long ago."""
    MANY = "many"
    """Much from one visitor, or from one host, in a short time."""
    OWNER = "owner"
    """The owner wants to see everything of this kind first."""
    STRANGER = "stranger"
    LEARNED = "learned"


OF_MANNER: Final = frozenset({Cause.FAST, Cause.NO_FORM, Cause.MANY})
"""About how something was sent, not about what it says: these a proof of work settles."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One cause, in words for the owner."""

    cause: Cause
    words: str

    @property
    def is_of_manner(self) -> bool:
        """Whether a proof of work settles it."""
        return self.cause in OF_MANNER


def in_words(reasons: Iterable[Reason]) -> tuple[str, ...]:
    """The reasons as the owner reads them."""
    return tuple(reason.words for reason in reasons)
