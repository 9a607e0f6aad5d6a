"""Explains what this program makes of a page: `python -m workers inspect SOURCE [TARGET]`.

The same steps as `jobs/receive.py`, without a store: fetch, link, reading, author, decision.  What is printed is the
record that a status page shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mentions import codec, urls
from mentions.decide import PageSeen, Policy, Verdict, decide
from mentions.errors import ParserError
from mentions.model import Claim, Fetched, OutgoingLinks, Protocol, Reading, Sighting, Trace, Url
from mentions.plaintext import for_terminal
from workers.fetch.client import Fetcher
from workers.jobs.authors import complete
from workers.jobs.sources import fetch_source
from workers.reading import ReadingPool


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was seen of a source, and what would become of a claim about it."""

    source: Url
    target: Url | None
    sighting: Sighting
    trace: Trace
    reading: Reading | None = None
    links: OutgoingLinks | None = None
    """What the source links to; only asked when no target was named."""
    verdict: Verdict | None = None

    @property
    def is_fetched(self) -> bool:
        """Whether there was a page to explain."""
        return isinstance(self.sighting, Fetched)


async def inspect(fetcher: Fetcher, pool: ReadingPool, source: Url, target: Url | None) -> Inspection:
    """Looks at `source` as if a webmention of `target` had come.  Raises ParserError only without a target."""
    sighting = await fetch_source(fetcher, source)
    trace = Trace(hops=sighting.hops)
    if target is None:
        links = await pool.links(sighting.document) if isinstance(sighting, Fetched) else None
        return Inspection(source, None, sighting, trace, links=links)
    reading = None
    if isinstance(sighting, Fetched):
        try:
            reading = await pool.source(sighting.document, source=source, target=target)
            reading, author_hops = await complete(fetcher, pool, reading, source)
            trace = Trace(
                hops=sighting.hops,
                author_hops=author_hops,
                link=reading.link,
                near_misses=reading.near_misses,
                notes=reading.notes,
            )
        except ParserError as error:
            trace = Trace(hops=sighting.hops, notes=(str(error),))
    now = datetime.now(UTC)
    claim = Claim("inspect", source, target, Protocol.WEBMENTION, now)
    verdict = decide(None, claim, sighting, reading, PageSeen.UNKNOWN, Policy(), now)
    return Inspection(source, target, sighting, trace, reading, verdict=verdict)


def as_json(seen: Inspection) -> dict[str, Any]:
    """Everything, for machines."""
    reading, verdict = seen.reading, seen.verdict
    document = seen.sighting.document if isinstance(seen.sighting, Fetched) else None
    return {
        "source": seen.source,
        "target": seen.target,
        "outcome": verdict.status.value if verdict else None,
        "summary": verdict.summary if verdict else None,
        "state": verdict.state.value if verdict and verdict.state else None,
        "document": {**codec.document_to_json(document), "bytes": len(document.body)} if document else None,
        "trace": codec.to_json(seen.trace),
        "entry": codec.to_json(reading.reaction) if reading and reading.reaction else None,
        "mf2": reading.mf2 if reading else None,
        "links": list(seen.links.links) if seen.links else None,
    }


def as_lines(seen: Inspection) -> Iterator[str]:
    """The same for people: strangers' words, without what a terminal would obey."""
    return map(for_terminal, _lines(seen))


def _lines(seen: Inspection) -> Iterator[str]:
    yield from _hops("fetched", seen.trace)
    if isinstance(seen.sighting, Fetched):
        document = seen.sighting.document
        yield f"page      {document.content_type or 'no type'}, {len(document.body)} bytes"
    for link in seen.links.links if seen.links else ():
        yield f"links to  {link}"
    if seen.trace.link is not None:
        yield f"link      {seen.trace.link.found_in}: {seen.trace.link.raw}"
    for miss in seen.trace.near_misses:
        yield f"near miss {miss.link.url} (differs in {miss.reason}; {miss.link.found_in})"
    for note in seen.trace.notes:
        yield f"note      {note}"
    for hop in seen.trace.author_hops:
        yield f"author's  {hop.status or hop.error}  {hop.url}"
    if seen.reading is not None and seen.reading.reaction is not None:
        yield from _entry(codec.to_json(seen.reading.reaction))
    if seen.verdict is not None:
        state = f", {seen.verdict.state.value}" if seen.verdict.state else ""
        yield f"outcome   {seen.verdict.status.value}{state}: {seen.verdict.summary}"
    elif not seen.is_fetched:
        yield f"outcome   {getattr(seen.sighting, 'reason', 'the page is gone')}"


def _hops(word: str, trace: Trace) -> Iterator[str]:
    for hop in trace.hops:
        yield f"{word:<9} {hop.status or hop.error}  {hop.url}  {hop.duration_ms} ms"


def _entry(entry: Mapping[str, Any]) -> Iterator[str]:
    """The entry as it would be stored, one line for each thing."""
    author = entry.get("author", {})
    yield f"kind      {entry['kind']}"
    yield "author    " + "  ".join(str(author[name]) for name in ("name", "url", "photo") if name in author)
    content = entry.get("content", {})
    for name, value in (
        *((n, v) for n, v in entry.items() if n not in {"kind", "author", "content"}),
        *content.items(),
    ):
        text = (
            value
            if isinstance(value, str)
            else ", ".join(str(part) for part in value)
            if isinstance(value, list)
            else value
        )
        yield f"{name:<9} {text}"


def checked(text: str, what: str) -> Url:
    """A URL from the command line.  Raises InvalidRequest."""
    return urls.check_claim_url(text, what=what)
