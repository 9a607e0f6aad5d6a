"""webmention.io: exports and API pages, jf2 (`children`) or the older form (`links`).  Our own export, too.

Its rows are twelve years of history: kinds that are none (`rsvp-marty mcguire`), null kinds, protocols and authors,
URLs with spaces.  All of that is read; only a row without source or target is left out.  What only our export says is
read by `own_words.py`."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import IO, Any, Final

import ijson

from mentions import urls
from mentions.model import WM_PROPERTY, Content, Kind, Protocol
from mentions.moving import jf2, own_words
from mentions.moving.endless import Endless
from mentions.moving.records import Moved, Skipped, UnreadableExport, content_of, moment_of, utc

BY_PROPERTY: Final[Mapping[str, Kind]] = {
    **{name: kind for kind, name in WM_PROPERTY.items() if kind is not Kind.REACJI},
    "mention-of": Kind.MENTION,
    "invite": Kind.INVITE,
    "follow-of": Kind.FOLLOW,
}
BY_TYPE: Final[Mapping[str, Kind]] = {
    "reply": Kind.REPLY,
    "like": Kind.LIKE,
    "repost": Kind.REPOST,
    "bookmark": Kind.BOOKMARK,
    "rsvp": Kind.RSVP,
    "invite": Kind.INVITE,
    "follow": Kind.FOLLOW,
}
MAX_DEPTH: Final = 64
_OPENING: Final = ("start_map", "start_array")
_CLOSING: Final = ("end_map", "end_array")
RSVP: Final = frozenset({"yes", "no", "maybe", "interested"})


def read(file: IO[bytes]) -> Iterator[Moved | Skipped]:
    """Every record of either form, in the file's order."""
    try:
        for prefix, form in (("children.item", _from_jf2), ("links.item", _from_link)):
            found = False
            for number, record in enumerate(ijson.items(_events(file), prefix)):
                found = True
                yield form(record, number) if isinstance(record, Mapping) else Skipped(f"#{number}", "it is no object")
            if found:
                return
    except ijson.JSONError as broken:
        raise UnreadableExport(f"the file is not JSON, or breaks off: {_line(broken)}") from broken
    except UnicodeDecodeError as broken:
        raise UnreadableExport(f"the file is not UTF-8, or escapes half of a pair of surrogates: {broken}") from broken
    _require_empty_feed(file)


def _events(file: IO[bytes]) -> Iterator[tuple[str, str, Any]]:
    """What ijson makes of a file, from its beginning: (prefix, event, value)."""
    file.seek(0)
    if file.read(len(BOM_UTF8)) != BOM_UTF8:
        file.seek(0)
    endless = Endless(file)
    parsed: Iterator[tuple[str, str, Any]] = ijson.parse(_bounded(ijson.basic_parse(endless, use_float=True), endless))
    return parsed


def _line(broken: Exception) -> str:
    """What yajl says, on one line."""
    said = broken.args[0] if broken.args else ""
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return " ".join(words.split())


def _bounded(events: Iterable[tuple[str, Any]], file: Endless) -> Iterator[tuple[str, Any]]:
    """Every level costs ijson a copy of all above it: endless nesting would be read for hours."""
    depth = 0
    for event in events:
        file.go_on()
        if event[0] in _OPENING:
            depth += 1
            if depth > MAX_DEPTH:
                raise UnreadableExport(f"the file nests objects and lists more than {MAX_DEPTH} deep")
        elif event[0] in _CLOSING:
            depth -= 1
        yield event


def _require_empty_feed(file: IO[bytes]) -> None:
    for prefix, event, _value in _events(file):
        if event == "start_array" and prefix in ("children", "links"):
            return
    raise UnreadableExport("the file has neither `children` (jf2) nor `links`")


def _from_jf2(row: Mapping[str, Any], number: int) -> Moved | Skipped:
    rsvp = row.get("rsvp")
    kind = BY_PROPERTY.get(str(row.get("wm-property")), Kind.MENTION)
    moved = _moved(
        number,
        source=row.get("wm-source"),
        target=row.get("wm-target"),
        wm_id=row.get("wm-id"),
        protocol=row.get("wm-protocol"),
        received=row.get("wm-received"),
        private=row.get("wm-private"),
        kind=kind,
        rsvp=rsvp,
        said=row,
        content=jf2.content(row, base=str(row.get("wm-source") or "")),
    )
    return own_words.read(moved, row) if isinstance(moved, Moved) and own_words.KIND in row else moved


def _from_link(row: Mapping[str, Any], number: int) -> Moved | Skipped:
    data = jf2.obj(row.get("data"))
    kind_name, _, rsvp = str(jf2.obj(row.get("activity")).get("type")).partition("-")
    content = data.get("content")
    base = str(row.get("source") or "")
    return _moved(
        number,
        source=row.get("source"),
        target=row.get("target"),
        wm_id=row.get("id"),
        protocol=row.get("protocol"),
        received=row.get("verified_date"),
        private=row.get("private"),
        kind=BY_TYPE.get(kind_name, Kind.MENTION),
        rsvp=data.get("rsvp") or rsvp,
        said={**data, "rels": row.get("rels")},
        content=content_of(content, base=base) if isinstance(content, str) else None,
    )


def _moved(
    number: int,
    *,
    source: object,
    target: object,
    wm_id: object,
    protocol: object,
    received: object,
    private: object,
    kind: Kind,
    rsvp: object,
    said: Mapping[str, Any],
    content: Content | None,
) -> Moved | Skipped:
    ref = str(wm_id) if isinstance(wm_id, int) else f"#{number}"
    if not isinstance(source, str) or urls.parse(source) is None:
        return Skipped(ref, f"its source is no http(s) URL: {str(source)[:100]!r}")
    if not isinstance(target, str) or urls.parse(target) is None:
        return Skipped(ref, f"its target is no http(s) URL: {str(target)[:100]!r}")
    published, published_at = moment_of(said.get("published"))
    answer = rsvp if isinstance(rsvp, str) and rsvp in RSVP else None
    if kind is Kind.RSVP and answer is None:
        kind = Kind.REPLY
    return Moved(
        ref=ref,
        source=source,
        target=target,
        protocol=Protocol.PINGBACK if protocol == "pingback" else Protocol.WEBMENTION,
        received_at=utc(received) or published_at or datetime.fromtimestamp(0, UTC),
        wm_id=wm_id if isinstance(wm_id, int) and wm_id > 0 else None,
        private=private is True,
        reaction=jf2.reaction(
            said,
            kind=kind,
            content=content,
            published=published,
            published_at=published_at,
            rsvp=answer if kind is Kind.RSVP else None,
            in_reply_to=jf2.answered_by_default(kind, target),
        ),
    )
