"""What URLs are: parsed, compared, folded, resolved.  (WHATWG URL Standard, by ada; the only importer of it.)

Every URL of a stranger passes through `parse`; what comes out is serialised, ASCII and safe to compare as a string.
Two ways of being equal: `same_resource` (the standard's, fragment kept) verifies links; `page_key` (scheme, `www.`,
default port and fragment folded away) files mentions under pages.  Whether an address may be connected to is not
decided here (workers/fetch/guard.py), nor which site a URL belongs to (sites.py)."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import unquote

import ada_url

from mentions.errors import InvalidRequest
from mentions.model import Url

MAX_CLAIM_BYTES: Final = 2048
"""Longest source or target that is accepted, as sent and as serialised (percent-encoding makes URLs longer)."""

_PARTS: Final = re.compile(r"(https?)://(?:([^/?#@]*)@)?([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_EDGES: Final = "".join(map(chr, range(0x21)))
"""What the URL standard takes off both ends (C0 controls and spaces), and no other white space."""
_DEFAULT_PORT: Final = re.compile(r":(?:80|443)$")
_UNSAFE_IN_ATTRIBUTES: Final = {ord(c): f"%{ord(c):02X}" for c in "\"'<> `"}
_TRACKING: Final = re.compile(
    r"(?:utm_[a-z0-9_]*|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|twclid|ttclid|igshid|mc_[ce]id|_hsenc|_hsmi|"
    r"mkt_tok|oly_(?:anon|enc)_id|vero_id|ref|ref_src|spm|share|si)",
    re.IGNORECASE,
)


class _Parts(NamedTuple):
    """A serialised http(s) URL, cut at the places that the standard's serialiser guarantees."""

    scheme: str
    userinfo: str | None
    host: str
    path: str
    query: str
    fragment: str


def parse(text: str, *, base: str | None = None) -> Url | None:
    """The URL that a browser would make of `text`, serialised; None unless it is http(s) and has a host.

    With `base`, `text` may be relative.  Surrounding white space and inner line breaks vanish as the standard says;
    lone surrogates count as U+FFFD.  Userinfo and fragment are kept."""
    href = _serialise(text, base)
    if href is None and _SURROGATE.search(text):
        href = _serialise(_SURROGATE.sub("\ufffd", text), base)
    if href is None or not href.startswith(("http://", "https://")):
        return None
    return Url(href)


def in_encoding(reference: str, encoding: str) -> str | None:
    """`reference` as a document of another encoding than UTF-8 means it: what is not ASCII in its query stands for the
    bytes of that encoding (URL Standard, "encoding-parse a URL").  None where it has none, or not in that encoding."""
    before, mark, rest = reference.partition("?")
    query, sharp, frag = rest.partition("#")
    if query.isascii() or "#" in before:
        return None
    try:
        encoded = query.encode(encoding)
    except UnicodeEncodeError:
        return None
    return before + mark + "".join(chr(b) if b < 0x80 else f"%{b:02X}" for b in encoded) + sharp + frag


def check_claim_url(text: str, *, what: str) -> Url:
    """The serialised URL of a claim's `what` ("source" or "target"); raises InvalidRequest that says what is wrong.

    Spaces around it are forgiven; a control character anywhere, userinfo, more than 2,048 bytes and anything but
    absolute http(s) are not (contract §3)."""
    text = text.strip(" ")
    if not text:
        raise InvalidRequest(f"{what} is missing")
    if _SURROGATE.search(text):
        raise InvalidRequest(f"{what} is not valid Unicode")
    if len(text.encode()) > MAX_CLAIM_BYTES:
        raise InvalidRequest(f"{what} is longer than {MAX_CLAIM_BYTES} bytes")
    if _CONTROL.search(text):
        raise InvalidRequest(f"{what} has a control character in it")
    url = parse(text)
    if url is None:
        raise InvalidRequest(f"{what} is not an absolute http or https URL")
    if has_userinfo(url):
        raise InvalidRequest(f"{what} has a user name or password in it")
    if len(url) > MAX_CLAIM_BYTES:
        raise InvalidRequest(f"{what} is longer than {MAX_CLAIM_BYTES} bytes when percent-encoded")
    return url


def same_resource(a: str, b: str) -> bool:
    """Whether both are http(s) URLs that the standard serialises alike; the fragment counts."""
    first = parse(a)
    return first is not None and first == parse(b)


def has_userinfo(url: str) -> bool:
    """Whether a user name or password stands before the host."""
    parts = _split(url)
    return parts is not None and parts.userinfo is not None


def without_fragment(url: str) -> Url:
    """`url`, parsed where that is possible, without its fragment."""
    return Url((parse(url) or url).partition("#")[0])


def fragment(url: str) -> str | None:
    """The fragment as it stands in the serialised URL, without `#`; None when there is none or it is empty."""
    return (parse(url) or url).partition("#")[2] or None


def authority(url: str) -> str:
    """`host` or `host:port` as serialised: lower case, IDNA in ASCII, no default port; "" if it is no URL."""
    parts = _split(url)
    return "" if parts is None else parts.host


def site_authority(authority_or_url: str) -> str:
    """What sites are keyed by: the authority without `www.`, trailing dot and port 80 or 443; "" for what is none.

    `www.` stays where nothing with a dot would be left (`www.com`).  Idempotent."""
    text = authority_or_url.strip(_EDGES)
    if "://" not in text:
        if not text or re.search(r"[/\\?#@]", text):
            return ""
        text = f"https://{text}/"
    host, colon, port = _host_and_port(_DEFAULT_PORT.sub("", authority(text)))
    host = host.rstrip(".")
    while host.startswith("www.") and "." in host[4:]:
        host = host[4:]
    return f"{host}{colon}{port}" if host else ""


