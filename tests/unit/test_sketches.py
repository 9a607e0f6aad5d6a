"""Nearly the same words, told from hashes."""

import pytest

from mentions.sketches import HASHES, is_near, sketch

PITCH = (
    "I was tired of my old job until a friend told me about this wonderful place where anybody can earn a living from "
    "home with only two hours of work in the evening and I never looked back, you really should try it for yourself."
)
THANKS = (
    "What you write about doors reminded me of the house where I grew up: nobody locked anything, and when the baker "
    "came by on Saturdays he simply left the bread on the table and took the money out of the blue jar beside it."
)


def near(a: str, b: str) -> bool:
    ours, theirs = sketch(a), sketch(b)
    common = sum(x == y for x, y in zip(ours, theirs, strict=True)) if len(ours) == len(theirs) else 0
    return is_near(common, len(ours))


@pytest.mark.parametrize(
    "other",
    [
        PITCH.upper(),
        PITCH.replace(",", "!!!") + " https://spam.example/7f3a",
        PITCH.replace("friend", "cousin"),
        PITCH + " Bob",
    ],
)
def test_small_changes_make_no_other_words(other):
    assert near(PITCH, other)


def test_other_words_are_others():
    assert not near(PITCH, THANKS)
    assert not near(THANKS, PITCH)


def test_short_words_are_compared_as_they_are():
    assert near("Thank you for this!", "thank you, for this")
    assert not near("Thank you for this!", "Thank you for that!")
    assert sketch("Diolch yn fawr") == sketch("") == sketch("https://a.example/ 7") == ()


def test_a_text_has_as_many_hashes_whatever_its_length():
    assert len(sketch(PITCH)) == len(sketch(PITCH * 500)) == HASHES
