"""Pingback: XML-RPC bytes become a call or an answer, and a page's answer tells its server.  (Pingback 1.0; XML-RPC)

Only what the protocol needs: one method, two strings, a string or a fault.  No DTD, no entity, no `system.multicall`.
What a call says is checked by service/intake; this checks only that it is a call."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from mentions import urls
from mentions.charset import decode_text
from mentions.errors import RequestError
from mentions.media import Media, media_of
from mentions.model import Fetched, Url

METHOD: Final = "pingback.ping"
MAX_CALL_BYTES: Final = 32 * 1024
"""Two URLs of 2,048 bytes, entities and all, fit in a third of this."""
MAX_ANSWER_BYTES: Final = 64 * 1024

NOT_WELL_FORMED: Final = -32700
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMETERS: Final = -32602
GENERIC: Final = 0
ALREADY_REGISTERED: Final = 48
UPSTREAM: Final = 50

_LINK: Final = re.compile(r'<link rel="pingback" href="([^"]+)" ?/?>')
"""The pattern of Pingback 1.0, 2.3, to the letter; clients are told not to be more lenient."""
_ENTITY: Final = re.compile(r"&(amp|lt|gt|quot);")
_ENTITIES: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"'}
_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAGLESS: Final = frozenset({Media.OTHER, Media.JSON})


class PingbackFault(RequestError):
    """The call cannot be served; `code` is the number of the fault, `message` says why."""

    code: int  # type: ignore[assignment]  # the outside sees a number here, by the protocol

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class PingbackCall:
    """`pingback.ping(source, target)`, white space around the URIs removed."""

    source: str
    target: str


class Answered(StrEnum):
    """What a server's answer means for the sender."""

    ACCEPTED = "accepted"
    """A string, or fault 48: registered before."""
    REFUSED = "refused"
    TRY_LATER = "try_later"
    """Fault 50, or an HTTP status that may pass."""


@dataclass(frozen=True, slots=True)
class PingbackAnswer:
    """A server's answer, understood."""

    outcome: Answered
    text: str
    """What it said, cut at 500 characters, or what was wrong with it."""
    fault: int | None = None


# --- server -------------------------------------------------------------------------------------------------------


def read_call(body: bytes) -> PingbackCall:
    """The call in a request's body; PingbackFault when it is broken XML, another method, or has other parameters."""
    if len(body) > MAX_CALL_BYTES:
        raise PingbackFault(NOT_WELL_FORMED, f"the request is longer than {MAX_CALL_BYTES} bytes")
    root = _parse(body)
    if root is None:
        raise PingbackFault(NOT_WELL_FORMED, "the request is not well-formed XML without a document type")
    if root.tag != "methodCall":
        raise PingbackFault(GENERIC, "the request is no XML-RPC methodCall")
    method = (root.findtext("methodName") or "").strip()
    if method != METHOD:
        raise PingbackFault(METHOD_NOT_FOUND, f"there is no method but {METHOD}")
    values = root.findall("params/param/value")
    strings = [_string(value) for value in values]
    if len(root.findall("params/param")) != 2 or len(strings) != 2 or strings[0] is None or strings[1] is None:
        raise PingbackFault(INVALID_PARAMETERS, f"{METHOD} takes two strings: source and target")
    return PingbackCall(source=strings[0].strip(), target=strings[1].strip())


def result(text: str) -> bytes:
    """The answer to a call that was served."""
    return _document(f"<methodResponse><params><param>{_value(text)}</param></params></methodResponse>")


def fault(code: int, message: str) -> bytes:
    """The answer to a call that was not."""
    members = (
        f"<member><name>faultCode</name><value><int>{code:d}</int></value></member>"
        f"<member><name>faultString</name>{_value(message)}</member>"
    )
    return _document(f"<methodResponse><fault><value><struct>{members}</struct></value></fault></methodResponse>")


# --- client -------------------------------------------------------------------------------------------------------


