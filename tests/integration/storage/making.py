"""Short ways to say what a storage test needs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from mentions.model import (
    Author,
    Claim,
    Content,
    Entry,
    EntryState,
    Hop,
    Kind,
    Link,
    NearMiss,
    Outcome,
    Page,
    PlainText,
    Protocol,
    Reaction,
    SafeHtml,
    Status,
    Trace,
    Url,
)
from mentions.storage import entries

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def reply(text: str = "Well said", **facts: Any) -> Reaction:
    """A reply that says something."""
    author = Author(PlainText("Ann"), Url("https://ann.example/"), Url("https://ann.example/me.jpg"))
    content = Content(SafeHtml(f"<p>{text}</p>"), PlainText(text))
    return Reaction(**{"kind": Kind.REPLY, "author": author, "content": content, **facts})


async def respond(c: AsyncConnection, page: Page, source: str, reaction: Reaction | None = None, **facts: Any) -> Entry:
    """A response to a page."""
    given: dict[str, Any] = {
        "site_id": page.site_id,
        "page_id": page.id,
        "source": source,
        "target": page.url,
        "protocol": Protocol.WEBMENTION,
        "reaction": reaction or reply(),
        "state": EntryState.SHOWN,
        "now": NOW,
    }
    return await entries.insert(c, **(given | facts))


def outcome(claim_id: str = "A" * 20, status: Status = Status.SUCCESS, **facts: Any) -> Outcome:
    """How a claim stands."""
    given = {name: facts.pop(name) for name in ("source", "target", "received_at", "attempts") if name in facts}
    claim: dict[str, Any] = {
        "id": claim_id,
        "source": "https://ann.example/1",
        "target": "https://example.com/post",
        "via": Protocol.WEBMENTION,
        "received_at": NOW,
    }
    link = Link("https://example.com/post", "/post", "a[href]")
    trace = Trace(
        hops=(Hop("https://ann.example/1", 200, 12), Hop("https://ann.example/2", None, 3, "refused")),
        link=link,
        near_misses=(NearMiss(link, "slash"),),
        notes=("cut at 1 MiB",),
    )
    said: dict[str, Any] = {"status": status, "summary": "It is there", "at": NOW, "trace": trace}
    return Outcome(claim=Claim(**(claim | given)), **(said | facts))
