"""Bytes to text: every source of an encoding, in its order, and no input that fails."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentions.charset import decode_text
from mentions.model import Document, Url

WORDS = {
    "cp1252": "“café”", "iso-8859-2": "žluťoučký", "shift_jis": "これは", "iso-8859-7": "καλή", "iso-8859-15": "5 €",
}  # fmt: skip


def document(body: bytes, *, content_type: str = "text/html", charset: str | None = None) -> Document:
    return Document(url=Url("https://source.example/"), content_type=content_type, charset=charset, body=body)


@given(st.binary(max_size=300), st.one_of(st.none(), st.text(max_size=12)), st.sampled_from(["text/html", "", "a/b"]))
def test_no_body_and_no_label_makes_decoding_fail(body: bytes, charset: str | None, content_type: str) -> None:
    text = decode_text(document(body, content_type=content_type, charset=charset))
    text.encode()  # holds no lone surrogate


@given(st.text(max_size=200).filter(lambda t: "\0" not in t and not t.startswith("\ufeff")))
def test_utf_8_is_read_back_with_and_without_a_label(text: str) -> None:
    assert decode_text(document(text.encode(), content_type="text/plain")) == text
    assert decode_text(document(text.encode(), charset="UTF-8")) == text


@pytest.mark.parametrize(
    ("body", "charset", "expected"),
    [
        (b"\xef\xbb\xbfcaf\xc3\xa9", "iso-8859-1", "café"),
        ("\ufeffcafé".encode("utf-16-le"), "utf-8", "café"),
        ("\ufeffcafé".encode("utf-16-be"), None, "café"),
        (b"caf\xe9", "iso-8859-1", "café"),
        (b"\x93caf\xe9\x94", "ISO-8859-1", "“café”"),
        (b"caf\xe9", '"latin1"', "café"),
        ("日本".encode("shift_jis"), "Shift_JIS", "日本"),
        ("€".encode("gb18030"), "gb2312", "€"),
        (b"caf\xc3\xa9", "utf-8", "café"),
        (b"caf\xe9", "utf-8", "caf\ufffd"),
        (b"caf\xe9", "no-such-label", "café"),
        (b"+ADw-script+AD4-", "utf-7", "+ADw-script+AD4-"),
        (rb"\x3cscript\x3e", "unicode_escape", r"\x3cscript\x3e"),
        (b"<script>", "iso-2022-kr", "<script>"),
        (b"caf\xe9", "x-user-defined", "café"),
    ],
)
def test_a_byte_order_mark_beats_the_header_and_only_standard_labels_count(
    body: bytes, charset: str | None, expected: str
) -> None:
    assert decode_text(document(body, charset=charset)) == expected


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ('<meta charset="windows-1252">', "cp1252"),
        ("<meta charset=iso-8859-2>", "iso-8859-2"),
        ("<META HTTP-EQUIV='Content-Type' CONTENT='text/html; charset=koi8-r'>", "koi8-r"),
        ('<!-- <meta charset="utf-8"> --><meta charset="shift_jis">', "shift_jis"),
        ('<script>"<meta charset=utf-8>"</script><meta charset="iso-8859-7">', "iso-8859-7"),
        ('<meta name="description" content="charset=utf-8"><meta charset="iso-8859-5">', "iso-8859-5"),
        ('<meta charset="nonsense"><meta charset="windows-1251">', "cp1251"),
        ('<meta charset="x-user-defined">', "cp1252"),
        ('<?xml version="1.0" encoding="iso-8859-15"?><html>', "iso-8859-15"),
    ],
)
def test_what_the_markup_declares_counts_when_the_header_is_silent(head: str, encoding: str) -> None:
    word = WORDS.get(encoding, "привет")
    body = (head + "<p>" + word).encode(encoding)
    assert decode_text(document(body)).endswith("<p>" + word)
    assert not decode_text(document(body, charset="utf-8")).endswith("<p>" + word)


def test_a_meta_of_utf_16_cannot_be_true_and_means_utf_8() -> None:
    assert decode_text(document('<meta charset="utf-16">café'.encode())).endswith("café")


def test_plain_text_declares_nothing() -> None:
    body = b'<meta charset="koi8-r"> caf\xc3\xa9'
    assert decode_text(document(body, content_type="text/plain")).endswith("café")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Привет, как дела? Это длинный текст без меток. " * 5, "cp1251"),
        ("これは日本語のテキストです。" * 5, "shift_jis"),
        ("这是一个中文文本，没有标签。" * 5, "gb18030"),
        ("¿Qué pasó mañana, señor Núñez?", "cp1252"),
        ("naïve café", "cp1252"),
        ("<p>plain words</p>", "utf-16-le"),
        ("<p>plain words</p>", "utf-16-be"),
    ],
)
def test_an_undeclared_encoding_is_detected(text: str, encoding: str) -> None:
    assert decode_text(document(text.encode(encoding))) == text