def find_server(fetched: Fetched) -> Url | None:
    """The pingback server of a page: its X-Pingback header, whatever its type, else the first `<link>` of the pattern.

    Only absolute http(s) URIs without userinfo count; a header that names none hides the page's `<link>`."""
    header = fetched.headers.get("x-pingback")
    if header is not None:
        return _server(urls.from_header(header))
    if media_of(fetched.document) in _TAGLESS:
        return None
    match = _LINK.search(decode_text(fetched.document))
    return _server(_ENTITY.sub(lambda m: _ENTITIES[m[1]], match[1])) if match else None


def call(source: str, target: str) -> bytes:
    """The request that tells a server of a link."""
    return _document(
        f"<methodCall><methodName>{METHOD}</methodName>"
        f"<params><param>{_value(source)}</param><param>{_value(target)}</param></params></methodCall>"
    )


def read_answer(body: bytes, *, status: int = 200) -> PingbackAnswer:
    """What a server answered.  Forgives what servers in the wild do around the XML, never what is in it.

    `status` is the HTTP status: redirects and 4xx are refusals, 408, 425, 429 and 5xx may pass."""
    if not 200 <= status < 300:
        return PingbackAnswer(Answered.TRY_LATER if _may_pass(status) else Answered.REFUSED, f"HTTP status {status}")
    if len(body) > MAX_ANSWER_BYTES:
        return PingbackAnswer(Answered.REFUSED, f"an answer of more than {MAX_ANSWER_BYTES} bytes")
    root = _parse(_without_padding(body))
    if root is None or root.tag != "methodResponse":
        return PingbackAnswer(Answered.REFUSED, "the answer is no XML-RPC methodResponse")
    struct = root.find("fault/value/struct")
    return _read_result(root) if struct is None else _read_fault(struct)


# --- private ------------------------------------------------------------------------------------------------------


def _parse(body: bytes) -> Element | None:
    """None for what is not well-formed, has a document type, or an encoding that cannot be read."""
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return None
    return root


def _string(value: Element) -> str | None:
    """The string of a `<value>`; untyped text is one (XML-RPC: "If no type is indicated, the type is string")."""
    children = list(value)
    if not children:
        return value.text or ""
    around = (value.text or "") + "".join(child.tail or "" for child in children)
    if len(children) != 1 or children[0].tag != "string" or len(children[0]) or around.strip():
        return None
    return children[0].text or ""


def _read_result(root: Element) -> PingbackAnswer:
    values = root.findall("params/param/value")
    text = _string(values[0]) if len(values) == 1 else None
    if text is None:
        return PingbackAnswer(Answered.REFUSED, "the answer is neither a string nor a fault")
    return PingbackAnswer(Answered.ACCEPTED, text.strip()[:500])


def _may_pass(status: int) -> bool:
    return status in {408, 425, 429} or 500 <= status < 600


def _read_fault(struct: Element) -> PingbackAnswer:
    members = {
        (member.findtext("name") or "").strip(): "".join(value.itertext()).strip()
        for member in struct.findall("member")
        if (value := member.find("value")) is not None
    }
    written = members.get("faultCode", "")
    code = int(written) if re.fullmatch(r"[+-]?[0-9]{1,9}", written) else GENERIC
    outcome = Answered.ACCEPTED if code == ALREADY_REGISTERED else Answered.REFUSED
    if code == UPSTREAM or _may_pass(code):  # WordPress uses HTTP's numbers: 429, "you are posting too quickly"
        outcome = Answered.TRY_LATER
    return PingbackAnswer(outcome, members.get("faultString", "")[:500], fault=code)


def _without_padding(body: bytes) -> bytes:
    """Warnings before and comments after the document, which PHP servers print, make it no XML."""
    starts = [position for mark in (b"<?xml", b"<methodResponse") if (position := body.find(mark)) > 0]
    end = body.rfind(b"</methodResponse>")
    if end < 0:
        return body
    start = min(starts) if starts and not body.startswith((b"<?xml", b"<methodResponse")) else 0
    return body[start : end + len(b"</methodResponse>")]


def _server(uri: str) -> Url | None:
    url = urls.parse(uri)
    return None if url is None or urls.has_userinfo(url) else url


def _value(text: str) -> str:
    legal = _NO_XML.sub("\ufffd", text)
    return f"<value><string>{escape(legal)}</string></value>"


def _document(element: str) -> bytes:
    return f'<?xml version="1.0"?>{element}'.encode()
