"""Mail is encrypted before anything is said, and what became of it is never guessed."""

from __future__ import annotations

import ssl
from email.message import EmailMessage
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from crossdock.faults import InDoubt, TryLater
from crossdock.transport.smtp import SmtpServer
from tests.watch.ears import post
from tests.watch.papers import papers

LOCAL = (ip_network("127.0.0.1/32"),)


def message() -> EmailMessage:
    found = EmailMessage()
    found["From"], found["To"], found["Subject"] = "hub@example.com", "a@example.com, b@example.com", "Grüße"
    found.set_content("Zwölf Boxkämpfer\n.\nend")
    return found


async def test_the_password_is_said_only_after_the_connection_is_encrypted(tmp_path: Path) -> None:
    certificate, key = papers(tmp_path, "127.0.0.1")
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(certificate, key)
    trusting = ssl.create_default_context(cafile=str(certificate))
    async with post(tls=served) as box:
        more: dict[str, Any] = {"user": "hub", "password": lambda: "pw", "allow": LOCAL}
        await SmtpServer(f"127.0.0.1:{box.port}", tls=trusting, **more).send(message())
        assert (box.encrypted, len(box.logins)) == ([True], 1)
        payload = box.mails[0].get_payload(decode=True)
        assert isinstance(payload, bytes)
        assert payload.decode().split() == ["Zwölf", "Boxkämpfer", ".", "end"]
        with pytest.raises(TryLater):
            await SmtpServer(f"127.0.0.1:{box.port}", **more).send(
                message()
            )  # nobody vouches for that certificate
        assert len(box.logins) == 1


async def test_a_server_without_encryption_gets_nothing() -> None:
    async with post() as box:
        with pytest.raises(TryLater):
            await SmtpServer(f"127.0.0.1:{box.port}", allow=LOCAL).send(message())
        assert not box.mails
        await SmtpServer(f"127.0.0.1:{box.port}", starttls=False, allow=LOCAL).send(message())
        assert len(box.mails) == 1


async def test_what_was_refused_goes_again_and_what_may_have_been_taken_does_not() -> None:
    async with post(refuses=True) as box:
        server = SmtpServer(f"127.0.0.1:{box.port}", starttls=False, allow=LOCAL)
        with pytest.raises(TryLater):
            await server.send(message())
        box.refuses, box.vanishes = False, True
        with pytest.raises(InDoubt):
            await server.send(message())


async def test_a_private_mail_server_must_be_listed() -> None:
    async with post() as box:
        with pytest.raises(TryLater, match=r"network\.allow"):
            await SmtpServer(f"127.0.0.1:{box.port}", starttls=False).send(message())
        assert not box.mails
