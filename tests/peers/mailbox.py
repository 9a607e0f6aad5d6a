"""A mail server (aiosmtpd) on loopback: keeps what it is sent, and refuses, demands or hangs when it is told to."""

from __future__ import annotations

import asyncio
import ssl
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.support.waiting import eventually


class Mailbox:
    """An async context manager.  `mails` are those that were taken, oldest first, parsed."""

    def __init__(
        self, *, password: str | None = None, tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None
    ) -> None:
        self.mails: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.envelopes: list[Envelope] = []
        self.refuses_recipient: str | None = None
        """The answer to RCPT instead of 250."""
        self.refuses_data: str | None = None
        self.hangs = asyncio.Event()
        self.hangs.set()
        """Cleared: nothing is answered to DATA until it is set."""
        self._password, self._tls, self._starttls = password, tls, starttls

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.hangs.set()
        self._server.close()

    @property
    def url(self) -> str:
        """As an operator writes it."""
        user = "" if self._password is None else f"ymateb:{self._password}@"
        return f"{'smtps' if self._tls else 'smtp'}://{user}127.0.0.1:{self.port}"

    async def mail_to(self, address: str, number: int = 0) -> EmailMessage:
        """The mail of that number to an address, once it has come."""

        def found() -> EmailMessage:
            return [mail for mail in self.mails if mail["To"] == address][number]

        async def has_come() -> EmailMessage:
            assert len([mail for mail in self.mails if mail["To"] == address]) > number
            return found()

        return await eventually(has_come, what=f"a mail to {address}")

    def _protocol(self) -> SMTP:
        return SMTP(
            self,
            loop=asyncio.get_running_loop(),
            tls_context=self._starttls,
            authenticator=self._authenticate if self._password is not None else None,
            auth_required=self._password is not None,
            auth_require_tls=False,
        )

    def _authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        is_right = isinstance(data, LoginPassword) and data.password == (self._password or "").encode()
        return AuthResult(success=is_right)

    async def handle_RCPT(  # noqa: N802  aiosmtpd's names
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.refuses_recipient is not None:
            return self.refuses_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        await self.hangs.wait()
        if self.refuses_data is not None:
            return self.refuses_data
        content = envelope.content
        assert isinstance(content, bytes)
        self.raw.append(content)
        self.envelopes.append(envelope)
        parsed = message_from_bytes(content, policy=default)
        assert isinstance(parsed, EmailMessage)
        self.mails.append(parsed)
        return "250 OK"
