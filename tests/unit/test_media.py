"""Which bodies are searched, and how: by type, and by their first bytes when no type is named."""

from __future__ import annotations

import pytest

from mentions.media import Media, is_read_type, media_of
from mentions.model import Document, Url


def document(content_type: str, body: bytes = b"") -> Document:
    return Document(url=Url("https://source.example/"), content_type=content_type, charset=None, body=body)


@pytest.mark.parametrize(
    ("content_type", "media"),
    [
        ("text/html", Media.HTML),
        ('Text/HTML;Charset="UTF-8"', Media.HTML),
        ("application/xhtml+xml", Media.XHTML),
        ("application/json", Media.JSON),
        ("application/feed+json", Media.JSON),
        ("application/activity+json", Media.JSON),
        ("application/ld+json; profile=x", Media.JSON),
        ("text/json", Media.JSON),
        ("text/plain", Media.TEXT),
        ("text/markdown", Media.TEXT),
        ("text/gemini", Media.TEXT),
        ("text/css", Media.OTHER),
        ("text/javascript", Media.OTHER),
        ("text/xml", Media.XML),
        ("application/atom+xml", Media.XML),
        ("image/svg+xml", Media.XML),
        ("image/png", Media.OTHER),
        ("application/pdf", Media.OTHER),
        ("application/octet-stream", Media.OTHER),
    ],
)
def test_the_type_decides_whatever_the_body_looks_like(content_type: str, media: Media) -> None:
    assert media_of(document(content_type, b"<a href='https://target.example/'>x</a>")) is media
    assert is_read_type(content_type) is (media in {Media.HTML, Media.XHTML, Media.JSON, Media.TEXT})


@pytest.mark.parametrize("content_type", ["", "unknown/unknown", "application/unknown", "html", "*/*", " ; charset=x"])
@pytest.mark.parametrize(
    ("body", "media"),
    [
        (b"<!DOCTYPE html><a href=x>", Media.HTML),
        (b"\xef\xbb\xbf\r\n  <article>", Media.HTML),
        ("\ufeff<p>".encode("utf-16-le"), Media.HTML),
        (b"<?xml version='1.0'?><feed/>", Media.XML),
        (b"<?xml version='1.0'?>\n<html xmlns='http://www.w3.org/1999/xhtml'>", Media.HTML),
        (b'{"url":1}', Media.JSON),
        (b"see https://target.example/", Media.TEXT),
        (b"", Media.TEXT),
        (b"\x89PNG\r\n\x1a\n\x00", Media.OTHER),
    ],
)
def test_without_a_type_the_first_bytes_decide(content_type: str, body: bytes, media: Media) -> None:
    assert media_of(document(content_type, body)) is media
    assert is_read_type(content_type)
