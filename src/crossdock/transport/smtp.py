"""Mail to one SMTP server: encrypted before anything is said, and certain of what was taken."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from ipaddress import IPv4Network, IPv6Network

from crossdock.faults import InDoubt, TryLater
from crossdock.transport.address import AddressGuard, system_addresses

_TIMEOUT_S = 15.0
_IMPLICIT_TLS = 465


class SmtpServer:
    """Sends messages, each over a connection of its own; `allow` are the private networks that may be called."""

    def __init__(
        self,
        server: str,
        *,
        user: str | None = None,
        password: Callable[[], str] | None = None,
        starttls: bool = True,
        allow: tuple[IPv4Network | IPv6Network, ...] = (),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        host, _, port = server.rpartition(":")
        self._host, self._port = host.strip("[]"), int(port)
        self._user = user
        self._password = password
        self._starttls = starttls
        self._guard = AddressGuard(allow)
        self._tls = tls or ssl.create_default_context()

    async def send(self, message: EmailMessage) -> None:
        """One message. Raises TryLater when the server did not take it, InDoubt when nobody knows."""
        try:
            addresses = await system_addresses(self._host, self._port)
        except OSError as error:
            raise TryLater(f"{self._host} is not found: {error.strerror or error}") from None
        if not any(map(self._guard.permits, addresses)):
            raise TryLater(f"{self._host} is a private address; list it under network.allow")
        await asyncio.to_thread(self._send, message)

    def _send(self, message: EmailMessage) -> None:
        sender, to = str(message["From"]), [one.strip() for one in str(message["To"]).split(",")]
        try:
            server = self._connected()
        except (OSError, smtplib.SMTPException) as error:
            raise TryLater(f"{self._host}:{self._port} takes no mail: {_words(error)}") from None
        try:
            self._offer(server, sender, to)
            try:
                code, _ = server.data(message.as_bytes(policy=message.policy.clone(linesep="\r\n")))
            except smtplib.SMTPDataError as error:
                raise TryLater(f"{self._host} did not take it: {error.smtp_code}") from None
            except (OSError, smtplib.SMTPException) as error:
                raise InDoubt(f"{self._host} gave no word whether it took it: {_words(error)}") from None
            if code != 250:
                raise TryLater(f"{self._host} did not take it: {code}")
        finally:
            server.close()

    def _connected(self) -> smtplib.SMTP:
        if self._port == _IMPLICIT_TLS:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, timeout=_TIMEOUT_S, context=self._tls
            )
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=_TIMEOUT_S)
            if self._starttls:
                server.starttls(context=self._tls)
        server.ehlo_or_helo_if_needed()
        if self._user and self._password:
            server.login(self._user, self._password())
        return server

    def _offer(self, server: smtplib.SMTP, sender: str, to: list[str]) -> None:
        """Names who it is from and for; nothing has been said of the message yet."""
        try:
            steps = [server.mail(sender), *(server.rcpt(one) for one in to)]
        except (OSError, smtplib.SMTPException) as error:
            raise TryLater(f"{self._host} takes no mail: {_words(error)}") from None
        refused = [code for code, _ in steps if code not in (250, 251)]
        if refused:
            raise TryLater(f"{self._host} refuses who it is from or for: {refused[0]}")


def _words(error: Exception) -> str:
    """What went wrong, without what the server was told."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{type(error).__name__} {error.smtp_code}"
    return str(error) if isinstance(error, OSError) else type(error).__name__
