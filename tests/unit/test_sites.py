"""Which site a target belongs to."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mentions.errors import InvalidTarget
from mentions.model import Site
from mentions.sites import SiteBook

NOW = datetime(2026, 11, 22, tzinfo=UTC)
BLOG = Site(1, "example.com", ("blog.example.com",), NOW)
LOCAL = Site(2, "localhost:8080", (), NOW)
WELSH = Site(3, "xn--tndra-kua.cymru", (), NOW)
BOOK = SiteBook([BLOG, LOCAL, WELSH])


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://example.com/post", BLOG),
        ("http://EXAMPLE.com:80/post#reply", BLOG),
        ("https://www.example.com/", BLOG),
        ("https://example.com./", BLOG),
        ("https://blog.example.com/2026/?a=b", BLOG),
        ("https://www.blog.example.com/", BLOG),
        ("blog.example.com", BLOG),
        ("http://localhost:8080/demo/", LOCAL),
        ("localhost:8080", LOCAL),
        ("https://täpndra.cymru/", None),
        ("https://xn--tndra-kua.cymru/", WELSH),
        ("https://example.com:8443/post", None),
        ("http://localhost/demo/", None),
        ("https://example.org/", None),
        ("https://example.com.evil.example/", None),
        ("https://evil.example/https://example.com/", None),
        ("https://example.com@evil.example/", None),
        ("ftp://example.com/", None),
        ("", None),
        ("not a url", None),
    ],
)
def test_a_url_belongs_to_the_site_of_its_authority(url, site):
    assert BOOK.site_for(url) is site


def test_a_target_is_placed_in_its_site():
    assert BOOK.place("https://www.example.com/post", None) is BLOG
    assert BOOK.place("https://blog.example.com/", "example.com") is BLOG
    assert BOOK.place("https://example.com/", "www.blog.example.com") is BLOG


def test_a_target_of_nobody_is_refused_by_name():
    with pytest.raises(InvalidTarget, match=r"^example\.org:8443 is not a site of ours$"):
        BOOK.place("https://example.org:8443/post", None)


@pytest.mark.parametrize("within", ["localhost:8080", "example.org", "", "??"])
def test_a_target_of_another_site_than_the_one_addressed_is_refused_by_name(within):
    with pytest.raises(InvalidTarget, match=r"^example\.com does not belong to the site"):
        BOOK.place("https://example.com/post", within)


def test_a_book_without_sites_places_nothing():
    assert SiteBook([]).sites == ()
    with pytest.raises(InvalidTarget):
        SiteBook([]).place("https://example.com/", None)
