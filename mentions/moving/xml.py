"""Large XML files, element by element, without entities, DTDs or a growing tree."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from typing import IO, Final
from xml.etree.ElementTree import Element, ParseError  # types only; parsing is defusedxml's

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from mentions.moving.endless import Endless
from mentions.moving.records import UnreadableExport

_WIDE: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"<\0", b"\0<")
_CONTROLS: Final = bytes(code for code in range(0x20) if code not in b"\t\n\r")


def local(tag: str) -> str:
    """The name of an element without its namespace: exports differ in the version that the namespace names."""
    return tag.rsplit("}", 1)[-1]


def elements(file: IO[bytes], names: Iterable[str]) -> Iterator[Element]:
    """Each outermost element with one of the local `names`, complete; it is emptied when the next one is asked for.

    Raises `UnreadableExport` for a DTD, an entity, or XML that is broken; what came before has been handed out."""
    wanted = frozenset(names)
    open_elements: list[Element] = []
    for event, element in _events(file):
        if event == "start":
            open_elements.append(element)
            continue
        open_elements.pop()
        if local(element.tag) in wanted and not any(local(outer.tag) in wanted for outer in open_elements):
            yield element
            element.clear()
            if open_elements:
                open_elements[-1].remove(element)
        elif len(open_elements) == 1:
            element.clear()
            open_elements[0].remove(element)


class _Readable:
    """A file without what exports of the wild have and XML has not: blanks before it, control characters in it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._is_wide: bool | None = None
        """Whether characters have several bytes each, so that single ones mean nothing."""

    def read(self, size: int = -1, /) -> bytes:
        while part := self._file.read(size):
            if self._is_wide is None:
                part = part.lstrip(b" \t\r\n")
                self._is_wide = part.startswith(_WIDE) if part else None
            if self._is_wide is False:
                part = part.translate(None, _CONTROLS)
            if part and not part.isspace():  # megabytes of blanks would be kept, piece by piece, as some element's text
                return part
        return b""


def _events(file: IO[bytes]) -> Iterator[tuple[str, Element]]:
    bounded = Endless(_Readable(file))
    try:
        for found in ElementTree.iterparse(bounded, events=("start", "end"), forbid_dtd=True):
            bounded.go_on()
            yield found
    except DefusedXmlException as refused:
        raise UnreadableExport("the file declares a DTD or entities, which are refused") from refused
    except ParseError as broken:
        raise UnreadableExport(f"the file is not well-formed XML: {broken}") from broken
    except (LookupError, ValueError) as unknown:
        raise UnreadableExport(
            f"the file is in an encoding that is not read here, make it UTF-8: {unknown}"
        ) from unknown


def text(element: Element | None, name: str) -> str:
    """The text of the first child with that local name; empty when there is none."""
    if element is None:
        return ""
    for child in element:
        if local(child.tag) == name:
            return (child.text or "").strip()
    return ""


def attribute(element: Element | None, name: str) -> str:
    """An attribute by its local name; empty when there is none."""
    if element is None:
        return ""
    return next((value for key, value in element.attrib.items() if local(key) == name), "")


def child(element: Element, name: str) -> Element | None:
    """The first child with that local name."""
    return next((found for found in element if local(found.tag) == name), None)
