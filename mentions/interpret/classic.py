"""Classic microformats (hentry, vcard …) in the words of microformats2.

Most WordPress themes still write them.  One table: class name of a root -> its microformats2 type, and the class names
and rel values that are its properties.  https://microformats.org/wiki/microformats2-parsing#backward_compatibility"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Classic:
    """What a classic root means: its type, and its properties by class name and by rel value."""

    type: str
    properties: Mapping[str, str]
    rels: Mapping[str, str] = field(default_factory=dict)


def _same(prefix: str, names: str) -> dict[str, str]:
    """Properties that are called the same in microformats2."""
    return {name: f"{prefix}-{name}" for name in names.split()}


_ADR: Final = _same("p", "post-office-box extended-address street-address locality region postal-code country-name")
_GEO: Final = _same("p", "latitude longitude")
_CARD: Final = {
    "fn": "p-name",
    "url": "u-url",
    "photo": "u-photo",
    "logo": "u-logo",
    "uid": "u-uid",
    "email": "u-email",
    "key": "p-key",
    "agent": "p-agent",
    "sound": "u-sound",
    "tel": "p-tel",
    "org": "p-org",
    "organization-name": "p-organization-name",
    "organization-unit": "p-organization-unit",
    "title": "p-job-title",
    "bday": "dt-bday",
    "rev": "dt-rev",
    "adr": "p-adr",
    "geo": "p-geo",
    **_same(
        "p",
        "honorific-prefix given-name additional-name family-name honorific-suffix nickname label role note category "
        "mailer sort-string class tz",
    ),
    **_ADR,
    **_GEO,
}
_ENTRY: Final = {
    "entry-title": "p-name",
    "entry-summary": "p-summary",
    "entry-content": "e-content",
    "published": "dt-published",
    "updated": "dt-updated",
    "author": "p-author h-card",
    "category": "p-category",
    "geo": "p-geo h-geo",
    "latitude": "p-latitude",
    "longitude": "p-longitude",
}
_ENTRY_RELS: Final = {"bookmark": "u-url", "tag": "p-category"}
_REVIEW: Final = {
    "summary": "p-name",
    "photo": "u-photo",
    "description": "e-content",
    "rating": "p-rating",
    "best": "p-best",
    "worst": "p-worst",
    "reviewer": "p-author h-card",
    "item": "p-item h-item",
    "url": "u-url",
    "category": "p-category",
}

CLASSIC: Final[Mapping[str, Classic]] = {
    "vcard": Classic("h-card", _CARD),
    "hentry": Classic("h-entry", _ENTRY, _ENTRY_RELS),
    "hnews": Classic(
        "h-news",
        {
            "entry": "p-entry h-entry",
            "source-org": "p-source-org h-card",
            "dateline": "p-dateline",
            "geo": "p-geo h-geo",
        },
        {"principles": "u-principles"},
    ),
    "hfeed": Classic(
        "h-feed",
        {
            "site-title": "p-name",
            "title": "p-name",
            "site-description": "p-summary",
            "description": "p-summary",
            "author": "p-author h-card",
            "photo": "u-photo",
            "url": "u-url",
            "category": "p-category",
        },
        {"tag": "p-category"},
    ),
    "vevent": Classic(
        "h-event",
        {
            "summary": "p-name",
            "dtstart": "dt-start",
            "dtend": "dt-end",
            "duration": "dt-duration",
            "description": "p-description",
            "url": "u-url",
            "location": "p-location",
            "attendee": "p-attendee",
            "organizer": "p-organizer",
            "contact": "p-contact",
            "category": "p-category",
            "geo": "p-geo h-geo",
        },
    ),
    "hreview": Classic(
        "h-review",
        {**_REVIEW, "dtreviewed": "dt-reviewed"},
        {"bookmark": "u-url", "tag": "p-category"},
    ),
    "hreview-aggregate": Classic(
        "h-review-aggregate",
        {**_REVIEW, "average": "p-average", "count": "p-count", "votes": "p-votes"},
        {"bookmark": "u-url", "tag": "p-category"},
    ),
    "hproduct": Classic(
        "h-product",
        {
            "fn": "p-name",
            "photo": "u-photo",
            "brand": "p-brand",
            "category": "p-category",
            "description": "p-description",
            "identifier": "u-identifier",
            "url": "u-url",
            "review": "p-review h-review",
            "price": "p-price",
        },
        {"tag": "p-category"},
    ),
    "hrecipe": Classic(
        "h-recipe",
        {
            "fn": "p-name",
            "ingredient": "p-ingredient",
            "yield": "p-yield",
            "instructions": "e-instructions",
            "duration": "dt-duration",
            "photo": "u-photo",
            "summary": "p-summary",
            "author": "p-author h-card",
            "published": "dt-published",
            "nutrition": "p-nutrition",
            "category": "p-category",
        },
        {"tag": "p-category"},
    ),
    "hresume": Classic(
        "h-resume",
        {
            "summary": "p-summary",
            "contact": "p-contact h-card",
            "education": "p-education h-event",
            "experience": "p-experience h-event",
            "skill": "p-skill",
            "affiliation": "p-affiliation h-card",
        },
        {"tag": "p-skill"},
    ),
    "adr": Classic("h-adr", _ADR),
    "geo": Classic("h-geo", _GEO),
}
_ITEM_OF_REVIEW: Final = {"fn": "p-name", "url": "u-url", "photo": "u-photo"}


def roots(names: Iterable[str]) -> list[str]:
    """The classic roots among class names, each once."""
    return [name for name in dict.fromkeys(names) if name in CLASSIC]


def translate(names: Sequence[str], rels: Sequence[str], inside: Sequence[str]) -> list[str]:
    """The microformats2 class names that an element's names and rels stand for inside the classic roots `inside`.

    Microformats2 names are dropped there, since an author who wrote both meant the root to be read the old way."""
    found: list[str] = []
    for root in inside:
        rules = CLASSIC[root] if root in CLASSIC else Classic("h-item", _ITEM_OF_REVIEW)
        for name in names:
            found.extend(rules.properties.get(name, "").split())
        for rel in rels:
            found.extend(rules.rels.get(rel, "").split())
    return list(dict.fromkeys(found))


def types(names: Iterable[str]) -> list[str]:
    """The microformats2 types of classic roots."""
    return [CLASSIC[name].type if name in CLASSIC else "h-item" for name in names]
