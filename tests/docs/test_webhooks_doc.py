"""docs/webhooks.md is true: its verifier takes what we sign, its example is one, its words are all of ours."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mentions import jf2, webhooks
from mentions.model import Change, Entry, EntryState, Kind, Page, PlainText, Protocol, Reaction
from mentions.storage.deliveries import KEPT as LOG_KEPT
from mentions.storage.deliveries import DeliveryStatus
from service.api.hooks import MOST_REPLAYED
from workers.jobs.deliver import BUDGET_S

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def example() -> tuple[dict[str, str], bytes, str]:
    """Headers, body and secret of the signed example."""
    [message] = blocks("http")
    head, _, body = message.strip().partition("\n\n")
    headers = dict(line.split(": ", 1) for line in head.splitlines()[1:])
    [secret] = re.findall(r"whsec_[A-Za-z0-9+/=]{20,}", PAGE)
    return headers, body.encode(), secret


def verifier() -> Any:
    [code] = blocks("python")
    names: dict[str, Any] = {}
    exec(code, names)
    return names["is_genuine"]


def test_the_verifier_takes_the_example_and_nothing_that_was_touched():
    headers, body, secret = example()
    sent_at = int(headers["webhook-timestamp"])
    is_genuine = verifier()
    assert is_genuine(headers, body, secret, now=sent_at)
    assert not is_genuine(headers, body + b" ", secret, now=sent_at)
    assert not is_genuine({**headers, "webhook-id": "msg_1_43"}, body, secret, now=sent_at)
    assert not is_genuine(headers, body, webhooks.secret_of(b"x" * 32), now=sent_at)
    assert not is_genuine(headers, body, secret, now=sent_at + 301)


def test_the_example_is_what_we_would_send():
    headers, body, secret = example()
    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    signed = webhooks.signed_headers(headers["webhook-id"], at, body, [webhooks.Secret(secret)])
    assert {"Content-Type": "application/json", **signed} == headers


def test_the_verifier_takes_either_secret_while_they_change():
    secrets = [webhooks.Secret(webhooks.secret_of(bytes([n]) * 32), AT + timedelta(days=n)) for n in (1, 2)]
    headers = webhooks.signed_headers("msg_1_1", AT, b"{}", secrets)
    assert all(verifier()(headers, b"{}", secret.text, now=AT.timestamp()) for secret in secrets)


def test_the_body_has_the_members_that_the_page_shows():
    shown = json.loads(blocks("json")[0])
    page = Page(1, 1, "https://blog.example/post", "A post", closed=False, checked_at=None)
    entry = Entry(
        id=7,
        page_id=1,
        site_id=1,
        source="https://ann.example/",
        target=page.url,
        targets=(page.url,),
        fragment=None,
        protocol=Protocol.WEBMENTION,
        state=EntryState.SHOWN,
        reaction=Reaction(Kind.REPLY, name=PlainText("x")),
        received_at=AT,
        updated_at=AT,
    )
    made = json.loads(
        webhooks.entry_body(
            "created", jf2.change_to_jf2(42, Change.CREATED, AT, entry, page, "https://y.example"), page
        )
    )
    made["data"]["entry"] = shown["data"]["entry"]
    assert made == shown
    assert list(made["data"]) == list(shown["data"])
    for post, change in zip(blocks("json")[1:], (Change.CREATED, Change.DELETED), strict=True):
        sent = webhooks.legacy_body("…", change, entry, page, "https://y.example")
        assert list(json.loads(sent)) == list(json.loads(post))


def test_every_event_status_and_number_is_told():
    told = set(re.findall(r"`([^`\s]+)`", PAGE))
    assert {f"entry.{event}" for event in webhooks.EVENTS} | {webhooks.TEST, webhooks.REBUILD} <= told
    assert {status.value for status in DeliveryStatus} <= told
    pauses = [str(pause) for pause in webhooks.PAUSES_S]
    assert f"{', '.join(pauses[:-1])} and {pauses[-1]} seconds" in PAGE
    assert f"within {BUDGET_S:.0f} seconds" in PAGE
    assert f"kept for {LOG_KEPT.days} days" in PAGE
    assert f"{MOST_REPLAYED:,} changes a call" in PAGE
