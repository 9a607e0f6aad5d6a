"""Mail that a worker sends, to a real mail server."""

from __future__ import annotations

import asyncio
import ssl
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
import trustme

from tests.peers import Mailbox
from tests.support.processes import free_port
from workers.jobs.errands import HANDLERS
from workers.kit import Kit
from workers.mailer import TIMEOUT_S, Mailer, NotSent
from workers.reading import ROOT

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
TEXT = "Agorwch y ddolen hon:\n\nhttps://responses.example/sign-in/mail?key=" + "x" * 43 + "\n\nTŷ a môr.\n"
SENDER = "noreply@responses.example"


async def sent(mailbox: Mailbox, *, to: str = "ann@mail.example", url: str | None = None, **more) -> str | NotSent:
    mailer = Mailer(url or mailbox.url, sender=SENDER, **more)
    return await mailer.send(to, "Mewngofnodi yn blog.example", TEXT, lang="cy", now=NOW)


async def test_a_mail_is_plain_text_that_says_it_is_from_a_program():
    async with Mailbox() as mailbox:
        message_id = await sent(mailbox)
        [mail], [envelope] = mailbox.mails, mailbox.envelopes
    assert mail["Message-ID"] == message_id
    assert message_id.endswith("@responses.example>")
    assert (mail["From"], mail["To"]) == (f"Ymateb <{SENDER}>", "ann@mail.example")
    assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER, ["ann@mail.example"])
    assert mail["Subject"] == "Mewngofnodi yn blog.example"
    assert parsedate_to_datetime(mail["Date"]) == NOW
    assert (mail["Auto-Submitted"], mail["Content-Language"]) == ("auto-generated", "cy")
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().replace("\r\n", "\n") == TEXT
    assert mail.defects == []
    assert max(len(line) for line in mailbox.raw[0].split(b"\r\n")) <= 78
    assert b"\n" not in mailbox.raw[0].replace(b"\r\n", b"")


@pytest.mark.parametrize("to", ["ann@mail.example\r\nBcc: all@mail.example", "ann@mail.example\nX: y"])
async def test_nobody_writes_headers_through_an_address(to: str):
    async with Mailbox() as mailbox:
        with pytest.raises(ValueError):  # noqa: PT011  whatever the library says
            await sent(mailbox, to=to)
    assert mailbox.mails == []


async def test_a_subject_cannot_hold_a_header():
    async with Mailbox() as mailbox:
        with pytest.raises(ValueError):  # noqa: PT011
            await Mailer(mailbox.url, sender=SENDER).send(
                "a@b.example", "x\r\nBcc: y@z.example", "", lang="en", now=NOW
            )
    assert mailbox.mails == []


def contexts() -> tuple[ssl.SSLContext, Callable[[], ssl.SSLContext]]:
    """A server's side, and a client's that trusts it."""
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server)

    def client() -> ssl.SSLContext:
        context = ssl.create_default_context()
        authority.configure_trust(context)
        return context

    return server, client


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # the peer's: it stands on this machine
async def test_a_password_goes_to_this_machine_or_over_tls():
    server, client = contexts()
    async with Mailbox(password="se/cret") as mailbox:
        refused = await sent(mailbox, url=f"smtp://ymateb:wrong@127.0.0.1:{mailbox.port}")
        assert isinstance(refused, NotSent)
        assert refused.is_passing
        assert "wrong" not in refused.summary
        assert isinstance(await sent(mailbox, url=f"smtp://ymateb:se%2Fcret@127.0.0.1:{mailbox.port}"), str)
    async with Mailbox(password="secret", starttls=server) as mailbox:
        assert isinstance(await sent(mailbox, context=client), str)
        distrusted = await sent(mailbox, context=ssl.create_default_context)
        assert isinstance(distrusted, NotSent)
    async with Mailbox(tls=server) as mailbox:
        assert isinstance(await sent(mailbox, context=client), str)


async def test_what_went_wrong_is_told_without_the_address():
    async with Mailbox() as mailbox:
        mailbox.refuses_recipient = "550 no ann@mail.example here"
        assert await sent(mailbox) == NotSent(is_passing=False, summary="the mail server refused the recipient: 550")
        mailbox.refuses_recipient = "450 later"
        assert await sent(mailbox) == NotSent(is_passing=True, summary="the mail server refused the recipient: 450")
        mailbox.refuses_recipient, mailbox.refuses_data = None, "554 spam"
        assert await sent(mailbox) == NotSent(is_passing=False, summary="the mail server answered 554")
        unreachable = await sent(mailbox, url=f"smtp://127.0.0.1:{free_port()}")
    assert unreachable == NotSent(is_passing=True, summary="the mail server cannot be reached: ConnectionRefusedError")


async def test_the_errand_says_what_came_of_it(kit: Kit):
    facts = {"to": "ann@mail.example", "subject": "Hello", "text": "Hello\n", "lang": "en"}
    send = HANDLERS["mail.send"]
    assert (await send(kit, facts))["error"] == "not_configured"
    async with Mailbox() as mailbox:
        with_mail = replace(kit, mailer=Mailer(mailbox.url, sender=SENDER))
        assert set(await send(with_mail, facts)) == {"message_id"}
        mailbox.refuses_recipient = "550 no"
        assert (await send(with_mail, facts))["error"] == "refused"
        mailbox.refuses_recipient = "450 later"
        assert (await send(with_mail, facts))["error"] == "unreachable"


IN_VAIN = """
import asyncio, sys
from datetime import UTC, datetime
from workers.mailer import Mailer

async def main():
    mailer = Mailer(sys.argv[1], sender="noreply@responses.example")
    async with asyncio.timeout(0.5):
        await mailer.send("ann@mail.example", "x", "y", lang="en", now=datetime.now(UTC))

try:
    asyncio.run(main())
except TimeoutError:
    print("gave up", flush=True)
"""


async def test_a_mail_server_that_says_nothing_does_not_hold_up_the_end_of_a_process():
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", IN_VAIN, url, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"gave up\n"
    async with asyncio.timeout(TIMEOUT_S / 2):
        assert await process.wait() == 0
    server.close()
