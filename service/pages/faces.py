"""Drawn faces for people of whom we have no picture: a block of a patchwork quilt, always the same for the same person.

Four patches in three colours, chosen by the bytes of a hash.  No third party is asked, and nobody can be found by their
drawing: what is hashed is public anyway (an author's URL, or name, or the site that the response came from)."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import Final

SEED: Final = re.compile(r"[0-9a-f]{8,64}")
"""What may be asked for as `/avatar/<seed>.svg`."""

PALETTES: Final = (
    ("#dfe9dc", "#2f6b50", "#d9a62e"),  # leek, daffodil
    ("#f3ddd3", "#a8452f", "#3b4a63"),  # brick, slate
    ("#dbe4ee", "#2f527f", "#c9762f"),  # sea, rust
    ("#efe6cf", "#8a6a14", "#4b6b3c"),  # straw, moss
    ("#eadcea", "#74406f", "#d08c3e"),  # heather, amber
    ("#d6e8e6", "#1f6468", "#b4533c"),  # estuary, clay
    ("#e6e2da", "#4d4a45", "#a8452f"),  # stone, brick
    ("#f2e0e0", "#93364b", "#2f6b50"),  # foxglove, leek
)
_QUARTERS: Final = (
    "M{l} {t}h2a2 2 0 0 1-2 2z",
    "M{r} {t}v2a2 2 0 0 1-2-2z",
    "M{r} {b}h-2a2 2 0 0 1 2-2z",
    "M{l} {b}v-2a2 2 0 0 1 2 2z",
)
_LEAVES: Final = ("M{l} {t}a2 2 0 0 1 2 2a2 2 0 0 1-2-2z", "M{r} {t}a2 2 0 0 1-2 2a2 2 0 0 1 2-2z")
_TRIANGLES: Final = ("M{l} {t}h2l-2 2z", "M{r} {t}v2l-2-2z", "M{r} {b}h-2l2-2z", "M{l} {b}v-2l2 2z")
_DISC: Final = "M{l}.3 {m}a.7.7 0 0 1 1.4 0a.7.7 0 0 1-1.4 0z"
_PLACES: Final = ((0, 0), (2, 0), (2, 2), (0, 2))


def seed_of(*facts: str | None) -> str:
    """The seed of a person: of the first fact that is known."""
    known = next((fact for fact in facts if fact), "")
    return hashlib.sha256(b"ymateb face\0" + known.encode()).hexdigest()[:16]


def _patch(kind: int, turn: int, left: int, top: int) -> str:
    if kind == 0:
        pattern = _QUARTERS[turn % 4]
    elif kind == 1:
        pattern = _LEAVES[turn % 2]
    elif kind == 2:
        pattern = _TRIANGLES[turn % 4]
    else:
        pattern = _DISC
    return pattern.format(l=left, t=top, r=left + 2, b=top + 2, m=top + 1)


@lru_cache(maxsize=4096)
def drawing(seed: str) -> tuple[str, str, str]:
    """Ground colour, and path data with its colour written as `colour path`, for two layers of patches."""
    dice = hashlib.sha256(seed.encode()).digest()
    ground, first, second = PALETTES[dice[0] % len(PALETTES)]
    layers = ["", ""]
    kinds = (dice[1] % 4, dice[2] % 3)
    for place, (left, top) in enumerate(_PLACES):
        layers[place % 2] += _patch(kinds[place % 2], dice[3] + place + (dice[4] >> place & 1), left, top)
    return ground, f"{first} {layers[0]}", f"{second} {layers[1]}"


def face(seed: str, *, inline: bool = True) -> str:
    """The drawing as an SVG element; as a file of its own unless `inline`."""
    ground, *layers = drawing(seed)
    paths = "".join('<path fill="{}" d="{}"/>'.format(*layer.split(" ", 1)) for layer in layers)
    head = (
        'class="ym-face" aria-hidden="true"' if inline else 'xmlns="http://www.w3.org/2000/svg" width="96" height="96"'
    )
    return f'<svg {head} viewBox="0 0 4 4"><rect width="4" height="4" fill="{ground}"/>{paths}</svg>'
