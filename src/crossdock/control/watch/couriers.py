"""The couriers of alerts: mail, a signed webhook, a chat's webhook."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any, Protocol

import msgspec

from crossdock.charter.watch import AlertWay
from crossdock.control.watch.wording import Alert
from crossdock.faults import TryLater
from crossdock.kit.http import Client

_encode = msgspec.json.Encoder().encode
_SIGNED = "whsec_"
_TEXT_MAX = 3_500  #: characters that a chat takes


class Courier(Protocol):
    """Brings alerts to people on one way."""

    @property
    def repeatable(self) -> bool:
        """Whether who gets it knows a repeat by its id, so that a doubt is ended by another try."""
        ...

    async def tell(self, alert: Alert, now_s: float) -> None:
        """Tells one alert. Raises TryLater when it was certainly not told, InDoubt when nobody knows."""
        ...

    async def close(self) -> None:
        """Ends connections."""
        ...


class Mailbox(Protocol):
    """What sends mail."""

    async def send(self, message: EmailMessage) -> None:
        """One message. Raises TryLater when the server did not take it, InDoubt when nobody knows."""
        ...


def signature(secret: str, id_: str, timestamp: int, body: bytes) -> str:
    """The signature of a webhook. Source: Standard Webhooks 1.0, symmetric signatures."""
    key = base64.b64decode(secret.removeprefix(_SIGNED)) if secret.startswith(_SIGNED) else secret.encode()
    signed = b"%b.%d.%b" % (id_.encode(), timestamp, body)
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


class Webhook:
    """Posts alerts as JSON, each signed; a repeat has the same id."""

    repeatable = True

    def __init__(self, client: Client, secret: Callable[[], str]) -> None:
        self._client = client
        self._secret = secret

    async def tell(self, alert: Alert, now_s: float) -> None:
        """Tells one alert."""
        body = _encode(
            {
                "type": alert.kind,
                "timestamp": alert.at,
                "id": alert.id,
                "title": alert.title,
                "data": alert.data,
            }
        )
        at = int(now_s)
        headers = {
            "content-type": "application/json", "webhook-id": alert.id, "webhook-timestamp": str(at),
            "webhook-signature": signature(self._secret(), alert.id, at, body),
        }  # fmt: skip
        await _post(self._client, body, headers)

    async def close(self) -> None:
        """Ends connections."""
        await self._client.close()


class Chat:
    """Posts alerts as a text, the way that Slack, Mattermost, Teams and others take it."""

    repeatable = False

    def __init__(self, client: Client) -> None:
        self._client = client

    async def tell(self, alert: Alert, now_s: float) -> None:
        """Tells one alert."""
        del now_s
        text = f"{alert.title}\n{alert.text}"[:_TEXT_MAX]
        await _post(self._client, _encode({"text": text}), {"content-type": "application/json"})

    async def close(self) -> None:
        """Ends connections."""
        await self._client.close()


async def _post(client: Client, body: bytes, headers: dict[str, str]) -> None:
    answer = await client.send("POST", "", body=body, headers=headers)
    if not 200 <= answer.status < 300:
        raise TryLater(f"it answered {answer.status}")


class Mail:
    """Sends alerts by mail."""

    repeatable = False

    def __init__(self, way: AlertWay, box: Mailbox, now: Callable[[], Any]) -> None:
        self._way = way
        self._box = box
        self._now = now

    async def tell(self, alert: Alert, now_s: float) -> None:
        """Tells one alert."""
        del now_s
        message = EmailMessage()
        message["Subject"] = alert.title
        message["From"] = self._way.sender
        message["To"] = ", ".join(self._way.to)
        message["Date"] = format_datetime(self._now())
        message["Message-ID"] = f"<{alert.id}.crossdock@{(self._way.sender or '@hub').rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message["X-Crossdock-Kind"] = alert.kind
        message.set_content(alert.text)
        await self._box.send(message)

    async def close(self) -> None:
        """Nothing is kept open."""
