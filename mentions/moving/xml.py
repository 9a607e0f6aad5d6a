"""Large XML files, element by element, without entities, DTDs or a growing tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO
from xml.etree.ElementTree import Element, ParseError  # types only; parsing is defusedxml's

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from mentions.moving.records import UnreadableExport


def local(tag: str) -> str:
    """The name of an element without its namespace: exports differ in the version that the namespace names."""
    return tag.rsplit("}", 1)[-1]


def elements(file: IO[bytes], names: Iterable[str]) -> Iterator[Element]:
    """Each outermost element with one of the local `names`, complete; it is emptied when the next one is asked for.

    Raises `UnreadableExport` for a DTD, an entity, or XML that is broken; what came before has been handed out."""
    wanted = frozenset(names)
    try:
        open_elements: list[Element] = []
        for event, element in ElementTree.iterparse(file, events=("start", "end"), forbid_dtd=True):
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
    except DefusedXmlException as refused:
        raise UnreadableExport(f"the file declares a DTD or entities, which are refused: {refused}") from refused
    except ParseError as broken:
        raise UnreadableExport(f"the file is not well-formed XML: {broken}") from broken


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
