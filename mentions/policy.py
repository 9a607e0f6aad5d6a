"""What does the owner of a site want shown, and whom do they not want to hear from?

A new site shows whatever has verified; everything else is an option of the site (contract §7, `options.py`).

Trust is a person's.  Somebody is a person by the URL that they write under, when the response's own site, the author's
page or a bridge vouches for it; a page that names no author speaks for its host.  Below a post, whoever has signed in
is a person: by the domain that they proved, else by their account.  Who is only claimed to have written something is
nobody, and so is whoever types a name without signing in: nobody is never known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from typing import Protocol as TypingProtocol

from mentions import hrefs, options, urls
from mentions.learned import Score
from mentions.model import Author, Authority, EntryState, Reaction, Url
from mentions.model import Protocol as WmProtocol
from mentions.reasons import Cause, Reason, in_words


class BlockRule(TypingProtocol):
    """A block as it is kept: what it compares (`authority`, `url_prefix`, `author`), and with what."""

    @property
    def kind(self) -> str: ...
    @property
    def value(self) -> str: ...


B = TypeVar("B", bound=BlockRule)

_VOUCHED: Final = frozenset({Authority.SAME_ORIGIN, Authority.AUTHOR_PAGE, Authority.BRIDGED})


@dataclass(frozen=True, slots=True)
class Person:
    """Whom trust is given to: an author, the host of pages that name none, or who signs in without a domain."""

    author: Url | None = None
    host: str | None = None
    account: int | None = None
    """The row of `people`."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What becomes of a new response, and why."""

    state: EntryState
    reasons: tuple[Reason, ...] = ()
    weak: tuple[Reason, ...] = ()
    """What speaks against it too, and is not enough."""

    @property
    def doubts(self) -> tuple[str, ...]:
        """All of it, in words for the owner."""
        return in_words((*self.reasons, *self.weak))


MANY_PAGES: Final = 10
"""Other pages that one host has answered within an hour: more than anybody reads."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """What else came from elsewhere lately."""

    host: str
    pages: int = 0
    """Other pages of the site that the host has answered within an hour."""
    is_repeated: bool = False
    """Nearly the same words came from another page within a day."""


def person_of(
    site_options: Mapping[str, Any],
    reaction: Reaction,
    protocol: WmProtocol,
    source: str,
    account: int | None = None,
) -> Person | None:
    """Who wrote it, as far as it can be trusted; None: nobody that could be known again.

    `account`: with which account a comment was typed."""
    if protocol is WmProtocol.COMMENT:
        if reaction.authority is Authority.SIGNED_IN and reaction.author.url is not None:
            return Person(author=reaction.author.url)
        return None if account is None else Person(account=account)
    host, author = urls.site_authority(source), reaction.author.url
    from_bridge = reaction.authority is Authority.BRIDGED or is_bridge(site_options, host)
    if author is not None:
        return Person(author=author) if from_bridge or reaction.authority in _VOUCHED else None
    return None if from_bridge or not host else Person(host=host)


def wants_to_know(site_options: Mapping[str, Any], protocol: WmProtocol) -> bool:
    """Whether it matters if the site has shown something of the same person before."""
    return "strangers" in _hold(site_options, protocol)


def initial_state(
    site_options: Mapping[str, Any],
    reaction: Reaction,
    protocol: WmProtocol,
    *,
    source: str = "",
    target: str = "",
    is_known: bool = False,
) -> EntryState:
    """Whether a new response is shown at once or held; see `judge`."""
    return judge(site_options, reaction, protocol, source=source, target=target, is_known=is_known).state


def wants_to_know_of_crowds(site_options: Mapping[str, Any], protocol: WmProtocol) -> bool:
    """Whether it matters what else came lately: the owner holds bursts, or reads reasons because something is held."""
    holds = _hold(site_options, protocol) != {"none"} or protocol.value in options.read(site_options, "hold_protocols")
    return options.read(site_options, "hold_bursts") or holds


def is_bridge(site_options: Mapping[str, Any], host: str) -> bool:
    """Whether the owner says that the host speaks for many people."""
    return host in options.read(site_options, "bridges")


def judge(
    site_options: Mapping[str, Any],
    reaction: Reaction,
    protocol: WmProtocol,
    *,
    source: str = "",
    target: str = "",
    is_known: bool = False,
    spam: Score | None = None,
    crowd: Crowd | None = None,
) -> Judgement:
    """Whether a new response is shown at once or held, and why.

    `is_known`: this site has shown a response of the same person (`person_of`) before; `spam`: what it looks like to
    somebody who has learned from the owner's decisions (`learned.py`); `crowd`: what else came lately."""
    if _is_trusted(site_options, reaction, protocol, source):
        return Judgement(EntryState.SHOWN)
    hold = _hold(site_options, protocol)
    reasons = list(_wholesale(site_options, reaction, protocol))
    if "strangers" in hold and not is_known:
        reasons.append(Reason(Cause.STRANGER, "nothing of this person was shown here before"))
    if "links" in hold and (hosts := hrefs.foreign_hosts(reaction, source, target)):
        others = " and others" if len(hosts) > 3 else ""
        reasons.append(Reason(Cause.LINKS, f"it links to {', '.join(hosts[:3])}{others}"))
    if spam is not None and spam.holds:
        why = f": {', '.join(spam.reasons)}" if spam.reasons else ""
        reasons.append(Reason(Cause.LEARNED, f"it looks like what you have called spam ({spam.value:.0%}){why}"))
    bursts = tuple(_of_crowd(crowd)) if crowd is not None else ()
    if options.read(site_options, "hold_bursts"):
        reasons += bursts
        bursts = ()
    return Judgement(EntryState.HELD if reasons else EntryState.SHOWN, tuple(reasons), bursts)


