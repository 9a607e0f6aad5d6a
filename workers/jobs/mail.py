"""The errand of sending a mail: `mail.send` {to, subject, text, lang} -> {message_id}, else {error, summary}.

`error` is `not_configured`, `refused` (for good) or `unreachable` (it may pass)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from workers.kit import Kit
from workers.mailer import NotSent

log = structlog.get_logger(__name__)


async def send(kit: Kit, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Sends one mail."""
    if kit.mailer is None:
        return {"error": "not_configured", "summary": "YMATEB_MAIL_URL is not set where this worker runs"}
    sent = await kit.mailer.send(facts["to"], facts["subject"], facts["text"], lang=facts["lang"], now=kit.now())
    if isinstance(sent, NotSent):
        log.warning("mail.not_sent", why=sent.summary)
        return {"error": "unreachable" if sent.is_passing else "refused", "summary": sent.summary}
    return {"message_id": sent}
