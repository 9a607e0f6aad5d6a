"""The options of a site: which there are, what they may be, and what they are when nobody has set them.

One table, which the command line, the API and docs/moderation.md all tell.  Reading is lenient, so that an odd value in
the database never stops a mention; setting is strict, so that none gets there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mentions import urls
from mentions.errors import InvalidRequest
from mentions.model import Kind, Protocol, Way

HOLDS: Final = ("none", "strangers", "links", "strangers+links", "all")
MOST_NAMES: Final = 500
"""Longest list that an option takes."""
_YES: Final = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


@dataclass(frozen=True, slots=True)
class Option:
    """One row of the table."""

    name: str
    default: Any
    takes: str
    """What it may be, in words."""
    help: str
    read: Callable[[Any], Any]
    """The value as it is kept; raises ValueError for what it cannot be."""


def _one_of(*words: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValueError
        return value

    return read


def _flag(value: Any) -> bool:
    if isinstance(value, str):
        value = _YES.get(value.lower())
    if not isinstance(value, bool):
        raise ValueError  # noqa: TRY004  one error for whatever it cannot be
    return value


def _list_of(read_one: Callable[[str], str]) -> Callable[[Any], list[str]]:
    def read(value: Any) -> list[str]:
        items = value.split(",") if isinstance(value, str) else value
        if not isinstance(items, list) or len(items) > MOST_NAMES or not all(isinstance(each, str) for each in items):
            raise ValueError
        return list(dict.fromkeys(read_one(each.strip()) for each in items if each.strip()))

    return read


def _ways(value: Any) -> list[str]:
    return [] if value == "none" else _list_of(_one_of(*_WAYS))(value)


def _authority(text: str) -> str:
    if not (name := urls.site_authority(text)):
        raise ValueError
    return name


def _authority_or_person(text: str) -> str:
    if "://" not in text:
        return _authority(text)
    if (url := urls.parse(text)) is None:
        raise ValueError
    return url


_HOLDS: Final = ", ".join(HOLDS)
_KINDS: Final = tuple(kind.value for kind in Kind)
_WAYS: Final = tuple(way.value for way in Way)
_PROTOCOLS: Final = tuple(protocol.value for protocol in Protocol)

OPTIONS: Final[Mapping[str, Option]] = {
    option.name: option
    for option in (
        Option("hold", "none", f"one of {_HOLDS}", "What waits for approval.", _one_of(*HOLDS)),
        *(
            Option(
                f"hold_{name}",
                None,
                f"one of {_HOLDS}",
                f"The same for {name}s only, instead of `hold`.",
                _one_of(*HOLDS),
            )
            for name in _PROTOCOLS
        ),
        Option(
            "hold_kinds",
            [],
            f"list of {', '.join(_KINDS)}",
            "Kinds that wait whatever `hold` says.",
            _list_of(_one_of(*_KINDS)),
        ),
        Option(
            "hold_protocols",
            [],
            f"list of {', '.join(_PROTOCOLS)}",
            "Protocols that wait whatever `hold` says.",
            _list_of(_one_of(*_PROTOCOLS)),
        ),
        Option(
            "trusted",
            [],
            "list of authorities and of people's URLs",
            "Whose responses never wait: everything from `friend.example`, or what `https://ann.example/` wrote.",
            _list_of(_authority_or_person),
        ),
        Option(
            "bridges",
            [],
            "list of authorities",
            "Hosts whose word on who wrote something is taken, beside the bridges that are known anyway.",
            _list_of(_authority),
        ),
        Option("learn", True, "true or false", "Whether what looks like earlier spam waits.", _flag),
        Option(
            "hold_bursts",
            False,
            "true or false",
            "Whether responses wait when one host answers many pages within an hour, or says the same again.",
            _flag,
        ),
        Option(
            "proof",
            True,
            "true or false",
            "Whether a browser works something out, where its comment would wait only for how it was sent.",
            _flag,
        ),
        Option("comments", True, "true or false", "Whether comments may be typed below posts.", _flag),
        Option(
            "require_email",
            False,
            "true or false",
            "Whether who comments without signing in has to give an e-mail address.",
            _flag,
        ),
        Option(
            "sign_in",
            list(_WAYS),
            f"list of {', '.join(_WAYS)}; or none",
            "Ways in which readers may sign in to comment.",
            _ways,
        ),
    )
}


def check(name: str, value: Any) -> Any:
    """The value as it is kept; None, which unsets it, stays None.

    Raises InvalidRequest, which names the options there are, or what this one takes."""
    option = OPTIONS.get(name)
    if option is None:
        raise InvalidRequest(f"there is no option {name[:64]!r}; the options are {', '.join(OPTIONS)}")
    if value is None:
        return None
    try:
        return option.read(value)
    except ValueError:
        raise InvalidRequest(f"{name} has to be {option.takes}") from None


def effective(given: Mapping[str, Any]) -> dict[str, Any]:
    """Every option with its value: what is set and makes sense, else the default."""
    return {name: read(given, name) for name in OPTIONS}


def read(given: Mapping[str, Any], name: str) -> Any:
    """One option; its default when it is not set, or set to something that this version does not know."""
    option = OPTIONS[name]
    if given.get(name) is None:
        return option.default
    try:
        return option.read(given[name])
    except ValueError:
        return option.default
