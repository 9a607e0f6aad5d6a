"""One mail to one person, through the server that the operator has named (RFC 5321, RFC 5322).

Plain text in the words of whoever asks; says by its headers that a program wrote it (RFC 3834).  The server is the
operator's own choice, so the guard of outgoing requests does not stand in the way.  `smtplib` blocks: each mail has a
thread for as long as it takes.  A password goes over TLS, or to this very machine, and never otherwise."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from functools import partial
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote, urlsplit

from workers.threads import in_thread

TIMEOUT_S: Final = 10.0
"""For each answer of the server: somebody is waiting in front of the page."""
AT_A_TIME: Final = 4
"""Mails under way: a mail server that hangs holds up nothing but mail."""


@dataclass(frozen=True, slots=True)
class NotSent:
    """A mail that did not go.  `is_passing`: it may go later; else the server refuses it for good."""

    is_passing: bool
    summary: str
    """One line for the operator; tells no password and no address."""


class Mailer:
    """Sends mail.  `url` is `smtp://` (STARTTLS where the server offers it) or `smtps://`."""

    def __init__(
        self, url: str, *, sender: str, context: Callable[[], ssl.SSLContext] = ssl.create_default_context
    ) -> None:
        parts = urlsplit(url)
        self._is_secure = parts.scheme == "smtps"
        self._host, self._port = parts.hostname or "", parts.port or (465 if self._is_secure else 587)
        self._login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        self._sender, self._context = sender, context
        self._places = asyncio.Semaphore(AT_A_TIME)

    async def send(self, to: str, subject: str, text: str, *, lang: str, now: datetime) -> str | NotSent:
        """The Message-ID of a mail that the server has taken.  Raises ValueError for a line break in a header."""
        message = self.compose(to, subject, text, lang=lang, now=now)
        async with self._places:
            not_sent = await in_thread(partial(self._deliver, message), "mail")
        return not_sent or str(message["Message-ID"])

    def compose(self, to: str, subject: str, text: str, *, lang: str, now: datetime) -> EmailMessage:
        """The mail as it goes over the wire."""
        message = EmailMessage(policy=SMTP)
        message["From"] = Address("Ymateb", addr_spec=self._sender)
        message["To"] = Address(addr_spec=to)
        message["Subject"] = subject
        message["Date"] = format_datetime(now)
        message["Message-ID"] = make_msgid(domain=self._sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        message["Content-Language"] = lang
        return message

    def _deliver(self, message: EmailMessage) -> NotSent | None:
        try:
            with self._connect() as server:
                server.ehlo_or_helo_if_needed()
                if not self._is_secure and server.has_extn("starttls"):
                    server.starttls(context=self._context())
                    server.ehlo()
                elif not self._is_secure and self._login and not _is_here(self._host):
                    return NotSent(is_passing=False, summary="the mail server offers no TLS; the password is not sent")
                if self._login:
                    server.login(*self._login)
                server.send_message(message)
        except smtplib.SMTPAuthenticationError as error:
            return NotSent(is_passing=True, summary=f"the mail server refused the login: {error.smtp_code}")
        except smtplib.SMTPRecipientsRefused as error:
            [(code, _)] = error.recipients.values()
            return NotSent(is_passing=code < 500, summary=f"the mail server refused the recipient: {code}")
        except smtplib.SMTPResponseException as error:
            return NotSent(is_passing=error.smtp_code < 500, summary=f"the mail server answered {error.smtp_code}")
        except (smtplib.SMTPException, OSError) as error:
            return NotSent(is_passing=True, summary=f"the mail server cannot be reached: {type(error).__name__}")
        return None

    def _connect(self) -> smtplib.SMTP:
        if self._is_secure:
            return smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT_S, context=self._context())
        return smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_S)


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
