"""The shelf of rendered fragments: what is new enough is found, and there is never more than there is room for."""

from __future__ import annotations

from service.pages.shelf import Shelf, Shown


def shown(html: str) -> Shown:
    return Shown("https://post.example/", "Post", 1, html)


def test_a_fragment_is_found_for_half_a_minute():
    shelf = Shelf(kept_s=30)
    shelf.put("a", shown("x"), now=100)
    assert shelf.get("a", now=130) == shown("x")
    assert shelf.get("a", now=131) is None
    assert shelf.get("b", now=100) is None


def test_the_one_not_asked_for_longest_makes_room():
    shelf = Shelf(most_bytes=10)
    for key in "abc":
        shelf.put(key, shown("123"), now=1)
    assert shelf.get("a", now=1)
    shelf.put("d", shown("1234"), now=1)
    assert [key for key in "abcd" if shelf.get(key, now=1)] == ["a", "c", "d"]


def test_the_same_key_takes_its_room_once():
    shelf = Shelf(most_bytes=10)
    for _ in range(5):
        shelf.put("a", shown("12345"), now=1)
    shelf.put("b", shown("12345"), now=1)
    assert shelf.get("a", now=1)
    assert shelf.get("b", now=1)


def test_what_is_larger_than_the_shelf_is_not_kept():
    shelf = Shelf(most_bytes=3)
    shelf.put("a", shown("1234"), now=1)
    assert shelf.get("a", now=1) is None
