"""Turns what was read into JSON-able dicts and back: the only form in which it crosses a process or rests in a column.

One rule for every dataclass of `model.py`: fields by name, enums by value, times as RFC 3339, tuples as lists, and a
field that has its default is left out.  Reading back follows the declared types, drops unknown keys (a newer writer)
and keeps defaults for missing ones (an older writer); a value of the wrong shape raises `CodecError`.
Meant for our own output: strangers' JSON never comes here."""

from __future__ import annotations

import types
from collections.abc import Callable, Hashable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, NewType, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from mentions.model import Document, OutgoingLinks, Reaction, Reading, TargetFacts

T = TypeVar("T")


class CodecError(ValueError):
    """A stored value does not have the shape that its type declares."""


def to_json(obj: Any) -> dict[str, Any]:
    """A dataclass as a dict that orjson and json can write.  Fields with their default are left out."""
    if not is_dataclass(obj) or isinstance(obj, type):
        raise CodecError(f"not a word of the model: {type(obj).__name__}")
    return {f.name: _plain(value) for f in fields(obj) if (value := getattr(obj, f.name)) != _default(f)}


def from_json(cls: type[T], data: Mapping[str, Any]) -> T:
    """The dataclass `cls` out of what `to_json` made of it.  Unknown keys are dropped; raises `CodecError`."""
    if not isinstance(data, Mapping):
        raise CodecError(f"{cls.__name__}: expected an object, not {type(data).__name__}")
    readers = _readers(cast("Hashable", cls))
    given = {name: read(data[name]) for name, read in readers.items() if name in data}
    try:
        return cls(**given)
    except TypeError as problem:
        raise CodecError(f"{cls.__name__}: {problem}") from problem


def reading_from_json(data: Mapping[str, Any]) -> Reading:
    """A `Reading`, as a reading process sent it or the database kept it."""
    return from_json(Reading, data)


def reaction_from_json(data: Mapping[str, Any]) -> Reaction:
    """A `Reaction`, as the database keeps it."""
    return from_json(Reaction, data)


def target_facts_from_json(data: Mapping[str, Any]) -> TargetFacts:
    """What a target's own page said of itself."""
    return from_json(TargetFacts, data)


def outgoing_links_from_json(data: Mapping[str, Any]) -> OutgoingLinks:
    """The links of a page that is about to be sent from."""
    return from_json(OutgoingLinks, data)


def document_to_json(document: Document) -> dict[str, Any]:
    """A document without its body, which travels beside the JSON as bytes."""
    return {"url": document.url, "content_type": document.content_type, "charset": document.charset}


def document_from_json(data: Mapping[str, Any], body: bytes) -> Document:
    """The document that `document_to_json` described, with its body."""
    return from_json(Document, {**data, "body": body})


def _plain(value: Any) -> Any:
    """Our words become dicts, lists and strings; JSON stays as it is."""
    if is_dataclass(value):
        return to_json(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value


def _default(f: Field[Any]) -> Any:
    """The default of a field; a marker that equals nothing where it has none."""
    return (
        f.default if f.default is not MISSING else f.default_factory() if f.default_factory is not MISSING else MISSING
    )


@cache
def _readers(cls: Any) -> dict[str, Callable[[Any], Any]]:
    """For every field of a dataclass the function that reads its value back."""
    hints = get_type_hints(cls)
    return {f.name: _reader(hints[f.name], f"{cls.__name__}.{f.name}") for f in fields(cls)}


def _reader(hint: Any, where: str) -> Callable[[Any], Any]:
    """The function that reads a value of the declared type `hint`; `where` names the field in messages."""
    origin = get_origin(hint)
    if isinstance(hint, NewType):
        return _reader(hint.__supertype__, where)
    if origin in (Union, types.UnionType):
        (inner,) = [part for part in get_args(hint) if part is not type(None)]
        read = _reader(inner, where)
        return lambda value: None if value is None else read(value)
    if origin is tuple:
        item = _reader(get_args(hint)[0], where)
        return lambda value: tuple(item(part) for part in _expect(list, value, where))
    return lambda value: _one(Mapping if origin is not None else hint, value, where)


def _one(kind: Any, value: Any, where: str) -> Any:
    """A single value of a class: one of our words, an enum, a time, or what JSON itself knows."""
    if is_dataclass(kind):
        return from_json(cast("type[Any]", kind), value)
    try:
        if issubclass(kind, Enum):
            return kind(value)
        if kind is datetime:
            return datetime.fromisoformat(value)
    except (TypeError, ValueError) as problem:
        raise CodecError(f"{where}: {problem}") from problem
    return _expect(kind, value, where)


def _expect(kind: type[Any], value: Any, where: str) -> Any:
    if not isinstance(value, kind):
        raise CodecError(f"{where}: expected {kind.__name__}, not {type(value).__name__}")
    return value
