"""The wires of a scenario: requests of the hub to the simulated systems, and theirs to its door."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from crossdock.api.intake import Headers, Intake
from crossdock.faults import InDoubt, TryLater
from crossdock.kit.http import Response
from crossdock.twins.door import Reply, Request

__all__ = ["Line", "Party", "Posted", "Uncounted", "posted"]


class Party(Protocol):
    """A simulated system."""

    async def handle(self, request: Request) -> Reply | None:
        """The answer to one request, if it gets one."""
        ...


class Line:
    """The hub's client of one system."""

    def __init__(self, name: str, party: Party, timeout_s: float, is_down: Callable[[str], bool]) -> None:
        self._name = name
        self._party = party
        self._timeout_s = timeout_s
        self._is_down = is_down

    async def send(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        """One request. Raises TryLater where nobody listens, InDoubt where no complete answer comes."""
        if self._is_down(self._name):
            raise TryLater(f"{self._name} cannot be reached: connection refused")
        split = urlsplit(path)
        lower = {name.lower(): value for name, value in (headers or {}).items()}
        parts = tuple(unquote(part) for part in split.path.split("/")[1:])
        query = dict(parse_qsl(split.query, keep_blank_values=True))
        request = Request(method, parts, query, lower, body, path)
        try:
            async with asyncio.timeout(self._timeout_s):
                reply = await self._party.handle(request)
        except TimeoutError:
            raise InDoubt(f"{self._name} gave no complete answer within {self._timeout_s:g} s") from None
        if reply is None:
            raise InDoubt(f"{self._name} gave no complete answer: connection reset")
        told = {name.lower(): value for name, value in reply.headers.items()}
        return Response(reply.status, {"content-type": reply.content_type, **told}, reply.body)

    async def close(self) -> None:
        """Nothing is held open."""


class Uncounted:
    """Counts nothing."""

    def received(self, system: str, status: int, seconds: float) -> None:
        """One answered request."""


@dataclass(slots=True)
class Posted:
    """A request at the door as the server hands it in, and its answer."""

    path: str
    query_string: str
    headers: Mapping[str, str]
    body: bytes
    method: str = "POST"
    status: int = 0
    answer: bytes = b""
    told: Headers | None = None

    async def __call__(self) -> bytes:
        """The whole body."""
        return self.body

    def __aiter__(self) -> Any:
        raise AssertionError("the body is read at once")

    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None:
        """Answers."""
        self.status, self.told, self.answer = status, headers, body


async def posted(
    intake: Intake, system: str, document: str, key: str, body: bytes, headers: Mapping[str, str]
) -> Posted:
    """One document handed in at the door."""
    more = {
        "content-length": str(len(body)),
        "authorization": f"Bearer {key}",
        "content-type": "application/json",
    }
    lower = {name.lower(): value for name, value in headers.items() if name.lower() != "authorization"}
    request = Posted(f"/v1/systems/{system}/messages", f"document={document}", {**lower, **more}, body)
    handle = cast("Callable[[Any, Any], Awaitable[None]]", intake.handle)
    await handle(request, request)
    return request