def page_key(url: str) -> str:
    """What pages are found by: site authority, path and query; scheme, `www.`, default port and fragment fold away.

    `//host/path` counts as a URL of either scheme.  "" (which no page has) for what is no http(s) URL."""
    text = url.strip(_EDGES)
    parts = _split(f"https:{text}" if text.startswith("//") else text)
    if parts is None:
        return ""
    site = _site_of(parts.host)
    return f"{site}{parts.path}{parts.query}" if site else ""


def response_key(url: str) -> str:
    """What responses are matched by: `page_key` with the fragment, because one page may hold several of them.

    "" for what is no http(s) URL."""
    key = page_key(url)
    part = fragment(url) if key else None
    return f"{key}#{part}" if part else key


def source_key(url: str) -> str:
    """What entries are told apart by: the serialised source, scheme and fragment kept.  ValueError for no URL."""
    parsed = parse(url)
    if parsed is None:
        raise ValueError("a source is an absolute http(s) URL")
    return parsed


def origin(url: str) -> str:
    """Scheme, host and port, without a slash at the end; "" for what is no http(s) URL."""
    parts = _split(url)
    return "" if parts is None else f"{parts.scheme}://{parts.host}"


def resolve_redirect(base: str, location: str) -> Url | None:
    """Where a redirect leads: `location` seen from `base`, whose fragment it inherits (RFC 9110 10.2.2)."""
    target = parse(from_header(location), base=base)
    if target is not None and "#" not in target and "#" in base:
        return Url(f"{target}#{fragment(base) or ''}")
    return target


def from_header(value: str) -> str:
    """A header's text with bytes that were no UTF-8 (surrogate escapes) percent-encoded instead of lost."""
    return _SURROGATE.sub(lambda m: f"%{ord(m[0]) & 0xFF:02X}" if m[0] >= "\udc80" else "\ufffd", value)


def document_base(document_url: str, href: str | None) -> str:
    """The base URL of a document whose first `<base href>` is `href` (HTML 4.2.3); may be of any scheme.

    A `data:` or `javascript:` base, and one that does not parse, are ignored."""
    if href is None:
        return document_url
    base = _serialise(href, document_url)
    return document_url if base is None or base.startswith(("data:", "javascript:")) else base


def attribute_safe(url: str) -> Url | None:
    """`url` as APIs hand it out: http(s) and with `"'<>`, space and backtick percent-encoded; None otherwise."""
    parsed = parse(url)
    return None if parsed is None else Url(parsed.translate(_UNSAFE_IN_ATTRIBUTES))


def near_miss_reason(found: str, wanted: str) -> str | None:
    """Why `found` is not `wanted` although it might have been meant: the first difference of `scheme`, `www`, `slash`,
    `encoding`, `case`, `tracking`, `query`, `fragment`; None when they are the same or have nothing in common."""
    a, b = _split(found), _split(wanted)
    if a is None or b is None or a == b or a.userinfo is not None or _folded_path(a.path) != _folded_path(b.path):
        return None
    if site_authority(a.host) != site_authority(b.host):
        return None
    differences = (
        (a.scheme != b.scheme, "scheme"),
        (a.host != b.host, "www"),
        (a.path != b.path, _path_difference(a.path, b.path)),
        (a.query != b.query, _query_difference(a.query, b.query)),
        (a.fragment != b.fragment, "fragment"),
    )
    return next(reason for differs, reason in differences if differs)


# --- private ------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=16)  # one URL is looked at in several ways, one after the other
def _serialise(text: str, base: str | None) -> str | None:
    try:
        return ada_url.normalize_url(text) if base is None else ada_url.join_url(base, text)
    except ValueError:
        return None


@lru_cache(maxsize=8)
def _split(url: str) -> _Parts | None:
    parsed = parse(url)
    match = _PARTS.fullmatch(parsed) if parsed is not None else None
    if match is None:
        return None
    scheme, userinfo, host, path, query, frag = match.groups()
    return _Parts(scheme, userinfo, host, path, query or "", frag or "")


@lru_cache(maxsize=256)
def _site_of(host: str) -> str:
    return site_authority(host)


def _host_and_port(text: str) -> tuple[str, str, str]:
    """IPv6 hosts keep their brackets, so the last colon outside them is the port's."""
    match = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(:?)(\d*)", text)
    return (match[1], match[2], match[3]) if match else ("", "", "")


def _folded_path(path: str) -> str:
    path = _decoded(path)
    return (re.sub(r"/+", "/", path) if "//" in path else path).rstrip("/").casefold()


def _decoded(text: str) -> str:
    return unicodedata.normalize("NFC", unquote(text, errors="replace")) if "%" in text else text


def _path_difference(a: str, b: str) -> str:
    def slashes(path: str) -> str:
        return re.sub(r"/+", "/", path).rstrip("/")

    if slashes(a) == slashes(b):
        return "slash"
    return "encoding" if slashes(_decoded(a)) == slashes(_decoded(b)) else "case"


def _query_difference(a: str, b: str) -> str:
    def pairs(query: str) -> list[str]:
        return [p for p in query[1:].split("&") if p and not _TRACKING.fullmatch(p.partition("=")[0])]

    if pairs(a) == pairs(b) and max(len(a), len(b)) > 1:
        return "tracking"
    if _decoded(a) == _decoded(b):
        return "encoding"
    return "case" if _decoded(a).casefold() == _decoded(b).casefold() else "query"
