"""Bytes of a fetched document -> text, as a browser would decode them, never failing.  (HTML 13.2.3; Encoding Standard)

Order: byte order mark, the Content-Type's charset, what the markup declares (`<meta>`, XML declaration), valid UTF-8
(with a broken byte here and there), then detection, then windows-1252.  JSON is UTF-8 whatever its type says (RFC 8259
8.1, 11), if it can be read so.  Labels are those of the Encoding Standard: Python's own codec names would let a
stranger choose `utf-7` or `unicode_escape`."""

from __future__ import annotations

import re
from typing import Final

import webencodings
from charset_normalizer import from_bytes
from selectolax.lexbor import LexborHTMLParser

from mentions.media import Media, media_of
from mentions.model import Document

_PRESCAN_BYTES: Final = 1024
"""Where a document has to declare its encoding (HTML 4.2.5.4)."""
_SAMPLE_BYTES: Final = 8192
"""As much as detection looks at: its time grows with the sample, its certainty hardly."""
_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16le"), (b"\xfe\xff", "utf-16be"))
_CANDIDATES: Final = [
    "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr", "cp1251", "koi8_r", "cp1253", "cp1255", "cp1256",
]  # fmt: skip
"""Encodings that detection may choose; Latin ones are told apart too badly to be among them."""
_MOSTLY: Final = 5
"""Characters beyond ASCII for each one that is broken, in what is still UTF-8."""
_NOT_ASCII: Final = re.compile(rb"[\x80-\xff]")
_FOREIGN_RUN: Final = re.compile(rb"[\x80-\xff]{3}")
"""Fewer in a row are the accents and quotes of a Latin text."""
_CODECS: Final = {"gbk": "gb18030", "x-user-defined": "cp1252"}
"""Where Python's codec of a name is another; `x-user-defined`, which Python lacks, is windows-1252 in markup."""
_AS_DECLARED: Final = {"utf-16le": "utf-8", "utf-16be": "utf-8"}
_XML_DECLARATION: Final = re.compile(rb"<\?xml[^>]*?\sencoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_CONTENT_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?\s*([^\s;\"']+)", re.IGNORECASE)


def decode_text(document: Document) -> str:
    """The body as text, without a byte order mark; what cannot be decoded becomes U+FFFD."""
    body = document.body
    for mark, name in _BOMS:
        if body.startswith(mark):
            return _decode(body[len(mark) :], name)
    declared = _label(document.charset) or _declared(document)
    if declared is not None and not (media_of(document) is Media.JSON and _is_utf8(body)):
        return _decode(body, declared)
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return _decode(body, _detected(body))
    return _decode(body, guess) if "\0" in text and (guess := _bare_utf16(body)) else text


def query_encoding(document: Document) -> str | None:
    """Python's name of the encoding in which browsers write the queries of a document's links; None for UTF-8, which
    also stands for UTF-16 (Encoding Standard, "output encodings")."""
    if any(document.body.startswith(mark) for mark, _ in _BOMS):
        return None
    declared = _label(document.charset) or _declared(document)
    return None if declared is None or declared.startswith("utf-") else _codec(declared)


def _decode(body: bytes, name: str) -> str:
    return body.decode(_codec(name), "replace")


def _codec(name: str) -> str:
    return _CODECS.get(name) or str(webencodings.lookup(name).codec_info.name)


def _label(label: str | None) -> str | None:
    """The encoding that a label of the Encoding Standard stands for; None for labels that it lacks or disarms."""
    encoding = webencodings.lookup(label.strip().strip("\"'")) if label else None
    return None if encoding is None or encoding.name == "replacement" else encoding.name


def _declared(document: Document) -> str | None:
    """What the document says of itself; UTF-16 cannot be true there, since the declaration was read as ASCII."""
    if media_of(document) not in {Media.HTML, Media.XHTML, Media.XML}:
        return None
    head = document.body[:_PRESCAN_BYTES]
    xml = _XML_DECLARATION.match(head.lstrip())
    name = _label(xml[1].decode("ascii")) if xml else _meta_charset(head)
    return None if name is None else _AS_DECLARED.get(name, name)


def _meta_charset(head: bytes) -> str | None:
    if b"charset" not in head.lower():
        return None
    for meta in LexborHTMLParser(head.decode("latin-1")).css("meta"):
        attributes = meta.attributes
        label = attributes.get("charset")
        if label is None and (attributes.get("http-equiv") or "").strip().lower() == "content-type":
            content = _CONTENT_CHARSET.search(attributes.get("content") or "")
            label = content[1] if content else None
        if (name := _label(label)) is not None:
            return name
    return None


def _bare_utf16(body: bytes) -> str | None:
    """UTF-16 without a byte order mark shows as ASCII with a NUL in every other place."""
    head = body[:512]
    if len(head) >= 2 and head[1::2].count(0) * 10 > len(head) * 4:
        return "utf-16le"
    return "utf-16be" if len(head) >= 2 and head[0::2].count(0) * 10 > len(head) * 4 else None


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_nearly_utf8(body: bytes) -> bool:
    """Are far more characters UTF-8 than bytes are not?  An advertisement or a cut may break a few of them; no other
    encoding looks like that by chance."""
    text = body.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    foreign = len(text) - len(text.encode("ascii", "ignore"))
    return foreign > _MOSTLY * broken


def _detected(body: bytes) -> str:
    if guess := _bare_utf16(body):
        return guess
    if _is_nearly_utf8(body):
        return "utf-8"
    first = _NOT_ASCII.search(body)
    start = max(0, first.start() - 64) if first else 0
    sample = body[start : start + _SAMPLE_BYTES]
    best = from_bytes(sample, cp_isolation=_CANDIDATES).best() if _FOREIGN_RUN.search(sample) else None
    return (_label(best.encoding.replace("_", "-")) if best is not None else None) or "windows-1252"