def _of_crowd(crowd: Crowd) -> Iterator[Reason]:
    if crowd.pages >= MANY_PAGES:
        yield Reason(Cause.MANY, f"{crowd.host} has answered {crowd.pages} other pages within an hour")
    if crowd.is_repeated:
        yield Reason(Cause.REPEATED, "nearly the same words came from another page today")


def _wholesale(site_options: Mapping[str, Any], reaction: Reaction, protocol: WmProtocol) -> Iterator[Reason]:
    """Reasons that have nothing to do with what the response says."""
    if reaction.kind.value in options.read(site_options, "hold_kinds"):
        yield Reason(Cause.OWNER, f"the site holds every {reaction.kind.value}")
    if protocol.value in options.read(site_options, "hold_protocols"):
        yield Reason(Cause.OWNER, f"the site holds every {protocol.value}")
    if "all" in _hold(site_options, protocol):
        yield Reason(Cause.OWNER, "the site holds everything")


def _hold(site_options: Mapping[str, Any], protocol: WmProtocol) -> frozenset[str]:
    hold = options.read(site_options, f"hold_{protocol.value}") or options.read(site_options, "hold")
    return frozenset(hold.split("+"))


def _is_trusted(site_options: Mapping[str, Any], reaction: Reaction, protocol: WmProtocol, source: str) -> bool:
    """Whether the owner has named the host, or the person.  A comment that was typed here has no host of its own."""
    trusted = options.read(site_options, "trusted")
    if not trusted:
        return False
    person = person_of(site_options, reaction, protocol, source)
    key = urls.page_key(person.author) if person is not None and person.author is not None else ""
    if key and key in {urls.page_key(name) for name in trusted if "://" in name}:
        return True
    return protocol is not WmProtocol.COMMENT and urls.site_authority(source) in trusted


def is_blocked(blocks: Iterable[B], source: str, author: Author | None = None, email: str | None = None) -> B | None:
    """The first block that the source (or where it led to) or its author runs into; None: welcome.

    `email`: the address that came with a typed comment."""
    return next((block for block in blocks if _hits(block, source, author, email)), None)


def _hits(block: BlockRule, source: str, author: Author | None, email: str | None) -> bool:
    match block.kind:
        case "authority":
            return _is_at_or_below(source, block.value) or bool(
                author and author.url and _is_at_or_below(author.url, block.value)
            )
        case "url_prefix":
            return _has_prefix(source, block.value)
        case "author":
            is_address = email is not None and email.casefold() == block.value.strip().casefold()
            return is_address or (author is not None and _is_author(author, block.value))
        case _:
            return False


def _is_at_or_below(url: str, authority: str) -> bool:
    """Whether the URL's host is the blocked one or below it: who has a domain has all names in it."""
    host, blocked = urls.site_authority(url), urls.site_authority(authority)
    return bool(blocked) and (host == blocked or host.endswith(f".{blocked}"))


def _has_prefix(url: str, prefix: str) -> bool:
    """Whether the page lies below the prefix, http and https, `www.` and not being one: as pages are told apart."""
    key, blocked = urls.page_key(url), urls.page_key(prefix)
    return bool(blocked) and key.startswith(blocked)


def _is_author(author: Author, blocked: str) -> bool:
    """Whether the author is the blocked one, named by URL or, where it is none, by name."""
    key = urls.page_key(blocked)
    if key:
        return author.url is not None and urls.page_key(author.url) == key
    return author.name is not None and author.name.strip().casefold() == blocked.strip().casefold()
