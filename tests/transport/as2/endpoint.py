"""Our AS2 address on a real socket, as the hub keeps it: nothing is answered before it is stored."""

from __future__ import annotations

from dataclasses import dataclass, field

from crossdock.transport.as2.mdn import Delivery, Stored, again, mdn_for
from crossdock.transport.as2.profile import Partner, by_names
from crossdock.transport.as2.receiving import Opened, Refusal, receive
from crossdock.transport.as2.report import Mdn
from tests.transport.as2.parties import NOW, chance
from tests.transport.scripted_server import Server, Wire


@dataclass
class Endpoint:
    """What came, what was answered, and what waits to be posted."""

    partners: list[Partner]
    opened: list[Opened] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    mdns: list[Mdn] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    stored: dict[str, Stored] = field(default_factory=dict)

    async def script(self, wire: Wire, seen: Server) -> None:
        """Answers requests until the client hangs up."""
        while raw := await wire.request():
            seen.requests.append(raw)
            head, _, body = raw.partition(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")[1:]
            status, headers, content = self.answer(
                {k: v for k, _, v in (one.partition(": ") for one in lines)}, body
            )
            told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            await wire.answer(
                f"HTTP/1.1 {status} OK\r\n{told}Content-Length: {len(content)}\r\n\r\n".encode() + content
            )

    def answer(self, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body."""
        found = receive(headers, body, by_names(self.partners), NOW)
        if isinstance(found, Mdn):
            self.mdns.append(found)
            return 200, {}, b""
        if isinstance(found, Opened) and found.arrival in self.stored:
            repeat = again(found, self.stored[found.arrival])
            reply = mdn_for(repeat, NOW, chance(2)) if isinstance(repeat, Refusal) else repeat
            return reply.status, dict(reply.headers), reply.body
        reply = mdn_for(found, NOW, chance(1))
        if isinstance(found, Opened):
            self.stored[found.arrival] = Stored(found.content_sha256, reply)
            self.opened.append(found)
        else:
            self.refused.append(found)
        if reply.delivery is not None:
            self.deliveries.append(reply.delivery)
        return reply.status, dict(reply.headers), reply.body
